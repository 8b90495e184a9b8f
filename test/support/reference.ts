/**
 * What an operation must return, computed slowly and obviously: exact integers, and doubles only
 * where a double is known to round right. Shares no code with src/ or native/.
 */

import type { Complex, DType } from '../../src/index';

export type Real = number | bigint | boolean;
export type Element = Real | Complex;
export type OpName = 'rsqrt' | 'sqrt' | 'reciprocal' | 'neg' | 'abs' | 'square';

const integerBits: Partial<Record<DType, number>> = { int8: 8, uint8: 8, int16: 16, int32: 32, int64: 64 };

// ---------------------------------------------------------------- float formats

/** Bits of precision, the exponents of the smallest and the largest normal number, bits in all. */
const formats = {
  float16: { precision: 11, least: -14, most: 15, bits: 16 },
  bfloat16: { precision: 8, least: -126, most: 127, bits: 16 },
  float32: { precision: 24, least: -126, most: 127, bits: 32 },
  float64: { precision: 53, least: -1022, most: 1023, bits: 64 },
} as const;

export type FloatName = keyof typeof formats;

export const isFloat = (dtype: DType): dtype is FloatName => dtype in formats;

/** The dtype of the parts of a complex dtype; undefined for a real one. */
export const partOf = (dtype: DType): 'float32' | 'float64' | undefined =>
  dtype === 'complex64' ? 'float32' : dtype === 'complex128' ? 'float64' : undefined;

const scratch = new DataView(new ArrayBuffer(8));

/** The number that bits stand for, in hexadecimal or as they are. */
export function fromWord(dtype: FloatName, word: string | number | bigint): number {
  const bits = BigInt(word);
  if (dtype === 'float16') {
    const exponent = Number((bits >> 10n) & 31n);
    const fraction = Number(bits & 1023n) / 1024;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -14
        : exponent < 31
          ? (1 + fraction) * 2 ** (exponent - 15)
          : fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN;
    return bits >> 15n ? -magnitude : magnitude;
  }
  // The upper half of a float32; a float32 as the upper half of 64 bits.
  scratch.setBigUint64(0, bits << { bfloat16: 48n, float32: 32n, float64: 0n }[dtype]);
  return dtype === 'float64' ? scratch.getFloat64(0) : scratch.getFloat32(0);
}

/** The bits of a number that the dtype has, of NaN the canonical ones. */
export function toWord(dtype: FloatName, value: number): bigint {
  if (Number.isNaN(value))
    return { float16: 0x7e00n, bfloat16: 0x7fc0n, float32: 0x7fc00000n, float64: 0x7ff8n << 48n }[dtype];
  scratch.setFloat64(0, value);
  if (dtype === 'float64') return scratch.getBigUint64(0);
  const { precision, least, bits } = formats[dtype];
  const sign = (scratch.getBigUint64(0) >> 63n) << BigInt(bits - 1);
  const infinity = ((1n << BigInt(bits - precision)) - 1n) << BigInt(precision - 1);
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  if (magnitude < 2 ** least) return sign | BigInt(magnitude * 2 ** (precision - 1 - least));
  const [mantissa, exponent] = parts(magnitude);
  const field = BigInt(exponent + 53 - least);
  const fraction = (mantissa >> BigInt(53 - precision)) & ((1n << BigInt(precision - 1)) - 1n);
  return sign | (field << BigInt(precision - 1)) | fraction;
}

