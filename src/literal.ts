/** Reading values written in JavaScript: nested arrays, their shape, their dtype, their elements. */

import { isTypedArray } from 'node:util/types';
import { type DType, dtypeOfArray, kindOf } from './dtype';
import { RsqrtError, rangeError, show, typeError } from './errors';
import type { Sizes } from './layout';

/** A single element in JavaScript. */
export type Scalar = number | bigint | boolean;

/** The innermost things in nested arrays: values, or typed arrays as rows of values. */
export type Leaf = Scalar | NodeJS.TypedArray;

/** The values of a nested array, row by row, and its shape. Throws `ERR_SHAPE` if it is ragged, `TypeError` for no value. */
export function parseNested(data: unknown, where: string): { shape: Sizes; leaves: Leaf[] } {
  const shape: number[] = [];
  for (let level = data; isList(level); level = level[0]) {
    if (shape.length === 64) throw rangeError(`${where}: data must have at most 64 dimensions`);
    shape.push(level.length);
    if (isTypedArray(level) || level.length === 0) break;
  }
  const leaves: Leaf[] = [];
  const path: number[] = [];
  const collect = (value: unknown): void => {
    const dim = path.length;
    if (dim === shape.length) {
      leaves.push(checkScalar(value, `${where}: data${subscript(path)}`));
      return;
    }
    if (!isList(value) || value.length !== shape[dim]) {
      throw new RsqrtError(
        'ERR_SHAPE',
        `${where}: data${subscript(path)} must be a list of ${shape[dim]}, as in the first row; received ${isList(value) ? `a list of ${value.length}` : show(value)}`,
      );
    }
    if (isTypedArray(value)) {
      if (dim !== shape.length - 1) throw typeError(`${where}: data${subscript(path)} must hold lists, not elements`);
      checkArray(value, where);
      leaves.push(value);
      return;
    }
    for (let i = 0; i < value.length; i++) {
      path.push(i);
      collect(value[i]);
      path.pop();
    }
  };
  collect(data);
  return { shape, leaves };
}

const isList = (value: unknown): value is unknown[] | NodeJS.TypedArray => Array.isArray(value) || isTypedArray(value);

const subscript = (path: readonly number[]): string => path.map((i) => `[${i}]`).join('');

/** Checks a value that is one element. Throws `TypeError`. */
export function checkScalar(value: unknown, where: string): Scalar {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  throw typeError(`${where} must be a number, bigint, boolean or a list of them; received ${show(value)}`);
}

/** The dtype of a typed array's elements. Throws `TypeError` for those we have no dtype for. */
export function checkArray(array: NodeJS.TypedArray, where: string): DType {
  const dtype = dtypeOfArray(array);
  if (dtype !== undefined) return dtype;
  throw typeError(`${where}: a ${array[Symbol.toStringTag]} has no dtype here; convert it to one that has`);
}

/** The default dtype of values: the highest of those that occur, or that of typed arrays if they are all alike. */
export function dtypeOfLeaves(leaves: readonly Leaf[]): DType {
  const found = new Set(leaves.map((leaf) => (typeof leaf === 'object' ? dtypeOfArray(leaf) : dtypeOfScalar(leaf))));
  if (found.size === 1) return [...found][0] as DType;
  const kinds = new Set([...found].map((dtype) => kindOf(dtype as DType)));
  if (found.has('float64')) return 'float64';
  if (kinds.has('float') || kinds.size === 0) return 'float32';
  return kinds.has('integer') ? 'int64' : 'bool';
}

/** The default dtype of a value. */
export function dtypeOfScalar(value: Scalar): DType {
  if (typeof value === 'number') return 'float32';
  return typeof value === 'bigint' ? 'int64' : 'bool';
}

/** Bits of the integer dtypes. */
const bits: Partial<Record<DType, number>> = { int8: 8, uint8: 8, int16: 16, int32: 32, int64: 64 };

/**
 * A function that turns values into elements of a dtype, as its typed array takes them. Fractions are cut off for integer
 * dtypes. The function throws `RangeError` for a value that an integer dtype cannot hold.
 */
export function elementOf(dtype: DType, where: string): (value: Scalar) => number | bigint {
  if (dtype === 'bool') return (value) => (value ? 1 : Number.isNaN(value) ? 1 : 0);
  if (kindOf(dtype) === 'float') return Number;
  const width = bits[dtype] as number;
  const low = dtype === 'uint8' ? 0n : -(1n << BigInt(width - 1));
  const high = low + (1n << BigInt(width)) - 1n;
  const refuse = (value: Scalar): never => {
    throw rangeError(`${where}: a value of dtype ${dtype} must be from ${low} to ${high}; received ${show(value)}`);
  };
  if (dtype === 'int64') {
    return (value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) refuse(value);
      const exact = typeof value === 'number' ? BigInt(Math.trunc(value)) : BigInt(value);
      return exact >= low && exact <= high ? exact : refuse(value);
    };
  }
  const least = Number(low);
  const most = Number(high);
  return (value) => {
    const whole = Math.trunc(Number(value));
    return whole >= least && whole <= most ? whole : refuse(value);
  };
}
