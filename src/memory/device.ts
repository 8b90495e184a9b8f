/** Devices: 'cpu', 'cuda:0', … Internally a device is a number, and −1 is the CPU. */

import { binding } from '../load/binding';
import { checkWhole } from '../support/checks';
import { RsqrtError, rangeError, show, typeError } from '../support/errors';

export const CPU = -1;

/**
 * 'cpu', 'cuda', or 'cuda:' followed by the number of a GPU. 'cuda' is the current GPU, which is
 * the first unless {@link cuda.setDevice} chose another.
 */
export type DeviceName = 'cpu' | 'cuda' | `cuda:${number}`;

/** The name of a GPU. The group is its number. */
const GPU = /^cuda(?::(0|[1-9]\d{0,8}))?$/;

export const deviceName = (index: number): DeviceName => (index === CPU ? 'cpu' : `cuda:${index}`);

/**
 * The index of an existing device.
 *
 * Throws `TypeError` if `name` is not a device name, `ERR_CUDA_UNAVAILABLE`, with the reason, if
 * there is no GPU, and `RangeError` if there is no GPU of that number.
 */
export function deviceIndex(name: unknown, where: string): number {
  if (name === 'cpu') return CPU;
  const match = typeof name === 'string' ? GPU.exec(name) : null;
  if (match === null) throw typeError(`${where}: device must be 'cpu', 'cuda' or 'cuda:N'; received ${show(name)}`);
  const deviceCount = requireCuda(where);
  const index = Number(match[1] ?? current);
  if (index >= deviceCount) {
    throw rangeError(`${where}: device must be one of cpu, ${gpuNames(deviceCount)}; received ${show(name)}`);
  }
  return index;
}

/** The current GPU, which 'cuda' means. */
let current = 0;

export const currentGpu = (): number => current;

export function setCurrentGpu(index: number): void {
  current = index;
}

/**
 * The name of a GPU in functions that take only GPUs: its number, 'cuda:N', or 'cuda' for the
 * current one.
 */
export type GpuName = number | Exclude<DeviceName, 'cpu'>;

/**
 * The index of an existing GPU. `where` names the function.
 *
 * Throws `TypeError`, `ERR_CUDA_UNAVAILABLE` or `RangeError`, as {@link deviceIndex} does.
 */
export function gpuIndex(gpu: unknown, where: string, argument = 'index'): number {
  const number = typeof gpu === 'string' ? gpuNumber(gpu) : gpu;
  const name = `${where}: ${argument}`;
  if (typeof number !== 'number') throw typeError(`${name} must be a number or 'cuda:N'; received ${show(gpu)}`);
  checkWhole(number, name);
  const deviceCount = requireCuda(where);
  if (number < deviceCount) return number;
  throw rangeError(`${name} must name one of ${gpuNames(deviceCount)}; received ${show(gpu)}`);
}

function gpuNumber(name: string): number | undefined {
  const match = GPU.exec(name);
  return match === null ? undefined : Number(match[1] ?? current);
}

const gpuNames = (count: number): string => Array.from({ length: count }, (_, i) => `cuda:${i}`).join(', ');

/** The number of GPUs. Throws `ERR_CUDA_UNAVAILABLE`, with the reason, if there is none. */
export function requireCuda(where: string): number {
  const { deviceCount, unavailableReason } = binding.cuda;
  if (deviceCount > 0) return deviceCount;
  throw new RsqrtError('ERR_CUDA_UNAVAILABLE', `${where}: CUDA is not available: ${unavailableReason}`);
}
