/**
 * Where bytes live. A storage is shared by a tensor and its views; it ends when the last of them is disposed, or with
 * the garbage collector.
 */

import { Buffer, constants } from 'node:buffer';
import { markAsUntransferable } from 'node:worker_threads';
import type { DeviceMemory, Memory } from '../binding';
import { binding } from './binding';
import { CPU } from './device';
import { RsqrtError } from './errors';

export class Storage {
  /** What the addon is given; null once released. */
  memory: Memory | null;
  /** The buffer itself, which tells whether two storages share memory. */
  readonly owner: object;
  /** Where this storage begins in `memory`: small ones share a slab. */
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly device: number;
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

  /** Ends one reference; after the last, memory is given back (device memory after the work queued on it). */
  release(): void {
    if (--this.references > 0 || this.memory === null) return;
    if (this.device !== CPU) binding.release(this.memory as DeviceMemory);
    this.memory = null;
  }
}

// Making an ArrayBuffer costs more than computing a small tensor, so small ones are cut from a slab, as Node does for
// Buffers. A slab lives as long as any tensor in it.
const SLAB_BYTES = 64 * 1024;
const SMALL_BYTES = 4 * 1024;
const ALIGNMENT = 64; // a cache line, and the widest vector

let slab: ArrayBuffer | null = null;
let slabUsed = 0;

/** New uninitialised memory. Throws `ERR_OUT_OF_MEMORY`. */
export function allocate(byteLength: number, device: number): Storage {
  if (device !== CPU) return new Storage(binding.allocate(device, byteLength), 0, byteLength, device);
  if (byteLength > SMALL_BYTES) return new Storage(newBuffer(byteLength), 0, byteLength, CPU);
  if (slab === null || slabUsed + byteLength > SLAB_BYTES) {
    slab = newBuffer(SLAB_BYTES);
    markAsUntransferable(slab); // transferring one tensor's buffer must not take its neighbours away
    slabUsed = 0;
  }
  const storage = new Storage(slab, slabUsed, byteLength, CPU);
  slabUsed = (slabUsed + byteLength + ALIGNMENT - 1) & -ALIGNMENT;
  return storage;
}

function newBuffer(byteLength: number): ArrayBuffer {
  try {
    // Unlike `new ArrayBuffer`, this does not fill with zeros what is about to be overwritten.
    if (byteLength <= constants.MAX_LENGTH) return Buffer.allocUnsafeSlow(byteLength).buffer as ArrayBuffer;
    return new ArrayBuffer(byteLength);
  } catch {
    throw new RsqrtError('ERR_OUT_OF_MEMORY', `out of memory on the CPU: cannot allocate ${byteLength} bytes`);
  }
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
