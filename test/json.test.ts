/** Tensors as JSON and back: the same bits, on every configuration. */

import { type DType, dtypes, type TensorJson } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { fromWord, partOf, toWord } from './support/reference';
import { type AnyArray, dataOf, elementAt, inputs, setElement, wordsOf } from './support/values';

covered('suite', 'JSON');

const lengths = [0, 1, 2, 15, 300, 1025];
const shapes = [[], [0], [0, 3], [2, 0], [3, 0, 2], [1], [1, 1, 1], [5, 3], [2, 3, 4]];

/** The same elements with every NaN the canonical one, and every true byte 1. */
function canonical(dtype: DType, array: AnyArray): AnyArray {
  const result = array.slice();
  const numel = array.length / (partOf(dtype) ? 2 : 1);
  for (let i = 0; i < numel; i++) setElement(result, dtype, i, elementAt(array, dtype, i));
  return result;
}

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { asTensor, fromJSON, ones, tensor, zeros } = api;

  test.each(dtypes)('%s: special values and random bits survive text', (dtype) => {
    for (const length of lengths) {
      const raw = inputs(dtype, length, length + 3);
      const text = JSON.stringify(asTensor(raw, { dtype, device }));
      const back = fromJSON(text, { device });
      expect([back.dtype, back.shape, back.device]).toEqual([dtype, [length], device]);
      expect(wordsOf(dataOf(back))).toEqual(wordsOf(canonical(dtype, raw)));
      expect(JSON.stringify(back)).toBe(text);
    }
  });

  test.each(dtypes)('%s: shapes survive, those without elements too', (dtype) => {
    for (const shape of shapes) {
      const x = ones(shape, { dtype, device });
      for (const json of [x.toJSON(), JSON.stringify(x), JSON.parse(JSON.stringify(x))]) {
        const back = fromJSON(json, { device });
        expect([back.dtype, back.shape, back.device, back.isContiguous()]).toEqual([dtype, shape, device, true]);
        expect(back.toArray()).toEqual(x.toArray());
      }
    }
  });

  test('views are read in order; the device is not part of it', () => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { device },
    );
    const text = '{"dtype":"float32","shape":[3,2],"data":[[1,4],[2,5],[3,6]]}';
    expect(JSON.stringify(x.t())).toBe(text);
    expect([fromJSON(text).device, fromJSON(text, { device: undefined }).device]).toEqual(['cpu', 'cpu']);
    expect(JSON.stringify(x.select(1, 1).expand(2, 2))).toBe('{"dtype":"float32","shape":[2,2],"data":[[2,5],[2,5]]}');
    expect(fromJSON({ ...x.toJSON(), device: 'cuda:9', comment: 'ignored' }, { device }).toArray()).toEqual(
      x.toArray(),
    );
  });

  test('tensors inside of other objects', () => {
    const text = JSON.stringify({
      scale: tensor(2, { device }),
      mask: [tensor([true], { device })],
      none: zeros(0, { device }),
    });
    expect(text).toBe(
      '{"scale":{"dtype":"float32","shape":[],"data":2},"mask":[{"dtype":"bool","shape":[1],"data":[true]}],' +
        '"none":{"dtype":"float32","shape":[0],"data":[]}}',
    );
    expect(fromJSON(JSON.parse(text).mask[0]).toArray()).toEqual([true]);
  });

  test('what JSON lacks is a string', () => {
    const data = (x: { toJSON(): TensorJson }) => x.toJSON().data;
    expect(data(tensor([Number.NaN, Infinity, -Infinity, -0, 0], { device }))).toEqual([
      'NaN',
      'Infinity',
      '-Infinity',
      '-0',
      0,
    ]);
    expect(data(tensor([2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 63n)], { device }))).toEqual([
      9007199254740991,
      '9007199254740992',
      -9007199254740991,
      '-9223372036854775808',
    ]);
    expect(data(tensor([{ re: -0, im: Number.NaN }], { device }))).toEqual([{ re: '-0', im: 'NaN' }]);
    expect(data(tensor(0.1, { dtype: 'float16', device }))).toBe(0.0999755859375);
  });

  test('lists are read by index, whatever methods they have', () => {
    const data = Object.assign([1, 2], { map: () => [7], [Symbol.iterator]: () => [7].values() });
    const json = { dtype: 'float32', shape: [2], data } as const;
    expect(fromJSON(json, { device }).toArray()).toEqual([1, 2]);
  });

  test('what others write is read: digits in strings, numbers that are rounded once', () => {
    const read = (dtype: DType, data: unknown) => fromJSON({ dtype, shape: [], data }, { device }).item();
    expect(read('int8', '-7')).toBe(-7);
    expect(read('int64', '7')).toBe(7n);
    expect(read('int64', `-${'0'.repeat(100)}7`)).toBe(-7n);
    expect(read('int64', '-9223372036854775808')).toBe(-(2n ** 63n));
    expect(read('int64', -0)).toBe(0n);
    expect(read('float16', 0.1)).toBe(0.0999755859375);
    expect(read('complex64', { re: '-Infinity', im: 1, more: true })).toEqual({ re: -Infinity, im: 1 });
  });
});

test.each(['float16', 'bfloat16'] as const)('%s: all values', (dtype) => {
  const [{ rsqrt }] = configurations;
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const back = rsqrt.fromJSON(JSON.stringify(rsqrt.asTensor(bits, { dtype }))).data as Uint16Array;
  const expected = [...bits].map((word) => Number(toWord(dtype, fromWord(dtype, word))));
  expect([...back]).toEqual(expected);
});
