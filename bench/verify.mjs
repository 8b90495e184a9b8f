// Checks results before they are timed: elements of the full-sized result of a case are compared
// with 1/√x.

import { viewOf } from './cases.mjs';
import { DTYPES, partsOf, resultOf, valueAt } from './dtypes.mjs';

const SAMPLES = 64;
const COMPLEX_ULPS = 8; // of the modulus; for all contenders, because none promises the nearest complex number

/** Elements of a result from first to last, by their position in row-major order. */
export function sampleIndices(size) {
  const indices = Array.from({ length: SAMPLES }, (_, i) => Math.floor((i * (size - 1)) / (SAMPLES - 1)));
  return [...new Set(indices)];
}

/**
 * Throws if a real sample is further than `ulps` units in the last place from the exact result.
 * `samples` are the numbers at the indices above. Complex numbers are their real part, then their
 * imaginary part.
 */
export function verify(each, samples, ulps) {
  const parts = partsOf(each.dtype);
  const { bits } = DTYPES[resultOf(each.dtype)];
  sampleIndices(each.size).forEach((index, i) => {
    const expected = expectedAt(each, index);
    const received = samples.slice(i * parts, (i + 1) * parts).map(Number);
    if (received.length !== parts || !near(received, expected, bits, parts === 1 ? ulps : COMPLEX_ULPS)) {
      throw new Error(`element ${index} must be ${expected.join(', ')}; it is ${received.join(', ') || 'missing'}`);
    }
  });
}

function near(received, expected, bits, ulps) {
  if (expected.every((value, part) => value === received[part])) return true; // also infinite ones
  const ulp = 2 ** (Math.floor(Math.log2(Math.hypot(...expected))) - bits);
  const error = Math.hypot(...expected.map((value, part) => value - received[part]));
  return error <= ulp * (ulps + (bits === 52 ? 1 : 1e-6)); // the expected value is itself rounded to 53 bits
}

function expectedAt({ op, dtype, size, layout }, index) {
  const { shape, strides } = viewOf({ size, layout });
  const place = shape.length === 1 ? index : place2d(index, shape[1], strides);
  const parts = partsOf(dtype);
  const [re, im] = [0, 1].map((part) => valueAt(dtype, place * parts + part));
  if (op === 'copy') return parts === 1 ? [re] : [re, im];
  if (parts === 1) return [op === 'sqrt' ? Math.sqrt(re) : 1 / Math.sqrt(re)];
  const modulus = Math.hypot(re, im);
  const real = Math.sqrt((modulus + re) / 2); // re > 0: nothing cancels
  const imaginary = im / (2 * real);
  return op === 'sqrt' ? [real, imaginary] : [real / modulus, -imaginary / modulus];
}

const place2d = (index, columns, [down, right]) => Math.floor(index / columns) * down + (index % columns) * right;
