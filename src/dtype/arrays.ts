/**
 * The true properties of typed arrays and buffers that callers give us. They are read with the
 * getters of the built-in prototypes, because a subclass can override them, and because an array
 * that lost its memory reports a length of 0.
 */

import { isSharedArrayBuffer } from 'node:util/types';
import { typeError } from '../support/errors';
import { nameOfArray, type TypedArray } from './dtype';

/** A typed array that has its memory. */
export interface ArrayInfo {
  /** 'Float32Array' and so on. */
  readonly name: string;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** The number of entries. */
  readonly length: number;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype);

/** A function that calls the getter or method of this name of a prototype. */
function builtIn<T, R>(prototype: object, name: string): (object: T, ...args: unknown[]) => R {
  const { get, value } = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  return Function.prototype.call.bind(get ?? value);
}

const bufferOf = builtIn<TypedArray, ArrayBufferLike>(typedArray, 'buffer');
const byteOffsetOf = builtIn<TypedArray, number>(typedArray, 'byteOffset');
const byteLengthOf = builtIn<TypedArray, number>(typedArray, 'byteLength');
const lengthOf = builtIn<TypedArray, number>(typedArray, 'length');
const entryAt = builtIn<TypedArray, unknown>(typedArray, 'at');
const bytesOfShared = builtIn<ArrayBufferLike, number>(SharedArrayBuffer.prototype, 'byteLength');

/** The size in bytes of an ArrayBuffer that is not shared. 0 if it was detached. */
export const bytesOf = builtIn<ArrayBuffer, number>(ArrayBuffer.prototype, 'byteLength');

/** The size in bytes of an ArrayBuffer or SharedArrayBuffer. */
export const bytesOfAny = (buffer: ArrayBufferLike): number =>
  isSharedArrayBuffer(buffer) ? bytesOfShared(buffer) : bytesOf(buffer as ArrayBuffer);

/** Reads the properties of a typed array. Throws `TypeError` if its memory is gone. */
export function describeArray(array: TypedArray, where: string): ArrayInfo {
  const buffer = bufferOf(array);
  const byteLength = byteLengthOf(array);
  if (byteLength === 0) {
    checkAttached(buffer, where);
    if (isOutOfBounds(array)) {
      throw typeError(
        `${where}: the ${nameOfArray(array)} is out of bounds: its resizable buffer was shrunk to ${bytesOfAny(buffer)} bytes`,
      );
    }
  }
  return { name: nameOfArray(array), buffer, byteOffset: byteOffsetOf(array), byteLength, length: lengthOf(array) };
}

/** Whether the buffer of a typed array was detached, or was shrunk to end before the array does. */
function isOutOfBounds(array: TypedArray): boolean {
  try {
    entryAt(array, 0);
    return false;
  } catch {
    return true;
  }
}

/** Whether the memory of a buffer was transferred away. Never true for a SharedArrayBuffer. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer, 0, 0);
    return false;
  } catch {
    return true;
  }
}

/** Throws `TypeError` if the memory of a buffer was transferred away. */
export function checkAttached(buffer: ArrayBufferLike, where: string): void {
  if (isDetached(buffer))
    throw typeError(`${where}: the ArrayBuffer was detached, as by a transfer, and has no memory any more`);
}
