import { numberOf, partsOf, resultOf } from '../dtypes.mjs';

/** The elements at `indices` of a result that is contiguous in `array`, as numbers. */
export function samplesOf(dtype, array, indices) {
  const parts = partsOf(dtype);
  const result = resultOf(dtype);
  return indices.flatMap((i) => Array.from(array.subarray(i * parts, (i + 1) * parts), (x) => numberOf(result, x)));
}
