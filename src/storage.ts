/**
 * Where bytes live. A storage is shared by a tensor and its views; it ends when the last of them is disposed, or with
 * the garbage collector.
 */

import type { DeviceMemory, Memory } from '../binding';
import { binding } from './binding';
import { allocateBytes, freeBytes, sharesSlab, unwatchOwner, watchOwner } from './cpu-memory';
import { CPU } from './device';
import type { Orphan } from './orphans';

/** Bytes that were allocated and not released; those that the collector took are among them. */
let held = 0;

export class Storage {
  /** What the addon is given; null once released. */
  memory: Memory | null;
  /** The buffer itself, which tells whether two storages share memory. */
  owner: object;
  /** Where this storage begins in `memory`: small ones share a slab. */
  byteOffset: number;
  byteLength: number;
  readonly device: number;
  /** Whether the memory is ours, not that of somebody's array. */
  allocated = false;
  /** Whether others can see the memory of ours, so that no other tensor may have it. */
  #handedOut = false;
  /** What gives the memory to the next tensor if this storage is left to the collector. */
  orphan: Orphan | null = null;
  /** Tensors that have not been disposed. */
  references = 0;

  constructor(memory: Memory, byteOffset: number, byteLength: number, device: number) {
    this.memory = memory;
    this.owner = ArrayBuffer.isView(memory) ? memory.buffer : memory;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.device = device;
  }

  /** Whether the ArrayBuffer was transferred away, or resized to less than this storage. */
  isLost(): boolean {
    return this.device === CPU && (this.owner as ArrayBuffer).byteLength < this.byteOffset + this.byteLength;
  }

  retain(): void {
    this.references++;
  }

  /** Notes that others can see the memory from now on, as long as they like. */
  handOut(): void {
    this.#handedOut = true;
    this.#unwatch();
  }

  #unwatch(): void {
    if (this.orphan !== null) unwatchOwner(this.orphan);
    this.orphan = null;
  }

  /** Ends one reference; after the last, memory is given back (device memory after the work queued on it). */
  release(): void {
    if (--this.references > 0 || this.memory === null) return;
    if (this.device !== CPU) binding.release(this.memory as DeviceMemory);
    else if (this.allocated && !this.#handedOut) {
      this.#unwatch();
      freeBytes(this.memory as ArrayBuffer, this.byteOffset, this.byteLength);
    }
    if (this.allocated) held -= this.byteLength;
    this.memory = null;
  }

  /** Whether other memory can take the place of this: if it is ours, and nobody else sees it. */
  get growable(): boolean {
    return this.allocated && !this.#handedOut;
  }

  /** Whether the buffer can be given away: whole, ours, and seen through one tensor alone. */
  get detachable(): boolean {
    return this.device === CPU && this.growable && this.references === 1 && !sharesSlab(this.byteLength);
  }

  /**
   * Exchanges the memory for more of it, with the same bytes at its start. Throws `ERR_OUT_OF_MEMORY`, with nothing
   * changed.
   */
  grow(byteLength: number): void {
    const other = allocate(byteLength, this.device);
    copyBytes(this, 0, other, 0, this.byteLength);
    this.#unwatch();
    other.#unwatch();
    [this.memory, other.memory] = [other.memory, this.memory];
    [this.owner, other.owner] = [other.owner, this.owner];
    [this.byteOffset, other.byteOffset] = [other.byteOffset, this.byteOffset];
    [this.byteLength, other.byteLength] = [other.byteLength, this.byteLength];
    if (this.device === CPU) this.orphan = watchOwner(this, this.owner as ArrayBuffer);
    other.retain();
    other.release();
  }
}

/** New uninitialised memory. Throws `ERR_OUT_OF_MEMORY`. */
export function allocate(byteLength: number, device: number): Storage {
  const storage =
    device === CPU
      ? allocateOnCpu(byteLength)
      : new Storage(binding.allocate(device, byteLength), 0, byteLength, device);
  storage.allocated = true;
  held += byteLength;
  return storage;
}

function allocateOnCpu(byteLength: number): Storage {
  const { buffer, byteOffset } = allocateBytes(byteLength);
  const storage = new Storage(buffer, byteOffset, byteLength, CPU);
  storage.orphan = watchOwner(storage, buffer);
  return storage;
}

/** Bytes of tensors on all devices that were allocated and not released; those that the collector took are among them. */
export const heldBytes = (): number => held;

/** Copies `byteLength` bytes between two storages on any devices; returns when both may be used. */
export function copyBytes(from: Storage, fromOffset: number, to: Storage, toOffset: number, byteLength: number): void {
  binding.copy(
    from.memory as Memory,
    from.byteOffset + fromOffset,
    to.memory as Memory,
    to.byteOffset + toOffset,
    byteLength,
  );
}
