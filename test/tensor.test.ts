/** Creation, reading, views, devices and lifetime of tensors, on every configuration. */

import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DType, Tensor } from '../src/index';
import { configurations } from './support/configurations';
import { covered, skip } from './support/coverage';
import { fromWord, nearest, randomBits, toWord } from './support/reference';
import { dataOf, positions } from './support/values';

covered('suite', 'tensor: creation, reading, views, devices, lifetime');

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { arange, asTensor, empty, full, ones, tensor, zeros } = api;
  const options = { device };

  test('tensor: dtypes of values, shapes of nested arrays', () => {
    const made = (data: Parameters<typeof tensor>[0]) => {
      const x = tensor(data, options);
      return [x.dtype, x.shape, x.toArray(), x.device];
    };
    expect(made(2.5)).toEqual(['float32', [], 2.5, device]);
    expect(made([])).toEqual(['float32', [0], [], device]);
    expect(made([[], []])).toEqual(['float32', [2, 0], [[], []], device]);
    expect(made([1, 2])).toEqual(['float32', [2], [1, 2], device]);
    expect(made([1n, 2n ** 53n + 1n])).toEqual(['int64', [2], [1n, 2n ** 53n + 1n], device]);
    expect(made([[true], [false]])).toEqual(['bool', [2, 1], [[true], [false]], device]);
    expect(made([true, 2n, 0.5])).toEqual(['float32', [3], [1, 2, 0.5], device]);
    expect(made(new Int16Array([-3, 4]))).toEqual(['int16', [2], [-3, 4], device]);
    expect(made([new Float64Array([1, 2]), new Float64Array([3, 4])])).toEqual([
      'float64',
      [2, 2],
      [
        [1, 2],
        [3, 4],
      ],
      device,
    ]);
    expect(made([[[1, 2, 3]], [[4, 5, 6]]])[1]).toEqual([2, 1, 3]);
  });

  test('tensor: conversion to a dtype', () => {
    const converted = (data: Parameters<typeof tensor>[0], dtype: DType) => tensor(data, { dtype, device }).toArray();
    expect(converted([1.9, -1.9, 127], 'int8')).toEqual([1, -1, 127]);
    expect(converted([1, 2], 'int64')).toEqual([1n, 2n]);
    expect(converted([0, -0, 0.5, Number.NaN], 'bool')).toEqual([false, false, true, true]);
    expect(converted([1n, true], 'float64')).toEqual([1, 1]);
    expect(converted(new Float64Array([1.5, 1e10, Number.NaN, -1e10]), 'int32')).toEqual([
      1,
      2 ** 31 - 1,
      0,
      -(2 ** 31),
    ]);
    expect(converted(new Float32Array([256, -1, 255.9]), 'uint8')).toEqual([255, 0, 255]);
  });

  test('bigints beyond every float are infinite, whatever their length', () => {
    const long = 1n << 600_000_000n;
    const negative = -long;
    for (const dtype of ['float16', 'bfloat16', 'float32', 'float64', 'complex64', 'complex128'] as const) {
      for (const [value, expected] of [
        [2n ** 1024n, Infinity],
        [long, Infinity],
        [negative, -Infinity],
      ] as const) {
        const { re } = Object(tensor(value, { dtype }).to('complex128').item()) as { re: number };
        expect(re).toBe(expected);
      }
    }
    expect(tensor(2n ** 100n, { dtype: 'float32' }).item()).toBe(2 ** 100);
  });

  test('tensor: float16 and bfloat16 are rounded once, to nearest even', () => {
    const values = [
      0.1,
      -0.1,
      1 + 2 ** -11,
      1 + 2 ** -11 + 2 ** -40,
      2049,
      65519.999,
      65520,
      2 ** -25,
      1e-300,
      -0,
      NaN,
      -1e9,
    ];
    for (const dtype of ['float16', 'bfloat16'] as const) {
      const expected = values.map((value) => nearest(dtype, value));
      const x = tensor(values, { dtype, device });
      expect([x.toArray(), x.itemSize]).toEqual([expected, 2]);
      expect([...dataOf(x)].map(BigInt)).toEqual(expected.map((value) => toWord(dtype, value)));
      const whole = [2049n, 2051n, 257n, 259n, (1n << 60n) + (1n << 52n) + 1n, -(1n << 70n), 3n];
      expect(tensor(whole, { dtype, device }).toArray()).toEqual(whole.map((value) => nearest(dtype, value)));
      expect(full(2, 0.3, { dtype, device }).toArray()).toEqual(Array(2).fill(nearest(dtype, 0.3)));
      expect(arange(0, 1, 0.1, { dtype, device }).toArray()).toEqual(
        Array.from({ length: 10 }, (_, i) => nearest(dtype, i * 0.1)),
      );
    }
    const large = (1n << 60n) + (1n << 36n) + 1n; // just above a tie of float32; a double cannot tell
    expect(tensor([large], { dtype: 'float32', device }).item()).toBe(2 ** 60 + 2 ** 37);
    expect(tensor({ re: 1, im: 0.1 }, { dtype: 'complex64', device }).item()).toEqual({ re: 1, im: Math.fround(0.1) });
  });

  test.each(['float16', 'bfloat16'] as const)('%s: bits in a Uint16Array, copied and shared; values back', (dtype) => {
    const bits = Uint16Array.from({ length: 200 }, (_, i) => i * 321);
    const copy = tensor(bits, { dtype, device });
    const shared = asTensor(bits, { dtype, device });
    const values = [...bits].map((word) => fromWord(dtype, word));
    expect(shared.toArray()).toEqual(values);
    expect(dataOf(copy)).toEqual(bits);

    const foreign = { data: bits.subarray(10, 14), dims: [2, 2], type: dtype };
    expect(asTensor(foreign, options).dtype).toBe(dtype);
    expect(asTensor(foreign, options).toArray()).toEqual([values.slice(10, 12), values.slice(12, 14)]);
    const odd = Buffer.alloc(5);
    odd.writeUInt16LE(0x4000, 1);
    odd.writeUInt16LE(0x4080, 3);
    const unaligned = asTensor(odd.subarray(1), { dtype, device });
    expect(unaligned.toArray()).toEqual([fromWord(dtype, 0x4000), fromWord(dtype, 0x4080)]);
    expect(unaligned.square().toArray()).toEqual(
      [0x4000, 0x4080].map((word) => nearest(dtype, fromWord(dtype, word) ** 2)),
    );
    bits[0] = 0x4400;
    expect(copy.asStrided([], []).item()).toBe(0);
    expect(shared.asStrided([], []).item()).toBe(device === 'cpu' ? fromWord(dtype, 0x4400) : 0);
    if (device === 'cpu') expect(shared.data.buffer).toBe(bits.buffer);
  });

  const Float16 = Reflect.get(globalThis, 'Float16Array') as Float32ArrayConstructor | undefined;
  (Float16 ? test : test.skip)('Float16Array: copied and shared as float16', () => {
    const halves = Reflect.construct(Float16 as Float32ArrayConstructor, [[1, 4, 0.1]]) as Float32Array;
    expect(tensor(halves, options).dtype).toBe('float16');
    expect(tensor([halves, halves], options).toArray()).toEqual([[...halves], [...halves]]);
    expect(asTensor({ data: halves, dims: [3], type: 'float16' }, options).toArray()).toEqual([...halves]);
    const shared = asTensor(halves, options);
    expect(shared.toArray()).toEqual([1, 4, nearest('float16', 0.1)]);
    halves[0] = 16;
    expect(shared.rsqrt_().asStrided([], []).item()).toBe(device === 'cpu' ? 0.25 : 1);
    expect(halves[0]).toBe(device === 'cpu' ? 0.25 : 16);
    const { buffer, byteOffset, length } = shared.cpu().data;
    const view = Reflect.construct(Float16 as Float32ArrayConstructor, [buffer, byteOffset, length]) as Float32Array;
    expect([...view].slice(0, 2)).toEqual([device === 'cpu' ? 0.25 : 1, 0.5]);
  });
  if (!Float16) skip('Float16Array', `Node ${process.version} has none`);

  test('complex: { re, im } in and out, mixed with real numbers', () => {
    const i = { re: 0, im: 1 };
    const x = tensor(
      [
        [{ re: 3, im: -4 }, 2],
        [true, 5n],
      ],
      options,
    );
    const values = [
      [
        { re: 3, im: -4 },
        { re: 2, im: 0 },
      ],
      [
        { re: 1, im: 0 },
        { re: 5, im: 0 },
      ],
    ];
    expect([x.dtype, x.shape, x.itemSize, x.numel]).toEqual(['complex64', [2, 2], 8, 4]);
    expect(x.toArray()).toEqual(values);
    expect(x.cpu().data).toEqual(Float32Array.of(3, -4, 2, 0, 1, 0, 5, 0));
    expect(x.t().cpu().data).toEqual(Float32Array.of(3, -4, 1, 0, 2, 0, 5, 0));
    expect(x.t().toArray()).toEqual([
      [values[0][0], values[1][0]],
      [values[0][1], values[1][1]],
    ]);
    expect(x.asStrided([], [], 3).item()).toEqual({ re: 5, im: 0 });
    expect(tensor({ re: 0.1, im: -0 }, { dtype: 'complex128', device }).item()).toEqual({ re: 0.1, im: -0 });
    expect(tensor([[i], new Float64Array([2])], options).dtype).toBe('complex128');
    expect(tensor([0.5, 1n], { dtype: 'complex128', device }).toArray()).toEqual([
      { re: 0.5, im: 0 },
      { re: 1, im: 0 },
    ]);
    expect(full([2], i, options).toArray()).toEqual([i, i]);
    expect([full([5], i, options).dtype, full([], i, options).item()]).toEqual(['complex64', i]);
    expect([...dataOf(full([7], { re: 1, im: 2 }, options))]).toEqual(Array(7).fill([1, 2]).flat());
    expect(ones(2, { dtype: 'complex128', device }).toArray()).toEqual(Array(2).fill({ re: 1, im: 0 }));
    expect(zeros(1, { dtype: 'complex64', device }).item()).toEqual({ re: 0, im: 0 });
    expect(empty(2, 0, { dtype: 'complex64', device }).toArray()).toEqual([[], []]);
    expect(x.sqrt().asStrided([], []).item()).toEqual({ re: 2, im: -1 });
    expect(x.square().asStrided([], []).item()).toEqual({ re: -7, im: -24 });
    expect(tensor(new Float32Array([1, 2]), { dtype: 'complex64', device }).toArray()).toEqual([
      { re: 1, im: 0 },
      { re: 2, im: 0 },
    ]);
  });

  test.each([
    ['complex64', Float32Array],
    ['complex128', Float64Array],
  ] as const)('%s: interleaved memory is shared, at any offset of its parts', (dtype, Parts) => {
    const source = Parts.of(9, 3, 4, -1, 0, 0, 2, 9);
    const shared = asTensor(source.subarray(1, 7), { dtype, device });
    expect(shared.toArray()).toEqual([
      { re: 3, im: 4 },
      { re: -1, im: 0 },
      { re: 0, im: 2 },
    ]);
    expect(shared.asStrided([2], [2]).contiguous().toArray()).toEqual([
      { re: 3, im: 4 },
      { re: 0, im: 2 },
    ]);
    expect(asTensor(source, { dtype, shape: [2, 2], device }).shape).toEqual([2, 2]);
    expect(asTensor({ data: source, dims: [4], type: dtype }, options).dtype).toBe(dtype);
    expect(asTensor(source.buffer, { dtype, device }).numel).toBe(4);
    expect(String(shared)).toContain('[ 3.+4.j, -1.+0.j,  0.+2.j]');
    shared.sqrt_();
    expect(shared.toArray()).toEqual([
      { re: 2, im: 1 },
      { re: 0, im: 1 },
      { re: 1, im: 1 },
    ]);
    expect([...source]).toEqual(device === 'cpu' ? [9, 2, 1, 0, 1, 1, 1, 9] : [9, 3, 4, -1, 0, 0, 2, 9]);
    if (device === 'cpu') {
      expect([shared.data.buffer, shared.data.byteOffset]).toEqual([source.buffer, Parts.BYTES_PER_ELEMENT]);
      const bytes = Buffer.alloc(2 * Parts.BYTES_PER_ELEMENT + 3);
      new Uint8Array(bytes.buffer, bytes.byteOffset + 3).set(new Uint8Array(Parts.of(-4, 0).buffer));
      expect(asTensor(bytes.subarray(3), { dtype }).rsqrt().item()).toEqual({ re: 0, im: -0.5 });
    }
  });

  test('tensor copies, asTensor shares on the CPU', () => {
    const source = new Float32Array([4, 16]);
    const copy = tensor(source, options);
    const shared = asTensor(source, options);
    source[0] = 1;
    expect(copy.toArray()).toEqual([4, 16]);
    expect(shared.toArray()).toEqual([device === 'cpu' ? 1 : 4, 16]);
    if (device === 'cpu') {
      shared.rsqrt_();
      expect([...source]).toEqual([1, 0.25]);
    }
  });

  test('asTensor: Buffers at odd offsets, SharedArrayBuffers, ArrayBuffers, foreign tensors', () => {
    const bytes = Buffer.alloc(1 + 8 * 5);
    for (const [i, value] of [4, 16, 25, 100, 0.25].entries()) bytes.writeDoubleLE(value, 1 + 8 * i);
    const odd = asTensor(bytes.subarray(1), { dtype: 'float64', device });
    expect(odd.toArray()).toEqual([4, 16, 25, 100, 0.25]);
    expect(odd.rsqrt().toArray()).toEqual([0.5, 0.25, 0.2, 0.1, 2]);
    expect([...odd.cpu().data]).toEqual([4, 16, 25, 100, 0.25]);
    expect(odd.asStrided([2], [2], 1).toArray()).toEqual([16, 100]);
    expect(String(odd.asStrided([2], [2], 1))).toContain('[ 16., 100.]');
    odd.rsqrt_();
    expect(odd.toArray()).toEqual([0.5, 0.25, 0.2, 0.1, 2]);
    expect(bytes.readDoubleLE(1)).toBe(device === 'cpu' ? 0.5 : 4);

    const shared = new Float32Array(new SharedArrayBuffer(16), 4, 2);
    shared.set([4, 16]);
    const view = asTensor(shared, options);
    expect(view.rsqrt_().toArray()).toEqual([0.5, 0.25]);
    if (device === 'cpu') expect([...shared]).toEqual([0.5, 0.25]);

    expect(asTensor(new Uint32Array([0x40800000]).buffer, { dtype: 'float32', device }).item()).toBe(4);
    const foreign = { data: new Float32Array([1, 4, 9, 16]), dims: [2, 2], type: 'float32' };
    expect(asTensor(foreign, options).toArray()).toEqual([
      [1, 4],
      [9, 16],
    ]);
    const bools = { data: new Uint8Array([1, 0]), shape: [2, 1], dtype: 'bool' };
    expect(asTensor(bools, options).toArray()).toEqual([[true], [false]]);
    expect(asTensor([[1, 2]], { shape: [2], device }).toArray()).toEqual([1, 2]);
  });

  test('zeros, ones, full, empty, arange', () => {
    expect(zeros(2, 3, options).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(ones([2], { dtype: 'int64', device }).toArray()).toEqual([1n, 1n]);
    expect(zeros([], options).shape).toEqual([]);
    expect(full([2], true, options).dtype).toBe('bool');
    expect(full(3, 2n, options).toArray()).toEqual([2n, 2n, 2n]);
    expect(full([1], 300.7, { dtype: 'int16', device }).item()).toBe(300);
    expect(empty(4, 0, 2, options).shape).toEqual([4, 0, 2]);
    expect(arange(3, options).toArray()).toEqual([0, 1, 2]);
    expect(arange(1, 2, 0.25, { dtype: 'float64', device }).toArray()).toEqual([1, 1.25, 1.5, 1.75]);
    expect(arange(3, 0, -1, options).toArray()).toEqual([3, 2, 1]);
    expect(arange(2n ** 60n, 2n ** 60n + 2n, options).toArray()).toEqual([2n ** 60n, 2n ** 60n + 1n]);
    expect(arange(5, 5, options).numel).toBe(0);
  });

  test('properties', () => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: 'int16', device },
    );
    const { shape, strides, storageOffset, ndim, numel, itemSize } = x;
    expect({ shape, strides, storageOffset, ndim, numel, itemSize }).toEqual({
      shape: [2, 3],
      strides: [3, 1],
      storageOffset: 0,
      ndim: 2,
      numel: 6,
      itemSize: 2,
    });
    expect(Object.isFrozen(shape) && Object.isFrozen(strides)).toBe(true);
    expect(x.isContiguous()).toBe(true);
    expect(x.t().isContiguous()).toBe(false);
  });

  test('item', () => {
    expect(tensor([[2.5]], options).item()).toBe(2.5);
    expect(tensor(2n ** 62n, options).item()).toBe(2n ** 62n);
    expect(tensor([true], options).item()).toBe(true);
    expect(arange(10, options).asStrided([], [], 7).item()).toBe(7);
  });

  test('transpose, t, asStrided share storage; clone and contiguous copy', () => {
    const x = arange(6, options).reshape(2, 3);
    expect(x.t().toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(x.transpose(-1, 0).strides).toEqual([1, 3]);
    expect(x.reshape(-1).t().shape).toEqual([6]);
    const column = x.asStrided([2], [3], 1);
    column.square_();
    column.neg_();
    expect(x.toArray()).toEqual([
      [0, -1, 2],
      [3, -16, 5],
    ]);
    const copy = x.t().clone();
    expect(copy.strides).toEqual([1, 3]);
    const rows = x.t().contiguous();
    expect(rows.strides).toEqual([2, 1]);
    x.neg_();
    expect(copy.toArray()).toEqual([
      [0, 3],
      [-1, -16],
      [2, 5],
    ]);
    expect(rows.toArray()).toEqual(copy.toArray());
    expect(rows.contiguous()).toBe(rows);
    expect(x.asStrided([2, 2], [0, 1]).clone().strides).toEqual([2, 1]);
  });

  test('reshape: a view where the strides allow, a copy otherwise', () => {
    const x = arange(24, options).reshape([2, 3, 4]);
    const view = x.reshape(6, -1);
    view.asStrided([1], [1], 0).square_().neg_();
    expect(view.toArray()).toEqual(x.reshape(6, 4).toArray());
    expect(x.transpose(0, 1).reshape(3, 8).toArray()).toEqual([
      [-0, 1, 2, 3, 12, 13, 14, 15],
      [4, 5, 6, 7, 16, 17, 18, 19],
      [8, 9, 10, 11, 20, 21, 22, 23],
    ]);
    expect(empty(0, 3, options).reshape(3, 0, 7).shape).toEqual([3, 0, 7]);
    expect(tensor(5, options).reshape(1, 1).toArray()).toEqual([[5]]);
    expect(
      tensor([[5]], options)
        .reshape([])
        .toArray(),
    ).toBe(5);
  });

  test('reshape of random views against their elements in order', () => {
    const random = randomBits(7);
    const below = (n: number) => random() % n;
    const base = arange(4096, options);
    for (let round = 0; round < 300; round++) {
      const shape = Array.from({ length: below(5) }, () => 1 + below(4));
      const strides = shape.map(() => below(3) * [1, 2, 4, 8, 16][below(5)]);
      const view =
        round % 2
          ? base.asStrided(shape, strides, below(50))
          : arange(
              shape.reduce((a, b) => a * b, 1),
              options,
            ).reshape(shape);
      const shuffled =
        shape.length > 1 && round % 4 === 1 ? view.transpose(below(shape.length), below(shape.length)) : view;
      const flat = positions(shuffled.shape, shuffled.strides, shuffled.storageOffset);
      const factors = [...shuffled.shape].sort(() => (below(2) ? 1 : -1));
      const target = below(2) ? factors : [factors.slice(0, 2).reduce((a, b) => a * b, 1), ...factors.slice(2)];
      const reshaped = shuffled.reshape(target);
      expect(reshaped.shape).toEqual(target);
      expect([...reshaped.contiguous().cpu().data]).toEqual(flat);
    }
  });

  test('to: devices and dtypes', () => {
    const x = tensor(
      [
        [1.5, -2],
        [3, 4],
      ],
      options,
    );
    expect(x.to(device)).toBe(x);
    expect(x.to('float32')).toBe(x);
    expect(x.to({ device, dtype: 'float32', copy: true })).not.toBe(x);
    expect(x.to('float64').toArray()).toEqual([
      [1.5, -2],
      [3, 4],
    ]);
    expect(x.to('int8').toArray()).toEqual([
      [1, -2],
      [3, 4],
    ]);
    expect(x.to('bool').to('int64').toArray()).toEqual([
      [1n, 1n],
      [1n, 1n],
    ]);
    expect(x.cpu().device).toBe('cpu');
    const columns = x.t().to({ device: 'cpu', dtype: 'float64' });
    expect([columns.strides, columns.toArray()]).toEqual([
      [1, 2],
      [
        [1.5, 3],
        [-2, 4],
      ],
    ]);
    const part = x.asStrided([2], [2], 1).cpu();
    expect([part.toArray(), part.storageOffset]).toEqual([[-2, 4], device === 'cpu' ? 1 : 0]);
    if (device !== 'cpu') {
      expect(x.cpu().to(device).rsqrt().device).toBe(device);
      expect(x.cpu().cuda(Number(device.slice(-1))).device).toBe(device);
    }
  });

  test('printing names the device and reads views', () => {
    const suffix = device === 'cpu' ? '' : `, device='${device}'`;
    expect(String(arange(6, options).reshape(2, 3).t())).toBe(
      `tensor([[0., 3.],\n        [1., 4.],\n        [2., 5.]]${suffix})`,
    );
    expect(String(tensor([true], options))).toBe(`tensor([True]${suffix})`);
  });

  test('dispose: at once, once, and views live on', () => {
    const gone = arange(2, options);
    gone.dispose();
    expect(inspect(gone)).toBe('tensor(<disposed>, shape=[2])');
    const x = arange(4, options);
    const view = x.asStrided([2], [1], 1);
    x.dispose();
    x.dispose();
    expect(() => x.rsqrt()).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
    expect(view.toArray()).toEqual([1, 2]);
    let scoped: Tensor;
    {
      using y = view.rsqrt();
      scoped = y;
      expect(y.numel).toBe(2);
    }
    expect(() => scoped.toArray()).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
  });

  test('a result that nobody keeps is collected', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const x = zeros(250_000, options);
    // 400 MB in all; the simulated device has 256 MiB.
    for (let i = 0; i < 400; i++) {
      x.rsqrt();
      if (i % 50 === 49) {
        gc();
        await new Promise(setImmediate);
      }
    }
    expect(x.rsqrt().numel).toBe(250_000);
  });
});

