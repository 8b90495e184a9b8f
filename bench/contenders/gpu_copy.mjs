// A bare copy of the same bytes within a GPU, by rsqrt's copy_.

import { reasonAgainst } from './copy.mjs';
import { about, inputOf, outputOf, work } from './gpu_rsqrt.mjs';

export const open = () => ({ about: about(), prepare });

function prepare(each) {
  // A transposed input has the same number of bytes, which are copied in memory order.
  const bytes = each.layout === 'transposed' ? { ...each, layout: 'contiguous' } : each;
  const reason = each.op === 'rsqrt' ? reasonAgainst(bytes) : 'stands for rsqrt only';
  if (reason !== undefined) return reason;
  const x = inputOf(bytes);
  const y = outputOf(each, x);
  const loops = {
    out(count) {
      for (let i = 0; i < count; i++) y.copy_(x);
      return y;
    },
  };
  return work(each, loops, [x, y]);
}
