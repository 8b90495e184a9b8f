/**
 * Large buffers whose owners may be collected instead of disposed; they are then reused for new
 * tensors.
 */

import { Buffer } from 'node:buffer';
import { binding } from './binding';

/** A buffer whose owner is watched. */
export interface Orphan {
  readonly buffer: ArrayBuffer;
  /** How many it has, as long as it was not detached. */
  readonly bytes: number;
  readonly watch: number;
}

export class Orphans {
  #bytes = 0;
  /** Oldest first. Few: each is large. */
  #watched: Orphan[] = [];

  /**
   * Watches the owner of a buffer, and holds the buffer until that is collected and the buffer taken. Null, with nothing held,
   * if buffers of `limit` bytes are held already whose owners live.
   */
  watch(owner: object, buffer: ArrayBuffer, limit: number): Orphan | null {
    if (this.#bytes >= limit) this.clear(); // of other sizes, or they would have been taken
    if (this.#bytes >= limit) return null;
    const orphan = { buffer, bytes: buffer.byteLength, watch: binding.watch(owner) };
    this.#watched.push(orphan);
    this.#bytes += orphan.bytes;
    return orphan;
  }

  /** Forgets a buffer, which is then as any other. */
  release(orphan: Orphan): void {
    binding.unwatch(orphan.watch);
    this.#watched = this.#watched.filter((other) => other !== orphan);
    this.#bytes -= orphan.bytes;
  }

  /** A buffer of `bytes` to 1.25 · `bytes` whose owner was collected; undefined if there is none. */
  take(bytes: number, limit: number): ArrayBuffer | undefined {
    if (this.#watched.length === 0) return undefined;
    const found = this.#find(bytes);
    if (found !== undefined || this.#bytes < limit) return found;
    // Before more is asked of the system.
    collectYoung();
    return this.#find(bytes);
  }

  /** Forgets the buffers whose owners were collected, and frees them. */
  clear(): void {
    for (const orphan of this.#watched) {
      if (!binding.isCollected(orphan.watch)) continue;
      this.release(orphan);
      if (isWhole(orphan)) binding.freeBuffer(orphan.buffer);
    }
  }

  #find(bytes: number): ArrayBuffer | undefined {
    const fits = (orphan: Orphan) => isWhole(orphan) && orphan.bytes >= bytes && orphan.bytes <= 1.25 * bytes;
    const found = this.#watched.find((orphan) => fits(orphan) && binding.isCollected(orphan.watch));
    if (found !== undefined) this.release(found);
    return found?.buffer;
  }
}

/** Whether a buffer still has its memory. */
const isWhole = ({ buffer, bytes }: Orphan): boolean => buffer.byteLength === bytes;

/**
 * Has V8 collect its young objects, which takes a fraction of a millisecond: it does so before it makes an ArrayBuffer when
 * those of 32 MiB are young. No page of this one is touched. Where V8 should see it otherwise, nothing is lost but time.
 */
function collectYoung(): void {
  Buffer.allocUnsafeSlow(32 * 1024 * 1024);
  Buffer.allocUnsafeSlow(64 * 1024);
}
