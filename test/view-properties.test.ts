/**
 * Random chains of views over random strided tensors of every dtype, against the model in
 * support/view-model.ts: shape, strides, offset, contiguity, values, what an operation returns, and
 * where writes land. `RSQRT_TEST_SEED` and `RSQRT_TEST_RUNS` (support/runs.ts) repeat or extend a run.
 */

import fc from 'fast-check';
import { type DType, dtypes, type Tensor } from '../src/index';
import { load, type Rsqrt } from './support/configurations';
import { covered } from './support/coverage';
import { partOf } from './support/reference';
import { runs } from './support/runs';
import { type AnyArray, arrayFor, elementAt, setElement } from './support/values';
import type { Model } from './support/view-model';
import * as model from './support/view-model';

const seed = Number(process.env.RSQRT_TEST_SEED ?? Date.now() % 2 ** 31);

const MOST = 150; // elements of a view

/** A view of a tensor, and the same of its model. */
interface Pair {
  tensor: Tensor;
  model: Model;
}

/** Numbers from which a step chooses whatever it needs. */
type Choices = (below: number) => number;

/** A step from one view to the next; null where it does not apply. */
type Step = (pair: Pair, choose: Choices) => Pair | null;

const dimOf = ({ model: { shape } }: Pair, choose: Choices): number => choose(shape.length);
/** The same dimension, or the same counted from the end. */
const spelled = (dim: number, ndim: number, choose: Choices): number => (choose(2) ? dim : dim - ndim);

/** Some shape of as many elements. */
function shapeOf(numel: number, choose: Choices): number[] {
  if (numel === 0) return Array.from({ length: 1 + choose(3) }, () => choose(3)).with(0, 0);
  const shape: number[] = [];
  for (let left = numel; left > 1; ) {
    const divisors = Array.from({ length: left }, (_, i) => i + 1).filter((i) => left % i === 0);
    const size = divisors[choose(divisors.length)];
    shape.push(size);
    left /= size;
    if (shape.length > 4) return [...shape, left];
  }
  return shape;
}

function shuffled(list: number[], choose: Choices): number[] {
  const rest = [...list];
  return list.map(() => rest.splice(choose(rest.length), 1)[0]);
}

