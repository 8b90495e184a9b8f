/**
 * Strides: the walks that the kernels are given, and torch's rules, against slow and obvious code.
 */

import { collapse } from '../src/layout/collapse';
import {
  contiguousStrides,
  extentOf,
  isContiguous,
  isDense,
  type Sizes,
  sharesElements,
  viewStrides,
} from '../src/layout/layout';
import { canSumTo } from '../src/layout/sums';
import { covered } from './support/coverage';
import { randomBits } from './support/reference';
import { positions } from './support/values';

covered('suite', 'layout: random strides');
const SEED = 11;
const ROUNDS = 3000;

/**
 * In an order that is any other's equal, and the same in every Node, unlike that of a sort by
 * chance.
 */
function shuffled(list: number[], below: (n: number) => number): number[] {
  for (let end = list.length; end > 1; end--) {
    const at = below(end);
    [list[at], list[end - 1]] = [list[end - 1], list[at]];
  }
  return list;
}

/** Random shapes and strides, dense permutations among them. */
function* layouts() {
  const random = randomBits(SEED);
  const below = (n: number) => random() % n;
  for (let round = 0; round < ROUNDS; round++) {
    const shape = Array.from({ length: below(5) }, () => [1, 2, 3, 4, 0][below(round % 10 === 0 ? 5 : 4)]);
    let strides = shape.map(() => below(9));
    if (round % 3 === 0) {
      const order = shuffled([...shape.keys()], below);
      let stride = 1;
      for (const dim of order) {
        strides[dim] = stride;
        stride *= Math.max(shape[dim], 1);
      }
    } else if (round % 3 === 1) {
      strides = contiguousStrides(shape).map((stride) => stride * (below(8) ? 1 : 2));
    }
    yield { shape, strides, what: `[${shape}] strides [${strides}], seed ${SEED} round ${round}` };
  }
}

test('isContiguous, isDense, sharesElements, extentOf are what the positions say', () => {
  for (const { shape, strides, what } of layouts()) {
    const at = positions(shape, strides, 0);
    const span = at.length === 0 ? 0 : Math.max(...at) + 1;
    const distinct = new Set(at).size;
    expect([what, extentOf(shape, strides)]).toEqual([what, span]);
    expect([what, isContiguous(shape, strides)]).toEqual([what, at.every((position, i) => position === i)]);
    expect([what, isDense(shape, strides)]).toEqual([what, distinct === at.length && span === at.length]);
    expect([what, sharesElements(shape, strides)]).toEqual([what, distinct !== at.length]);
  }
});

test('sharesElements sees two ways to an element that lies beyond the first strides to interleave', () => {
  expect(positions([3, 2, 2, 2], [2, 3, 6, 8], 0).filter((position) => position === 8)).toHaveLength(2);
  expect(sharesElements([3, 2, 2, 2], [2, 3, 6, 8])).toBe(true);
});

// biome-ignore format: a table
test.each<[shares: boolean | undefined, shape: number[], strides: number[]]>([
  [false, [10_000_000, 2], [2, 3]],
  [true, [10_000_000, 2], [2, 4]],
  [false, [2 ** 33, 2], [2, 3]],
  [false, [2 ** 31, 2], [2, 2 ** 31 + 1]],
  [true, [2 ** 33, 2 ** 10], [1, 2 ** 20]],
  [true, [2 ** 40, 3, 3], [8, 3, 2 ** 41]],
  [false, [2 ** 20, 2 ** 20, 4], [2 ** 20 + 1, 2 ** 20 - 1, 2 ** 42]],
  [true, [2 ** 20, 2 ** 20, 2 ** 10], [2 ** 20 + 1, 2 ** 21 + 7, 3 * 2 ** 20 + 8]],
  [false, [10 ** 5, 10 ** 5], [99_991 * 7, 100_003 * 7]],
  [true, [2 ** 30, 2 ** 10], [1, 1]], // windows
  [true, [2 ** 30, 2 ** 10], [1, 0]], // expanded
  [true, Array(60).fill(2), Array.from({ length: 60 }, (_, i) => 1000 + i)], // more elements than places
  [undefined, [2 ** 30, 2 ** 30], [2 ** 30, 2 ** 30 + 1]], // sums above 2^53 would not be exact
])('sharesElements: %s for shape %j and strides %j, which nobody could count', (shares, shape, strides) => {
  expect(sharesElements(shape, strides)).toBe(shares);
});

test('sharesElements: what a search does not tell is counted while it is small', () => {
  // Sums of different terms that are all different, without a pattern (Conway and Guy).
  const strides = (count: number): number[] => {
    const terms = [0, 1];
    for (let k = 1; k < count; k++) terms.push(2 * terms[k] - terms[k - Math.floor(0.5 + Math.sqrt(2 * k))]);
    return terms.slice(0, -1).map((term) => terms[count] - term);
  };
  expect(strides(7)).toEqual([44, 43, 42, 40, 37, 31, 20]);
  expect(sharesElements(Array(16).fill(2), strides(16))).toBe(false);
  expect(sharesElements(Array(17).fill(2), [...strides(16), strides(16)[3] - strides(16)[9]])).toBe(true);
  expect(sharesElements(Array(24).fill(2), strides(24))).toBeUndefined();
});

