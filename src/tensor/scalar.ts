/** Single elements as JavaScript values. */

import { type Complex, type DType, getDefaultComplex, getDefaultDtype } from '../dtype/dtype';
import { received } from '../foreign/foreign';
import { show, typeError } from '../support/errors';

/** A single element in JavaScript. */
export type Scalar = number | bigint | boolean | Complex;

/** Whether a value, given as a {@link Scalar}, is complex. */
export const isComplex = (value: Scalar): value is Complex => typeof value === 'object';

/** The default dtype of a value. */
export function dtypeOfScalar(value: Scalar): DType {
  if (typeof value === 'number') return getDefaultDtype();
  if (typeof value === 'bigint') return 'int64';
  return isComplex(value) ? getDefaultComplex() : 'bool';
}

/**
 * Checks that a value is one element. Otherwise throws `TypeError`, whose message also names `or`
 * as possible.
 */
export function checkScalar(value: unknown, where: string, or = ''): Scalar {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  if (typeof value === 'object' && value !== null) {
    const { re, im } = value as Partial<Complex>;
    if (typeof re === 'number' && typeof im === 'number') return { re, im }; // a copy, which cannot change after the check
  }
  checkParts(value, where);
  // If a tensor is also possible, say how to make one.
  const what = or === '' ? show(value) : received(value);
  throw typeError(`${where} must be ${or}a number, bigint, boolean or { re, im }; received ${what}`);
}

/** Throws a more specific `TypeError` if a value was meant as a complex number. */
export function checkParts(value: unknown, where: string): void {
  if (typeof value !== 'object' || value === null || !('re' in value || 'im' in value)) return;
  const { re, im } = value as Partial<Complex>;
  throw typeError(`${where} must have numbers as re and im; received ${show(re)} and ${show(im)}`);
}
