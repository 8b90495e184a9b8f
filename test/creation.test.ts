/**
 * Making tensors: filled, like others, evenly spaced. On every configuration, and against torch.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { type Complex, type DType, dtypes, type Tensor } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { isFloat, nearest } from './support/reference';
import { dataOf, elementAt, rawOf, wordsOf } from './support/values';

type Json = number | string | { re: number | string; im: number | string };
const vectors = JSON.parse(readFileSync(path.join(__dirname, 'vectors', 'creation.json'), 'utf8')) as {
  linspace: [start: Json, end: Json, steps: number, dtype: DType, bytes: string][];
  arange: [start: Json, end: Json, step: Json, dtype: DType, bytes: string | null][];
  like: [shape: number[], strides: number[], expected: number[]][];
};
covered('vectors', 'creation.json (linspace, arange, like)');

/** The code of the error that a call throws. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

/** A value from a vector. */
const value = (json: Json): number | Complex =>
  typeof json === 'object' ? { re: Number(json.re), im: Number(json.im) } : Number(json);

/** A real number from a vector: one of which JSON would lose digits is a bigint. */
const realValue = (json: Json): number | bigint => (typeof json === 'string' ? BigInt(json) : Number(json));

const shapes = [[], [0], [1], [17], [3, 0, 2], [3, 129]];

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { arange, empty, emptyLike, full, fullLike, linspace, memoryStats, ones, onesLike, tensor, zeros, zerosLike } =
    api;
  const bytesOf = (x: ReturnType<typeof zeros>) => Buffer.from(new Uint8Array(dataOf(x).slice().buffer));

  test.each(dtypes)('%s: every element is the value, in every shape', (dtype) => {
    const values = isFloat(dtype) ? [2.5, -0, Number.NaN, -Infinity, 1e-45] : [0, 1, 100];
    for (const shape of shapes) {
      for (const each of dtype.startsWith('complex') ? [{ re: -0, im: 2.5 }, 7, true] : values) {
        const x = full(shape, each, { dtype, device });
        const [one] = [tensor(each, { dtype }).toArray()];
        expect([x.dtype, x.device, x.shape, x.isContiguous()]).toEqual([dtype, device, shape, true]);
        const raw = dataOf(x);
        for (let i = 0; i < x.numel; i++) {
          if (!Object.is(elementAt(raw, dtype, i), one)) expect(elementAt(raw, dtype, i)).toEqual(one);
        }
      }
      expect(zeros(shape, { dtype, device }).to('bool').toArray()).toEqual(full(shape, false, { device }).toArray());
      expect(ones(shape, { dtype, device }).toArray()).toEqual(full(shape, 1, { dtype }).toArray());
    }
  });

  if (device !== 'cpu') {
    test('filling on a device does not bring the elements from the CPU', () => {
      api.emptyCache();
      const before = memoryStats();
      const made = [zeros(100_000, { device }), full(100_000, 7, { device }), onesLike(zeros(100_000), { device })];
      const { undisposedBytes, cachedBytes } = memoryStats();
      // Three on the device, and the one on the CPU that onesLike was given.
      expect([undisposedBytes - before.undisposedBytes, cachedBytes]).toEqual([4 * 400_000, 0]);
      expect(made.map((x) => x.at(99_999))).toEqual([0, 7, 1]);
    });
  }

  test('what cannot be made leaves nothing behind', () => {
    const before = memoryStats();
    const wrong = [
      () => full(1000, 300, { dtype: 'int8', device }),
      () => fullLike(zeros(2, { dtype: 'int8', device }), { re: 1, im: 1 }),
      () => tensor([1, 2, 300], { dtype: 'int8', device }),
      () => linspace(0, 300, 3, { dtype: 'int8', device }),
    ];
    for (const call of wrong) expect(call).toThrow();
    expect(memoryStats().undisposedTensors - before.undisposedTensors).toBe(1); // what fullLike was given
  });

  test.each(vectors.like)('strides of a tensor like one of shape %j, strides %j', (shape, strides, expected) => {
    const x = empty(5000, { device, dtype: 'int16' }).asStrided(shape, strides);
    const made = [emptyLike(x), zerosLike(x), onesLike(x), fullLike(x, 7)];
    for (const y of made) expect([y.dtype, y.device, y.shape, y.strides]).toEqual(['int16', device, shape, expected]);
    expect(made.slice(1).map((y) => [...rawOf(y)])).toEqual([0, 1, 7].map((each) => Array(x.numel).fill(each)));
    expect(made.every((y) => y.storageOffset === 0)).toBe(true);
  });

  test('like: the dtype and device that options name, else those of the input', () => {
    const x = tensor([[1n, 2n, 3n]], { device });
    expect(onesLike(x, { dtype: 'float16' }).rsqrt().toArray()).toEqual([[1, 1, 1]]);
    expect([zerosLike(x, { device: 'cpu' }).device, zerosLike(x, { device: undefined }).device]).toEqual([
      'cpu',
      device,
    ]);
    expect([fullLike(x, 1.9).dtype, fullLike(x, 1.9).toArray()]).toEqual(['int64', [[1n, 1n, 1n]]]);
    expect(fullLike(x, { re: 1, im: 2 }, { dtype: 'complex64' }).at(0, 2)).toEqual({ re: 1, im: 2 });
    expect(zerosLike(x.t(), { dtype: 'bool' }).strides).toEqual([1, 3]);
    expect(zerosLike(x.cpu(), { device }).device).toBe(device);
  });

  test('arange: what torch gives, and what it refuses', () => {
    for (const [start, end, step, dtype, bytes] of vectors.arange) {
      const name = `arange(${start}, ${end}, ${step}, ${dtype})`;
      const call = () => arange(realValue(start), realValue(end), realValue(step), { dtype, device });
      if (bytes === null) {
        expect([name, codeOf(call)]).toEqual([name, 'ERR_OUT_OF_RANGE']);
        continue;
      }
      const x = call();
      expect([name, x.dtype, x.device, x.ndim]).toEqual([name, dtype, device, 1]);
      if (bytesOf(x).toString('hex') === bytes) continue;
      expect([name, x.toArray()]).toEqual([name, api.asTensor(Buffer.from(bytes, 'hex'), { dtype }).toArray()]);
    }
  });

  test('arange: integers of any size are counted exactly', () => {
    const options = { dtype: 'int64', device } as const;
    const counted = (start: number | bigint, end: number | bigint, step: number | bigint = 1) =>
      arange(start, end, step, options).toArray();
    const big = 2n ** 60n;
    // In float64 the end is lost beside 3 * 2^60, and the quotient of these two is above 100.
    expect(arange(0n, 3n * big + 1n, big, { device }).toArray()).toEqual([0n, big, 2n * big, 3n * big]);
    const [end, step] = [144962911544046900n, 1449629115440469n];
    expect(arange(0n, end, step, { device }).toArray()).toEqual(
      Array.from({ length: 100 }, (_, i) => BigInt(i) * step),
    );
    expect(arange(end, 0n, -step, { device }).numel).toBe(100);
    // Numbers and bigints together.
    expect(counted(0, 3n * big + 1n, 2 ** 60)).toEqual([0n, big, 2n * big, 3n * big]);
    expect(counted(2 ** 53, 2n ** 53n + 5n, 2)).toEqual([0n, 2n, 4n].map((i) => 2n ** 53n + i));
    expect(counted(2n ** 53n + 1n, 2 ** 53, -1)).toEqual([2n ** 53n + 1n]);
    expect(counted(-(2 ** 53) + 1, 2 ** 53 - 1, 2 ** 52)).toEqual(
      [0n, 1n, 2n, 3n].map((i) => 1n - 2n ** 53n + i * 2n ** 52n),
    );
    expect(counted(-(2n ** 63n), 2n ** 63n, 2n ** 63n - 1n)).toEqual([-(2n ** 63n), -1n, 2n ** 63n - 2n]);
    // The end may be beyond what the dtype holds, and the numbers below it not.
    expect(counted(2n ** 63n - 2n, 2n ** 64n, 2n ** 70n)).toEqual([2n ** 63n - 2n]);
    expect(counted(2n ** 70n, 2n ** 70n)).toEqual([]);
    expect(codeOf(() => counted(2n ** 63n - 2n, 2n ** 63n + 1n))).toBe('ERR_OUT_OF_RANGE');
    // Float dtypes: counted exactly, each number rounded once.
    const float = arange(2n ** 24n + 1n, 2n ** 24n + 6n, 2, { device });
    expect([float.dtype, float.toArray()]).toEqual(['float32', [2 ** 24, 2 ** 24 + 4, 2 ** 24 + 4]]);
    const double = arange(2n ** 53n + 1n, 2 ** 53 + 8, 2n, { dtype: 'float64', device });
    expect(double.toArray()).toEqual([2 ** 53, 2 ** 53 + 4, 2 ** 53 + 4, 2 ** 53 + 8]);
    const fractions = arange(0.5, 2n ** 53n, 2n ** 52n, { dtype: 'float64', device });
    expect(fractions.toArray()).toEqual([0.5, 2 ** 52]);
  });

  test('linspace: of int64 beyond 2^53, exactly', () => {
    const options = { dtype: 'int64', device } as const;
    const start = 2n ** 60n + 1n;
    expect(linspace(start, start + 4n, 5, options).toArray()).toEqual([0n, 1n, 2n, 3n, 4n].map((i) => start + i));
    expect(linspace(start, start, 2, options).toArray()).toEqual([start, start]);
    expect(linspace(start, 0, 1, options).toArray()).toEqual([start]);
    expect(linspace(start, 0, 0, options).toArray()).toEqual([]);
    expect(linspace(-start, start, 3, options).toArray()).toEqual([-start, 0n, start]);
    expect(linspace(0, start, 4, options).toArray()).toEqual([0n, start / 3n, (2n * start) / 3n, start]);
    expect(linspace(0, -start, 3, options).toArray()).toEqual([0n, -start / 2n, -start]);
    const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
    expect(linspace(least, most, 4, options).toArray()).toEqual([
      least,
      -(2n ** 63n + 1n) / 3n,
      (2n ** 63n - 2n) / 3n,
      most,
    ]);
  });

  test('linspace: the bits of torch without wide vectors', () => {
    for (const [start, end, steps, dtype, bytes] of vectors.linspace) {
      const x = linspace(value(start), value(end), steps, { dtype, device });
      const name = `linspace(${JSON.stringify(start)}, ${JSON.stringify(end)}, ${steps}, ${dtype})`;
      expect([x.dtype, x.device, x.shape]).toEqual([dtype, device, [steps]]);
      if (bytesOf(x).toString('hex') === bytes) continue;
      const expected = api.asTensor(Buffer.from(bytes, 'hex'), { dtype });
      expect([name, x.toArray()]).toEqual([name, expected.toArray()]); // NaN may have other bits
    }
  });

  test.each(['float16', 'bfloat16'] as const)('linspace: %s is computed in float32 and rounded once', (dtype) => {
    for (const steps of [0, 1, 2, 3, 7, 40, 1001]) {
      const [start, end] = [nearest(dtype, -0.7), nearest(dtype, 3.3)];
      const expected = linspace(start, end, steps).toArray() as number[];
      expect(linspace(-0.7, 3.3, steps, { dtype, device }).toArray()).toEqual(expected.map((x) => nearest(dtype, x)));
    }
  });

  test('linspace: dtypes without one asked for; bigints and booleans are numbers', () => {
    expect(linspace(0, 10n, 3, { device }).toArray()).toEqual([0, 5, 10]);
    expect(linspace(0n, 10n, 3, { device }).dtype).toBe('float32');
    expect(linspace(1, { re: 0, im: 2 }, 3, { device }).toArray()).toEqual([
      { re: 1, im: 0 },
      { re: 0.5, im: 1 },
      { re: 0, im: 2 },
    ]);
    expect(linspace(5, 5n, 1, { dtype: 'complex128', device }).toArray()).toEqual([{ re: 5, im: 0 }]);
    expect([...wordsOf(dataOf(linspace(-0, 1, 1, { device })))]).toEqual([0x80000000]);
    expect(linspace(2 ** 53, 2n ** 60n, 2, { dtype: 'int64', device }).toArray()).toEqual([2n ** 53n, 2n ** 60n]);
  });
});

