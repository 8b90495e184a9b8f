/** Operations on views, against data taken from torch: values, result strides, in place, refusals. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType } from '../src/index';
import { configurations } from './support/configurations';
import { covered, skip } from './support/coverage';
import { bitsOf } from './support/reference';
import { arrayFor, dataOf, elementAt, positions, rawOf } from './support/values';

interface ViewCase {
  name: string;
  dtype: DType;
  base_shape: number[];
  storage: Word[];
  shape: number[];
  strides: number[];
  offset: number;
  is_contiguous: boolean;
  result: {
    dtype: DType;
    shape: number[];
    strides: number[];
    is_contiguous: boolean;
    values: Word[];
    correctly_rounded?: Word[];
  };
  in_place: { storage: Word[] } | { error: 'cast' | 'overlap' } | { undefined: string };
}
type Word = string | number | boolean;

const all: ViewCase[] = JSON.parse(readFileSync(path.join(__dirname, 'vectors', 'views.json'), 'utf8')).cases;
const [{ rsqrt: any }] = configurations;
const cases = all.filter(({ dtype }) => any.dtypes.includes(dtype));
for (const dtype of new Set(all.filter((c) => !cases.includes(c)).map((c) => c.dtype))) {
  skip(`views.json, ${dtype}`, 'the dtype is not supported yet');
}

/** A word of the vectors, as bits that compare with those of bitsOf. */
function wordBits(word: Word, dtype: DType): number | bigint {
  if (dtype === 'float64' || dtype === 'int64') return BigInt(word);
  return Number(word);
}

function decode(words: Word[], dtype: DType) {
  const array = new (arrayFor(dtype))(words.length);
  const bits =
    dtype === 'float32'
      ? new Uint32Array(array.buffer)
      : dtype === 'float64'
        ? new BigUint64Array(array.buffer)
        : array;
  for (const [i, word] of words.entries()) bits[i] = wordBits(word, dtype);
  return array;
}

/** Strides where they carry a meaning. */
const significant = (shape: readonly number[], strides: readonly number[]) =>
  shape.includes(0) ? [] : strides.filter((_, dim) => shape[dim] > 1);

describe.each(configurations)('$name', ({ rsqrt, device }) => {
  covered('vectors', 'views.json');
  test.each(cases.map((c) => [`${c.dtype} ${c.name}`, c] as const))('%s', (_, c) => {
    using base = rsqrt.asTensor(decode(c.storage, c.dtype), { dtype: c.dtype, device });
    using view = base.asStrided(c.shape, c.strides, c.offset);
    expect(view.isContiguous()).toBe(c.is_contiguous);

    using result = rsqrt.rsqrt(view);
    expect([result.dtype, result.shape]).toEqual([c.result.dtype, c.result.shape]);
    expect(significant(result.shape, result.strides)).toEqual(significant(c.result.shape, c.result.strides));
    expect(result.isContiguous()).toBe(c.result.is_contiguous);
    const raw = rawOf(result);
    const bits = positions(result.shape, result.strides, 0).map((p) =>
      bitsOf(elementAt(raw, result.dtype, p), result.dtype),
    );
    const words = c.result.correctly_rounded ?? c.result.values;
    const want = words.map((word) => wordBits(word, result.dtype));
    expect(bits).toEqual(want);

    if (!('storage' in c.in_place)) {
      // Overlap without a zero stride is not detected by torch, and its result undefined; we refuse it.
      const refusal = 'error' in c.in_place ? c.in_place.error : 'overlap';
      const code = { cast: 'ERR_DTYPE', overlap: 'ERR_OVERLAP' }[refusal];
      expect(() => rsqrt.rsqrt_(view)).toThrow(expect.objectContaining({ code }));
      expect(dataOf(base)).toEqual(decode(c.storage, c.dtype));
    } else {
      rsqrt.rsqrt_(view);
      const after = decode(c.storage, c.dtype);
      // torch's own in-place values are not correctly rounded; place ours where it places its.
      positions(c.shape, c.strides, c.offset).forEach((p, i) => {
        after.set(decode([words[i]], c.dtype) as never, p);
      });
      expect(dataOf(base)).toEqual(after);
    }
  });
});