const steps: Record<string, Step> = {
  view({ tensor, model: of }, choose) {
    const shape = shapeOf(model.numel(of.shape), choose);
    const result = model.reshape(of, shape);
    if (model.numel(shape) > 0 && model.stridesOf(result) === null) {
      expect(() => tensor.view(shape)).toThrow(expect.objectContaining({ code: 'ERR_SHAPE' }));
      return null;
    }
    const holes = model.numel(shape) > 0 && shape.length > 0 ? shape.with(choose(shape.length), -1) : shape;
    return { tensor: tensor.view(holes), model: result };
  },
  flatten({ tensor, model: of }, choose) {
    const start = choose(of.shape.length + 1);
    const end = start + choose(of.shape.length - start);
    if (of.shape.length === 0 || start > end || end >= of.shape.length) return null;
    const shape = [
      ...of.shape.slice(0, start),
      model.numel(of.shape.slice(start, end + 1)),
      ...of.shape.slice(end + 1),
    ];
    const result = model.reshape(of, shape);
    if (model.stridesOf(result) === null) return null; // a copy, which the test of values sees
    return { tensor: tensor.flatten(start, spelled(end, of.shape.length, choose)), model: result };
  },
  unflatten(pair, choose) {
    const dim = dimOf(pair, choose);
    const size = pair.model.shape[dim];
    if (!size) return null;
    const sizes = shapeOf(size, choose);
    if (sizes.length === 0) sizes.push(1);
    const shape = pair.model.shape.toSpliced(dim, 1, ...sizes);
    return { tensor: pair.tensor.unflatten(dim, sizes), model: model.reshape(pair.model, shape) };
  },
  permute({ tensor, model: of }, choose) {
    const order = shuffled([...of.shape.keys()], choose);
    return { tensor: choose(2) ? tensor.permute(order) : tensor.permute(...order), model: model.permute(of, order) };
  },
  transpose(pair, choose) {
    const { length } = pair.model.shape;
    if (length === 0) return null;
    const [a, b] = [dimOf(pair, choose), dimOf(pair, choose)];
    const order = [...pair.model.shape.keys()].with(a, b).with(b, a);
    return {
      tensor: pair.tensor.transpose(spelled(a, length, choose), b),
      model: model.permute(pair.model, order),
    };
  },
  movedim(pair, choose) {
    const { length } = pair.model.shape;
    if (length === 0) return null;
    const [from, to] = [dimOf(pair, choose), dimOf(pair, choose)];
    const order = [...pair.model.shape.keys()].toSpliced(from, 1).toSpliced(to, 0, from);
    return { tensor: pair.tensor.movedim(from, spelled(to, length, choose)), model: model.permute(pair.model, order) };
  },
  t({ tensor, model: of }) {
    if (of.shape.length > 2) return null;
    return { tensor: tensor.t(), model: model.permute(of, [...of.shape.keys()].reverse()) };
  },
  narrow(pair, choose) {
    if (pair.model.shape.length === 0) return null;
    const dim = dimOf(pair, choose);
    const start = choose(pair.model.shape[dim] + 1);
    const length = choose(pair.model.shape[dim] - start + 1);
    return {
      tensor: pair.tensor.narrow(spelled(dim, pair.model.shape.length, choose), start, length),
      model: model.slice(pair.model, dim, start, start + length, 1),
    };
  },
  slice(pair, choose) {
    if (pair.model.shape.length === 0) return null;
    const dim = dimOf(pair, choose);
    const size = pair.model.shape[dim];
    const [start, end, step] = [choose(2 * size + 4) - size - 2, choose(2 * size + 4) - size - 2, 1 + choose(3)];
    return { tensor: pair.tensor.slice(dim, start, end, step), model: model.slice(pair.model, dim, start, end, step) };
  },
  select(pair, choose) {
    const dim = dimOf(pair, choose);
    const size = pair.model.shape[dim];
    if (!size) return null;
    const i = choose(size);
    return { tensor: pair.tensor.select(dim, spelled(i, size, choose)), model: model.select(pair.model, dim, i) };
  },
  index({ tensor, model: of }, choose) {
    // The last dimension selected, a new one in front, the first reduced: as in x[None, 1:, ...,
    // 0].
    const last = of.shape.length - 1;
    if (last < 1 || of.shape[last] === 0) return null;
    const i = choose(of.shape[last]);
    const picked = model.slice(model.select(of, last, i), 0, 1, of.shape[0], 1);
    return { tensor: tensor.index(null, [1], '...', i), model: model.unsqueeze(picked, 0) };
  },
  unbind({ tensor, model: of }, choose) {
    const [first] = of.shape;
    if (!first) return null;
    const i = choose(first);
    const rows = tensor.unbind();
    expect(rows).toHaveLength(first);
    return { tensor: rows[i], model: model.select(of, 0, i) };
  },
  expand({ tensor, model: of }, choose) {
    const front = Array.from({ length: choose(2) }, () => 1 + choose(2));
    const shape = [...front, ...of.shape.map((size) => (size === 1 ? 1 + choose(3) : size))];
    if (model.numel(shape) > MOST) return null;
    const asked = shape.map((size, dim) =>
      dim >= front.length && choose(2) && size === of.shape[dim - front.length] ? -1 : size,
    );
    return { tensor: choose(2) ? tensor.expand(asked) : tensor.broadcastTo(...asked), model: model.expand(of, shape) };
  },
  unsqueeze({ tensor, model: of }, choose) {
    const dim = choose(of.shape.length + 1);
    return { tensor: tensor.unsqueeze(spelled(dim, of.shape.length + 1, choose)), model: model.unsqueeze(of, dim) };
  },
  squeeze({ tensor, model: of }, choose) {
    const all = [...of.shape.keys()];
    if (choose(2)) return { tensor: tensor.squeeze(), model: model.squeeze(of, all) };
    const dims = shuffled(all, choose).slice(0, choose(of.shape.length + 1));
    return { tensor: tensor.squeeze(dims), model: model.squeeze(of, dims) };
  },
  unfold(pair, choose) {
    if (pair.model.shape.length === 0) return null;
    const dim = dimOf(pair, choose);
    const size = choose(pair.model.shape[dim] + 1);
    const step = 1 + choose(3);
    const result = model.unfold(pair.model, dim, size, step);
    return model.numel(result.shape) > MOST ? null : { tensor: pair.tensor.unfold(dim, size, step), model: result };
  },
  diagonal(pair, choose) {
    const { length } = pair.model.shape;
    const [a, b] = [dimOf(pair, choose), dimOf(pair, choose)];
    if (length < 2 || a === b) return null;
    const offset = choose(7) - 3;
    return {
      tensor: pair.tensor.diagonal(offset, spelled(a, length, choose), b),
      model: model.diagonal(pair.model, offset, a, b),
    };
  },
};

