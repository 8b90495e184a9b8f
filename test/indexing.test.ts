/**
 * Reading and writing by index, iteration, ranges in several dimensions, and tensors of more than
 * 2^32 elements.
 */

import { constants } from 'node:buffer';
import { type DType, dtypes, type Index, type Tensor } from '../src/index';
import { configurations } from './support/configurations';
import { covered, skip } from './support/coverage';
import { nearest, partOf } from './support/reference';

covered('suite', 'indexing: at, set, index, iteration, more than 2^32 elements');

const elementFor = (dtype: DType, value: number) =>
  partOf(dtype) ? { re: value, im: 0 } : dtype === 'int64' ? BigInt(value) : dtype === 'bool' ? value !== 0 : value;

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { arange, asTensor, empty, memoryStats, tensor, zeros } = api;
  const options = { device };
  const grid = () => arange(24, options).view(2, 3, 4);

  test('at: negative indices, views, no dimensions', () => {
    const x = grid();
    expect([x.at(0, 0, 0), x.at(1, 2, 3), x.at(-1, -1, -1), x.at(-2, 1, -4)]).toEqual([0, 23, 23, 4]);
    expect(x.permute(2, 0, 1).at(3, 1, 0)).toBe(15);
    expect(x.slice(2, 1, null, 2).at(0, 1, 1)).toBe(7);
    expect(x.select(0, 1).expand(5, 3, 4).at(4, 0, 0)).toBe(12);
    expect(tensor(7, options).at()).toBe(7);
    expect(tensor([-0], options).at(0)).toBe(-0);
  });

  test.each(dtypes)('at and set: %s', (dtype) => {
    const x = zeros(2, 2, { dtype, device });
    expect(x.set(elementFor(dtype, 5), 1, -2)).toBe(x);
    expect(x.t().set(true, 0, 0)).toBeInstanceOf(api.Tensor);
    expect(x.at(1, 0)).toEqual(elementFor(dtype, 5));
    expect(x.toArray()).toEqual([
      [elementFor(dtype, 1), elementFor(dtype, 0)],
      [elementFor(dtype, 5), elementFor(dtype, 0)],
    ]);
  });

  test('set rounds once, cuts fractions off, and writes to memory that is not aligned', () => {
    expect(zeros(1, { dtype: 'float16', device }).set(0.1, 0).item()).toBe(nearest('float16', 0.1));
    expect(zeros(1, { dtype: 'int8', device }).set(-1.9, 0).item()).toBe(-1);
    expect(
      zeros(1, { dtype: 'int64', device })
        .set(2n ** 63n - 1n, 0)
        .item(),
    ).toBe(2n ** 63n - 1n);
    expect(zeros(1, { dtype: 'complex64', device }).set({ re: 1, im: -2 }, 0).item()).toEqual({ re: 1, im: -2 });
    expect(tensor(1, options).set(9).item()).toBe(9);
    const bytes = Buffer.alloc(9);
    const odd = asTensor(bytes.subarray(1), { dtype: 'float32', device });
    expect(odd.set(2, 1).toArray()).toEqual([0, 2]);
    if (device === 'cpu') expect(bytes.readFloatLE(5)).toBe(2);
  });

  test('an expanded tensor is written nowhere but where one element is named, which all its indices show', () => {
    const x = tensor([1, 2], options);
    const wide = x.expand(3, 2);
    expect(() => wide.fill_(0)).toThrow(expect.objectContaining({ code: 'ERR_OVERLAP' }));
    expect(wide.set(5, 1, 0).toArray()).toEqual(Array(3).fill([5, 2]));
    expect(x.toArray()).toEqual([5, 2]);
  });

  test.each<[Index[], number[], number]>([
    [[], [2, 3, 4], 0],
    [[1], [3, 4], 12],
    [[-1, -1, -1], [], 23],
    [[[]], [2, 3, 4], 0],
    [[[], [1]], [2, 2, 4], 4],
    [[[], [null, null, 2]], [2, 2, 4], 0],
    [[[], [-2, -1], [1, 4, 2]], [2, 1, 2], 5],
    [[[5]], [0, 3, 4], 24],
    [['...'], [2, 3, 4], 0],
    [['...', 0], [2, 3], 0],
    [[0, '...', -1], [3], 3],
    [['...', [1, 3], 2], [2, 2], 6],
    [[null], [1, 2, 3, 4], 0],
    [['...', null], [2, 3, 4, 1], 0],
    [[1, null, [undefined, 1], null], [1, 1, 1, 4], 12],
    [[[], [], [], '...'], [2, 3, 4], 0],
  ])('index(...%j)', (indices, shape, first) => {
    const result = grid().index(...indices);
    expect([result.shape, result.storageOffset]).toEqual([shape, first]);
    if (result.numel > 0) expect(result.flatten().at(0)).toBe(first);
  });

  test('index gives a view', () => {
    const x = grid();
    x.index([], 0, [1, 3]).fill_(100);
    expect([x.at(0, 0, 0), x.at(0, 0, 1), x.at(1, 0, 2), x.at(1, 1, 1)]).toEqual([0, 100, 100, 17]);
    x.index(0, '...', 3).zero_();
    expect(x.select(0, 0).select(1, 3).toArray()).toEqual([0, 0, 0]);
  });

  test('iteration: views of more dimensions, values of one', () => {
    const x = grid();
    const shapes: unknown[] = [];
    for (const plane of x) {
      for (const row of plane as Tensor) {
        shapes.push((row as Tensor).shape);
        (row as Tensor).set(-1, 0);
      }
    }
    expect(shapes).toEqual(Array(6).fill([4]));
    expect(x.select(2, 0).toArray()).toEqual([
      [-1, -1, -1],
      [-1, -1, -1],
    ]);
    expect([...tensor([1, 4, 9], options).slice(0, null, null, 2)]).toEqual([1, 9]);
    expect(Math.max(...(tensor([1, 4, 2], options) as Iterable<number>))).toBe(4);
    expect([...tensor([2n ** 60n], options)]).toEqual([2n ** 60n]);
    expect(Array.from(tensor([true, false], options))).toEqual([true, false]);
    expect([[...empty(0, options)], [...empty(0, 3, options)]]).toEqual([[], []]);
    expect([...empty(2, 0, options)].map((row) => (row as Tensor).shape)).toEqual([[0], [0]]);
    const [first, ...rest] = tensor(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      options,
    );
    expect([first, ...rest].map((row) => (row as Tensor).toArray())).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(() => [...tensor(1, options)]).toThrow('iteration: a tensor without dimensions has nothing in it');
    expect(x.unbind(-1).map((each) => each.at(1, 2))).toEqual([-1, 21, 22, 23]);
  });

  test('iteration makes one view at a time, and leaves those that were given out', () => {
    const x = zeros(3, 2, options);
    const wide = x.select(0, 0).expand(2 ** 30, 2);
    const { undisposedTensors } = memoryStats();
    const left = () => memoryStats().undisposedTensors - undisposedTensors;
    for (const row of wide) {
      (row as Tensor).dispose();
      break;
    }
    expect(left()).toBe(0);
    const rows = x[Symbol.iterator]();
    expect(left()).toBe(0);
    expect([rows.next().done, left()]).toEqual([false, 1]);
    expect([rows.next().done, left()]).toEqual([false, 2]);
    // Each belongs to the scope in which it was asked for.
    const [row] = api.tidy(() => [(rows.next().value as Tensor).neg()]);
    expect([row.toArray(), left()]).toEqual([[-0, -0], 3]);
    expect([rows.next().done, left()]).toEqual([true, 3]);
  });

  test('iteration of values reads some at a time, and leaves nothing, even where it is not ended', () => {
    const x = arange(140_000, options);
    expect([...x]).toEqual(Array.from({ length: 140_000 }, (_, i) => i));
    const { undisposedTensors } = memoryStats();
    const values = x.slice(0, null, null, 2)[Symbol.iterator]();
    expect([values.next().value, values.next().value]).toEqual([0, 2]);
    expect(memoryStats().undisposedTensors).toBe(undisposedTensors + 1); // the slice
    const later = api.tidy(() => {
      const iterator = x[Symbol.iterator]();
      iterator.next();
      return iterator;
    });
    for (let i = 1; i < 100; i++) expect(later.next().value).toBe(i);
  });

  test('a tensor that a loop disposes ends in ERR_DISPOSED', () => {
    for (const shape of [[2], [2, 2]]) {
      const x = zeros(shape, options);
      let count = 0;
      const loop = () => {
        for (const _ of x) {
          count++;
          x.dispose();
        }
      };
      expect(loop).toThrow(
        expect.objectContaining({ code: 'ERR_DISPOSED', message: expect.stringMatching(/^iteration: /) }),
      );
      expect(count).toBe(1);
    }
    expect(() => zeros(0, options).dispose()).not.toThrow();
    const gone = zeros(2, 0, options);
    gone.dispose();
    expect(() => gone.unbind()).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
  });

  test('reading and writing by index leave nothing behind', () => {
    const x = grid();
    const { undisposedTensors } = memoryStats();
    x.at(0, 0, 0);
    x.set(1, 0, 0, 0).zero_().fill_(2).copy_(x);
    x.toArray();
    [...x.view(24)];
    String(x);
    x.t;
    expect(memoryStats().undisposedTensors).toBe(undisposedTensors + 1); // the view that was spread
  });

  test('views of more elements than 2^32, of which few exist', () => {
    const x = arange(6, options).view(2, 1, 3);
    const wide = x.expand(2, 2 ** 33, 3);
    expect([wide.numel, wide.shape]).toEqual([2 ** 34 * 3, [2, 2 ** 33, 3]]);
    expect(wide.at(-1, 2 ** 33 - 1, 2)).toBe(5);
    expect(wide.narrow(1, 2 ** 33 - 2, 2).toArray()).toEqual([
      [
        [0, 1, 2],
        [0, 1, 2],
      ],
      [
        [3, 4, 5],
        [3, 4, 5],
      ],
    ]);
    expect(
      wide
        .slice(1, 2 ** 32, null, 2 ** 32)
        .rsqrt()
        .square()
        .reciprocal().shape,
    ).toEqual([2, 1, 3]);
    expect(wide.transpose(0, 2).index(2, [-1], 1).item()).toBe(5);
    expect(wide.unfold(1, 2 ** 32, 2 ** 31).shape).toEqual([2, 3, 3, 2 ** 32]);
  });
});

