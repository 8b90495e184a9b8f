/** How much memory tensors use. */

import { cacheBytes, getCacheLimit } from '../memory/cpu-memory';
import { heldBytes } from '../memory/storage';
import { undisposedTensors } from '../tensor/tensor';

/** See {@link memoryStats}. */
export interface MemoryStats {
  /**
   * The number of tensors, including views, that were made and not disposed. Garbage-collected
   * tensors still count.
   */
  undisposedTensors: number;
  /**
   * Bytes that were allocated for tensors and not released, on all devices and including
   * page-locked memory. The memory of shared arrays is not counted. {@link cuda.memoryAllocated}
   * tells how much GPU memory is really in use.
   */
  undisposedBytes: number;
  /** Bytes of CPU memory of former tensors that are kept for new ones. */
  cachedBytes: number;
  /** The limit of `cachedBytes`, see {@link setCacheLimit}. */
  cacheLimit: number;
}

/**
 * How much memory the tensors of this copy of the package, in this worker, use. In a program that
 * ends all tensors with `dispose`, `using` or {@link tidy}, a growing number of undisposed tensors
 * shows a leak. Tensors that are left to the garbage collector stay in the number.
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