/** A tensor over a storage of small whole numbers, which every dtype holds, and its model. */
function base(rsqrt: Rsqrt, device: 'cpu' | 'cuda:0', dtype: DType, choose: Choices) {
  const shape = Array.from({ length: choose(5) }, () => 1 + choose(4));
  while (model.numel(shape) > MOST) shape.pop();
  const dense = choose(2) === 0;
  const strides = shape.map((_, dim) => (dense ? model.numel(shape.slice(dim + 1)) : choose(9)));
  const offset = choose(4);
  const length = offset + shape.reduce((last, size, dim) => last + (size - 1) * strides[dim], 0) + 1 + choose(3);
  const memory = arrayFor(dtype, length);
  for (let i = 0; i < length; i++) setElement(memory, dtype, i, elementOf(dtype, 1 + (i % 100)));
  const storage = rsqrt.tensor(
    Array.from({ length }, (_, i) => elementAt(memory, dtype, i)),
    { dtype, device },
  );
  const at = (index: readonly number[]) => index.reduce((sum, i, dim) => sum + i * strides[dim], offset);
  return { storage, memory, pair: { tensor: storage.asStrided(shape, strides, offset), model: { shape, at } } };
}

function elementOf(dtype: DType, number: number) {
  if (partOf(dtype)) return { re: number, im: 0 };
  return dtype === 'int64' ? BigInt(number) : dtype === 'bool' ? number % 2 === 1 : number;
}

function check({ tensor, model: of }: Pair, memory: AnyArray): void {
  const strides = model.stridesOf(of);
  expect(strides).not.toBeNull();
  expect(tensor.shape).toEqual(of.shape);
  expect([tensor.ndim, tensor.numel]).toEqual([of.shape.length, model.numel(of.shape)]);
  const all = model.positionsOf(of);
  if (all.length > 0) {
    // Strides of dimensions too small to tell carry no meaning.
    expect(tensor.strides.map((stride, dim) => (of.shape[dim] > 1 ? stride : 0))).toEqual(strides);
    expect(tensor.storageOffset).toBe(all[0]);
  }
  expect(tensor.isContiguous()).toBe(model.isContiguous(of));
  expect(flat(tensor.toArray())).toEqual(all.map((position) => elementAt(memory, tensor.dtype, position)));
}

const flat = (nested: unknown): unknown[] => (Array.isArray(nested) ? nested.flat(64) : [nested]);

/**
 * What is written through a view lands where the model says, and nowhere else; what shares elements
 * is refused.
 */
