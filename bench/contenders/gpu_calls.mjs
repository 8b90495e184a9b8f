// This package on a GPU. Makes the calls one by one that gpu_rsqrt.mjs replays as a graph.

import { createRequire } from 'node:module';
import { GRAPH_CALLS } from '../gpu-cases.mjs';
import { about, inputOf, outputOf, work } from './gpu_rsqrt.mjs';

const rsqrt = createRequire(import.meta.url)('../..');

export const open = () => ({ about: about(), prepare });

function prepare(each) {
  if (each.form !== 'graph') return 'stands for the calls of a graph only';
  const x = inputOf(each);
  const out = outputOf(each, x);
  const loops = {
    graph(count) {
      for (let i = 0; i < count * GRAPH_CALLS; i++) rsqrt[each.op](x, { out });
      return out;
    },
  };
  return work(each, loops, [x, out]);
}