test('sharesElements and canSumTo are what counting says', () => {
  const random = randomBits(SEED);
  const below = (n: number) => random() % n;
  const answers = { true: 0, false: 0 };
  for (let round = 0; round < 4 * ROUNDS; round++) {
    const ndim = 1 + below(5);
    const steps = 1 + below(60);
    const shape = Array.from({ length: ndim }, () => 1 + below(ndim < 4 ? 7 : 4));
    const strides = shape.map(() => 1 + below(steps));
    const at = positions(shape, strides, 0);
    const shares = new Set(at).size < at.length;
    expect([shape, strides, sharesElements(shape, strides)]).toEqual([shape, strides, shares]);
    answers[`${shares}`]++;
    const low = shape.map(() => below(9) - 4);
    const first = low.reduce((sum, index, dim) => sum + index * strides[dim], 0);
    const value = first + below(2 * Math.max(...at) + 3) - 1;
    const multiples = shape.map((size, dim) => ({ step: strides[dim], low: low[dim], high: low[dim] + size - 1 }));
    const isSum = at.includes(value - first);
    expect([multiples, value, canSumTo(multiples, value, { left: 1e5 })]).toEqual([multiples, value, isSum]);
    answers[`${isSum}`]++;
  }
  expect(Math.min(answers.true, answers.false)).toBeGreaterThan(ROUNDS);
});

test('canSumTo gives up when its budget is spent, and not before', () => {
  const multiples = [301, 303, 307, 311].map((step) => ({ step, low: 0, high: 40 }));
  expect(canSumTo(multiples, 16_544, { left: 1e5 })).toBe(true);
  expect(canSumTo(multiples, 16_544, { left: 0 })).toBeUndefined();
  expect(canSumTo([{ step: 1, low: 1, high: 0 }], 0, { left: 0 })).toBe(false);
  expect(canSumTo([], 0, { left: 0 })).toBe(true);
  expect(canSumTo([], 1, { left: 0 })).toBe(false);
});

/** What `collapse` writes, as one list per dimension; a single one if all operands are contiguous. */
function collapsed(shape: Sizes, strides: readonly Sizes[]): number[][] {
  const dims = new Float64Array(1 + 64 * (1 + strides.length));
  if (!collapse(shape, strides, dims)) return [[shape.reduce((a, b) => a * b, 1), ...strides.map(() => 1)]];
  const row = 1 + strides.length;
  return Array.from({ length: dims[0] }, (_, i) => [...dims.subarray(1 + row * i, 1 + row * (i + 1))]);
}

test('collapse walks the same tuples of positions, in fewer dimensions', () => {
  let merged = 0;
  const before = [...layouts()];
  for (const [i, { shape, strides, what }] of before.entries()) {
    if (shape.includes(0)) continue;
    const repeated = strides.map((stride, dim) => (dim % 2 ? 0 : stride));
    const outStrides = i % 2 ? contiguousStrides(shape) : strides;
    const operands = [[strides, outStrides], [outStrides], [strides, repeated, strides, outStrides]][i % 3];
    const dims = collapsed(shape, operands);
    if (dims.length < shape.length) merged++;
    const sizes = dims.map(([size]) => size);
    const tuples = (all: number[][]) => all[0].map((_, k) => all.map((each) => each[k]).join()).sort();
    const walked = tuples(
      operands.map((_, side) =>
        positions(
          sizes,
          dims.map((dim) => dim[1 + side]),
          0,
        ),
      ),
    );
    expect([what, walked]).toEqual([what, tuples(operands.map((each) => positions(shape, each, 0)))]);
    const steps = dims.map((dim) => dim.at(-1) as number);
    expect([what, steps]).toEqual([what, steps.toSorted((a, b) => b - a)]); // the output is written in order
  }
  expect(merged).toBeGreaterThan(ROUNDS / 4);
});

test('a transposed dense tensor and its result are one run', () => {
  expect(
    collapse(
      [3, 4, 5],
      [
        [1, 15, 3],
        [1, 15, 3],
      ],
      new Float64Array(16),
    ),
  ).toBe(false);
});

test('a row that is repeated over a matrix keeps two dimensions, and a repeated matrix two', () => {
  expect(
    collapsed(
      [2, 3, 4],
      [
        [0, 0, 1],
        [12, 4, 1],
      ],
    ),
  ).toEqual([
    [6, 0, 4],
    [4, 1, 1],
  ]);
  expect(
    collapsed(
      [2, 3, 4],
      [
        [0, 4, 1],
        [12, 4, 1],
        [12, 4, 1],
      ],
    ),
  ).toEqual([
    [2, 0, 12, 12],
    [12, 1, 1, 1],
  ]);
});

test('viewStrides shows the elements in order, and gives up only where no strides could', () => {
  let views = 0;
  for (const { shape, strides, what } of layouts()) {
    const at = positions(shape, strides, 0);
    const flat = viewStrides(shape, strides, [at.length]);
    if (flat !== null) {
      expect([what, positions([at.length], flat, 0)]).toEqual([what, at]);
      views++;
    } else {
      const step = at[1] - at[0];
      expect([what, at.every((position, i) => position === i * step)]).toEqual([what, false]);
    }
  }
  expect(views).toBeGreaterThan(ROUNDS / 4);
});
