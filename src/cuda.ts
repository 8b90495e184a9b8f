/** The `cuda` object of the public face: what GPUs there are. */

import type { DeviceProperties } from '../binding';
import { binding } from './binding';
import { checkWhole } from './checks';
import { requireCuda } from './device';
import { rangeError } from './errors';

/** What is known of a GPU. */
export interface CudaDeviceProperties extends DeviceProperties {}

function checked(index: unknown, where: string): number {
  const whole = checkWhole(index, `cuda.${where}: index`);
  const deviceCount = requireCuda(`cuda.${where}`);
  if (whole >= deviceCount) {
    throw rangeError(`cuda.${where}: index must be from 0 to ${deviceCount - 1}; received ${whole}`);
  }
  return whole;
}

/**
 * What GPUs there are. Each has a number, from 0 on; where none is given, 0 is meant.
 *
 * @example
 * ```ts
 * if (cuda.isAvailable()) {
 *   console.log(rsqrt(tensor([4, 16, 25], { device: 'cuda' })));
 *   // tensor([0.5000, 0.2500, 0.2000], device='cuda:0')
 * } else {
 *   // Something like: no driver: no NVIDIA driver is installed on this machine
 *   console.log(cuda.unavailableReason());
 * }
 * ```
 *
 * @namespace
 */
export const cuda = {
  /** Whether there is a GPU that can be used. */
  isAvailable(): boolean {
    return binding.cuda.deviceCount > 0;
  },

  /** The number of GPUs. 0 if CUDA is not available. */
  deviceCount(): number {
    return binding.cuda.deviceCount;
  },

  /** Why CUDA is not available: not built, no driver, driver too old or no device, with what was found; null if it is. */
  unavailableReason(): string | null {
    return binding.cuda.unavailableReason || null;
  },

  /** The name of a GPU. A simulated one says `simulated`. Throws `ERR_CUDA_UNAVAILABLE`, or `RangeError`. */
  getDeviceName(index = 0): string {
    return binding.deviceProperties(checked(index, 'getDeviceName')).name;
  },

  /** The name, compute capability and memory (bytes) of a GPU. Throws `ERR_CUDA_UNAVAILABLE`, or `RangeError`. */
  getDeviceProperties(index = 0): CudaDeviceProperties {
    return binding.deviceProperties(checked(index, 'getDeviceProperties'));
  },

  /** Waits for all work queued on a GPU. Throws `ERR_CUDA_UNAVAILABLE`, or `RangeError`. */
  synchronize(index = 0): void {
    binding.synchronize(checked(index, 'synchronize'));
  },
} as const;
