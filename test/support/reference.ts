/**
 * What an operation must return, computed slowly and obviously: exact integers, and doubles only
 * where a double is known to round right. Shares no code with src/ or native/.
 */

import type { Complex, DType } from '../../src/index';
import { difference, type Exact, exactly, half, sizeOf, sum } from './exact';
import { type NativeOpName, type Op, opNamed, type ResultRule } from './ops';

export type Real = number | bigint | boolean;
export type Element = Real | Complex;

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
// In jest's sandbox, globals are slow to look up.
const { abs, floor, fround, max } = Math;
const { isFinite: isFiniteNumber, isNaN: isNotANumber } = Number;

/** The number that bits stand for, in hexadecimal or as they are. */
export function fromWord(dtype: FloatName, word: string | number | bigint): number {
  if (dtype === 'float64') {
    scratch.setBigUint64(0, BigInt(word));
    return scratch.getFloat64(0);
  }
  const bits = Number(word);
  if (dtype !== 'float16') {
    // A bfloat16 is the upper half of a float32.
    scratch.setUint32(0, dtype === 'bfloat16' ? bits * 2 ** 16 : bits);
    return scratch.getFloat32(0);
  }
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -14
      : exponent < 31
        ? (1 + fraction) * 2 ** (exponent - 15)
        : fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN;
  return bits >> 15 ? -magnitude : magnitude;
}

/** The bits of a number that the dtype has, of NaN the canonical ones. */
export function toWord(dtype: FloatName, value: number): bigint {
  if (isNotANumber(value))
    return { float16: 0x7e00n, bfloat16: 0x7fc0n, float32: 0x7fc00000n, float64: 0x7ff8n << 48n }[dtype];
  if (dtype === 'float64') {
    scratch.setFloat64(0, value);
    return scratch.getBigUint64(0);
  }
  scratch.setFloat32(0, value); // exact, because the other dtypes have fewer numbers
  const single = scratch.getUint32(0);
  if (dtype === 'float32') return BigInt(single);
  if (dtype === 'bfloat16') return BigInt(single >>> 16);
  const sign = (single >>> 16) & 0x8000;
  const magnitude = abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return BigInt(sign | 0x7c00);
  if (magnitude < 2 ** -14) return BigInt(sign | (magnitude * 2 ** 24));
  const exponent = ((single >>> 23) & 255) - 127;
  return BigInt(sign | ((exponent + 15) << 10) | ((single >>> 13) & 1023));
}

/** The number of a float dtype nearest to a value, ties to even, in one rounding. */
export function nearest(dtype: FloatName, value: Real): number {
  const x = typeof value === 'boolean' ? Number(value) : value;
  if (typeof x === 'bigint') return x < 0n ? -nearestToInteger(dtype, -x) : nearestToInteger(dtype, x);
  if (dtype === 'float64' || x === 0 || !isFiniteNumber(x)) return x;
  const { precision, least, most } = formats[dtype];
  const magnitude = abs(x);
  scratch.setFloat64(0, magnitude);
  const leading = (scratch.getUint16(0) >> 4) - 1023; // of subnormals too low, which does no harm
  const last = max(leading, least) - (precision - 1); // exponent of the last place
  // Exact, as is all that follows: multiplied by a power of two that does not lead out of range.
  const units = magnitude * 2 ** -last;
  const kept = floor(units);
  const rest = units - kept;
  const rounded = rest > 0.5 || (rest === 0.5 && kept % 2 === 1) ? kept + 1 : kept;
  const result = rounded * 2 ** last;
  const rounds = result >= 2 ** most * 2 ? Number.POSITIVE_INFINITY : result;
  return x < 0 ? -rounds : rounds;
}

/** The number nearest to an integer that is not negative, by integers. */
function nearestToInteger(dtype: FloatName, x: bigint): number {
  const { precision, most } = formats[dtype];
  const last = x.toString(2).length - precision; // exponent of the last place
  if (last <= 0) return Number(x);
  const shift = BigInt(last);
  const kept = x >> shift;
  const rest = x - (kept << shift);
  const half = 1n << (shift - 1n);
  const rounded = rest > half || (rest === half && (kept & 1n) === 1n) ? kept + 1n : kept;
  const result = Number(rounded) * 2 ** last;
  return result >= 2 ** most * 2 ? Number.POSITIVE_INFINITY : result;
}

