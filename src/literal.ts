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
import { received } from './foreign';
import { type Sizes, sameSizes } from './layout';
import { isTensor, storageOf, type Tensor } from './tensor';

/** A single element in JavaScript. */
export type Scalar = number | bigint | boolean | Complex;

type List = unknown[] | TypedArray;

const isList = (value: unknown): value is List => Array.isArray(value) || isTypedArray(value);

/** What {@link inspectNested} finds. */
interface Inspected {
  shape: Sizes;
  /** What the dtypes of all values and tensors promote to. */
  dtype: DType;
  /** Whether there are tensors among the values. */
  hasTensors: boolean;
}

/**
 * The shape and the dtype of nested arrays of values, which may contain tensors. `asked` is the
 * dtype that the result will have, if one was asked for. Throws `ERR_SHAPE` if the arrays are
 * ragged, `TypeError` for what is no value, `ERR_DISPOSED`.
 */
export function inspectNested(data: unknown, where: string, asked?: DType): Inspected {
  const shape: number[] = [];
  const ofNumbers = getDefaultDtype();
  let hasTensors = false;
  const checkDims = (): void => {
    if (shape.length > MOST_DIMS) throw rangeError(`${where}: data must have at most ${MOST_DIMS} dimensions`);
  };
  let level = data;
  for (; isList(level); level = level[0]) {
    shape.push(level.length);
    checkDims();
    if (isTypedArray(level) || level.length === 0) break;
  }
  if (isTensor(level)) {
    shape.push(...level.shape);
    checkDims();
  }
  const found = new Set<DType>();
  const path: number[] = [];
  const visit = (value: unknown, dim: number): void => {
    if (isTensor(value)) {
      storageOf(value, `${where}: data${subscript(path)}`);
      if (!sameSizes(value.shape, shape.slice(dim))) throw mismatch(value, shape.slice(dim), path, where);
      found.add(value.dtype);
      hasTensors = true;
      return;
    }
    if (dim === shape.length) {
      found.add(dtypeOfScalar(checkLeaf(value, path, where)));
      return;
    }
    if (!isList(value) || value.length !== shape[dim]) throw ragged(value, shape[dim], path, where);
    if (isTypedArray(value)) {
      if (dim !== shape.length - 1) throw ragged(value, shape[dim], path, where, ' of lists');
      found.add(checkRow(value, asked, path, where));
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
  return { shape, dtype: found.size === 0 ? ofNumbers : [...found].reduce(promoteTypes), hasTensors };
}

/**
 * Calls `write` with each value, or tensor, of nested arrays that {@link inspectNested} has
 * checked, row by row.
 */
export function forEachValue<V = Scalar>(data: unknown, write: (value: V) => void): void {
  if (isList(data)) for (const item of data) forEachValue(item, write);
  else write(data as V);
}

const subscript = (path: readonly number[]): string => path.map((i) => `[${i}]`).join('');

const describe = (value: unknown): string => (isList(value) ? `a list of ${value.length}` : show(value));

function mismatch(tensor: Tensor, expected: Sizes, path: readonly number[], where: string): RsqrtError {
  const what = expected.length === 0 ? 'a value' : `of shape [${expected}]`;
  return new RsqrtError(
    'ERR_SHAPE',
    `${where}: data${subscript(path)} must be ${what}, as in the first row; received a Tensor of shape [${tensor.shape}]`,
  );
}

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
    `${where}: data${subscript(path)} must be a number, bigint, boolean, { re, im }, a Tensor or a list of them; received ${received(value)}`,
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
  // Where a tensor will do as well, the way to one helps.
  const what = or === '' ? show(value) : received(value);
  throw typeError(`${where} must be ${or}a number, bigint, boolean or { re, im }; received ${what}`);
}

/** The dtype of a typed array in a list, whose elements are values. */
function checkRow(array: TypedArray, asked: DType | undefined, path: readonly number[], where: string): DType {
  const unsigned = dtypeOfUnsigned(array, asked, where);
  if (unsigned !== undefined) return unsigned;
  if (nameOfArray(array) !== 'Uint16Array') return checkArray(array, undefined, where);
  throw typeError(
    `${where}: data${subscript(path)} cannot be a Uint16Array, unless dtype says that it holds values, as 'int32' does; give the bits of 16-bit floats in one array, not in a list`,
  );
}

/**
 * The dtype that holds the values of an array of unsigned integers, where JavaScript has such an
 * array and we have no such dtype: int64 or, of 16 bits, int32. A Uint16Array is one only if a
 * dtype is asked for that it cannot hold the bits of. Undefined for every other array.
 */
export function dtypeOfUnsigned(array: TypedArray, asked: DType | undefined, where: string): DType | undefined {
  const name = nameOfArray(array);
  const isWide = name === 'Uint32Array' || name === 'BigUint64Array';
  const isValues16 = name === 'Uint16Array' && asked !== undefined && asked !== 'float16' && asked !== 'bfloat16';
  if (!isWide && !isValues16) return undefined;
  if (array.byteLength === 0) checkAttached(array.buffer, where);
  return isWide ? 'int64' : 'int32';
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
      `${where}: a Uint16Array holds the bits of float16 or bfloat16, and dtype must say which; received ${show(asked)}; tensor(array, { dtype: 'int32' }) copies one that holds values`,
    );
  }
  throw typeError(
    `${where}: a ${nameOfArray(array)} has no dtype here, so it cannot be shared; tensor(array, { dtype: 'int64' }) copies its values`,
  );
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