/** The number of a float dtype nearest to a value, ties to even, in one rounding, by integers. */
export function nearest(dtype: FloatName, value: Real): number {
  const x = typeof value === 'boolean' ? Number(value) : value;
  if (typeof x === 'number' && (x === 0 || !Number.isFinite(x))) return x;
  const sign = x < 0 ? -1 : 1;
  const [mantissa, exponent] = typeof x === 'bigint' ? [x < 0n ? -x : x, 0] : parts(Math.abs(x));
  if (mantissa === 0n) return 0;
  const { precision, least, most } = formats[dtype];
  const leading = mantissa.toString(2).length - 1 + exponent;
  const last = Math.max(leading, least) - (precision - 1); // exponent of the last place
  if (exponent >= last)
    return leading > most ? sign * Number.POSITIVE_INFINITY : sign * Number(mantissa) * 2 ** exponent;
  const shift = BigInt(last - exponent);
  const kept = mantissa >> shift;
  const rest = mantissa - (kept << shift);
  const half = 1n << (shift - 1n);
  const rounded = rest > half || (rest === half && (kept & 1n) === 1n) ? kept + 1n : kept;
  const result = Number(rounded) * 2 ** last;
  return sign * (result >= 2 ** most * 2 ? Number.POSITIVE_INFINITY : result);
}

// ---------------------------------------------------------------- operations on real dtypes

/** The dtype of a result; null where the operation is not defined. As torch 2.13 answers. */
export function resultDType(op: OpName, dtype: DType): DType | null {
  if (op === 'abs' && partOf(dtype)) return partOf(dtype) as DType;
  if (isFloat(dtype) || partOf(dtype)) return dtype;
  if (op === 'rsqrt' || op === 'sqrt' || op === 'reciprocal') return 'float32';
  if (dtype !== 'bool') return dtype;
  return op === 'square' ? 'int64' : null;
}

/**
 * The element that an operation gives for one of a real dtype, as a value of the result's dtype.
 */
export function reference(op: OpName, dtype: DType, value: Real): Real {
  const result = resultDType(op, dtype) as DType;
  if (!isFloat(result)) {
    const x = BigInt(value);
    return wrap(result, op === 'neg' ? -x : op === 'abs' ? (x < 0n ? -x : x) : x * x);
  }
  const x = isFloat(dtype) ? (value as number) : nearest('float32', value);
  if (result === 'float64' && op === 'rsqrt') return rsqrtFloat64(x);
  // One √, / or · of doubles rounds right to a double, and (53 ≥ 2·24 + 2) its result again to a
  // float, or to 16 bits. 1/√x through double is right for all 2^32 floats and all numbers of 16
  // bits (see the tests of this in accuracy.test.ts).
  const exact = {
    rsqrt: () => 1 / Math.sqrt(x),
    sqrt: () => Math.sqrt(x),
    reciprocal: () => 1 / x,
    neg: () => -x,
    abs: () => Math.abs(x),
    square: () => x * x,
  }[op]();
  return result === 'float32' ? Math.fround(exact) : nearest(result, exact);
}

/** The low bits of an integer. */
function wrap(dtype: DType, exact: bigint): number | bigint {
  const bits = integerBits[dtype] as number;
  const wrapped = dtype === 'uint8' ? BigInt.asUintN(bits, exact) : BigInt.asIntN(bits, exact);
  return dtype === 'int64' ? wrapped : Number(wrapped);
}

/** The element that `to()` makes of one of another dtype. */
export function convert(from: DType, to: DType, value: Element): Element {
  const part = partOf(to);
  if (part !== undefined) {
    const { re, im } = typeof value === 'object' ? value : { re: value, im: 0 };
    return { re: nearest(part, re), im: nearest(part, im) };
  }
  if (to === 'bool') return typeof value === 'object' ? value.re !== 0 || value.im !== 0 : Number(value) !== 0;
  const real = typeof value === 'object' ? value.re : value;
  if (isFloat(to)) return nearest(to, real);
  if (!isFloat(from) && !partOf(from)) return wrap(to, BigInt(real));
  if (Number.isNaN(real)) return wrap(to, 0n);
  const least = to === 'uint8' ? 0n : -(1n << BigInt((integerBits[to] as number) - 1));
  const most = least + (1n << BigInt(integerBits[to] as number)) - 1n;
  const whole = Math.trunc(real as number);
  if (whole <= Number(least)) return wrap(to, least);
  return wrap(to, whole > Number(most) ? most : BigInt(whole));
}

