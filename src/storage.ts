/**
 * Where bytes live. A storage is shared by a tensor and its views; it ends when the last of them is disposed, or with
 * the garbage collector.
 */

import type { DeviceMemory, Memory } from '../binding';
import { bytesOf, isDetached } from './arrays';
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
  /** Whether the memory is an ArrayBuffer, which can be detached or, if it is resizable, shrunk. */
  readonly #canBeLost: boolean;
  /** Whether the memory is ours, not that of somebody's array. */
  allocated = false;
  /** Whether the memory is page-locked, so that devices reach it by themselves. */
  pinned = false;
  /** Whether copies from or to this memory may be under way, for which {@link settle} waits. */
  settling = false;
  /** Whether others can see the memory of ours, so that no other tensor may have it. */
  #handedOut = false;
  #address: number | undefined;
  /** What gives the memory to the next tensor if this storage is left to the collector. */
  orphan: Orphan | null = null;
  /** Tensors that have not been disposed. */
  references = 0;

  constructor(memory: Memory, byteOffset: number, byteLength: number, device: number) {
    this.memory = memory;
    const isShared = ArrayBuffer.isView(memory);
    this.owner = isShared ? memory.buffer : memory;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.device = device;
    this.#canBeLost = device === CPU && !isShared;
  }

  /** Whether the ArrayBuffer was transferred away, or resized to less than this storage. */
  isLost(): boolean {
    if (!this.#canBeLost) return false;
    const bytes = bytesOf(this.owner as ArrayBuffer);
    return bytes < this.byteOffset + this.byteLength || (bytes === 0 && isDetached(this.owner as ArrayBuffer));
  }

  /** The address of the memory, to tell whether two objects have the same one. Looked up once. */
  get address(): number {
    this.#address ??= binding.addressOf(this.memory as Memory);
    return this.#address;
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
      if (!this.pinned) freeBytes(this.memory as ArrayBuffer, this.byteOffset, this.byteLength);
      else if (!this.isLost()) binding.releasePinned(this.memory as ArrayBuffer);
    }
    if (this.allocated) held -= this.byteLength;
    this.memory = null;
  }

  /** Waits for the copies from and to this memory that nobody waited for. To be called before host memory is touched. */
  settle(): void {
    if (!this.settling) return;
    binding.settle(this.memory as Memory);
    this.settling = false;
  }

  /**
   * Whether the memory is ours and nobody else can see it, so that other memory may take its place.
   */
  get isPrivate(): boolean {
    return this.allocated && !this.#handedOut;
  }

  /** Whether the buffer can be given away: whole, ours, and seen through one tensor alone. */
  get detachable(): boolean {
    return (
      this.device === CPU && !this.pinned && this.isPrivate && this.references === 1 && !sharesSlab(this.byteLength)
    );
  }

  /**
   * Exchanges the memory for more of its kind, with the same bytes at its start. Throws `ERR_OUT_OF_MEMORY`, with nothing
   * changed.
   */
  grow(byteLength: number): void {
    const other = allocate(byteLength, this.device, this.pinned);
    copyBytes(this, 0, other, 0, this.byteLength);
    this.#unwatch();
    other.#unwatch();
    [this.memory, other.memory] = [other.memory, this.memory];
    [this.owner, other.owner] = [other.owner, this.owner];
    [this.byteOffset, other.byteOffset] = [other.byteOffset, this.byteOffset];
    [this.byteLength, other.byteLength] = [other.byteLength, this.byteLength];
    if (this.device === CPU && !this.pinned) this.orphan = watchOwner(this, this.owner as ArrayBuffer);
    other.retain();
    other.release();
  }
}

/** New uninitialised memory, page-locked if `pinned`. Throws `ERR_OUT_OF_MEMORY`. */
export function allocate(byteLength: number, device: number, pinned = false): Storage {
  const storage = pinned
    ? new Storage(binding.allocatePinned(byteLength), 0, byteLength, CPU)
    : device === CPU
      ? allocateOnCpu(byteLength)
      : new Storage(binding.allocate(device, byteLength), 0, byteLength, device);
  storage.allocated = true;
  storage.pinned = pinned;
  held += byteLength;
  return storage;
}

function allocateOnCpu(byteLength: number): Storage {
  const { buffer, byteOffset } = allocateBytes(byteLength);
  const storage = new Storage(buffer, byteOffset, byteLength, CPU);
  if (!sharesSlab(byteLength)) storage.orphan = watchOwner(storage, buffer);
  return storage;
}

/** Bytes of tensors on all devices that were allocated and not released; those that the collector took are among them. */
export const heldBytes = (): number => held;

/**
 * Copies `byteLength` bytes between two storages on any devices. Both may be used when this returns, by {@link Storage.settle}
 * where it did not wait: with `nonBlocking`, for page-locked memory.
 */
export function copyBytes(
  from: Storage,
  fromOffset: number,
  to: Storage,
  toOffset: number,
  byteLength: number,
  nonBlocking = false,
): void {
  // The memory of an array may be page-locked without our knowing, so it is for us to say what is not waited for.
  const later = nonBlocking && from.device !== to.device && (from.pinned || to.pinned);
  if (!later) {
    from.settle();
    to.settle();
  }
  binding.copy(
    from.memory as Memory,
    from.byteOffset + fromOffset,
    to.memory as Memory,
    to.byteOffset + toOffset,
    byteLength,
    later,
  );
  if (later) (from.pinned ? from : to).settling = true;
}
