/**
 * Checks of arguments that several functions take. `where` names the function, and the argument if
 * the function has several.
 */

import { rangeError, show, typeError } from './errors';

/** A list of sizes that was passed as separate arguments or as one array. */
export function spread(sizes: readonly unknown[]): unknown {
  return sizes.length === 1 && typeof sizes[0] === 'object' ? sizes[0] : sizes;
}

/**
 * Checks a whole number from `min`, by default 0, to `max`. Throws `TypeError` or `RangeError`.
 */
export function checkWhole(value: unknown, where: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number') throw typeError(`${where} must be a number; received ${show(value)}`);
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw rangeError(`${where} must be an integer ${span(min, max)}; received ${show(value)}`);
  }
  return value;
}

function span(min: number, max: number): string {
  const limit = max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : max;
  return `from ${min === Number.MIN_SAFE_INTEGER ? '-2^53 + 1' : min} to ${limit}`;
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
  const max = Math.max(ndim, 1);
  if (!Number.isInteger(value) || value < -max || value >= max) {
    throw rangeError(`${where} must be an integer from ${-max} to ${max - 1}; received ${show(value)}`);
  }
  return value < 0 ? value + max : value;
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
  const bound = (value: unknown, name: string, otherwise: number): number => {
    if (value === undefined || value === null) return otherwise;
    const index = checkWhole(value, `${where}: ${name}`, Number.MIN_SAFE_INTEGER);
    return Math.min(Math.max(index < 0 ? index + size : index, 0), size);
  };
  const first = bound(start, 'start', 0);
  return {
    start: first,
    end: Math.max(bound(end, 'end', size), first),
    step: step === undefined || step === null ? 1 : checkWhole(step, `${where}: step`, 1),
  };
}
