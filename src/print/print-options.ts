/** The print options, which users can set. */

import { checkKeys, checkWhole } from '../support/checks';
import { rangeError, show, typeError } from '../support/errors';
import { checkIsOptions } from '../tensor/tensor';
import { defaultPrintOptions, type PrintOptions } from './format';

/**
 * The argument of {@link setPrintOptions}. Options that are left out, or undefined, stay as they
 * are.
 */
export interface PrintOptionsToSet extends Partial<PrintOptions> {
  /**
   * Sets all options at once: `'default'`, `'short'` (2 digits, 2 edge items) or `'full'` (no
   * tensor is summarised). Options given in addition take precedence.
   */
  profile?: 'default' | 'short' | 'full';
}

const profiles: Record<NonNullable<PrintOptionsToSet['profile']>, Readonly<PrintOptions>> = {
  default: defaultPrintOptions,
  short: { ...defaultPrintOptions, precision: 2, edgeItems: 2 },
  full: { ...defaultPrintOptions, threshold: Number.POSITIVE_INFINITY },
};

// The number of digits after the point of the smallest double. No double has more.
const MAX_DIGITS = 1074;

/** For each option, a function that throws if a value is not possible. */
const checks: Record<keyof PrintOptions, (value: unknown, where: string) => void> = {
  precision: (value, where) => checkWhole(value, where, 0, MAX_DIGITS),
  threshold: (value, where) => checkLimit(value, where, 0),
  edgeItems: (value, where) => checkWhole(value, where),
  lineWidth: (value, where) => checkLimit(value, where, 1),
  sciMode: (value, where) => {
    if (value !== null && typeof value !== 'boolean') {
      throw typeError(`${where} must be true, false or null; received ${show(value)}`);
    }
  },
};

const names = Object.keys(checks) as (keyof PrintOptions)[];

let current = defaultPrintOptions;

/**
 * All print options, as a frozen object. Pass it to `setPrintOptions` to restore them.
 *
 * @example
 * ```ts
 * console.log(getPrintOptions().precision); // 4
 * ```
 */
export function getPrintOptions(): Readonly<PrintOptions> {
  return current;
}

/**
 * Sets print options, as `torch.set_printoptions` does. Options that are left out stay as they are.
 * (In torch, `sci_mode` is an exception: every call sets it, by default to None.) The setting
 * applies to this copy of the package in this worker.
 *
 * @throws TypeError for an unknown option, or one of the wrong type
 * @throws RangeError for a `precision` above 1074, a `lineWidth` under 1, and numbers that are
 *   negative or not whole
 *
 * @example
 * ```ts
 * const before = getPrintOptions();
 * setPrintOptions({ precision: 2, threshold: 5, edgeItems: 1 });
 * console.log(tensor([1 / 3, 1 / 7])); // tensor([0.33, 0.14])
 * console.log(arange(6)); // tensor([0.,  ..., 5.])
 * setPrintOptions(before);
 * ```
 */
export function setPrintOptions(options: PrintOptionsToSet): void {
  checkIsOptions(options, 'precision', 'setPrintOptions');
  checkKeys(options, [...names, 'profile'], 'setPrintOptions');
  const given: PrintOptionsToSet = { ...options };
  const next = { ...profileOf(given.profile) };
  for (const name of names) {
    const value = given[name];
    if (value === undefined) continue;
    checks[name](value, `setPrintOptions: ${name}`);
    Object.assign(next, { [name]: value });
  }
  current = Object.freeze(next);
}

function profileOf(name: unknown): Readonly<PrintOptions> {
  if (name === undefined) return current;
  if (typeof name === 'string' && Object.hasOwn(profiles, name)) return profiles[name as keyof typeof profiles];
  throw typeError(`setPrintOptions: profile must be 'default', 'short' or 'full'; received ${show(name)}`);
}

/** Checks a whole number from `min`, or Infinity. */
function checkLimit(value: unknown, where: string, min: number): void {
  if (typeof value !== 'number') throw typeError(`${where} must be a number; received ${show(value)}`);
  if (value !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(value) || value < min)) {
    throw rangeError(`${where} must be an integer from ${min} on, or Infinity; received ${show(value)}`);
  }
}
