/** Result dtypes and casts, against data taken from torch. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as api from '../src/index';
import {
  abs,
  abs_,
  canCast,
  type DType,
  dtypes,
  empty,
  neg,
  ones,
  promoteTypes,
  type ResultOf,
  RsqrtError,
  type Rule,
  resultType,
  rsqrt,
  rsqrt_,
  type Scalar,
  setDefaultDtype,
  square,
  tensor,
  type UnaryOp,
} from '../src/index';
import { covered } from './support/coverage';
import { type UnaryName, unaryNames, unaryOf, unaryRules } from './support/ops';
import { resultDType } from './support/reference';

type Outcome = DType | { error: 'cast' };
interface Promotion {
  can_cast: Record<DType, Record<DType, boolean>>;
  promote_types: Record<DType, Record<DType, DType>>;
  /** By the ranks of two operands; torch's complex32 is none of ours. */
  result_type: Record<string, Record<DType, Record<string, DType | 'complex32'>>>;
  rsqrt: Record<DType, DType>;
  rsqrt_in_place: Record<DType, Outcome>;
  rsqrt_out_argument: Record<DType, Record<DType, Outcome>>;
}
const vectors: Promotion = JSON.parse(readFileSync(path.join(__dirname, 'vectors', 'promotion.json'), 'utf8'));
covered('vectors', 'promotion.json (rsqrt, in place, out, promote_types, can_cast, result_type)');

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

// ---------------------------------------------------------------- promotion

test.each(pairs)('promoteTypes and canCast of %s and %s', (a, b) => {
  expect(promoteTypes(a, b)).toBe(vectors.promote_types[a][b]);
  expect(canCast(a, b)).toBe(vectors.can_cast[a][b]);
});

/** What the vectors call an operand: a dtype of a tensor, or a kind of plain value. */
const values: Record<string, Scalar> = { bool: true, int: 3n, float: 2, complex: { re: 1, im: 2 } };
const operand = (rank: string, name: string) =>
  rank === 'number' ? values[name] : ones(rank === 'tensor' ? [2] : [], { dtype: name as DType });

const ranks = ['tensor,tensor', 'tensor,0-d', '0-d,0-d', 'tensor,number', '0-d,number'];
test.each(ranks.flatMap((rank) => dtypes.map((dtype) => [rank, dtype] as const)))(
  'resultType of %s: %s',
  (rank, dtype) => {
    const [first, second] = rank.split(',');
    const expected = vectors.result_type[rank][dtype];
    expect(Object.keys(expected)).toHaveLength(second === 'number' ? 4 : dtypes.length);
    for (const [other, result] of Object.entries(expected)) {
      const operands = [operand(first, dtype), operand(second, other)];
      for (const [a, b] of [operands, operands.toReversed()]) {
        if (result === 'complex32') {
          expect(() => resultType(a, b)).toThrow(
            expect.objectContaining({
              code: 'ERR_DTYPE',
              message: expect.stringMatching(/^resultType: float16 .*complex32/),
            }),
          );
        } else {
          expect([other, resultType(a, b)]).toEqual([other, result]);
        }
      }
    }
  },
);

test('resultType of one operand, of values alone, of many', () => {
  const half = ones(2, { dtype: 'float16' });
  const bytes = ones(2, { dtype: 'uint8' });
  const longs = ones(2, { dtype: 'int64' });
  const single = ones([], { dtype: 'float32' });
  expect([half, bytes, single, 2, 2n, true, { re: 0, im: 1 }].map((x) => resultType(x))).toEqual([
    'float16',
    'uint8',
    'float32',
    'float32',
    'int64',
    'bool',
    'complex64',
  ]);
  expect(resultType(1, 2n, true)).toBe('float32');
  expect(resultType(true, 2n)).toBe('int64');
  // Each rank is promoted by itself, whatever the order.
  expect(resultType(single, bytes, 2, longs)).toBe('float32');
  expect(resultType(bytes, ones([], { dtype: 'int64' }), 2n, ones(1, { dtype: 'int8' }))).toBe('int16');
  expect(resultType(half, single, ones([], { dtype: 'float64' }), 0.5)).toBe('float16');
  expect(resultType(ones(1, { dtype: 'bfloat16' }), half, { re: 0, im: 1 })).toBe('complex64');
});

test('resultType: plain numbers are of the default dtype', () => {
  setDefaultDtype('float64');
  try {
    expect(resultType(ones(2, { dtype: 'int8' }), 2)).toBe('float64');
    expect(resultType(ones(2, { dtype: 'float32' }), 2)).toBe('float32');
    expect(resultType(ones([], { dtype: 'int8' }), { re: 0, im: 1 })).toBe('complex128');
  } finally {
    setDefaultDtype('float32');
  }
});

test('resultType knows the dtype of a disposed tensor', () => {
  const x = ones(2, { dtype: 'int8' });
  x.dispose();
  expect(resultType(x, true)).toBe('int8');
});

const three = (value: number, dtype: DType) =>
  Array(3).fill(dtype.startsWith('complex') ? { re: value, im: 0 } : value);

// ---------------------------------------------------------------- what the type checker says

type Api = typeof api;

/** The rule that each operation is declared with. That this compiles is half of the test. */
const rules: { [K in UnaryName]: Api[K] extends UnaryOp<infer R> ? R : never } = unaryRules;
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

const calls = unaryNames.flatMap((op) => dtypes.map((dtype) => [op, dtype] as const));

test.each(calls)('the dtype of %s of %s is the one that the type checker promises', (op, dtype) => {
  const run = () => unaryOf(api, op)(ones(2, { dtype })).dtype;
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