function checkWrites(rsqrt: Rsqrt, { tensor, model: of }: Pair, storage: Tensor, memory: AnyArray, choose: Choices) {
  const { dtype } = tensor;
  const all = model.positionsOf(of);
  const ways: [write: () => unknown, value: (i: number) => number][] = [
    [() => tensor.fill_(7), () => 7],
    [() => tensor.zero_(), () => 0],
    [() => tensor.copy_(rsqrt.arange(all.length, { device: tensor.device }).view(of.shape).to('uint8')), (i) => i],
    [() => tensor.copy_(rsqrt.full([], 3, { dtype: 'int16' })), () => 3],
  ];
  const [write, value] = ways[choose(ways.length)];
  if (model.sharesElements(of)) {
    expect(write).toThrow(expect.objectContaining({ code: 'ERR_OVERLAP' }));
    if (all.length > 0) expect(() => rsqrt.square_(tensor)).toThrow();
  } else {
    write();
    all.forEach((position, i) => {
      setElement(memory, dtype, position, elementOf(dtype, dtype === 'bool' ? Number(value(i) !== 0) : value(i)));
    });
    if (all.length > 0) {
      const [index] = model.indices(of.shape).slice(choose(all.length));
      tensor.set(5, ...index.map((i, dim) => spelled(i, of.shape[dim], choose)));
      setElement(memory, dtype, of.at(index), elementOf(dtype, 5));
      expect(tensor.at(...index)).toEqual(elementAt(memory, dtype, of.at(index)));
    }
  }
  expect(storage.toArray()).toEqual(Array.from({ length: storage.numel }, (_, i) => elementAt(memory, dtype, i)));
}

/** A copy has the elements of the view, and its own memory. */
function checkCopies(rsqrt: Rsqrt, { tensor, model: of }: Pair, memory: AnyArray, choose: Choices): void {
  const values = model.positionsOf(of).map((position) => elementAt(memory, tensor.dtype, position));
  const copies: (() => Tensor)[] = [
    () => tensor.clone(),
    () => tensor.contiguous(),
    () => tensor.reshape(-1),
    () => tensor.flatten(),
    () => rsqrt.abs(tensor.to('float64')),
    () => rsqrt.sqrt(rsqrt.square(tensor.to('float64'))),
    () => rsqrt.neg(rsqrt.neg(tensor.to('int32'))),
  ];
  const copy = copies[choose(copies.length)]();
  expect(copy.numel).toBe(values.length);
  const numbers = (list: unknown[]) => list.map((value) => Number((value as { re?: number }).re ?? value));
  expect(numbers(flat(copy.toArray()))).toEqual(numbers(values));
}

const local = load('local');
const simulated = load('simulated');

test.each([
  ['the CPU', local, 'cpu', runs],
  ['the simulated device', simulated, 'cuda:0', Math.ceil(runs / 10)],
] as const)('chains of views on %s', (name, rsqrt, device, numRuns) => {
  const taken = new Map<string, number>();
  let longest = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...dtypes),
      fc.array(fc.constantFrom(...Object.keys(steps)), { maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      (dtype, names, numbers) => {
        const choose: Choices = (below) => (below > 0 ? (numbers.next().value as number) % below : 0);
        rsqrt.tidy(() => {
          const { storage, memory, pair: first } = base(rsqrt, device, dtype, choose);
          let pair: Pair = first;
          let length = 0;
          check(pair, memory);
          for (const step of names) {
            const next = steps[step](pair, choose);
            if (next === null) continue;
            pair = next;
            length++;
            taken.set(step, (taken.get(step) ?? 0) + 1);
            check(pair, memory);
          }
          longest = Math.max(longest, length);
          checkCopies(rsqrt, pair, memory, choose);
          checkWrites(rsqrt, pair, storage, memory, choose);
        });
      },
    ),
    { seed, numRuns },
  );
  // Every kind of step was taken often enough to mean something.
  if (numRuns >= 500) {
    expect(Object.keys(steps).filter((step) => (taken.get(step) ?? 0) < numRuns / 100)).toEqual([]);
  }
  covered('property test', `${numRuns} chains of up to ${longest} views on ${name}, seed ${seed}`);
});