// ---------------------------------------------------------------- operations

/** The dtype of a result; null where the operation is not defined. As torch 2.13 answers. */
export function resultDType(op: NativeOpName | Op, dtype: DType): DType | null {
  const { result, refuses } = rowOf(op);
  return refuses.includes(dtype) ? null : dtypeByRule(result, dtype);
}

const rowOf = (op: NativeOpName | Op): Op => (typeof op === 'string' ? opNamed(op) : op);

/** The dtype that a rule gives, with the default dtype float32. */
function dtypeByRule(rule: ResultRule, dtype: DType): DType {
  const isWhole = !isFloat(dtype) && partOf(dtype) === undefined;
  return {
    same: dtype,
    float: isWhole ? 'float32' : dtype,
    real: partOf(dtype) ?? dtype,
    number: dtype === 'bool' ? 'int64' : dtype,
    bool: 'bool',
  }[rule] as DType;
}

/**
 * The element that an operation gives for those of a real dtype, one for each input, as a value of
 * the result's dtype.
 */
export function reference(op: NativeOpName | Op, dtype: DType, ...values: Real[]): Real {
  const { result: rule, integer, real, float64 } = rowOf(op);
  const result = dtypeByRule(rule, dtype);
  if (!isFloat(dtype) && !isFloat(result)) {
    const exact = (integer as NonNullable<typeof integer>)(...values.map(BigInt));
    return typeof exact === 'bigint' ? wrap(result, exact) : exact;
  }
  // Integers are computed in float32.
  const x = values.map((value) => (isFloat(dtype) ? (value as number) : nearest('float32', value)));
  const exact = dtype === 'float64' && float64 !== undefined ? float64(...x) : real(...x);
  if (typeof exact === 'boolean') return exact;
  if (result === 'float64') return exact;
  return result === 'float32' ? fround(exact) : nearest(result as FloatName, exact);
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

/**
 * Whether y is the number of a dtype nearest to the exact result for positive numbers, of which the
 * operation's `isAbove` tells; positive, y perhaps infinite.
 */
export function isNearest(dtype: FloatName, y: number, name: NativeOpName, ...x: number[]): boolean {
  const { isAbove } = opNamed(name);
  if (isAbove === undefined) throw new Error(`${name} has no isAbove in test/support/ops.ts`);
  const isResultAbove = (middle: Exact) => isAbove(middle, ...x.map(exactly));
  const bits = toWord(dtype, y);
  // In the place of infinity stands the number that would follow the largest.
  const number = (word: bigint): Exact => {
    const value = fromWord(dtype, word);
    return value === Number.POSITIVE_INFINITY ? [1n, formats[dtype].most + 1] : exactly(value);
  };
  const middle = (word: bigint) => half(sum(number(word), number(word + 1n)));
  return isResultAbove(middle(bits - 1n)) && (y === Number.POSITIVE_INFINITY || !isResultAbove(middle(bits)));
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

/** The error of what an operation on a complex dtype gave for finite numbers. */
export function complexError(
  name: NativeOpName,
  dtype: DType,
  values: readonly Complex[],
  actual: Complex,
): ComplexError {
  const part = partOf(dtype) as FloatName;
  const { complex } = opNamed(name);
  if (complex === undefined) throw new Error(`${name} has no complex results in test/support/ops.ts`);
  const exact = complex.exact(...values);
  const given = [actual.re, actual.im];
  const units = exact.map((component) => lastPlace(part, component));
  const errorIn = (i: number, unit: number): number => {
    const isBeyond = Math.abs(ratio(exact[i], formats[part].most + 1)) >= 1 - 2 ** -(formats[part].precision + 1);
    if (Number.isNaN(given[i]) || Number.isFinite(given[i]) === isBeyond) return Number.POSITIVE_INFINITY;
    return isBeyond ? 0 : Math.abs(ratio(difference(exact[i], exactly(given[i])), unit));
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
