/** Devices: 'cpu', 'cuda:0', …; inside, a number: −1 is the CPU. */

import { binding } from './binding';
import { RsqrtError, rangeError, show, typeError } from './errors';

export const CPU = -1;

/** 'cpu', or 'cuda' (the first GPU), or 'cuda:' and the number of a GPU. */
export type DeviceName = 'cpu' | 'cuda' | `cuda:${number}`;

export const deviceName = (index: number): DeviceName => (index === CPU ? 'cpu' : `cuda:${index}`);

/**
 * The index of a device that is there.
 *
 * Throws `TypeError` for what is no device name, `ERR_CUDA_UNAVAILABLE` if there is no GPU (with the reason),
 * `RangeError` if there is none of that number.
 */
export function deviceIndex(name: unknown, where: string): number {
  if (name === 'cpu') return CPU;
  const match = typeof name === 'string' ? /^cuda(?::(0|[1-9]\d{0,8}))?$/.exec(name) : null;
  if (match === null) throw typeError(`${where}: device must be 'cpu', 'cuda' or 'cuda:N'; received ${show(name)}`);
  const deviceCount = requireCuda(where);
  const index = Number(match[1] ?? 0);
  if (index >= deviceCount) {
    const names = Array.from({ length: deviceCount }, (_, i) => `cuda:${i}`).join(', ');
    throw rangeError(`${where}: device must be one of cpu, ${names}; received ${show(name)}`);
  }
  return index;
}

/** The number of GPUs. Throws `ERR_CUDA_UNAVAILABLE`, with the reason, if there is none. */
export function requireCuda(where: string): number {
  const { deviceCount, unavailableReason } = binding.cuda;
  if (deviceCount > 0) return deviceCount;
  throw new RsqrtError('ERR_CUDA_UNAVAILABLE', `${where}: CUDA is not available: ${unavailableReason}`);
}
