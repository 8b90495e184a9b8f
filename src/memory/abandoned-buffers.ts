/**
 * Large buffers whose owners may be garbage-collected instead of disposed. They are then reused for
 * new tensors.
 */

import { Buffer } from 'node:buffer';
import { binding } from '../load/binding';

/** A buffer whose owner is watched. */
export interface WatchedBuffer {
  readonly buffer: ArrayBuffer;
  /** The size of the buffer while it is not detached. */
  readonly bytes: number;
  readonly watch: number;
}

export class AbandonedBuffers {
  #bytes = 0;
  /** Oldest first. There are few, because each is large. */
  #watched: WatchedBuffer[] = [];

  /**
   * Watches the owner of a buffer. Holds the buffer until the owner was collected and the buffer is
   * taken. Returns null and does not hold the buffer if the buffers held for live owners reach
   * `limit` bytes.
   */
  watch(owner: object, buffer: ArrayBuffer, limit: number): WatchedBuffer | null {
    if (this.#bytes >= limit) this.clear(); // collected ones are of other sizes, or they would have been taken
    if (this.#bytes >= limit) return null;
    const entry = { buffer, bytes: buffer.byteLength, watch: binding.watch(owner) };
    this.#watched.push(entry);
    this.#bytes += entry.bytes;
    return entry;
  }

  /** Stops watching and holding a buffer. */
  release(entry: WatchedBuffer): void {
    binding.unwatch(entry.watch);
    this.#watched = this.#watched.filter((other) => other !== entry);
    this.#bytes -= entry.bytes;
  }

  /**
   * Returns a buffer of `bytes` to 1.25 · `bytes` whose owner was collected. Undefined if there is
   * none.
   */
  take(bytes: number, limit: number): ArrayBuffer | undefined {
    if (this.#watched.length === 0) return undefined;
    const found = this.#find(bytes);
    if (found !== undefined || this.#bytes < limit) return found;
    // Try to get a buffer back before allocating another.
    collectYoung();
    return this.#find(bytes);
  }

  /** Frees the buffers whose owners were collected. */
  clear(): void {
    for (const entry of this.#watched) {
      if (!binding.isCollected(entry.watch)) continue;
      this.release(entry);
      if (isWhole(entry)) binding.freeBuffer(entry.buffer);
    }
  }

  #find(bytes: number): ArrayBuffer | undefined {
    const fits = (entry: WatchedBuffer) => isWhole(entry) && entry.bytes >= bytes && entry.bytes <= 1.25 * bytes;
    const found = this.#watched.find((entry) => fits(entry) && binding.isCollected(entry.watch));
    if (found !== undefined) this.release(found);
    return found?.buffer;
  }
}

/** Whether a buffer still has its memory. */
const isWhole = ({ buffer, bytes }: WatchedBuffer): boolean => buffer.byteLength === bytes;

/**
 * Makes V8 collect its young objects, which takes a fraction of a millisecond. V8 does so before it
 * makes an ArrayBuffer if the young ArrayBuffers take 32 MiB. No page of this buffer is touched. If
 * a version of V8 behaves differently, only time is lost.
 */
function collectYoung(): void {
  Buffer.allocUnsafeSlow(32 * 1024 * 1024);
  Buffer.allocUnsafeSlow(64 * 1024);
}
