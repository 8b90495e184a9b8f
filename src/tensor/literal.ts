/** Reads values given as nested arrays, and determines their shape and dtype. */

import { isDataView, isTypedArray } from 'node:util/types';
import { describeArray } from '../dtype/arrays';
import {
  type Complex,
  type DType,
  dtypeOfArray,
  getDefaultComplex,
  getDefaultDtype,
  nameOfArray,
  promoteTypes,
  type TypedArray,
} from '../dtype/dtype';
import { received } from '../foreign/foreign';
import { type Sizes, sameSizes } from '../layout/layout';
import { maxDims } from '../layout/shape-checks';
import { RsqrtError, rangeError, show, typeError } from '../support/errors';
import { checkParts, dtypeOfScalar } from './scalar';
import { isTensor, storageOf, type Tensor } from './tensor';
import { ValueList } from './values';

/** What {@link readNested} returns. */
interface NestedValues {
  readonly shape: Sizes;
  /** The dtype that all values and tensors promote to. */
  readonly dtype: DType;
  /** The values, row by row. A tensor stands for all its elements. */
  readonly values: ValueList;
}

/**
 * Reads nested arrays of values, which may contain tensors. `asked` is the dtype that the result
 * will have, if one was asked for. Every element and every length is read once, by index, so that
 * what is checked is also what is written, even if a getter or a Proxy returns something else the
 * next time. Throws `ERR_SHAPE` if the arrays are ragged, `TypeError` for anything that is not a
 * value, and `ERR_DISPOSED`.
 */
export function readNested(data: unknown, where: string, asked?: DType): NestedValues {
  const shape: number[] = [];
  let isComplete = false; // whether the shape is known: from the first value on
  const values = new ValueList();
  const found = new Set<DType>();
  const ofNumbers = getDefaultDtype();
  const path: number[] = [];
  const fail = (expected: string, received: string) =>
    new RsqrtError(
      'ERR_SHAPE',
      `${where}: data${subscript(path)} must be ${expected}, as in the first row; received ${received}`,
    );
  /** Compares the length of a list with that of the first list of its dimension. */
  const checkLength = (length: number, dim: number): void => {
    if (dim === shape.length) {
      if (isComplete) throw fail('a value', `a list of ${length}`);
      if (dim === maxDims) throw tooDeep(where);
      shape.push(length);
    } else if (length !== shape[dim]) {
      throw fail(`a list of ${shape[dim]}`, `a list of ${length}`);
    }
  };
  /** Compares the shape of a tensor with that of the first part of this depth. */
  const checkSizes = (tensor: Tensor, dim: number): void => {
    if (!isComplete) {
      shape.push(...tensor.shape);
      if (shape.length > maxDims) throw tooDeep(where);
      return;
    }
    const expected = shape.slice(dim);
    if (sameSizes(tensor.shape, expected)) return;
    const what = expected.length === 0 ? 'a value' : `of shape [${expected}]`;
    throw fail(what, `a Tensor of shape [${tensor.shape}]`);
  };
  const visit = (value: unknown, dim: number): void => {
    if (Array.isArray(value)) {
      const length = lengthOf(value, path, where);
      checkLength(length, dim);
      if (length === 0) isComplete = true;
      let hasNumbers = false;
      for (let i = 0; i < length; i++) {
        const item: unknown = value[i];
        // Most items are plain numbers, so they do not need a call of `visit`.
        if (typeof item === 'number' && dim === shape.length - 1) {
          isComplete = true;
          hasNumbers = true;
          values.addNumber(item);
          continue;
        }
        path.push(i);
        visit(item, dim + 1);
        path.pop();
      }
      if (hasNumbers) found.add(ofNumbers);
    } else if (isTypedArray(value)) {
      const { name, length } = describeArray(value, `${where}: data${subscript(path)}`);
      checkLength(length, dim);
      if (dim !== shape.length - 1) throw fail(`a list of ${length} of lists`, `a list of ${length}`);
      isComplete = true;
      found.add(checkRow(value, asked, path, where));
      values.addArray(value, name);
    } else if (isTensor(value)) {
      storageOf(value, `${where}: data${subscript(path)}`);
      checkSizes(value, dim);
      isComplete = true;
      found.add(value.dtype);
      values.addTensor(value);
    } else {
      if (dim < shape.length) throw fail(`a list of ${shape[dim]}`, show(value));
      isComplete = true;
      found.add(addLeaf(values, value, path, where));
    }
  };
  visit(data, 0);
  return { shape, dtype: found.size === 0 ? ofNumbers : [...found].reduce(promoteTypes), values };
}

const tooDeep = (where: string): RangeError => rangeError(`${where}: data must have at most ${maxDims} dimensions`);

const subscript = (path: readonly number[]): string => path.map((i) => `[${i}]`).join('');

/** The length of a list, checked because a Proxy can return anything. */
function lengthOf(list: readonly unknown[], path: readonly number[], where: string): number {
  const { length } = list;
  if (Number.isSafeInteger(length) && length >= 0) return length;
  throw typeError(`${where}: data${subscript(path)} must have a whole number as length; received ${show(length)}`);
}

/** Adds a value to the list. Returns its default dtype. */
function addLeaf(values: ValueList, value: unknown, path: readonly number[], where: string): DType {
  if (typeof value === 'number') {
    values.addNumber(value);
    return getDefaultDtype();
  }
  if (typeof value === 'bigint' || typeof value === 'boolean') {
    values.addOther(value);
    return dtypeOfScalar(value);
  }
  if (typeof value === 'object' && value !== null) {
    const { re, im } = value as Partial<Complex>;
    if (typeof re === 'number' && typeof im === 'number') {
      values.addComplex(re, im);
      return getDefaultComplex();
    }
  }
  const name = `${where}: data${subscript(path)}`;
  checkParts(value, name);
  if (isDataView(value)) {
    throw typeError(
      `${name} cannot be a DataView, which has no element type; give new Uint8Array(view.buffer, view.byteOffset, view.byteLength)`,
    );
  }
  throw typeError(
    `${name} must be a number, bigint, boolean, { re, im }, a Tensor or a list of them; received ${received(value)}`,
  );
}

/** The dtype of a typed array in a list. The array's elements are values, not bits. */
function checkRow(array: TypedArray, asked: DType | undefined, path: readonly number[], where: string): DType {
  const unsigned = dtypeOfUnsigned(array, asked);
  if (unsigned !== undefined) return unsigned;
  if (nameOfArray(array) !== 'Uint16Array') return checkArray(array, undefined, where);
  throw typeError(
    `${where}: data${subscript(path)} cannot be a Uint16Array, unless dtype says that it holds values, as 'int32' does; give the bits of 16-bit floats in one array, not in a list`,
  );
}

/**
 * The dtype that holds the values of an array of unsigned integers for which there is no dtype:
 * int64, or int32 for 16 bits. A Uint16Array counts as such an array only if the requested dtype is
 * not float16 or bfloat16, whose bits it would hold. Undefined for every other array.
 */
export function dtypeOfUnsigned(array: TypedArray, asked: DType | undefined): DType | undefined {
  const name = nameOfArray(array);
  if (name === 'Uint32Array' || name === 'BigUint64Array') return 'int64';
  const isBits = asked === undefined || asked === 'float16' || asked === 'bfloat16';
  return name === 'Uint16Array' && !isBits ? 'int32' : undefined;
}

/**
 * The dtype of a typed array's elements, or the requested one if the array does not determine it.
 * Throws `TypeError` if there is no dtype for the array.
 */
export function checkArray(array: TypedArray, asked: unknown, where: string): DType {
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
