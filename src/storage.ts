/**
 * Where bytes live. A storage is shared by a tensor and its views; it ends when the last of them is disposed, or with
 * the garbage collector.
 */

import type { DeviceMemory, Memory } from '../binding';
import { binding } from './binding';
import { allocateBytes, freeBytes, unwatchOwner, watchOwner } from './cpu-memory';
import { CPU } from './device';
import type { Orphan } from './orphans';

export class Storage {
  /** What the addon is given; null once released. */
  memory: Memory | null;
  /** The buffer itself, which tells whether two storages share memory. */
  readonly owner: object;
  /** Where this storage begins in `memory`: small ones share a slab. */
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly device: number;
  /** Whether this is CPU memory of ours that nobody else can see, so that after its end the next tensor may have it. */
  reusable = false;
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
    this.reusable = false;
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
    else if (this.reusable) {
      this.#unwatch();
      freeBytes(this.memory as ArrayBuffer, this.byteOffset, this.byteLength);
    }
    this.memory = null;
  }
}

/** New uninitialised memory. Throws `ERR_OUT_OF_MEMORY`. */
export function allocate(byteLength: number, device: number): Storage {
  if (device !== CPU) return new Storage(binding.allocate(device, byteLength), 0, byteLength, device);
  const place = allocateBytes(byteLength);
  const storage = new Storage(place.buffer, place.byteOffset, byteLength, CPU);
  storage.reusable = true;
  storage.orphan = watchOwner(storage, place);
  return storage;
}

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