test('lists of arrays and values have the dtype that they promote to', () => {
  const [{ rsqrt }] = configurations;
  const { tensor } = rsqrt;
  expect(tensor([Uint8Array.of(200), Int8Array.of(-1)]).toArray()).toEqual([[200], [-1]]);
  const data = [
    [Uint8Array.of(1), Int8Array.of(1)],
    [Int8Array.of(1), [true]],
    [Int8Array.of(1), [1n]],
    [Float64Array.of(1), [1]],
    [Float64Array.of(1), [{ re: 1, im: 0 }]],
    [Int32Array.of(1), [0.5]],
  ];
  expect(data.map((each) => tensor(each).dtype)).toEqual([
    'int16',
    'int8',
    'int64',
    'float64',
    'complex128',
    'float32',
  ]);
});

// ---------------------------------------------------------------- tensors and unsigned arrays as data

describe.each(configurations)('$name: data of tensors', ({ rsqrt: api, device }) => {
  const { tensor, memoryStats } = api;

  test('a tensor is copied, with its dtype, device and strides, as torch.tensor does', () => {
    const x = tensor(
      [
        [1.5, 2],
        [-3, 300],
      ],
      { device },
    );
    const copies: Tensor[] = [tensor(x), tensor(x.t()), tensor(x, { dtype: 'int8' }), tensor(x, { device: 'cpu' })];
    expect(copies.map((y) => [y.dtype, y.device, y.strides])).toEqual([
      ['float32', device, [2, 1]],
      ['float32', device, [1, 2]],
      ['int8', device, [2, 1]],
      ['float32', 'cpu', [2, 1]],
    ]);
    // As by `to`, which saturates.
    expect(copies[2].toArray()).toEqual([
      [1, 2],
      [-3, 127],
    ]);
    x.zero_();
    expect(copies[1].toArray()).toEqual([
      [1.5, -3],
      [2, 300],
    ]);
  });

  test('tensors in lists: rows and values, on the CPU unless a device is asked for', () => {
    const row = tensor([1, 2], { device });
    const value = row.select(0, 1);
    const made = (data: Parameters<typeof tensor>[0], options = {}) => {
      const x = tensor(data, options);
      return [x.dtype, x.device, x.toArray()];
    };
    expect(made([row, row.t()])).toEqual([
      'float32',
      'cpu',
      [
        [1, 2],
        [1, 2],
      ],
    ]);
    expect(made([row, [3, value]], { device })).toEqual([
      'float32',
      device,
      [
        [1, 2],
        [3, 2],
      ],
    ]);
    expect(made([[3, 4], row], { dtype: 'int64', device })).toEqual([
      'int64',
      device,
      [
        [3n, 4n],
        [1n, 2n],
      ],
    ]);
    expect(made([[value], [value]], { device })).toEqual(['float32', device, [[2], [2]]]);
    expect(made([new Float64Array([3, 4]), row])).toEqual([
      'float64',
      'cpu',
      [
        [3, 4],
        [1, 2],
      ],
    ]);
    const matrix = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { device },
    );
    expect(made([[matrix.t(), [row, [5, 6]]]])).toEqual([
      'float32',
      'cpu',
      [
        [
          [
            [1, 3],
            [2, 4],
          ],
          [
            [1, 2],
            [5, 6],
          ],
        ],
      ],
    ]);
    const none = row.narrow(0, 0, 0);
    expect(tensor([none, none], { device }).shape).toEqual([2, 0]);
    expect(made([tensor({ re: 1, im: 2 }), value])).toEqual([
      'complex64',
      'cpu',
      [
        { re: 1, im: 2 },
        { re: 2, im: 0 },
      ],
    ]);
  });

  // [dtype of a 0-d tensor, or a value; another; dtype of torch.tensor([a, b])], where a plain
  // number of ours is a float.
  test.each([
    ['float32', 'float64', 'float64'],
    ['float64', 1.5, 'float64'],
    ['int64', 1.5, 'float32'],
    ['float16', 'int64', 'float16'],
    ['float16', 0.5, 'float32'],
    ['float16', 'bfloat16', 'float32'],
    ['int8', 'uint8', 'int16'],
    ['int8', 1n, 'int64'],
    ['bool', 'int8', 'int8'],
    ['float64', 'complex64', 'complex128'],
  ] as const)('%s and %s give %s, as in torch', (a, b, expected) => {
    const of = (dtype: DType | number | bigint) => (typeof dtype === 'string' ? tensor(1, { dtype, device }) : dtype);
    expect(tensor([of(a), of(b)]).dtype).toBe(expected);
    expect(tensor([of(b), of(a)]).dtype).toBe(expected);
  });

  test('what is made on the way, and of what fails, is given back', () => {
    const x = tensor([1, 2], { device });
    const before = memoryStats();
    tensor([x, [3, 4]], { device }).dispose();
    tensor([x, x], { device }).dispose();
    expect(() => tensor([x, [1n, 300n]], { dtype: 'int8', device })).toThrow('must be from -128 to 127');
    const { undisposedTensors, undisposedBytes } = memoryStats();
    expect([undisposedTensors, undisposedBytes]).toEqual([before.undisposedTensors, before.undisposedBytes]);
  });

  test('tensors in a list that changes while it is read: as they were read, or an error', () => {
    const x = tensor([1, 2], { device });
    let reads = 0;
    const changing = new Proxy([x, x], {
      get: (target, key) => (key === '1' && reads++ > 0 ? [1, 2, 3] : Reflect.get(target, key)),
    });
    expect(tensor(changing).toArray()).toEqual([
      [1, 2],
      [1, 2],
    ]);
    // Read first, and disposed or given another shape by what is read next.
    const disposed = x.clone();
    const disposing = Object.defineProperty([disposed, x], 1, {
      get: () => {
        disposed.dispose();
        return x;
      },
    });
    expect(() => tensor(disposing)).toThrow('was disposed');
    const out = tensor([7, 8], { device });
    const resizing = Object.defineProperty([out, x], 1, {
      get: () => {
        api.rsqrt(tensor([4, 16, 25], { device }), { out });
        return x;
      },
    });
    expect(() => tensor(resizing)).toThrow(/does not expand/);
  });

  test('unsigned arrays: values, of int64 unless a dtype is asked for', () => {
    const made = (data: Parameters<typeof tensor>[0], dtype?: DType) => {
      const x = tensor(data, dtype === undefined ? { device } : { dtype, device });
      return [x.dtype, x.toArray()];
    };
    const most = 2 ** 32 - 1;
    expect(made(Uint32Array.of(0, most))).toEqual(['int64', [0n, BigInt(most)]]);
    expect(made([Uint32Array.of(0), Int8Array.of(-1)])).toEqual(['int64', [[0n], [-1n]]]);
    expect(made([Uint32Array.of(most), Float64Array.of(0.5)])).toEqual(['float64', [[most], [0.5]]]);
    expect(made(Uint32Array.of(most), 'float64')).toEqual(['float64', [most]]);
    expect(made(Uint32Array.of(most), 'float32')).toEqual(['float32', [2 ** 32]]);
    expect(made(BigUint64Array.of(0n, 2n ** 63n - 1n))).toEqual(['int64', [0n, 2n ** 63n - 1n]]);
    // Rounded once: 2^64 - 1 is no double, and 2^24 + 1 no float32.
    expect(made(BigUint64Array.of(2n ** 64n - 1n, 2n ** 24n + 1n), 'float32')).toEqual(['float32', [2 ** 64, 2 ** 24]]);
    expect(made(BigUint64Array.of(2n ** 64n - 1n), 'bool')).toEqual(['bool', [true]]);
    expect(made(Uint16Array.of(1, 65535), 'int32')).toEqual(['int32', [1, 65535]]);
    expect(made(Uint16Array.of(1, 65535), 'complex64')).toEqual([
      'complex64',
      [
        { re: 1, im: 0 },
        { re: 65535, im: 0 },
      ],
    ]);
    expect(made([Uint16Array.of(1), [2]], 'int64')).toEqual(['int64', [[1n], [2n]]]);
    expect(made(Uint16Array.of(0x3c00), 'float16')).toEqual(['float16', [1]]);
    expect(made(Uint16Array.of(0x3f80), 'bfloat16')).toEqual(['bfloat16', [1]]);
  });
});
