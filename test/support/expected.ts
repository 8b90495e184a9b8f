/** What an operation must make of many elements, as they lie in memory. */

import { inspect } from 'node:util';
import type { Complex, DType } from '../../src/index';
import { type Configuration, configurations } from './configurations';
import { complexError, type OpName, partOf, type Real, reference, resultDType } from './reference';
import { type AnyArray, arrayFor, dataOf, elementAt, setElement } from './values';

/** The results for raw elements of a dtype, in memory of the result's dtype. */
export function expectedOf(op: OpName, dtype: DType, elements: AnyArray): AnyArray {
  const result = resultDType(op, dtype) as DType;
  if (partOf(dtype)) return complexResults(op, dtype, result, elements);
  const expected = arrayFor(result, elements.length);
  for (let i = 0; i < elements.length; i++) {
    setElement(expected, result, i, reference(op, dtype, elementAt(elements, dtype, i) as Real));
  }
  return expected;
}

/**
 * Complex results are not correctly rounded, but the same everywhere: what the first configuration
 * gives, which must be near the exact result, is what all others must give bit for bit.
 */
function complexResults(op: OpName, dtype: DType, result: DType, elements: AnyArray): AnyArray {
  const { rsqrt, device } = configurations[0];
  using x = rsqrt.asTensor(elements, { dtype, device });
  using made = (rsqrt[op] as Configuration['rsqrt']['neg'])(x);
  const results = dataOf(made).slice() as AnyArray;
  for (let i = 0; i < elements.length / 2; i++) {
    const value = elementAt(elements, dtype, i) as Complex;
    const given = elementAt(results, result, i);
    const actual = typeof given === 'object' ? given : { re: given as number, im: 0 };
    // Not where |z| may overflow (both torch and we give NaN and 0 then), nor the special values
    // (accuracy.test.ts has them).
    const size = Math.abs(value.re) + Math.abs(value.im);
    if (!(size > 0 && size < Number.POSITIVE_INFINITY)) continue;
    const { parts, larger } = complexError(op, dtype, value, actual);
    if (dtype === 'complex64' ? parts <= 0.501 : larger <= 4) continue;
    throw new Error(
      `${op} of ${inspect(value)} gave ${inspect(actual)}: off by ${parts} ulp, ${larger} of the larger part`,
    );
  }
  return results;
}
