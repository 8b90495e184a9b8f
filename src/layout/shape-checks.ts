/** Checks of shapes and of lists of sizes or strides. `where` names the function and the argument. */

import { binding } from '../load/binding';
import { checkWhole } from '../support/checks';
import { rangeError, show, typeError } from '../support/errors';

/** The largest number of dimensions of a tensor. */
export const { maxDims } = binding.limits;
/** With more elements, byte offsets would not be exact. */
const MAX_ELEMENTS = Number.MAX_SAFE_INTEGER / 16;

/** Throws `RangeError` for more dimensions than a tensor can have. */
export function checkDimCount(count: number, where: string): void {
  if (count <= maxDims) return;
  throw rangeError(`${where} must have at most ${maxDims} dimensions; received ${show(count)}`);
}

/**
 * Checks and copies a list of sizes or strides. Its length and items are read once, because a Proxy
 * may change them.
 */
export function checkList(value: unknown, where: string, min = 0, item = 'size'): number[] {
  if (!Array.isArray(value)) throw typeError(`${where} must be a list of integers; received ${show(value)}`);
  const { length } = value;
  checkDimCount(length, where);
  const list: number[] = [];
  for (let i = 0; i < length; i++) {
    const each: unknown = value[i];
    // Do not build the text of the message unless the check fails.
    const fits = Number.isSafeInteger(each) && (each as number) >= min;
    list[i] = fits ? (each as number) : checkWhole(each, `${where}: each ${item}`, min);
  }
  return list;
}

/** Checks and copies the sizes of a shape. `min` is −1 if a size may be inferred. */
export function checkShape(value: unknown, where: string, min = 0): number[] {
  const shape = checkList(value, where, min);
  let product = 1; // a size of 0 counts as 1, so that strides are exact too
  for (let dim = 0; dim < shape.length; dim++) product *= Math.max(shape[dim], 1);
  if (product > MAX_ELEMENTS) {
    throw rangeError(`${where}: a tensor cannot have more than 2^49 elements; received [${shape}]`);
  }
  return shape;
}
