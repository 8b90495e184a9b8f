/**
 * Checks of arguments that several functions take. `where` names the function, and the argument if
 * the function has several.
 */

import { rangeError, show, typeError } from './errors';

/** With more elements, byte offsets would not be exact. */
const MOST_ELEMENTS = Number.MAX_SAFE_INTEGER / 16;
/** The most dimensions that a tensor can have, as in native/core/layout.h. */
export const MOST_DIMS = 64;

/** A list of sizes that was passed as separate arguments or as one array. */
export function spread(sizes: readonly unknown[]): unknown {
  return sizes.length === 1 && typeof sizes[0] === 'object' ? sizes[0] : sizes;
}

/**
 * Checks a whole number from `least`, by default 0, to `most`. Throws `TypeError` or `RangeError`.
 */
export function checkWhole(value: unknown, where: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw typeError(`${where} must be a number; received ${show(value)}`);
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw rangeError(`${where} must be an integer ${span(least, most)}; received ${show(value)}`);
  }
  return value;
}

function span(least: number, most: number): string {
  const limit = most === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : most;
  return `from ${least === Number.MIN_SAFE_INTEGER ? '-2^53 + 1' : least} to ${limit}`;
}

/** Throws `RangeError` for more dimensions than a tensor can have. */
export function checkDimCount(count: number, where: string): void {
  if (count <= MOST_DIMS) return;
  throw rangeError(`${where} must have at most ${MOST_DIMS} dimensions; received ${show(count)}`);
}

/**
 * Checks and copies a list of sizes or strides. Its length and items are read once, because a Proxy
 * may change them.
 */
export function checkList(value: unknown, where: string, least = 0, item = 'size'): number[] {
  if (!Array.isArray(value)) throw typeError(`${where} must be a list of integers; received ${show(value)}`);
  const { length } = value;
  checkDimCount(length, where);
  const list: number[] = [];
  for (let i = 0; i < length; i++) {
    const each: unknown = value[i];
    // Do not build the text of the message unless the check fails.
    const fits = Number.isSafeInteger(each) && (each as number) >= least;
    list[i] = fits ? (each as number) : checkWhole(each, `${where}: each ${item}`, least);
  }
  return list;
}

/** Checks and copies the sizes of a shape. `least` is −1 if a size may be inferred. */
export function checkShape(value: unknown, where: string, least = 0): number[] {
  const shape = checkList(value, where, least);
  let product = 1; // a size of 0 counts as 1, so that strides are exact too
  for (let dim = 0; dim < shape.length; dim++) product *= Math.max(shape[dim], 1);
  if (product > MOST_ELEMENTS) {
    throw rangeError(`${where}: a tensor cannot have more than 2^49 elements; received [${shape}]`);
  }
  return shape;
}

/** Throws `TypeError` for an option that does not exist, which is usually a typing mistake. */
export function checkKeys(options: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw typeError(`${where}: options can have ${known.join(', ')}; received ${show(unknown)}`);
}

/** Checks options that are each true, false or left out. Throws `TypeError`. */
export function checkFlags<K extends string>(
  options: unknown,
  known: readonly K[],
  where: string,
): { readonly [key in K]?: boolean } {
  if (typeof options !== 'object' || options === null) {
    throw typeError(`${where}: options must be an object such as { ${known.join(', ')} }; received ${show(options)}`);
  }
  checkKeys(options, known, where);
  for (const key of known) checkFlag((options as Record<string, unknown>)[key], `${where}: ${key}`);
  return options;
}

/** Checks that a value is true, false or undefined. Throws `TypeError`. */
export function checkFlag(value: unknown, where: string): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw typeError(`${where} must be true or false; received ${show(value)}`);
}

/**
 * Checks a dimension and returns it as a number from 0. Negative ones count from the end. For a
 * tensor without dimensions, 0 and −1 are allowed, as in torch.
 */
export function checkDim(value: unknown, ndim: number, where: string): number {
  if (typeof value !== 'number') throw typeError(`${where} must be a number; received ${show(value)}`);
  const most = Math.max(ndim, 1);
  if (!Number.isInteger(value) || value < -most || value >= most) {
    throw rangeError(`${where} must be an integer from ${-most} to ${most - 1}; received ${show(value)}`);
  }
  return value < 0 ? value + most : value;
}

/** Checks a dimension, or a list of different dimensions. */
export function checkDims(value: unknown, ndim: number, where: string): number[] {
  if (!Array.isArray(value)) return [checkDim(value, ndim, where)];
  // By index, because a subclass of Array can override `map`.
  const dims: number[] = [];
  for (let i = 0; i < value.length; i++) dims.push(checkDim(value[i], ndim, where));
  if (new Set(dims).size === dims.length) return dims;
  throw rangeError(`${where} must name different dimensions; received ${show(value)}`);
}

/**
 * Checks a range of indices, with the meaning that it has in Python and Array.prototype.slice. The
 * step must be positive, as in torch.
 */
export function checkSlice(
  start: unknown,
  end: unknown,
  step: unknown,
  size: number,
  where: string,
): { start: number; end: number; step: number } {
  const place = (value: unknown, name: string, otherwise: number): number => {
    if (value === undefined || value === null) return otherwise;
    const index = checkWhole(value, `${where}: ${name}`, Number.MIN_SAFE_INTEGER);
    return Math.min(Math.max(index < 0 ? index + size : index, 0), size);
  };
  const first = place(start, 'start', 0);
  return {
    start: first,
    end: Math.max(place(end, 'end', size), first),
    step: step === undefined || step === null ? 1 : checkWhole(step, `${where}: step`, 1),
  };
}
