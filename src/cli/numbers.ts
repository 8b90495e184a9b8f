/** Parses numbers, checks them against a dtype, and collects them in 8 or 16 bytes each. */

import { INTEGER_LIMITS, type Limits } from '../dtype/integers';
import type { DType } from '../index';
import { show } from '../support/errors';
import { UsageError } from './errors';

/** The most numbers that the command takes. They need 128 MiB of memory, or 256 MiB if complex. */
export const MAX_NUMBERS = 2 ** 24;

/**
 * The most characters of a number. Any float64 can be written exactly in 1,100 characters, and a
 * complex number consists of two.
 */
export const MAX_NUMBER_LENGTH = 4096;

/**
 * Matches a number without its sign. There is only one way to match a text, so matching takes time
 * linear in its length.
 */
const UNSIGNED = '(?:(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:e[+-]?\\d+)?|inf|infinity|nan)';
const REAL = new RegExp(`^[+-]?${UNSIGNED}$`, 'i');
/** Matches 3+4j or 4j, as Python and printed tensors write them. */
const COMPLEX = new RegExp(`^(?:([+-]?${UNSIGNED})(?=[+-]))?([+-]?${UNSIGNED})j$`, 'i');

/** The range of each integer dtype and of bool. */
const RANGES: Limits = { bool: [0n, 1n], ...INTEGER_LIMITS };

/**
 * A growing list of numbers. They are stored as float64 or int64 and later converted to their
 * dtype, as `tensor` converts its data.
 */
export class NumberList {
  /**
   * The dtype of the numbers in {@link array}. Of a complex number, both parts follow each other.
   */
  readonly hostDtype: 'float64' | 'complex128' | 'int64';
  private readonly dtype: DType;
  private readonly entries: 1 | 2;
  private memory: Float64Array | BigInt64Array;
  private used = 0;

  constructor(dtype: DType) {
    this.dtype = dtype;
    this.hostDtype = dtype === 'int64' ? 'int64' : dtype.startsWith('complex') ? 'complex128' : 'float64';
    this.entries = this.hostDtype === 'complex128' ? 2 : 1;
    this.memory = this.hostDtype === 'int64' ? new BigInt64Array(256) : new Float64Array(256);
  }

  get length(): number {
    return this.used / this.entries;
  }

  /** The numbers so far. */
  get array(): Float64Array | BigInt64Array {
    return this.memory.subarray(0, this.used);
  }

  /**
   * Adds a number. Throws {@link UsageError} if the word is not a number, or not one that the dtype
   * can hold.
   */
  add(word: string): void {
    checkLength(word);
    if (this.length === MAX_NUMBERS) {
      throw new UsageError(`rsqrt takes at most ${MAX_NUMBERS} numbers; received more`);
    }
    if (this.used === this.memory.length) this.grow();
    if (RANGES[this.dtype] !== undefined) {
      const value = integerOf(word, this.dtype);
      this.memory[this.used++] = this.hostDtype === 'int64' ? value : Number(value);
    } else if (this.entries === 2) {
      const [re, im] = complexOf(word);
      this.memory[this.used++] = re;
      this.memory[this.used++] = im;
    } else this.memory[this.used++] = realOf(word);
  }

  private grow(): void {
    const { memory } = this;
    const larger =
      memory instanceof BigInt64Array ? new BigInt64Array(2 * memory.length) : new Float64Array(2 * memory.length);
    (larger as Float64Array).set(memory as Float64Array);
    this.memory = larger;
  }
}

/** Throws {@link UsageError} if a word, or the beginning of one, is too long to be a number. */
export function checkLength(word: string): void {
  if (word.length <= MAX_NUMBER_LENGTH) return;
  throw new UsageError(`a number must have at most ${MAX_NUMBER_LENGTH} characters; received ${show(word)}`);
}

function realOf(word: string): number {
  if (REAL.test(word)) return numberOf(word);
  throw noReal(word);
}

/** The error for a word that is not a real number. */
const noReal = (word: string): UsageError =>
  new UsageError(
    COMPLEX.test(word)
      ? `${show(word)} is a complex number, which needs --dtype complex64 or complex128`
      : `${show(word)} is not a number`,
  );

/** The real and the imaginary part. */
function complexOf(word: string): [number, number] {
  const [, re, im] = COMPLEX.exec(word) ?? [];
  return im === undefined ? [realOf(word), 0] : [re === undefined ? 0 : numberOf(re), numberOf(im)];
}

/** The value of a word that {@link REAL} matches. */
function numberOf(word: string): number {
  const special = /^([+-]?)(inf|nan)/i.exec(word);
  if (special === null) return Number(word);
  return special[2].toLowerCase() === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
}

/** Parses an integer. Throws {@link UsageError} unless the dtype can hold its exact value. */
function integerOf(word: string, dtype: DType): bigint {
  const [min, max] = RANGES[dtype] as readonly [bigint, bigint];
  if (dtype === 'bool' && /^(true|false)$/i.test(word)) return /^t/i.test(word) ? 1n : 0n;
  if (!REAL.test(word)) throw noReal(word);
  const value = exactInteger(word);
  if (value !== null && value >= min && value <= max) return value;
  const expected = dtype === 'bool' ? '0, 1, true and false' : `whole numbers from ${min} to ${max}`;
  throw new UsageError(`--dtype ${dtype} takes ${expected}; received ${show(word)}`);
}

/**
 * The exact value of a decimal number: 1.5e1 is 15. Null if it is not whole, or infinite, or NaN.
 * For more than 20 digits the result is ±10²⁰, which no dtype can hold either.
 */
function exactInteger(word: string): bigint | null {
  if (/^[+-]?\d{1,20}$/.test(word)) return BigInt(word.replace('+', ''));
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(word);
  if (match === null) return null;
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  let start = 0;
  while (digits[start] === '0') start++;
  if (start === digits.length) return 0n;
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  const zeros = Number(exponent) - fraction.length + (digits.length - end);
  if (zeros < 0) return null;
  const magnitude = end - start + zeros > 20 ? 10n ** 20n : BigInt(digits.slice(start, end)) * 10n ** BigInt(zeros);
  return sign === '-' ? -magnitude : magnitude;
}
