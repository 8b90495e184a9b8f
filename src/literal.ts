/** Reading values written in JavaScript: nested arrays, their shape, their dtype. */

import { isTypedArray } from 'node:util/types';
import { MOST_DIMS } from './checks';
import {
  type Complex,
  type DType,
  dtypeOfArray,
  getDefaultComplex,
  getDefaultDtype,
  nameOfArray,
  promoteTypes,
  type TypedArray,
} from './dtype';
import { RsqrtError, rangeError, show, typeError } from './errors';
import type { Sizes } from './layout';

/** A single element in JavaScript. */
export type Scalar = number | bigint | boolean | Complex;

type List = unknown[] | TypedArray;

const isList = (value: unknown): value is List => Array.isArray(value) || isTypedArray(value);

/**
 * The shape of nested arrays and the dtype of their values: the one that all those that occur promote to. Throws `ERR_SHAPE`
 * if the arrays are ragged, `TypeError` for what is no value.
 */
export function inspectNested(data: unknown, where: string): { shape: Sizes; dtype: DType } {
  const shape: number[] = [];
  const ofNumbers = getDefaultDtype();
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
      found.add(checkRow(value, path, where));
      return;
    }
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      // Plain numbers, by far the most, without a call.
      if (typeof item === 'number' && dim === shape.length - 1) {
        found.add(ofNumbers);
        continue;
      }
      path.push(i);
      visit(item, dim + 1);
      path.pop();
    }
  };
  visit(data, 0);
  return { shape, dtype: found.size === 0 ? ofNumbers : [...found].reduce(promoteTypes) };
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
  checkParts(value, `${where}: data${subscript(path)}`);
  throw typeError(
    `${where}: data${subscript(path)} must be a number, bigint, boolean, { re, im } or a list of them; received ${show(value)}`,
  );
}

/** Whether a value, given as a {@link Scalar}, is complex. */
export const isComplex = (value: Scalar): value is Complex => typeof value === 'object';

function isScalar(value: unknown): value is Scalar {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { re, im } = value as Partial<Complex>;
  return typeof re === 'number' && typeof im === 'number';
}

/** Says more of what was meant as a complex number. */
function checkParts(value: unknown, where: string): void {
  if (typeof value !== 'object' || value === null || !('re' in value || 'im' in value)) return;
  const { re, im } = value as Partial<Complex>;
  throw typeError(`${where} must have numbers as re and im; received ${show(re)} and ${show(im)}`);
}

/** Checks a value that is one element, or, if it is not, could have been `or` instead. Throws `TypeError`. */
export function checkScalar(value: unknown, where: string, or = ''): Scalar {
  if (isScalar(value)) return value;
  checkParts(value, where);
  throw typeError(`${where} must be ${or}a number, bigint, boolean or { re, im }; received ${show(value)}`);
}

/** The dtype of a typed array in a list, whose elements are values. */
function checkRow(array: TypedArray, path: readonly number[], where: string): DType {
  if (nameOfArray(array) !== 'Uint16Array') return checkArray(array, undefined, where);
  throw typeError(
    `${where}: data${subscript(path)} cannot be a Uint16Array; give the bits of all elements in one, not in a list`,
  );
}

/**
 * The dtype of a typed array's elements; that asked for where the array does not tell. Throws `TypeError` for arrays that
 * we have no dtype for, and for lost memory.
 */
export function checkArray(array: TypedArray, asked: unknown, where: string): DType {
  if (array.byteLength === 0) checkAttached(array.buffer, where);
  const dtype = dtypeOfArray(array);
  if (dtype !== undefined) return dtype;
  if (nameOfArray(array) === 'Uint16Array') {
    if (asked === 'float16' || asked === 'bfloat16') return asked;
    throw typeError(
      `${where}: a Uint16Array holds the bits of float16 or bfloat16, and dtype must say which; received ${show(asked)}`,
    );
  }
  throw typeError(`${where}: a ${nameOfArray(array)} has no dtype here; convert it to one that has`);
}

/** Throws `TypeError` if an ArrayBuffer was transferred away. */
export function checkAttached(buffer: ArrayBufferLike, where: string): void {
  try {
    new Uint8Array(buffer, 0, 0);
  } catch {
    throw typeError(`${where}: the ArrayBuffer was detached: its memory is elsewhere now`);
  }
}

/** The default dtype of a value. */
export function dtypeOfScalar(value: Scalar): DType {
  if (typeof value === 'number') return getDefaultDtype();
  if (typeof value === 'bigint') return 'int64';
  return isComplex(value) ? getDefaultComplex() : 'bool';
}
