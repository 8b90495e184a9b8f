/**
 * The memory of CPU tensors: ArrayBuffers, which V8 frees in time even in a synchronous loop. Small
 * tensors share slabs. Buffers of disposed tensors are kept for new ones. Each copy of the package,
 * and so each worker, has its own memory.
 */

import { Buffer, constants } from 'node:buffer';
import { bytesOf } from '../dtype/arrays';
import { binding } from '../load/binding';
import { checkWhole } from '../support/checks';
import { RsqrtError } from '../support/errors';
import { AbandonedBuffers, type WatchedBuffer } from './abandoned-buffers';
import { Spares } from './spares';

/** A part of a buffer. */
export interface BufferPart {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
}

const ALIGNMENT = 64; // a cache line, and the widest vector

/**
 * Making an ArrayBuffer costs more than computing a small tensor, so the memory of small tensors is
 * cut from a slab, as Node does for Buffers. A slab lives as long as any tensor in it.
 *
 * `data` gives users the slab's buffer, which they can detach: before Node 24
 * `markAsUntransferable` does not stop byte streams and `ArrayBuffer.prototype.transfer`. A slab
 * that was detached is replaced.
 */
class Slab {
  /** Where the last cut is. */
  buffer = new ArrayBuffer(0);
  #used = 0;
  readonly #byteLength: number;

  constructor(byteLength: number) {
    this.#byteLength = byteLength;
  }

