// A plain loop over typed arrays, as one would write it without a library.

import { viewOf } from '../cases.mjs';
import { DTYPES, emptyArray, inputArray, resultOf } from '../dtypes.mjs';
import { samplesOf } from './samples.mjs';

export const open = () => ({ about: { node: process.versions.node }, prepare });

let cases = 0;

async function prepare({ op, dtype, size, layout, form }) {
  const { bits, parts } = DTYPES[dtype];
  if (parts === 2 || (bits !== undefined && bits < 23)) return 'no such dtype';
  if (dtype === 'int64') return 'no such dtype';
  // A copy of the module for each case, because a loop that has seen many types of arrays is slow
  // for all of them.
  const fills = await import(`./fills.mjs?case=${cases++}`);
  const fill = fills[layout === 'contiguous' ? 'contiguous' : 'view'][op];
  const { shape, strides, span } = viewOf({ size, layout });
  const x = inputArray(dtype, span);
  const out = form === 'out' ? emptyArray(resultOf(dtype), size) : undefined;
  const loops = {
    new(count) {
      let y;
      for (let i = 0; i < count; i++) {
        y = emptyArray(resultOf(dtype), size);
        fill(y, x, shape, strides);
      }
      return y;
    },
    out(count) {
      for (let i = 0; i < count; i++) fill(out, x, shape, strides);
      return out;
    },
    inPlace(count) {
      for (let i = 0; i < count; i++) fill(x, x);
      return x;
    },
  };
  return { loops, read: (y, indices) => samplesOf(dtype, y, indices) };
}
