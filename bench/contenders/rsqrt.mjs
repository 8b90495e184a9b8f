// This package, as built.

import { createRequire } from 'node:module';
import { viewOf } from '../cases.mjs';
import { inputArray, resultOf } from '../dtypes.mjs';
import { samplesOf } from './samples.mjs';

const require = createRequire(import.meta.url);

export const open = (threads) => openPackage(require('../..'), threads);

/** `rsqrt` is this package, of any version. */
export function openPackage(rsqrt, threads) {
  rsqrt.setNumThreads?.(threads);
  const { version, isa, threads: used } = rsqrt.info();
  if (used !== threads) throw new Error(`${threads} threads: not in this build, which uses ${used}`);
  return { about: { version, isa, threads }, prepare: (each) => prepare(rsqrt, each) };
}

function prepare(rsqrt, { op: name, dtype, size, layout, form }) {
  if (!rsqrt.dtypes.includes(dtype)) return 'the dtype is not in this build';
  const { shape, strides, span } = viewOf({ size, layout });
  const op = rsqrt[name];
  const inPlace = rsqrt[`${name}_`];
  // In rsqrt's own memory, like the results that programs work with.
  const memory = rsqrt.asTensor(inputArray(dtype, span), { dtype }).clone();
  const x = layout === 'contiguous' ? memory : memory.asStrided(shape, strides);
  const out = form === 'out' ? rsqrt.zeros(shape, { dtype: resultOf(dtype) }) : undefined;
  const loops = {
    new(count) {
      let y; // kept until the next one exists, as in a program
      for (let i = 0; i < count; i++) y = op(x);
      return y;
    },
    disposed(count) {
      for (let i = 0; i < count; i++) op(x).dispose();
    },
    out(count) {
      for (let i = 0; i < count; i++) op(x, { out });
      return out;
    },
    inPlace(count) {
      for (let i = 0; i < count; i++) inPlace(x);
      return x;
    },
  };
  return { loops, read: (y, indices) => samplesOf(dtype, y.contiguous().data, indices) };
}