// ---------------------------------------------------------------- exact comparisons

/** mantissa · 2^exponent. */
type Exact = readonly [mantissa: bigint, exponent: number];

/** The float64 nearest to 1/√x. */
export function rsqrtFloat64(x: number): number {
  const rough = 1 / Math.sqrt(x);
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return rough;
  return [next(rough, -1n), rough, next(rough, 1n)].reduce((best, candidate) => {
    const isCloser = isAbove('rsqrt', x, half(sum(parts(best), parts(candidate)))) === candidate > best;
    return isCloser ? candidate : best;
  });
}

/**
 * Whether y is the number of a dtype nearest to the exact result for x; positive, y perhaps
 * infinite.
 */
export function isNearest(dtype: FloatName, y: number, op: 'rsqrt' | 'sqrt' | 'reciprocal', x: number): boolean {
  const bits = toWord(dtype, y);
  // In the place of infinity stands the number that would follow the largest.
  const number = (word: bigint): Exact => {
    const value = fromWord(dtype, word);
    return value === Number.POSITIVE_INFINITY ? [1n, formats[dtype].most + 1] : parts(value);
  };
  const middle = (word: bigint) => half(sum(number(word), number(word + 1n)));
  return isAbove(op, x, middle(bits - 1n)) && (y === Number.POSITIVE_INFINITY || !isAbove(op, x, middle(bits)));
}

/** Whether the exact result for x is above y, both positive. */
function isAbove(op: 'rsqrt' | 'sqrt' | 'reciprocal', x: number, y: Exact): boolean {
  const one: Exact = [1n, 0];
  if (op === 'rsqrt') return isLess(product(product(y, y), parts(x)), one);
  return op === 'sqrt' ? isLess(product(y, y), parts(x)) : isLess(product(y, parts(x)), one);
}

const half = ([mantissa, exponent]: Exact): Exact => [mantissa, exponent - 1];
const product = ([a, e]: Exact, [b, f]: Exact): Exact => [a * b, e + f];
const isLess = (a: Exact, b: Exact): boolean => difference(a, b)[0] < 0n;
const difference = (a: Exact, [b, f]: Exact): Exact => sum(a, [-b, f]);

function sum([a, e]: Exact, [b, f]: Exact): Exact {
  const low = Math.min(e, f);
  return [(a << BigInt(e - low)) + (b << BigInt(f - low)), low];
}

/** A positive float64 exactly. */
function parts(x: number): Exact {
  scratch.setFloat64(0, x);
  const bits = scratch.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return exponent === 0 ? [fraction, -1074] : [fraction | (1n << 52n), exponent - 1075];
}

function next(x: number, step: bigint): number {
  scratch.setFloat64(0, x);
  scratch.setBigUint64(0, scratch.getBigUint64(0) + step);
  return scratch.getFloat64(0);
}

// ---------------------------------------------------------------- operations on complex dtypes

/** Bits that are kept of intermediate results: many more than any dtype has. */
const KEPT = 192;

/**
 * The result for a finite complex number, to many more bits than a double has: the textbook
 * formulas.
 */
function complexResult(op: OpName, { re, im }: Complex): readonly [re: Exact, im: Exact] {
  const [x, y] = [signed(re), signed(im)];
  const zero: Exact = [0n, 0];
  const norm = sum(product(x, x), product(y, y));
  switch (op) {
    case 'neg':
      return [difference(zero, x), difference(zero, y)];
    case 'square':
      return [difference(product(x, x), product(y, y)), product([2n, 0], product(x, y))];
    case 'abs':
      return [root(norm), zero];
    case 'reciprocal':
      return [quotient(x, norm), quotient(difference(zero, y), norm)];
    default: {
      // With t = √((|x| + |z|) / 2), √z is t + i·y/2t, or |y|/2t ± i·t where x is negative; 1/√z is
      // its conjugate / |z|.
      const modulus = root(norm);
      const t = root(half(sum(re < 0 ? difference(zero, x) : x, modulus)));
      const other = quotient(y, product([2n, 0], t));
      const isPositive = y[0] > 0n || Object.is(im, 0);
      const [u, v] =
        re >= 0 ? [t, other] : [isPositive ? other : difference(zero, other), isPositive ? t : difference(zero, t)];
      return op === 'sqrt' ? [u, v] : [quotient(u, modulus), difference(zero, quotient(v, modulus))];
    }
  }
}

