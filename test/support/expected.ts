/** What an operation must make of many elements, as they lie in memory. */

import { inspect } from 'node:util';
import type { Complex, DType, Tensor } from '../../src/index';
import { configurations } from './configurations';
import { type OpName, opNamed } from './ops';
import { complexError, partOf, type Real, reference, resultDType } from './reference';
import { type AnyArray, arrayFor, dataOf, elementAt, setElement } from './values';

type AnyOp = (...inputs: Tensor[]) => Tensor;

/**
 * The results for raw elements of a dtype, an array for each input, in memory of the result's
 * dtype.
 */
export function expectedOf(op: OpName, dtype: DType, ...inputs: AnyArray[]): AnyArray {
  const result = resultDType(op, dtype) as DType;
  if (partOf(dtype)) return complexResults(op, dtype, result, inputs);
  const expected = arrayFor(result, inputs[0].length);
  for (let i = 0; i < inputs[0].length; i++) {
    const values = inputs.map((elements) => elementAt(elements, dtype, i) as Real);
    setElement(expected, result, i, reference(op, dtype, ...values));
  }
  return expected;
}

/**
 * Complex results are not correctly rounded, but the same everywhere: what the first configuration
 * gives, which must be near the exact result, is what all others must give bit for bit.
 */
function complexResults(op: OpName, dtype: DType, result: DType, inputs: AnyArray[]): AnyArray {
  const { rsqrt, device } = configurations[0];
  const apply = rsqrt[op] as unknown as AnyOp;
  const results = rsqrt.tidy(() => {
    const made = apply(...inputs.map((elements) => rsqrt.asTensor(elements, { dtype, device })));
    return dataOf(made).slice() as AnyArray;
  });
  for (let i = 0; i < inputs[0].length / 2; i++) {
    const values = inputs.map((elements) => elementAt(elements, dtype, i) as Complex);
    const given = elementAt(results, result, i);
    const actual = typeof given === 'object' ? given : { re: given as number, im: 0 };
    // Not where |z| may overflow (both torch and we give NaN and 0 then), nor the special values
    // (accuracy.test.ts has them).
    const sizes = values.map(({ re, im }) => Math.abs(re) + Math.abs(im));
    if (!sizes.every((size) => size > 0 && size < Number.POSITIVE_INFINITY)) continue;
    const { parts, larger } = complexError(op, dtype, values, actual);
    const limits = opNamed(op).complex?.ulps;
    if (limits && (dtype === 'complex64' ? parts <= limits.complex64 : larger <= limits.complex128)) continue;
    throw new Error(
      `${op} of ${inspect(values)} gave ${inspect(actual)}: off by ${parts} ulp, ${larger} of the larger part`,
    );
  }
  return results;
}
