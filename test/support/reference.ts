/**
 * What an operation must return, computed slowly and obviously: exact integers, and doubles only where a double is known to
 * round right. Shares no code with src/ or native/.
 */

import type { DType } from '../../src/index';

export type Element = number | bigint | boolean;
export type OpName = 'rsqrt' | 'sqrt' | 'reciprocal' | 'neg' | 'abs' | 'square';

const integerBits: Partial<Record<DType, number>> = { int8: 8, uint8: 8, int16: 16, int32: 32, int64: 64 };

/** The dtype of a result; null where the operation is not defined. As torch 2.13 answers. */
export function resultDType(op: OpName, dtype: DType): DType | null {
  if (dtype === 'float32' || dtype === 'float64') return dtype;
  if (op === 'rsqrt' || op === 'sqrt' || op === 'reciprocal') return 'float32';
  if (dtype !== 'bool') return dtype;
  return op === 'square' ? 'int64' : null;
}

/** The element that an operation gives for one of a dtype, as a value of the result's dtype. */
export function reference(op: OpName, dtype: DType, value: Element): Element {
  const result = resultDType(op, dtype) as DType;
  if (result in integerBits) {
    const x = BigInt(value);
    const exact = op === 'neg' ? -x : op === 'abs' ? (x < 0n ? -x : x) : x * x;
    const bits = integerBits[result] as number;
    const wrapped = result === 'uint8' ? BigInt.asUintN(bits, exact) : BigInt.asIntN(bits, exact);
    return result === 'int64' ? wrapped : Number(wrapped);
  }
  const x = typeof value === 'number' && dtype === 'float64' ? value : toFloat32(value);
  if (result === 'float64' && op === 'rsqrt') return rsqrtFloat64(x);
  // One √, / or · of doubles rounds right to a double, and (53 ≥ 2·24 + 2) its result again to a float.
  // 1/√x through double is right for all 2^32 floats (see the test of this in accuracy.test.ts).
  const exact = {
    rsqrt: () => 1 / Math.sqrt(x),
    sqrt: () => Math.sqrt(x),
    reciprocal: () => 1 / x,
    neg: () => -x,
    abs: () => Math.abs(x),
    square: () => x * x,
  }[op]();
  return result === 'float32' ? Math.fround(exact) : exact;
}

/** The float32 nearest to a value, ties to even, in one rounding. */
export function toFloat32(value: Element): number {
  if (typeof value !== 'bigint') return Math.fround(Number(value));
  const magnitude = value < 0n ? -value : value;
  const excess = BigInt(Math.max(magnitude.toString(2).length - 24, 0));
  let kept = magnitude >> excess;
  const rest = magnitude - (kept << excess);
  const half = excess === 0n ? 1n : 1n << (excess - 1n);
  if (rest > half || (rest === half && excess > 0n && (kept & 1n) === 1n)) kept++;
  return Number(kept << excess) * (value < 0n ? -1 : 1);
}

/** The float64 nearest to 1/√x. */
export function rsqrtFloat64(x: number): number {
  const rough = 1 / Math.sqrt(x);
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return rough;
  const nearest = [next(rough, -1n), rough, next(rough, 1n)].reduce((best, candidate) =>
    isCloser(candidate, best, x) ? candidate : best,
  );
  return nearest;
}

/** Whether 1/√x lies on a's side of the middle between a and b. */
function isCloser(a: number, b: number, x: number): boolean {
  const [am, ae] = parts(a);
  const [bm, be] = parts(b);
  const low = Math.min(ae, be);
  const sum = (am << BigInt(ae - low)) + (bm << BigInt(be - low)); // twice the middle, times 2^-low
  return isAbove(sum, low - 1, x) === a > b;
}

/** Whether 1/√x is above mantissa · 2^exponent, by integers: (mantissa · 2^exponent)² · x against 1. */
function isAbove(mantissa: bigint, exponent: number, x: number): boolean {
  const [xm, xe] = parts(x);
  const product = mantissa * mantissa * xm;
  const shift = 2 * exponent + xe;
  return shift >= 0 ? product << BigInt(shift) < 1n : product < 1n << BigInt(-shift);
}

/** Whether y is the float32 nearest to 1/√x; both positive and finite. */
export function isNearestFloat32(y: number, x: number): boolean {
  scratch.setFloat32(0, y);
  const bits = scratch.getUint32(0);
  const neighbour = (step: number) => {
    scratch.setUint32(0, bits + step);
    return scratch.getFloat32(0);
  };
  // The middle of two neighbouring floats is a double.
  const below = parts((neighbour(-1) + y) / 2);
  const above = parts((y + neighbour(1)) / 2);
  return isAbove(...below, x) && !isAbove(...above, x);
}

const scratch = new DataView(new ArrayBuffer(8));

/** A positive float64 as mantissa · 2^exponent. */
function parts(x: number): [bigint, number] {
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

/** An element's bits, NaN as the canonical one, so that two can be compared with ===. */
export function bitsOf(value: Element, dtype: DType): number | bigint {
  if (dtype === 'float32') {
    scratch.setFloat32(0, value as number);
    return Number.isNaN(value) ? 0x7fc00000 : scratch.getUint32(0);
  }
  if (dtype === 'float64') {
    scratch.setFloat64(0, value as number);
    return Number.isNaN(value) ? 0x7ff8000000000000n : scratch.getBigUint64(0);
  }
  return typeof value === 'boolean' ? Number(value) : (value as number | bigint);
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
