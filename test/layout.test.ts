/** Strides: the walks that the kernels are given, and torch's rules, against slow and obvious code. */

import {
  collapse,
  contiguousStrides,
  extentOf,
  isContiguous,
  isDense,
  sharesElements,
  viewStrides,
} from '../src/layout';
import { covered } from './support/coverage';
import { randomBits } from './support/reference';
import { positions } from './support/values';

covered('suite', 'layout: random strides');
const SEED = 11;
const ROUNDS = 3000;

/** In an order that is any other's equal, and the same in every Node, unlike that of a sort by chance. */
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

test('collapse walks the same pairs of positions, in fewer dimensions', () => {
  let merged = 0;
  const before = [...layouts()];
  for (const [i, { shape, strides, what }] of before.entries()) {
    if (shape.includes(0)) continue;
    const outStrides = i % 2 ? contiguousStrides(shape) : strides;
    const walk = collapse(shape, strides, outStrides);
    const triples = walk === null ? [[positions(shape, strides, 0).length, 1, 1]] : chunk([...walk]);
    if (triples.length < shape.length) merged++;
    const sizes = triples.map(([size]) => size);
    const pairs = (a: number[], b: number[]) => a.map((position, k) => `${position},${b[k]}`).sort();
    const walked = pairs(
      positions(
        sizes,
        triples.map((t) => t[1]),
        0,
      ),
      positions(
        sizes,
        triples.map((t) => t[2]),
        0,
      ),
    );
    expect([what, walked]).toEqual([what, pairs(positions(shape, strides, 0), positions(shape, outStrides, 0))]);
  }
  expect(merged).toBeGreaterThan(ROUNDS / 4);
});

test('a transposed dense tensor and its result are one run', () => {
  expect(collapse([3, 4, 5], [1, 15, 3], [1, 15, 3])).toBeNull();
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

const chunk = (list: number[]) => Array.from({ length: list.length / 3 }, (_, i) => list.slice(3 * i, 3 * i + 3));
