/**
 * The memory of CPU tensors: ArrayBuffers, which the collector frees in time even in a synchronous loop. Small tensors
 * share slabs; the buffers of disposed ones are kept for the next. All of it is this copy of the package's own: each
 * worker has another.
 */

import { Buffer, constants } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';
import { binding } from './binding';
import { checkWhole } from './checks';
import { RsqrtError } from './errors';
import { Spares } from './spares';

/** A part of a buffer. */
export interface Place {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
}

// Making an ArrayBuffer costs more than computing a small tensor, so small ones are cut from a slab, as Node does for
// Buffers. A slab lives as long as any tensor in it.
const SLAB_BYTES = 64 * 1024;
const SMALL_BYTES = 4 * 1024;
const ALIGNMENT = 64; // a cache line, and the widest vector

// From here on the allocator maps fresh pages for every buffer, and 2 MiB a fault instead of 4 KiB pays.
const HUGE_BYTES = 32 * 1024 * 1024;

let slab: ArrayBuffer | null = null;
let slabUsed = 0;

const spares = new Spares(256 * 1024 * 1024, (buffer) => binding.freeBuffer(buffer));

/** Uninitialised memory; of a buffer that may be larger. Throws `ERR_OUT_OF_MEMORY`. */
export function allocateBytes(byteLength: number): Place {
  if (byteLength > SMALL_BYTES) return { buffer: spares.take(byteLength) ?? newBuffer(byteLength), byteOffset: 0 };
  if (slab === null || slabUsed + byteLength > SLAB_BYTES) {
    slab = newBuffer(SLAB_BYTES);
    markAsUntransferable(slab); // transferring one tensor's buffer must not take its neighbours away
    slabUsed = 0;
  }
  const byteOffset = slabUsed;
  slabUsed = slabEnd(byteOffset, byteLength);
  return { buffer: slab, byteOffset };
}

/** Takes back what `allocateBytes` gave, for the next to have. Nobody may be able to see it any more. */
export function freeBytes(buffer: ArrayBuffer, byteOffset: number, byteLength: number): void {
  if (byteLength > SMALL_BYTES) spares.keep(buffer);
  // In a slab only the end can be used again: enough for what is made and disposed one after the other.
  else if (buffer === slab && slabEnd(byteOffset, byteLength) === slabUsed) slabUsed = byteOffset;
}

const slabEnd = (byteOffset: number, byteLength: number): number =>
  (byteOffset + byteLength + ALIGNMENT - 1) & -ALIGNMENT;

function newBuffer(byteLength: number): ArrayBuffer {
  let buffer: ArrayBuffer;
  try {
    buffer = uninitialised(byteLength);
  } catch {
    spares.clear();
    try {
      buffer = uninitialised(byteLength);
    } catch {
      throw new RsqrtError('ERR_OUT_OF_MEMORY', `out of memory on the CPU: cannot allocate ${byteLength} bytes`);
    }
  }
  if (byteLength >= HUGE_BYTES) binding.adviseHugePages(buffer);
  return buffer;
}

/** Unlike `new ArrayBuffer`, this does not fill with zeros what is about to be overwritten. */
function uninitialised(byteLength: number): ArrayBuffer {
  if (byteLength > constants.MAX_LENGTH) return new ArrayBuffer(byteLength);
  return Buffer.allocUnsafeSlow(byteLength).buffer as ArrayBuffer;
}

/**
 * Frees the CPU memory of disposed tensors that is kept for the next ones, and returns it to the system where the C
 * library can be told to. Tensors in use are not touched.
 *
 * GPU memory is not meant. Each worker, and each copy of the package, keeps memory of its own.
 */
export function emptyCache(): void {
  spares.clear();
  binding.returnFreedMemory();
}

/** How many bytes of CPU memory of disposed tensors are kept at most. See {@link setCacheLimit}. */
export function getCacheLimit(): number {
  return spares.limit;
}

/**
 * Sets how many bytes of CPU memory of disposed tensors are kept for the next ones: 256 MiB unless set, 0 for none. What was
 * kept longest is freed first; the memory of a single tensor above the limit is freed when it is disposed.
 *
 * Kept is what {@link Tensor.dispose} or `using` ended, not what was left to the garbage collector, nor what `data` has
 * handed out. Each worker, and each copy of the package, has a limit of its own. Throws `TypeError` or `RangeError` for what is
 * no whole number of bytes.
 */
export function setCacheLimit(bytes: number): void {
  spares.limit = checkWhole(bytes, 'setCacheLimit: bytes');
}
