/**
 * Exact arithmetic on numbers of the form mantissa · 2^exponent. Quotients and roots are cut off,
 * with many more bits than any dtype has.
 */

import type { Complex } from '../../src/index';

/** mantissa · 2^exponent. */
export type Exact = readonly [mantissa: bigint, exponent: number];

/** A complex number of two exact parts. */
export type ExactComplex = readonly [re: Exact, im: Exact];

/** Bits that are kept of quotients and roots. */
const KEPT = 192;

export const ZERO: Exact = [0n, 0];
export const ONE: Exact = [1n, 0];
export const TWO: Exact = [2n, 0];

const scratch = new DataView(new ArrayBuffer(8));

/** A finite number exactly. */
export function exactly(x: number): Exact {
  scratch.setFloat64(0, x);
  const upper = scratch.getUint32(0);
  const exponent = (upper >>> 20) & 2047;
  const fraction = (upper % 2 ** 20) * 2 ** 32 + scratch.getUint32(4);
  const magnitude: Exact = exponent === 0 ? [BigInt(fraction), -1074] : [BigInt(2 ** 52 + fraction), exponent - 1075];
  return x < 0 ? negated(magnitude) : magnitude;
}

export const negated = ([mantissa, exponent]: Exact): Exact => [-mantissa, exponent];
export const half = ([mantissa, exponent]: Exact): Exact => [mantissa, exponent - 1];
export const product = ([a, e]: Exact, [b, f]: Exact): Exact => [a * b, e + f];
export const difference = (a: Exact, b: Exact): Exact => sum(a, negated(b));
export const isLess = (a: Exact, b: Exact): boolean => difference(a, b)[0] < 0n;

export function sum([a, e]: Exact, [b, f]: Exact): Exact {
  if (e === f) return [a + b, e];
  const low = e < f ? e : f;
  return [(a << BigInt(e - low)) + (b << BigInt(f - low)), low];
}

export function quotient(a: Exact, b: Exact): Exact {
  const [dividend, exponent] = widened(a, KEPT + sizeOf(b[0]));
  return [dividend / b[0], exponent - b[1]];
}

/** √x. */
export function root(x: Exact): Exact {
  let [radicand, exponent] = widened(x, 2 * KEPT);
  if (exponent % 2 !== 0) [radicand, exponent] = [radicand << 1n, exponent - 1];
  if (radicand === 0n) return x;
  // Newton's method from above.
  let estimate = 1n << BigInt(Math.ceil(sizeOf(radicand) / 2) + 1);
  for (;;) {
    const better = (estimate + radicand / estimate) >> 1n;
    if (better >= estimate) return [estimate, exponent / 2];
    estimate = better;
  }
}

/** About the number of bits of an integer: at least as many as it has, at most three more. */
export const sizeOf = (value: bigint): number => (value < 0n ? -value : value).toString(16).length * 4;

/** A value times a power of two so large that its mantissa has at least so many bits. */
function widened([mantissa, exponent]: Exact, bits: number): Exact {
  const missing = Math.max(bits - sizeOf(mantissa), 0);
  return [mantissa << BigInt(missing), exponent - missing];
}

/**
 * The float64 nearest to a positive exact result, from one that is off by a unit at most. `isAbove`
 * says whether the exact result is above a number.
 */
export function nearestFloat64(rough: number, isAbove: (y: Exact) => boolean): number {
  return [next(rough, -1n), rough, next(rough, 1n)].reduce((best, candidate) => {
    const isCloser = isAbove(half(sum(exactly(best), exactly(candidate)))) === candidate > best;
    return isCloser ? candidate : best;
  });
}

/** The float64 so many steps further from 0. */
function next(x: number, step: bigint): number {
  scratch.setFloat64(0, x);
  scratch.setBigUint64(0, scratch.getBigUint64(0) + step);
  return scratch.getFloat64(0);
}

// ---------------------------------------------------------------- complex numbers

/** A finite complex number exactly. The sign of a zero is lost. */
export const exactParts = ({ re, im }: Complex): ExactComplex => [exactly(re), exactly(im)];

/** |z|². */
export const norm = ([x, y]: ExactComplex): Exact => sum(product(x, x), product(y, y));

/**
 * The principal root √z. With t = √((|x| + |z|) / 2) it is t + i·y/2t, or |y|/2t ± i·t where x is
 * negative.
 */
export function complexRoot(z: Complex): ExactComplex {
  const [x, y] = exactParts(z);
  const t = root(half(sum(z.re < 0 ? negated(x) : x, root(norm([x, y])))));
  const other = quotient(y, product(TWO, t));
  if (z.re >= 0) return [t, other];
  const isPositive = y[0] > 0n || Object.is(z.im, 0);
  return isPositive ? [other, t] : [negated(other), negated(t)];
}