describe.each(configurations)('$name: by other names', ({ rsqrt: api, device }) => {
  const { asTensor, tensor } = api;

  // As torch names its methods.
  test.each([
    ['float', 'float32'],
    ['double', 'float64'],
    ['half', 'float16'],
    ['bfloat16', 'bfloat16'],
    ['long', 'int64'],
    ['int', 'int32'],
    ['short', 'int16'],
    ['char', 'int8'],
    ['byte', 'uint8'],
    ['bool', 'bool'],
    ['cfloat', 'complex64'],
    ['cdouble', 'complex128'],
  ] as const)('%s() is to(%j), and the tensor itself if that is its dtype', (name, dtype) => {
    const x = tensor(
      [
        [1.5, -2],
        [300, 0],
      ],
      { device },
    ).t();
    const y: Tensor = x[name]();
    expect([y.dtype, y.device, y.strides, y.toArray()]).toEqual([dtype, device, [1, 2], x.to(dtype).toArray()]);
    expect(y[name]()).toBe(y);
  });

  test('to another tensor is to its dtype and its device', async () => {
    const x = tensor([1.5], { device: 'cpu' });
    const y = x.to(tensor([1n], { device }));
    expect([y.dtype, y.device, y.toArray()]).toEqual(['int64', device, [1n]]);
    expect(y.to(y.clone())).toBe(y);
    expect((await y.toAsync(x)).dtype).toBe('float32');
  });

  test('asTensor: the shape as an argument or an option, with one size inferred', () => {
    const floats = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(asTensor(floats, [2, 3], { device }).toArray()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(asTensor(floats, { shape: [-1, 2], device }).shape).toEqual([3, 2]);
    expect(asTensor(floats, [3, -1], { dtype: 'complex64', device }).shape).toEqual([3, 1]);
    expect(asTensor(floats.buffer, [-1], { dtype: 'int16' }).shape).toEqual([12]);
    expect(asTensor([1, 2, 3, 4], [2, -1], { device }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(asTensor({ data: floats, dims: [6] }, [-1, 6], { device }).shape).toEqual([1, 6]);
    expect(asTensor(tensor(floats, { device }).narrow(0, 0, 4), [-1, 2]).shape).toEqual([2, 2]);
    const shared = asTensor(floats, [-1, 3]);
    shared.zero_();
    expect(floats[5]).toBe(0);
  });

  test('toArray and toArrayAsync of a number of dimensions', async () => {
    const x = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { device },
    );
    expect(x.toArray({ ndim: 2 }).map(([first]) => first)).toEqual([1, 3]);
    expect(x.select(0, 0).select(0, 1).toArray({ ndim: 0 })).toBe(2);
    expect(x.toArray({})).toEqual(x.toArray());
    expect((await x.toArrayAsync({ ndim: 2 }))[1][0]).toBe(3);
    await expect(x.toArrayAsync({ ndim: 1 })).rejects.toMatchObject({
      code: 'ERR_SHAPE',
      message: 'toArrayAsync: expected a tensor of 1 dimension, received shape [2,2]',
    });
  });

  test('toObject of a dtype is that of the tensor, or throws', () => {
    const x = tensor([1, 2], { device }).cpu();
    expect(x.toObject('float32')).toEqual(x.toObject());
    expect(() => x.toObject('int32')).toThrow(expect.objectContaining({ code: 'ERR_DTYPE' }) as Error);
  });
});

test.each(['float16', 'bfloat16'] as const)('%s: all values out and in again', (dtype) => {
  const [{ rsqrt }] = configurations;
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const values = rsqrt.asTensor(bits, { dtype }).toArray() as number[];
  const again = rsqrt.tensor(values, { dtype }).data;
  // Halfway to the next number, which must go to the even one.
  const infinity = Number(toWord(dtype, Number.POSITIVE_INFINITY));
  const middles = values.slice(0, infinity - 1).map((value, i) => (value + values[i + 1]) / 2);
  const rounded = rsqrt.tensor(middles, { dtype }).data;
  const wrong = [...bits].filter((word) => {
    const value = fromWord(dtype, word);
    const isKept = Number.isNaN(value) || again[word] === word;
    return !Object.is(values[word], value) || !isKept || (word < infinity - 1 && rounded[word] !== word + (word % 2));
  });
  expect(wrong).toEqual([]);
});
