/** The `cuda` object of the public face: what GPUs there are. */

import type { DeviceProperties } from '../binding';
import { binding } from './binding';
import { checkWhole } from './checks';
import { requireCuda } from './device';
import { rangeError } from './errors';

/** What is known of a GPU. */
export interface CudaDeviceProperties extends DeviceProperties {}

/** Whether there is a GPU that can be used. */
function isAvailable(): boolean {
  return binding.cuda.deviceCount > 0;
}

/** The number of GPUs. 0 if CUDA is not available. */
function deviceCount(): number {
  return binding.cuda.deviceCount;
}

/** Why CUDA is not available: not built, no driver, driver too old or no device, with what was found; null if it is. */
function unavailableReason(): string | null {
  return binding.cuda.unavailableReason || null;
}

/** The name, compute capability and memory (bytes) of a GPU. Throws `ERR_CUDA_UNAVAILABLE`, or `RangeError`. */
function getDeviceProperties(index = 0): CudaDeviceProperties {
  return binding.deviceProperties(checked(index, 'getDeviceProperties'));
}

/** The name of a GPU. A simulated one says `simulated`. Throws `ERR_CUDA_UNAVAILABLE`, or `RangeError`. */
function getDeviceName(index = 0): string {
  return binding.deviceProperties(checked(index, 'getDeviceName')).name;
}

/** Waits for all work queued on a GPU. Throws `ERR_CUDA_UNAVAILABLE`, or `RangeError`. */
function synchronize(index = 0): void {
  binding.synchronize(checked(index, 'synchronize'));
}

function checked(index: unknown, where: string): number {
  const whole = checkWhole(index, `cuda.${where}: index`);
  const deviceCount = requireCuda(`cuda.${where}`);
  if (whole >= deviceCount) {
    throw rangeError(`cuda.${where}: index must be from 0 to ${deviceCount - 1}; received ${whole}`);
  }
  return whole;
}

export const cuda = {
  isAvailable,
  deviceCount,
  unavailableReason,
  getDeviceName,
  getDeviceProperties,
  synchronize,
} as const;
