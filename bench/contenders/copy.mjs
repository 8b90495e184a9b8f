// A bare copy of the same bytes with the C library's memmove, which TypedArray.prototype.set calls.

import { emptyArray, inputArray, resultOf } from '../dtypes.mjs';
import { samplesOf } from './samples.mjs';

export const open = () => ({ about: { node: process.versions.node }, prepare });

/**
 * Why a case has no comparable copy. A copy reads and writes the same number of bytes,
 * contiguously, to existing memory.
 */
export function reasonAgainst({ dtype, layout, form }) {
  if (form !== 'out' || layout !== 'contiguous') return 'copies to a given output only, contiguous';
  if (resultOf(dtype) !== dtype) return 'copies what is as large as the result only';
}

function prepare(each) {
  const reason = reasonAgainst(each);
  if (reason !== undefined) return reason;
  const { dtype, size } = each;
  const x = inputArray(dtype, size);
  const y = emptyArray(dtype, size);
  const loops = {
    out(count) {
      for (let i = 0; i < count; i++) y.set(x);
    },
  };
  return { loops, read: (_, indices) => samplesOf(dtype, y, indices) };
}
