/**
 * The memory of tensors. A tensor and its views share a storage. It ends when the last of them is
 * disposed or garbage-collected.
 */

import type { DeviceMemory, Memory } from '../../binding';
import { bytesOf, isDetached } from '../dtype/arrays';
import { binding } from '../load/binding';
import type { WatchedBuffer } from './abandoned-buffers';
import { allocateBytes, freeBytes, sharesSlab, slabFor, unwatchOwner, watchOwner } from './cpu-memory';
import { CPU } from './device';

/** Bytes that were allocated and not released. Garbage-collected memory still counts. */
let held = 0;

// Not a field of Storage, which few need: each small tensor would take longer to make.
const addresses = new WeakMap<Storage, number>();

export class Storage {
  /** What is passed to the addon. Null once released. */
  memory: Memory | null;
  /** The buffer itself. Two storages with the same owner share memory. */
  owner: object;
  /** Where this storage begins in `memory`, because small ones share a slab. */
  byteOffset: number;
  byteLength: number;
  readonly device: number;
  /** Whether this package allocated the memory, as opposed to sharing an array. */
  allocated = false;
  /** Whether the memory is page-locked, so that GPUs can access it directly. */
  pinned = false;
  /**
   * Whether non-blocking copies from or to this memory may be pending. {@link settle} waits for
   * them.
   */
  settling = false;
  /** Whether the memory was handed out, so that it must not be reused for another tensor. */
  #handedOut = false;
  /** Allows reusing the memory if this storage is garbage-collected. */
  watched: WatchedBuffer | null = null;
  /** The number of tensors on this storage that have not been disposed. */
  references = 0;

  constructor(memory: Memory, byteOffset: number, byteLength: number, device: number, owner = ownerOf(memory)) {
    this.memory = memory;
    this.owner = owner;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
    this.device = device;
  }

  /** Whether the ArrayBuffer was transferred away, or resized to less than this storage. */
  isLost(): boolean {
    // A SharedArrayBuffer, which is passed to the addon as a view, cannot be detached or shrunk.
    if (this.device !== CPU || this.memory !== this.owner) return false;
    const bytes = bytesOf(this.owner as ArrayBuffer);
    return bytes < this.byteOffset + this.byteLength || (bytes === 0 && isDetached(this.owner as ArrayBuffer));
  }

  /**
   * The address of the memory, to tell whether two objects have the same memory. Looked up once.
   */
  get address(): number {
    let address = addresses.get(this);
    if (address === undefined) {
      address = binding.addressOf(this.memory as Memory);
      addresses.set(this, address);
    }
    return address;
  }

  retain(): void {
    this.references++;
  }

  /** Records that the memory is handed out. It may stay in use for any length of time. */
  handOut(): void {
    this.#handedOut = true;
    this.#unwatch();
  }

  #unwatch(): void {
    if (this.watched !== null) unwatchOwner(this.watched);
    this.watched = null;
  }

  /**
   * Ends one reference. After the last, the memory is released (GPU memory after the work queued on
   * it).
   */
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

  /**
   * Waits for pending non-blocking copies from or to this memory. Must be called before host memory
   * is accessed.
   */
  settle(): void {
    if (!this.settling) return;
    binding.settle(this.memory as Memory);
    this.settling = false;
  }

  /**
   * Whether this package allocated the memory and has not handed it out, so that it can be replaced
   * by other memory.
   */
  get isPrivate(): boolean {
    return this.allocated && !this.#handedOut;
  }

  /**
   * Whether the buffer can be handed over: it belongs to this storage alone, was not handed out,
   * and only one tensor uses it.
   */
  get detachable(): boolean {
    return (
      this.device === CPU && !this.pinned && this.isPrivate && this.references === 1 && !sharesSlab(this.byteLength)
    );
  }

  /**
   * Replaces the memory by more memory of the same kind that begins with the same bytes. If that
   * fails, throws `ERR_OUT_OF_MEMORY` and changes nothing.
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
    if (this.device === CPU && !this.pinned) this.watched = watchOwner(this, this.owner as ArrayBuffer);
    other.retain();
    other.release();
  }
}

const ownerOf = (memory: Memory): object => (ArrayBuffer.isView(memory) ? memory.buffer : memory);

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
  const slab = slabFor(byteLength);
  if (slab !== null) {
    const byteOffset = slab.cut(byteLength);
    return new Storage(slab.buffer, byteOffset, byteLength, CPU, slab.buffer);
  }
  const { buffer, byteOffset } = allocateBytes(byteLength);
  const storage = new Storage(buffer, byteOffset, byteLength, CPU, buffer);
  storage.watched = watchOwner(storage, buffer);
  return storage;
}

/**
 * Bytes that were allocated for tensors on all devices and not released. Garbage-collected memory
 * still counts.
 */
export const heldBytes = (): number => held;

/**
 * Copies `byteLength` bytes between two storages on any devices. Waits for the copy, except with
 * `nonBlocking` between a GPU and page-locked memory: then {@link Storage.settle} waits before the
 * memory is used.
 */
export function copyBytes(
  from: Storage,
  fromOffset: number,
  to: Storage,
  toOffset: number,
  byteLength: number,
  nonBlocking = false,
): void {
  // The addon cannot decide this: a shared array may be page-locked by somebody else.
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