const signed = (x: number): Exact => (x < 0 ? difference([0n, 0], parts(-x)) : parts(Math.abs(x)));

const sizeOf = (value: bigint): number => (value < 0n ? -value : value).toString(16).length * 4;

/** A value times a power of two so large that its mantissa has at least so many bits. */
function widened([mantissa, exponent]: Exact, bits: number): Exact {
  const missing = Math.max(bits - sizeOf(mantissa), 0);
  return [mantissa << BigInt(missing), exponent - missing];
}

function quotient(a: Exact, b: Exact): Exact {
  const [dividend, exponent] = widened(a, KEPT + sizeOf(b[0]));
  return [dividend / b[0], exponent - b[1]];
}

function root(square: Exact): Exact {
  let [radicand, exponent] = widened(square, 2 * KEPT);
  if (exponent % 2 !== 0) [radicand, exponent] = [radicand << 1n, exponent - 1];
  if (radicand === 0n) return square;
  // Newton's method from above.
  let estimate = 1n << BigInt(Math.ceil(sizeOf(radicand) / 2) + 1);
  for (;;) {
    const better = (estimate + radicand / estimate) >> 1n;
    if (better >= estimate) return [estimate, exponent / 2];
    estimate = better;
  }
}

/** How far a result for a finite complex number is off, in units in the last place of a dtype. */
export interface ComplexError {
  /**
   * Each part in its own units; of a part that is or should be infinite 0 if it is as it should be,
   * otherwise Infinity.
   */
  parts: number;
  /** The same in the units of the larger part. */
  larger: number;
}

/** The error of what an operation on a complex dtype gave for a finite number. */
export function complexError(op: OpName, dtype: DType, value: Complex, actual: Complex): ComplexError {
  const part = partOf(dtype) as FloatName;
  const exact = complexResult(op, value);
  const given = [actual.re, actual.im];
  const units = exact.map((component) => lastPlace(part, component));
  const errorIn = (i: number, unit: number): number => {
    const isBeyond = Math.abs(ratio(exact[i], formats[part].most + 1)) >= 1 - 2 ** -(formats[part].precision + 1);
    if (Number.isNaN(given[i]) || Number.isFinite(given[i]) === isBeyond) return Number.POSITIVE_INFINITY;
    return isBeyond ? 0 : Math.abs(ratio(difference(exact[i], signed(given[i])), unit));
  };
  return {
    parts: Math.max(errorIn(0, units[0]), errorIn(1, units[1])),
    larger: Math.max(errorIn(0, Math.max(...units)), errorIn(1, Math.max(...units))),
  };
}

/** The exponent of the last place that a dtype has at a value. */
function lastPlace(dtype: FloatName, [mantissa, exponent]: Exact): number {
  const { precision, least } = formats[dtype];
  const leading = (mantissa < 0n ? -mantissa : mantissa).toString(2).length - 1 + exponent;
  return (mantissa === 0n ? least : Math.max(leading, least)) - (precision - 1);
}

/** A value in units of 2^unit, roughly. */
function ratio([mantissa, exponent]: Exact, unit: number): number {
  if (mantissa === 0n) return 0;
  const excess = Math.max(sizeOf(mantissa) - 64, 0);
  return Number(mantissa >> BigInt(excess)) * 2 ** (exponent + excess - unit);
}

/** A seeded generator of 32 random bits (xorshift, Marsaglia 2003). */
export function randomBits(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
