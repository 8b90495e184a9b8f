/**
 * stack and cat: what torch gives and refuses, on every configuration, and what torch does not
 * have.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType, Tensor } from '../src/index';
import { configurations, loadWatched } from './support/configurations';
import { covered } from './support/coverage';
import { loose } from './support/wrong-calls';

type Layout = [dtype: DType, shape: number[], strides: number[]];
type Case = [
  op: 'cat' | 'stack',
  tensors: [...Layout, offset: number][],
  dim: number,
  out: Layout | null,
  result: [...Layout, elements: number[]] | null,
];
const cases = JSON.parse(readFileSync(path.join(__dirname, 'vectors', 'joining.json'), 'utf8')) as Case[];
covered('vectors', 'joining.json');

const LENGTH = 4000;
const values = (i: number): number[] => Array.from({ length: LENGTH }, (_, k) => (7 * k + 13 * i) % 100);

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { asTensor, cat, memoryStats, stack, tensor, zeros } = api;

  const storages = new Map<string, Tensor>();
  /** A tensor as test/vectors/joining.py describes it. Nobody writes to it. */
  function made(i: number, [dtype, shape, strides, offset]: Case[1][number]): Tensor {
    const name = `${dtype} ${i}`;
    const storage = storages.get(name) ?? tensor(values(i), { dtype, device });
    storages.set(name, storage);
    return storage.asStrided(shape, strides, offset);
  }

  test('torch: dtype, shape, strides and elements, or a refusal', () => {
    const differences: unknown[] = [];
    for (const [op, tensors, dim, out, expected] of cases) {
      let actual: unknown = null;
      try {
        const target = out && zeros(LENGTH, { dtype: out[0], device }).asStrided(out[1], out[2]);
        const parts = tensors.map((each, i) => made(i, each));
        const result = target === null ? api[op](parts, dim) : api[op](parts, { dim, out: target });
        if ((target !== null && result !== target) || result.device !== device) throw new Error('another tensor');
        actual = [result.dtype, result.shape, result.strides, result.to('float64').flatten().toArray()];
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^ERR_/);
      }
      if (JSON.stringify(actual) === JSON.stringify(expected)) continue;
      differences.push({ op, tensors, dim, out, expected, actual });
    }
    expect(differences).toEqual([]);
    expect(cases.length).toBeGreaterThan(1000);
  });

  test('anything to iterate over, and memory among tensors, none of which stays', () => {
    const x = tensor([1, 2], { device });
    const expected = [
      [1, 2],
      [1, 2],
    ];
    expect(stack(new Set([x, x.clone()])).toArray()).toEqual(expected);
    expect(
      stack(
        (function* () {
          yield x;
          yield x;
        })(),
      ).toArray(),
    ).toEqual(expected);
    if (device !== 'cpu') return;
    const before = memoryStats().undisposedTensors;
    const floats = Float32Array.of(3, 4);
    const results = [
      stack([x, floats, { data: floats, dims: [2], type: 'float32' }]),
      cat([new Uint8Array([1]).buffer, Int8Array.of(-1)]),
      cat([{ data: floats, dims: [1, 2] }, asTensor(floats, [2, 1]).t()], -1),
    ];
    expect(results.map((each) => [each.dtype, each.toArray()])).toEqual([
      [
        'float32',
        [
          [1, 2],
          [3, 4],
          [3, 4],
        ],
      ],
      ['int16', [1, -1]],
      ['float32', [[3, 4, 3, 4]]],
    ]);
    // The results, and the two tensors of the third call's list.
    expect(memoryStats().undisposedTensors - before).toBe(results.length + 2);
    const held = memoryStats().undisposedTensors;
    expect(() => stack([floats, x, tensor([1, 2, 3])])).toThrow('does not match');
    expect(memoryStats().undisposedTensors - held).toBe(1);
  });

  test('an array is read by its indices, not by its iterator', () => {
    const x = tensor([1], { device });
    const list = Object.assign([x, x], { [Symbol.iterator]: () => [][Symbol.iterator]() });
    expect(cat(list).toArray()).toEqual([1, 1]);
  });

  test('out that has one element of an input: refused, or all is read before anything is written', () => {
    const whole = tensor([0, 1, 2, 3, 4, 5, 6, 7], { device });
    const odd = whole.slice(0, 1, null, 2);
    const join = (): unknown => {
      try {
        // The first tensor goes over element 3, which is in the second.
        return cat([tensor([8, 9], { device }), whole.slice(0, 0, 4, 3)], { out: odd }).toArray();
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect([[8, 9, 0, 3], 'ERR_OVERLAP']).toContainEqual(join());
  });

  test('out between the elements of an input, none of which it has', () => {
    const whole = tensor([0, 1, 2, 3, 4, 5, 6, 7], { device });
    const [even, odd] = [whole.slice(0, 0, null, 2), whole.slice(0, 1, null, 2)];
    const out = odd.unflatten(0, [2, 2]);
    expect(stack([even.narrow(0, 2, 2), even.narrow(0, 0, 2)], { out }).toArray()).toEqual([
      [4, 6],
      [0, 2],
    ]);
    expect(whole.toArray()).toEqual([0, 4, 2, 6, 4, 0, 6, 2]);
  });

  test('an input without elements may lie within out', () => {
    const x = tensor([[1], [2], [3]], { device });
    expect(cat([x.narrow(0, 1, 0), tensor([[7], [8], [9]], { device })], { out: x }).toArray()).toEqual([
      [7],
      [8],
      [9],
    ]);
  });

  test('out grows, with its views; of a failure nothing stays', () => {
    const x = tensor([1, 2], { device });
    const out = zeros(0, { device, dtype: 'float64' });
    expect(cat([x, x], { out })).toBe(out);
    expect([out.toArray(), out.strides, out.dtype]).toEqual([[1, 2, 1, 2], [1], 'float64']);
    const { undisposedTensors } = memoryStats();
    expect(() => cat([x, x], { out: tensor([1n], { device }) })).toThrow(
      expect.objectContaining({ code: 'ERR_DTYPE' }) as Error,
    );
    expect(memoryStats().undisposedTensors - undisposedTensors).toBe(1);
  });

  test('elements go into out in its dtype, without rounding to that of the tensors first, as in torch', () => {
    const int = tensor([16777217], { dtype: 'int32', device });
    const out = zeros(2, { dtype: 'float64', device });
    expect(cat([int, tensor([1], { device })], { out }).toArray()).toEqual([16777217, 1]);
    expect(cat([int, tensor([1], { device })]).toArray()).toEqual([16777216, 1]);
  });

  test('results belong to the tidy around the call', () => {
    const before = memoryStats().undisposedTensors;
    api.tidy(() => {
      stack([tensor([1], { device }), tensor([2], { device })]);
    });
    expect(memoryStats().undisposedTensors).toBe(before);
  });
});

test('on a device nothing comes to the CPU: one allocation, and one launch a tensor', () => {
  const { rsqrt, binding } = loadWatched('simulated');
  const x = rsqrt.tensor([1, 2, 3], { device: 'cuda' });
  const halves = x.half();
  const calls: string[] = [];
  const watched = loose(binding) as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ['allocate', 'copy', 'run', 'settle']) {
    const original = watched[name];
    watched[name] = (...args) => {
      calls.push(name);
      return original.apply(binding, args);
    };
  }
  rsqrt.cat([x, halves, x]);
  expect(calls.splice(0)).toEqual(['allocate', 'run', 'run', 'run']);
  rsqrt.tensor([x, x], { device: 'cuda' });
  expect(calls.splice(0)).toEqual(['allocate', 'run', 'run']);
});
