/** Creation, reading, views, devices and lifetime of tensors, on every configuration. */

import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DType, Tensor } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { randomBits } from './support/reference';
import { positions } from './support/values';

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
    // 1.2 GB in all; the simulated device has 256 MiB.
    for (let i = 0; i < 1200; i++) {
      x.rsqrt();
      if (i % 50 === 49) {
        gc();
        await new Promise(setImmediate);
      }
    }
    expect(x.rsqrt().numel).toBe(250_000);
  });
});
