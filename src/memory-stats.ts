/** What memory tensors hold. */

import { cacheBytes, getCacheLimit } from './cpu-memory';
import { heldBytes } from './storage';
import { undisposedTensors } from './tensor';

/** See {@link memoryStats}. */
export interface MemoryStats {
  /** Tensors, views included, that were made and not disposed. Those that the garbage collector took are still counted. */
  undisposedTensors: number;
  /**
   * Bytes allocated for tensors, on all devices, page-locked memory included, and not released. Memory of the arrays of others is
   * not counted. {@link cuda.memoryAllocated} tells what GPUs really hold.
   */
  undisposedBytes: number;
  /** Bytes of CPU memory of ended tensors that are kept for the next ones. */
  cachedBytes: number;
  /** How many are kept at most, see {@link setCacheLimit}. */
  cacheLimit: number;
}

/**
 * What tensors of this copy of the package, in this worker, hold. Where tensors are ended by `dispose`, `using` or
 * {@link tidy}, a number of undisposed ones that grows tells of a leak; what is left to the garbage collector stays in it.
 *
 * @example
 * ```ts
 * const before = memoryStats();
 * tidy(() => rsqrt(ones(1000)).square().at(0));
 * console.log(memoryStats().undisposedTensors - before.undisposedTensors); // 0
 * ```
 */
export function memoryStats(): MemoryStats {
  return {
    undisposedTensors: undisposedTensors(),
    undisposedBytes: heldBytes(),
    cachedBytes: cacheBytes(),
    cacheLimit: getCacheLimit(),
  };
}