test('a storage of more than 2^32 bytes is written on both sides of the border', () => {
  const { empty } = configurations[0].rsqrt;
  const border = 2 ** 32;
  let x: Tensor<'int8'>;
  try {
    x = empty(border + 4096, { dtype: 'int8' }); // which the system does not bring before it is touched
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_MEMORY' });
    skip('a storage of more than 2^32 bytes', 'this machine cannot allocate it');
    return;
  }
  x.narrow(0, border - 100, 4196).zero_();
  x.narrow(0, border - 50, 100)
    .fill_(3)
    .neg_();
  expect([-51, -50, 49, 50].map((i) => x.at(border + i))).toEqual([0, -3, -3, 0]);
  const columns = x.asStrided([3, 2], [2 ** 31, 7], 2048);
  expect(columns.fill_(5).square().toArray()).toEqual(Array(3).fill([25, 25]));
  expect([2048, 2049, 2055].map((i) => x.at(border + i))).toEqual([5, 0, 5]);
  const words = x.view('float64');
  expect([words.numel, words.at(2 ** 29 - 1) < 0]).toEqual([2 ** 29 + 512, true]);
  x.dispose();
});

test('an ArrayBuffer that no typed array spans is refused; a typed array on a part of it is shared', () => {
  const { asTensor } = configurations[0].rsqrt;
  const buffer = new ArrayBuffer(2 ** 32 + 64);
  if (constants.MAX_LENGTH >= buffer.byteLength) {
    expect(asTensor(buffer).numel).toBe(buffer.byteLength);
  } else {
    expect(() => asTensor(buffer)).toThrow(
      'asTensor: an ArrayBuffer of 4294967360 bytes is larger than typed arrays can be',
    );
  }
  const part = asTensor(new Float32Array(buffer, 2 ** 32, 16));
  expect(part.fill_(4).rsqrt_().at(15)).toBe(0.5);
});
