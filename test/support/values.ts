/** Inputs that reach every class of a dtype, and raw access to a tensor's memory. */

import type { DType, Tensor } from '../../src/index';
import { randomBits } from './reference';

export type AnyArray = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
} as const;

export const arrayFor = (dtype: DType) => arrays[dtype];

const special32 = [
  0, 0x80000000, 1, 0x80000001, 2, 3, 0x7fffff, 0x807fffff, 0x800000, 0x800001, 0x80800000, 0x3f7fffff, 0x3f800000,
  0x3f800001, 0xbf800000, 0x40000000, 0x40800000, 0x7f7fffff, 0x7f7ffffe, 0xff7fffff, 0x7f800000, 0xff800000,
  0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff,
  // the mantissa that is hardest to round, with odd and even exponents
  0x3fba18e3, 0x403a18e3, 0x00ba18e3, 0x7f3a18e3,
];
const special64 = [
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
];

/** `count` elements: the special ones, then random bit patterns (floats: of every exponent and sign). */
export function inputs(dtype: DType, count: number, seed = 1): AnyArray {
  const random = randomBits(seed);
  const array = new (arrayFor(dtype))(count);
  const bytes = new Uint8Array(array.buffer);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random() >>> 7;
  if (dtype === 'float32') new Uint32Array(array.buffer).set(special32.slice(0, count));
  if (dtype === 'float64') new BigUint64Array(array.buffer).set(special64.slice(0, count));
  // Any byte but 0 is true, so leave some that are neither 0 nor 1.
  if (dtype === 'bool') bytes.set(bytes.map((byte) => (byte % 3 < 2 ? byte % 3 : byte)));
  const extremes: bigint[] = [0n, 1n, -1n, 4n, 16777217n, 9007199254740993n, -(1n << 63n), (1n << 63n) - 1n];
  if (dtype === 'int64') (array as BigInt64Array).set(extremes.slice(0, count));
  if (dtype === 'int32')
    (array as Int32Array).set([0, 1, -1, 16777217, 33554435, -(2 ** 31), 2 ** 31 - 1].slice(0, count));
  return array;
}

/** The element of raw memory at a position. */
export const elementAt = (array: AnyArray, dtype: DType, position: number): number | bigint | boolean =>
  dtype === 'bool' ? array[position] !== 0 : array[position];

/** The memory of a contiguous tensor; a copy of it from a GPU. */
export function dataOf(tensor: Tensor): AnyArray {
  using host = tensor.device === 'cpu' ? tensor.asStrided(tensor.shape, tensor.strides) : tensor.cpu();
  return host.data;
}

/** The memory of a fresh (dense) tensor in the order in which it lies there. */
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