  /** Returns the offset of new memory in {@link buffer}. */
  cut(byteLength: number): number {
    if (this.#used + byteLength > this.#byteLength || bytesOf(this.buffer) !== this.#byteLength) this.#renew();
    const byteOffset = this.#used;
    this.#used = endOf(byteOffset, byteLength);
    return byteOffset;
  }

  #renew(): void {
    this.buffer = newBuffer(this.#byteLength);
    this.#used = 0;
    const { markAsUntransferable } = require('node:worker_threads') as typeof import('node:worker_threads'); // not at load: 2 ms
    markAsUntransferable(this.buffer); // transferring one tensor's buffer would detach its neighbours
  }

  /**
   * Only the last cut can be reused. That is enough for tensors that are made and disposed one
   * after the other.
   */
  giveBack(buffer: ArrayBuffer, byteOffset: number, byteLength: number): void {
    if (buffer === this.buffer && endOf(byteOffset, byteLength) === this.#used) this.#used = byteOffset;
  }
}

const endOf = (byteOffset: number, byteLength: number): number =>
  (byteOffset + byteLength + ALIGNMENT - 1) & -ALIGNMENT;

// Two sizes of slab, so that a few long-lived bytes do not keep a large slab alive.
const SMALL_BYTES = 4 * 1024;
const MEDIUM_BYTES = 32 * 1024;
const small = new Slab(64 * 1024);
const medium = new Slab(256 * 1024);

// From this size on, huge pages are worth while: page faults that map 2 MiB instead of 4 KiB halve
// the time of the first write (a quarter at 64 MiB).
const HUGE_BYTES = 8 * 1024 * 1024;
// From `mappedBytes` on, the C library maps new pages for every buffer, and none of them has been
// faulted in yet.
const { hugePageBytes, mappedBytes } = binding.limits;

const abandoned = new AbandonedBuffers();
const spares = new Spares(256 * 1024 * 1024, (buffer) => binding.freeBuffer(buffer));

/** Uninitialised memory, in a buffer that may be larger. Throws `ERR_OUT_OF_MEMORY`. */
export function allocateBytes(byteLength: number): BufferPart {
  const slab = slabFor(byteLength);
  if (slab !== null) {
    const byteOffset = slab.cut(byteLength);
    return { buffer: slab.buffer, byteOffset };
  }
  if (byteLength < mappedBytes) {
    const spare = spares.take(byteLength);
    if (spare !== undefined) return { buffer: spare, byteOffset: 0 };
    const buffer = newBuffer(byteLength);
    if (byteLength >= HUGE_BYTES) binding.adviseHugePages(buffer);
    return { buffer, byteOffset: 0 };
  }
  // Begins at the border of a huge page, because memory before it would be faulted in by small
  // pages.
  const room = byteLength + hugePageBytes;
  const buffer = spares.take(room) ?? abandoned.take(room, spares.limit) ?? newBuffer(room, byteLength);
  return { buffer, byteOffset: binding.adviseHugePages(buffer) };
}

/**
 * Lets memory be reused if its owner is garbage-collected instead of disposed. Null for small
 * buffers, which the C library itself keeps for reuse.
 */
export function watchOwner(owner: object, buffer: ArrayBuffer): WatchedBuffer | null {
  return buffer.byteLength < mappedBytes ? null : abandoned.watch(owner, buffer, spares.limit);
}

/** Ends the watch that {@link watchOwner} began. */
export const unwatchOwner = (watched: WatchedBuffer): void => abandoned.release(watched);

/**
 * Takes back memory from {@link allocateBytes} for new tensors. Nothing may refer to it any more.
 */
export function freeBytes(buffer: ArrayBuffer, byteOffset: number, byteLength: number): void {
  const slab = slabFor(byteLength);
  if (slab !== null) slab.giveBack(buffer, byteOffset, byteLength);
  else spares.keep(buffer);
}

/** From which slab memory of this size is cut. Null if it gets a buffer of its own. */
export const slabFor = (byteLength: number): Slab | null =>
  byteLength <= SMALL_BYTES ? small : byteLength <= MEDIUM_BYTES ? medium : null;

/** Whether memory of this size shares its buffer with other tensors. */
export const sharesSlab = (byteLength: number): boolean => slabFor(byteLength) !== null;

/** An uninitialised buffer of exactly this size, to be handed out. Throws `ERR_OUT_OF_MEMORY`. */
export const allocateBuffer = (byteLength: number): ArrayBuffer => newBuffer(byteLength);

function newBuffer(byteLength: number, asked = byteLength): ArrayBuffer {
  try {
    return uninitialised(byteLength);
  } catch {
    spares.clear();
    abandoned.clear();
    try {
      return uninitialised(byteLength);
    } catch {
      throw new RsqrtError('ERR_OUT_OF_MEMORY', `out of memory on the CPU: cannot allocate ${asked} bytes`);
    }
  }
}

/**
 * A buffer that is not filled with zeros, unlike that of `new ArrayBuffer`, because it is about to
 * be overwritten.
 */
function uninitialised(byteLength: number): ArrayBuffer {
  if (byteLength > constants.MAX_LENGTH) return new ArrayBuffer(byteLength);
  return Buffer.allocUnsafeSlow(byteLength).buffer as ArrayBuffer;
}

/**
 * Frees the CPU memory of disposed and garbage-collected tensors that is kept for new ones, and
 * returns it to the system where the C library supports that. Tensors in use are not touched.
 *
 * For GPU memory and page-locked memory see {@link cuda.emptyCache}. Each worker, and each copy of
 * the package, has its own memory.
 */
export function emptyCache(): void {
  spares.clear();
  abandoned.clear();
  binding.returnFreedMemory();
}

/** How many bytes are kept for new tensors. */
export const cacheBytes = (): number => spares.bytes;

/**
 * The limit on the bytes of CPU memory that are kept for new tensors. See {@link setCacheLimit}.
 */
export function getCacheLimit(): number {
  return spares.limit;
}

/**
 * Sets how many bytes of CPU memory of disposed tensors are kept for new ones. The initial limit is
 * 256 MiB; 0 keeps none. The memory that was kept longest is freed first. The memory of a single
 * tensor that is larger than the limit is freed when the tensor is disposed.
 *
 * Memory is kept if its tensor was ended by {@link Tensor.dispose} or `using`. Memory of 32 MiB and
 * more is also kept if its tensor was garbage-collected; the limit applies to these buffers
 * separately, so they can take about as many bytes again. Memory that `data` has handed out is
 * never kept. Each worker, and each copy of the package, has its own limit. Throws `TypeError` or
 * `RangeError` unless `bytes` is a whole number.
 */
export function setCacheLimit(bytes: number): void {
  spares.limit = checkWhole(bytes, 'setCacheLimit: bytes');
}
