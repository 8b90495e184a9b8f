/** Result dtypes and casts, against data taken from torch. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { type DType, dtypes, empty, neg, ones, RsqrtError, rsqrt, rsqrt_, square, tensor } from '../src/index';
import { covered } from './support/coverage';

type Outcome = DType | { error: 'cast' };
interface Promotion {
  can_cast: Record<DType, Record<DType, boolean>>;
  rsqrt: Record<DType, DType>;
  rsqrt_in_place: Record<DType, Outcome>;
  rsqrt_out_argument: Record<DType, Record<DType, Outcome>>;
}
const vectors: Promotion = JSON.parse(readFileSync(path.join(__dirname, 'vectors', 'promotion.json'), 'utf8'));
covered('vectors', 'promotion.json (rsqrt, in place, out)');

const refusesCast = expect.objectContaining({ code: 'ERR_DTYPE' });
const pairs = dtypes.flatMap((from) => dtypes.map((to) => [from, to] as const));

test.each(dtypes)('rsqrt of %s', (dtype) => {
  expect(rsqrt(ones(3, { dtype })).dtype).toBe(vectors.rsqrt[dtype]);
});

test.each(dtypes)('rsqrt_ of %s', (dtype) => {
  const x = full4(dtype);
  const outcome = vectors.rsqrt_in_place[dtype];
  if (typeof outcome === 'string') {
    expect(rsqrt_(x).toArray()).toEqual(three(0.5, dtype));
  } else {
    const before = x.data.slice();
    expect(() => rsqrt_(x)).toThrow(refusesCast);
    expect(x.data).toEqual(before);
  }
});

test.each(pairs)('rsqrt of %s into out of %s', (from, to) => {
  const out = empty(3, { dtype: to });
  const before = out.data.slice();
  const outcome = vectors.rsqrt_out_argument[from][to];
  if (typeof outcome === 'string') {
    expect(rsqrt(full4(from), { out })).toBe(out);
    expect(out.toArray()).toEqual(three(from === 'bool' ? 1 : 0.5, to));
  } else {
    expect(() => rsqrt(full4(from), { out })).toThrow(refusesCast);
    expect(out.data).toEqual(before);
  }
});

test('out does not change the precision computed in', () => {
  const x = tensor([2, 3, 5]);
  const out = rsqrt(x, { out: empty(3, { dtype: 'float64' }) });
  expect(out.toArray()).toEqual([2, 3, 5].map((value) => Math.fround(1 / Math.sqrt(value))));
  expect(rsqrt(x, { out: empty(3, { dtype: 'float64' }) }).dtype).toBe('float64');
});

test('an out of another integer dtype keeps the low bits, as a C cast does', () => {
  expect(neg(tensor([200, -3], { dtype: 'int32' }), { out: empty(2, { dtype: 'int8' }) }).toArray()).toEqual([56, 3]);
  expect(square(tensor([300], { dtype: 'int32' }), { out: empty(1, { dtype: 'float64' }) }).toArray()).toEqual([90000]);
});

test('bool: neg is refused, square gives int64', () => {
  const x = tensor([true, false]);
  expect(() => neg(x)).toThrow(RsqrtError);
  expect(square(x).dtype).toBe('int64');
  expect(square(x).toArray()).toEqual([1n, 0n]);
});

const three = (value: number, dtype: DType) =>
  Array(3).fill(dtype.startsWith('complex') ? { re: value, im: 0 } : value);

function full4(dtype: DType) {
  return tensor([4, 4, 4], { dtype });
}
