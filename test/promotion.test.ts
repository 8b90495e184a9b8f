/** Result dtypes and casts, against data taken from torch. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import {
  abs,
  abs_,
  type DType,
  dtypes,
  empty,
  neg,
  ones,
  type ResultOf,
  RsqrtError,
  type Rule,
  reciprocal,
  rsqrt,
  rsqrt_,
  sqrt,
  square,
  tensor,
  type UnaryOp,
} from '../src/index';
import { covered } from './support/coverage';
import { type OpName, resultDType } from './support/reference';

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

// ---------------------------------------------------------------- what the type checker says

const ops = { rsqrt, sqrt, reciprocal, neg, abs, square };

/** The rule that each operation is declared with. That the tables compile is half of the test. */
const rules: { [K in OpName]: (typeof ops)[K] extends UnaryOp<infer R> ? R : never } = {
  rsqrt: 'float',
  sqrt: 'float',
  reciprocal: 'float',
  neg: 'same',
  abs: 'real',
  square: 'number',
};
const kept = {
  float16: 'float16',
  bfloat16: 'bfloat16',
  float32: 'float32',
  float64: 'float64',
  complex64: 'complex64',
  complex128: 'complex128',
} as const;
const integers = { int8: 'int8', uint8: 'uint8', int16: 'int16', int32: 'int32', int64: 'int64' } as const;
const typed: { [R in Rule]: { [D in DType]: ResultOf<R, D> } } = {
  float: {
    ...kept,
    int8: 'float32',
    uint8: 'float32',
    int16: 'float32',
    int32: 'float32',
    int64: 'float32',
    bool: 'float32',
  },
  real: { ...kept, complex64: 'float32', complex128: 'float64', ...integers, bool: 'bool' },
  same: { ...kept, ...integers, bool: 'bool' },
  number: { ...kept, ...integers, bool: 'int64' },
};

const calls = (Object.keys(rules) as OpName[]).flatMap((op) => dtypes.map((dtype) => [op, dtype] as const));

test.each(calls)('the dtype of %s of %s is the one that the type checker promises', (op, dtype) => {
  const run = () => (ops[op] as typeof neg)(ones(2, { dtype })).dtype;
  if (resultDType(op, dtype) === null) {
    expect(run).toThrow(refusesCast);
  } else {
    expect([run(), resultDType(op, dtype)]).toEqual([typed[rules[op]][dtype], typed[rules[op]][dtype]]);
  }
});

test('abs of complex is real, into any out that may hold it, and not in place', () => {
  const x = tensor([{ re: 3, im: -4 }]);
  expect([x.dtype, abs(x).dtype, abs(x.to('complex128')).dtype]).toEqual(['complex64', 'float32', 'float64']);
  expect(abs(x).item()).toBe(5);
  for (const dtype of ['float16', 'bfloat16', 'float32', 'float64'] as const) {
    expect(abs(x, { out: empty(1, { dtype }) }).item()).toBe(5);
  }
  expect(abs(x, { out: empty(1, { dtype: 'complex128' }) }).item()).toEqual({ re: 5, im: 0 });
  expect(() => abs(x, { out: empty(1, { dtype: 'int32' }) })).toThrow(refusesCast);
  expect(() => abs_(x)).toThrow(refusesCast);
  expect(() => x.abs_()).toThrow('abs_ is not defined for complex64 tensors');
  expect(x.item()).toEqual({ re: 3, im: -4 });
  expect(abs(x, { out: x })).toBe(x);
  expect(x.item()).toEqual({ re: 5, im: 0 });
});

function full4(dtype: DType) {
  return tensor([4, 4, 4], { dtype });
}
