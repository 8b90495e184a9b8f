/** Inputs of every class of values of a dtype, and raw access to a tensor's memory. */

import type { DType, Tensor, TypedArrayOf } from '../../src/index';
import { type Element, type FloatName, fromWord, isFloat, partOf, randomBits, toWord } from './reference';

export type AnyArray = TypedArrayOf<DType>;

const arrays = {
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  complex64: Float32Array,
  complex128: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

/** An array for `count` elements. */
export const arrayFor = (dtype: DType, count: number): AnyArray => new arrays[dtype](count * (partOf(dtype) ? 2 : 1));

/**
 * Bit patterns of each float dtype at which something changes: zeros, subnormals, ones, largest,
 * infinities, NaN.
 */
const special = {
  float16: [
    0, 0x8000, 1, 0x8001, 2, 3, 0x3ff, 0x83ff, 0x400, 0x401, 0x8400, 0x3bff, 0x3c00, 0x3c01, 0xbc00, 0x4000, 0x4400,
    0x7bff, 0x7bfe, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfe00, 0x7c01, 0xfc01, 0x7fff, 0xffff,
  ],
  bfloat16: [
    0, 0x8000, 1, 0x8001, 2, 3, 0x7f, 0x807f, 0x80, 0x81, 0x8080, 0x3f7f, 0x3f80, 0x3f81, 0xbf80, 0x4000, 0x4080,
    0x7f7f, 0x7f7e, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xffc0, 0x7f81, 0xff81, 0x7fff, 0xffff,
  ],
  float32: [
    0, 0x80000000, 1, 0x80000001, 2, 3, 0x7fffff, 0x807fffff, 0x800000, 0x800001, 0x80800000, 0x3f7fffff, 0x3f800000,
    0x3f800001, 0xbf800000, 0x40000000, 0x40800000, 0x7f7fffff, 0x7f7ffffe, 0xff7fffff, 0x7f800000, 0xff800000,
    0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff,
    // the mantissa that is hardest to round, with odd and even exponents
    0x3fba18e3, 0x403a18e3, 0x00ba18e3, 0x7f3a18e3,
  ],
  float64: [
    0n,
    1n << 63n,
    1n,
    (1n << 63n) | 1n,
    3n,
    (1n << 52n) - 1n,
    1n << 52n,
    (1n << 52n) + 1n,
    0x3ff0000000000000n,
    0x3fefffffffffffffn,
    0x3ff0000000000001n,
    0xbff0000000000000n,
    0x4000000000000000n,
    0x4010000000000000n,
    0x7fefffffffffffffn,
    0xffefffffffffffffn,
    0x7ff0000000000000n,
    0xfff0000000000000n,
    0x7ff8000000000000n,
    0xfff8000000000000n,
    0x7ff0000000000001n,
    0x7fffffffffffffffn,
    0xffffffffffffffffn,
    0x3ff6a09e667f3bcdn,
  ],
} as const;

/**
 * `count` elements: the special ones, then random bit patterns (floats: of every exponent and
 * sign).
 */
export function inputs(dtype: DType, count: number, seed = 1): AnyArray {
  const random = randomBits(seed);
  const array = arrayFor(dtype, count);
  const bytes = new Uint8Array(array.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random() >>> 7;
  if (dtype === 'float16' || dtype === 'bfloat16') array.set(special[dtype].slice(0, count) as never);
  if (dtype === 'float32') new Uint32Array(array.buffer).set(special.float32.slice(0, count));
  if (dtype === 'float64') new BigUint64Array(array.buffer).set(special.float64.slice(0, count));
  const part = partOf(dtype);
  if (part !== undefined) fillComplex(part, array as Float32Array | Float64Array);
  // Any byte except 0 is true, so leave some that are neither 0 nor 1.
  if (dtype === 'bool') bytes.set(bytes.map((byte) => (byte % 3 < 2 ? byte % 3 : byte)));
  const extremes: bigint[] = [0n, 1n, -1n, 4n, 16777217n, 9007199254740993n, -(1n << 63n), (1n << 63n) - 1n];
  if (dtype === 'int64') (array as BigInt64Array).set(extremes.slice(0, count));
  if (dtype === 'int32')
    (array as Int32Array).set([0, 1, -1, 16777217, 33554435, -(2 ** 31), 2 ** 31 - 1].slice(0, count));
  return array;
}

/**
 * Every pair of special values, and random numbers whose parts are often of the same magnitude.
 */
function fillComplex(part: 'float32' | 'float64', array: Float32Array | Float64Array): void {
  const words = [...special[part]].map((word) => fromWord(part, word));
  const chosen = words.filter((_, i) => i % 2 === 0 || Math.abs(words[i]) >= 1);
  chosen
    .flatMap((re) => chosen.map((im) => [re, im]))
    .forEach(([re, im], i) => {
      if (2 * i + 1 < array.length) [array[2 * i], array[2 * i + 1]] = [re, im];
    });
  for (let i = 2 * chosen.length ** 2; i < array.length; i += 2) {
    const ratio = Math.abs(array[i + 1] / array[i]);
    if (i % 8 !== 0 && ratio > 0 && ratio < Number.POSITIVE_INFINITY)
      array[i + 1] *= 2 ** -Math.round(Math.log2(ratio));
  }
}

/** An element as the files in test/vectors write it. */
export type Encoded = string | number | boolean | [re: string, im: string];

export function decode(encoded: Encoded, dtype: DType): Element {
  const part = partOf(dtype) as FloatName;
  if (Array.isArray(encoded)) return { re: fromWord(part, encoded[0]), im: fromWord(part, encoded[1]) };
  if (typeof encoded !== 'string') return encoded;
  return isFloat(dtype) ? fromWord(dtype, encoded) : BigInt(encoded);
}

/** Raw memory with these elements. */
export function decodeAll(encoded: readonly Encoded[], dtype: DType): AnyArray {
  const array = arrayFor(dtype, encoded.length);
  encoded.forEach((each, i) => {
    setElement(array, dtype, i, decode(each, dtype));
  });
  return array;
}

/** The element of raw memory at a position. */
export function elementAt(array: AnyArray, dtype: DType, position: number): Element {
  if (dtype === 'bool') return array[position] !== 0;
  if (partOf(dtype)) return { re: Number(array[2 * position]), im: Number(array[2 * position + 1]) };
  return dtype === 'float16' || dtype === 'bfloat16' ? fromWord(dtype, array[position]) : array[position];
}

/** Stores an element in raw memory, NaN with its canonical bits. */
export function setElement(array: AnyArray, dtype: DType, position: number, value: Element): void {
  if (typeof value === 'object') {
    const part = partOf(dtype) as DType;
    setElement(array, part, 2 * position, value.re);
    setElement(array, part, 2 * position + 1, value.im);
  } else if (isFloat(dtype)) {
    const bits = toWord(dtype, Number(value));
    const memory = new DataView(array.buffer, array.byteOffset + array.BYTES_PER_ELEMENT * position);
    if (dtype === 'float64') memory.setBigUint64(0, bits, true);
    else if (dtype === 'float32') memory.setUint32(0, Number(bits), true);
    else memory.setUint16(0, Number(bits), true);
  } else {
    array[position] = (typeof value === 'boolean' ? Number(value) : value) as never;
  }
}

/**
 * Memory as unsigned words, which compare bit for bit; an element of 8 bytes is two of them, one of
 * 16 bytes four.
 */
export function wordsOf({
  buffer,
  byteOffset,
  byteLength,
  BYTES_PER_ELEMENT,
}: AnyArray): Uint8Array | Uint16Array | Uint32Array {
  if (BYTES_PER_ELEMENT === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (BYTES_PER_ELEMENT === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** The bytes of memory, which share it and compare at once. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** The memory of a contiguous tensor, or a copy of it if it is on a GPU. */
export function dataOf<D extends DType>(tensor: Tensor<D>): TypedArrayOf<D> {
  using host = tensor.device === 'cpu' ? tensor.asStrided(tensor.shape, tensor.strides) : tensor.cpu();
  return host.data;
}

/** The memory of a new (dense) tensor, in memory order. */
export function rawOf(tensor: Tensor): AnyArray {
  using flat = tensor.asStrided([tensor.numel], [1], 0);
  return dataOf(flat);
}

/** Positions of the elements in storage, in logical order. */
export function positions(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  return shape.reduce<number[]>(
    (starts, size, dim) => starts.flatMap((start) => Array.from({ length: size }, (_, i) => start + i * strides[dim])),
    [offset],
  );
}
