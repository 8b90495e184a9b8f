/** Reading values written in JavaScript: nested arrays, their shape, their dtype, their elements. */

import { isTypedArray } from 'node:util/types';
import { MOST_DIMS } from './checks';
import { type DType, dtypeOfArray, kindOf } from './dtype';
import { RsqrtError, rangeError, show, typeError } from './errors';
import type { Sizes } from './layout';

/** A single element in JavaScript. */
export type Scalar = number | bigint | boolean;

type List = unknown[] | NodeJS.TypedArray;

const isList = (value: unknown): value is List => Array.isArray(value) || isTypedArray(value);

/**
 * The shape of nested arrays and the dtype of their values: the highest of those that occur, or that of typed arrays if
 * they are all alike. Throws `ERR_SHAPE` if the arrays are ragged, `TypeError` for what is no value.
 */
export function inspectNested(data: unknown, where: string): { shape: Sizes; dtype: DType } {
  const shape: number[] = [];
  for (let level = data; isList(level); level = level[0]) {
    if (shape.length === MOST_DIMS) throw rangeError(`${where}: data must have at most ${MOST_DIMS} dimensions`);
    shape.push(level.length);
    if (isTypedArray(level) || level.length === 0) break;
  }
  const found = new Set<DType>();
  const path: number[] = [];
  const visit = (value: unknown, dim: number): void => {
    if (dim === shape.length) {
      found.add(dtypeOfScalar(checkLeaf(value, path, where)));
      return;
    }
    if (!isList(value) || value.length !== shape[dim]) throw ragged(value, shape[dim], path, where);
    if (isTypedArray(value)) {
      if (dim !== shape.length - 1) throw ragged(value, shape[dim], path, where, ' of lists');
      found.add(checkArray(value, where));
      return;
    }
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      // Plain numbers, by far the most, without a call.
      if (typeof item === 'number' && dim === shape.length - 1) {
        found.add('float32');
        continue;
      }
      path.push(i);
      visit(item, dim + 1);
      path.pop();
    }
  };
  visit(data, 0);
  return { shape, dtype: commonDType(found) };
}

/** Calls `write` with each value of nested arrays that {@link inspectNested} has checked, row by row. */
export function forEachValue(data: unknown, write: (value: Scalar) => void): void {
  if (isList(data)) for (const item of data) forEachValue(item, write);
  else write(data as Scalar);
}

const subscript = (path: readonly number[]): string => path.map((i) => `[${i}]`).join('');

const describe = (value: unknown): string => (isList(value) ? `a list of ${value.length}` : show(value));

function ragged(value: unknown, size: number, path: readonly number[], where: string, of = ''): RsqrtError {
  return new RsqrtError(
    'ERR_SHAPE',
    `${where}: data${subscript(path)} must be a list of ${size}${of}, as in the first row; received ${describe(value)}`,
  );
}

function checkLeaf(value: unknown, path: readonly number[], where: string): Scalar {
  if (isScalar(value)) return value;
  if (isList(value)) {
    throw new RsqrtError(
      'ERR_SHAPE',
      `${where}: data${subscript(path)} must be a value, as in the first row; received ${describe(value)}`,
    );
  }
  throw typeError(
    `${where}: data${subscript(path)} must be a number, bigint, boolean or a list of them; received ${show(value)}`,
  );
}

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';

/** Checks a value that is one element. Throws `TypeError`. */
export function checkScalar(value: unknown, where: string): Scalar {
  if (isScalar(value)) return value;
  throw typeError(`${where} must be a number, bigint or boolean; received ${show(value)}`);
}

/** The dtype of a typed array's elements. Throws `TypeError` for those we have no dtype for, and for lost memory. */
export function checkArray(array: NodeJS.TypedArray, where: string): DType {
  if (array.byteLength === 0) checkAttached(array.buffer, where);
  const dtype = dtypeOfArray(array);
  if (dtype !== undefined) return dtype;
  throw typeError(`${where}: a ${array[Symbol.toStringTag]} has no dtype here; convert it to one that has`);
}

/** Throws `TypeError` if an ArrayBuffer was transferred away. */
export function checkAttached(buffer: ArrayBufferLike, where: string): void {
  try {
    new Uint8Array(buffer);
  } catch {
    throw typeError(`${where}: the ArrayBuffer was detached: its memory is elsewhere now`);
  }
}

function commonDType(found: ReadonlySet<DType>): DType {
  if (found.size === 1) return [...found][0];
  if (found.has('float64')) return 'float64';
  const kinds = new Set([...found].map(kindOf));
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
  // NaN is not zero.
  if (dtype === 'bool') return (value) => (value || Number.isNaN(value) ? 1 : 0);
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
