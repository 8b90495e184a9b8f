/**
 * The memory of CPU tensors: ArrayBuffers, which the collector frees in time even in a synchronous loop. Small tensors
 * share slabs; the buffers of disposed ones are kept for the next. All of it is this copy of the package's own: each
 * worker has another.
 */

import { Buffer, constants } from 'node:buffer';
import { bytesOf } from './arrays';
import { binding } from './binding';
import { checkWhole } from './checks';
import { RsqrtError } from './errors';
import { type Orphan, Orphans } from './orphans';
import { Spares } from './spares';

/** A part of a buffer. */
export interface Place {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
}

const ALIGNMENT = 64; // a cache line, and the widest vector

/**
 * Making an ArrayBuffer costs more than computing a small tensor, so small ones are cut from a slab, as Node does for
 * Buffers. A slab lives as long as any tensor in it.
 *
 * `data` gives users the slab's buffer, which they can detach: before Node 24
 * `markAsUntransferable` does not stop byte streams and `ArrayBuffer.prototype.transfer`. A slab
 * that was detached is replaced.
 */
class Slab {
  #buffer: ArrayBuffer | null = null;
  #used = 0;
  readonly #byteLength: number;

  constructor(byteLength: number) {
    this.#byteLength = byteLength;
  }

  cut(byteLength: number): Place {
    let buffer = this.#buffer;
    if (buffer === null || this.#used + byteLength > this.#byteLength || bytesOf(buffer) !== this.#byteLength) {
      buffer = newBuffer(this.#byteLength);
      const { markAsUntransferable } = require('node:worker_threads') as typeof import('node:worker_threads'); // not at load: 2 ms
      markAsUntransferable(buffer); // transferring one tensor's buffer must not take its neighbours away
      this.#buffer = buffer;
      this.#used = 0;
    }
    const byteOffset = this.#used;
    this.#used = endOf(byteOffset, byteLength);
    return { buffer, byteOffset };
  }

  /** Only the end can be cut again: enough for what is made and disposed one after the other. */
  giveBack(buffer: ArrayBuffer, byteOffset: number, byteLength: number): void {
    if (buffer === this.#buffer && endOf(byteOffset, byteLength) === this.#used) this.#used = byteOffset;
  }
}

const endOf = (byteOffset: number, byteLength: number): number =>
  (byteOffset + byteLength + ALIGNMENT - 1) & -ALIGNMENT;

// Two sizes of slab, so that a few bytes that live long do not keep a large one.
const SMALL_BYTES = 4 * 1024;
const MEDIUM_BYTES = 32 * 1024;
const small = new Slab(64 * 1024);
const medium = new Slab(256 * 1024);

// A fault that brings 2 MiB instead of 4 KiB pays from here on: the first touch takes half the time, a quarter at 64 MiB.
const HUGE_BYTES = 8 * 1024 * 1024;
const HUGE_PAGE = 2 * 1024 * 1024;
// From here on the C library maps every buffer anew (native/cpu/memory_glibc.cpp), and no page of it is there yet.
const MAPPED_BYTES = 32 * 1024 * 1024 - 64 * 1024;

const orphans = new Orphans();
const spares = new Spares(256 * 1024 * 1024, (buffer) => binding.freeBuffer(buffer));

/** Uninitialised memory; of a buffer that may be larger. Throws `ERR_OUT_OF_MEMORY`. */
export function allocateBytes(byteLength: number): Place {
  const slab = slabFor(byteLength);
  if (slab !== null) return slab.cut(byteLength);
  if (byteLength < MAPPED_BYTES) {
    const spare = spares.take(byteLength);
    if (spare !== undefined) return { buffer: spare, byteOffset: 0 };
    const buffer = newBuffer(byteLength);
    if (byteLength >= HUGE_BYTES) binding.adviseHugePages(buffer);
    return { buffer, byteOffset: 0 };
  }
  // From the border of a huge page on: what lies before it would be faulted in by small ones.
  const room = byteLength + HUGE_PAGE;
  const buffer = spares.take(room) ?? orphans.take(room, spares.limit) ?? newBuffer(room, byteLength);
  return { buffer, byteOffset: binding.adviseHugePages(buffer) };
}

/**
 * Lets the memory of an owner who is left to the collector be used again. Null for memory that the C library keeps warm by
 * itself.
 */
export function watchOwner(owner: object, buffer: ArrayBuffer): Orphan | null {
  return buffer.byteLength < MAPPED_BYTES ? null : orphans.watch(owner, buffer, spares.limit);
}

/** Ends the watch that {@link watchOwner} began. */
export const unwatchOwner = (orphan: Orphan): void => orphans.release(orphan);

/**
 * Takes back what {@link allocateBytes} gave, for the next tensors. Nobody may be able to see it
 * any more.
 */
export function freeBytes(buffer: ArrayBuffer, byteOffset: number, byteLength: number): void {
  const slab = slabFor(byteLength);
  if (slab !== null) slab.giveBack(buffer, byteOffset, byteLength);
  else spares.keep(buffer);
}

const slabFor = (byteLength: number): Slab | null =>
  byteLength <= SMALL_BYTES ? small : byteLength <= MEDIUM_BYTES ? medium : null;

/** Whether memory of so many bytes lies in a buffer with that of others. */
export const sharesSlab = (byteLength: number): boolean => slabFor(byteLength) !== null;

/** A buffer of exactly so many bytes, uninitialised, to be given away. Throws `ERR_OUT_OF_MEMORY`. */
export const allocateBuffer = (byteLength: number): ArrayBuffer => newBuffer(byteLength);

function newBuffer(byteLength: number, asked = byteLength): ArrayBuffer {
  try {
    return uninitialised(byteLength);
  } catch {
    spares.clear();
    orphans.clear();
    try {
      return uninitialised(byteLength);
    } catch {
      throw new RsqrtError('ERR_OUT_OF_MEMORY', `out of memory on the CPU: cannot allocate ${asked} bytes`);
    }
  }
}

/** Unlike `new ArrayBuffer`, this does not fill with zeros what is about to be overwritten. */
function uninitialised(byteLength: number): ArrayBuffer {
  if (byteLength > constants.MAX_LENGTH) return new ArrayBuffer(byteLength);
  return Buffer.allocUnsafeSlow(byteLength).buffer as ArrayBuffer;
}

/**
 * Frees the CPU memory of disposed and collected tensors that is kept for the next ones, and returns it to the system where the C
 * library can be told to. Tensors in use are not touched.
 *
 * GPU memory and page-locked memory are not meant, see {@link cuda.emptyCache}. Each worker, and each copy of the package, keeps memory of its own.
 */
export function emptyCache(): void {
  spares.clear();
  orphans.clear();
  binding.returnFreedMemory();
}

/** How many bytes are kept for the next tensors. */
export const cacheBytes = (): number => spares.bytes;

/** How many bytes of CPU memory of disposed tensors are kept at most. See {@link setCacheLimit}. */
export function getCacheLimit(): number {
  return spares.limit;
}

/**
 * Sets how many bytes of CPU memory of disposed tensors are kept for the next ones: 256 MiB unless set, 0 for none. What was
 * kept longest is freed first; the memory of a single tensor above the limit is freed when it is disposed.
 *
 * Kept is what {@link Tensor.dispose} or `using` ended and, of 32 MiB and more, also what was left to the garbage collector:
 * of such buffers about as many bytes again. What `data` has handed out is never kept. Each worker, and each copy of the
 * package, has a limit of its own. Throws `TypeError` or `RangeError` for what is no whole number of bytes.
 */
export function setCacheLimit(bytes: number): void {
  spares.limit = checkWhole(bytes, 'setCacheLimit: bytes');
}
