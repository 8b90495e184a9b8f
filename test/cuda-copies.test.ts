/** Copies between devices: what travels, what is waited for, and that no value differs from a copy on the CPU. */

import type { DType, Tensor } from '../src/index';
import { gpusOf, loadWatched, testOfTwoGpus } from './support/configurations';
import { covered } from './support/coverage';

const { rsqrt, binding } = loadWatched('simulated');
const { arange, asTensor, dtypes, full, ones, tensor, zeros } = rsqrt;

/** The bytes of each call of `copy` while a function runs. */
function travelled(run: () => unknown): number[] {
  const spy = jest.spyOn(binding, 'copy');
  try {
    run();
    return spy.mock.calls.map(([, , , , byteLength]) => byteLength);
  } finally {
    spy.mockRestore();
  }
}

const bitsOf = (x: Tensor): string => {
  const host = x.cpu().contiguous();
  const { buffer, byteOffset, byteLength } = host.data;
  return `${x.dtype} [${x.shape}] ${Buffer.from(buffer, byteOffset, byteLength).toString('hex')}`;
};

/** Ways to look at 24 elements, by the shape that each has. */
const layouts: [string, (x: Tensor) => Tensor][] = [
  ['contiguous', (x) => x.view(2, 3, 4)],
  ['transposed', (x) => x.view(3, 2, 4).transpose(0, 1)],
  ['with gaps', (x) => x.view(2, 12).narrow(1, 0, 6).view(2, 3, 2)],
  ['offset', (x) => x.narrow(0, 7, 12).view(2, 3, 2)],
  ['expanded', (x) => x.narrow(0, 1, 3).view(1, 3, 1).expand(2, 3, 4)],
  ['windows', (x) => x.unfold(0, 4, 2).narrow(0, 0, 6).view(2, 3, 4)],
  ['one element', (x) => x.narrow(0, 5, 1).view(1, 1, 1).expand(2, 3, 4)],
  ['empty', (x) => x.narrow(0, 3, 0).view(2, 3, 0)],
];
const gpus = gpusOf(rsqrt);
const last = gpus[gpus.length - 1];
const devices = ['cpu', ...gpus] as const;
const pairs = devices.flatMap((from) => devices.filter((to) => to !== from).map((to) => [from, to] as const));

describe.each(pairs)('from %s to %s', (from, to) => {
  test.each(layouts)('%s: to() and copy_ give what the CPU gives, from and to all dtypes', (_, view) => {
    for (const [i, source] of dtypes.entries()) {
      // The same dtype, the next, and one that is wider or narrower.
      for (const target of [source, dtypes[(i + 1) % dtypes.length], dtypes[(i + 5) % dtypes.length]]) {
        using base = arange(-7, 17).to(source);
        using here = base.to(from);
        const want = view(base).to({ dtype: target, copy: true });
        for (const nonBlocking of [false, true]) {
          const moved = view(here).to({ device: to, dtype: target, nonBlocking });
          expect([moved.device, moved.strides]).toEqual([to, want.strides]);
          expect(bitsOf(moved)).toBe(bitsOf(want));
          for (const [name, place] of layouts.slice(1, 4)) {
            using memory = full([24], 1, { dtype: target, device: to });
            const written = place(memory);
            if (written.numel !== want.numel) continue;
            expect(`${name} ${bitsOf(written.copy_(view(here), { nonBlocking }))}`).toBe(`${name} ${bitsOf(want)}`);
          }
        }
      }
    }
    covered('copies between devices', `${from} to ${to}`);
  });
});

test.each(pairs)('from %s to %s only what is needed travels', (from, to) => {
  const x = arange(0, 4000).to(from);
  const bytes = (run: () => unknown) => travelled(run).reduce((sum, each) => sum + each, 0);
  const target = zeros(4000, { device: to });
  expect(bytes(() => x.to(to))).toBe(16000);
  expect(bytes(() => target.copy_(x))).toBe(16000);
  expect(bytes(() => x.narrow(0, 10, 20).to(to))).toBe(80); // no whole storage
  expect(bytes(() => x.view(40, 100).narrow(1, 0, 2).to(to))).toBe(320); // no gaps
  expect(bytes(() => x.narrow(0, 0, 1).expand(1000, 1000).to(to))).toBe(4); // no element twice
  expect(bytes(() => target.copy_(x.narrow(0, 9, 1)))).toBe(4);
  expect(bytes(() => x.to({ device: to, dtype: 'float16' }))).toBe(8000); // the narrower dtype
  expect(bytes(() => x.to({ device: to, dtype: 'float64' }))).toBe(16000);
  expect(bytes(() => target.copy_(x.to('int8')))).toBe(4000);
});

testOfTwoGpus(rsqrt, 'memory of the target is written in place, without a temporary where the layouts agree', () => {
  const x = ones(1000, { device: 'cuda:0' });
  const y = zeros(1000, { device: 'cuda:1' });
  const allocate = jest.spyOn(binding, 'allocate');
  y.copy_(x);
  y.view(10, 100).t().copy_(x.view(10, 100).t());
  expect(allocate).not.toHaveBeenCalled();
  allocate.mockRestore();
  expect(y.toArray()).toEqual(Array(1000).fill(1));
});

// ---------------------------------------------------------------- page-locked memory

test('pinMemory: the same elements, strides as a clone has, itself if it is pinned already', () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const pinned = x.t().pinMemory();
  expect([x.isPinned(), pinned.isPinned(), pinned.strides]).toEqual([false, true, [1, 3]]);
  expect(pinned.toArray()).toEqual([
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
  expect(pinned.pinMemory()).toBe(pinned);
  expect(pinned.select(0, 1).isPinned()).toBe(true);
  expect(pinned.clone().isPinned()).toBe(false);
  expect(asTensor(pinned.t().data).isPinned()).toBe(false);
  expect(pinned.cuda().isPinned()).toBe(false);
  expect(zeros(0).pinMemory().shape).toEqual([0]);
});

test('page-locked memory computes as any other: in place, as out, resized', () => {
  const x = tensor([4, 16, 25]).pinMemory();
  expect(rsqrt.rsqrt(x).isPinned()).toBe(false);
  expect(x.rsqrt_().toArray()).toEqual([0.5, 0.25, Math.fround(0.2)]);
  const out = rsqrt.empty(0).pinMemory();
  const allocate = jest.spyOn(binding, 'allocatePinned');
  expect(rsqrt.square(x, { out })).toBe(out);
  expect(allocate).toHaveBeenCalledTimes(1); // what grows stays page-locked
  allocate.mockRestore();
  expect([out.isPinned(), out.toArray()]).toEqual([true, [0.25, 0.0625, Math.fround(Math.fround(0.2) ** 2)]]);
  expect(x.fill_(3).toString()).toBe('tensor([3., 3., 3.])');
  x.set(7, 1);
  expect(x.copy_(x.clone().neg()).toArray()).toEqual([-3, -7, -3]);
});

test('page-locked memory is counted, given back when disposed, and left to the collector once it was handed out', () => {
  const release = jest.spyOn(binding, 'releasePinned');
  const before = rsqrt.memoryStats().undisposedBytes;
  const x = zeros(1000).pinMemory();
  expect(rsqrt.memoryStats().undisposedBytes - before).toBeGreaterThanOrEqual(4000);
  const view = x.narrow(0, 0, 1);
  x.dispose();
  expect(release).not.toHaveBeenCalled();
  view.dispose();
  expect(release).toHaveBeenCalledTimes(1);
  const seen = full([1000], 7).pinMemory();
  const { data } = seen;
  seen.dispose();
  expect(release).toHaveBeenCalledTimes(1);
  release.mockRestore();
  ones(1000).pinMemory();
  expect(data.every((value) => value === 7)).toBe(true);
});

test('page-locked memory is copied when it is transferred, and stays where it is when its buffer is', () => {
  const x = full([100_000], 4).pinMemory();
  const { buffer } = x.data;
  try {
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] }); // newer versions of Node refuse
  } catch {}
  expect([buffer.byteLength >= 400_000, x.at(99_999)]).toEqual([true, 4]);
  const { data } = full([100_000], 4).pinMemory().transfer();
  expect(structuredClone(data, { transfer: [data.buffer] })[99_999]).toBe(4);
});

// ---------------------------------------------------------------- not waiting

/** Memory, and whether it was waited for, of each call of `copy`. */
function copies(run: () => unknown): boolean[] {
  const spy = jest.spyOn(binding, 'copy');
  run();
  const flags = spy.mock.calls.map(([, , , , , nonBlocking]) => nonBlocking);
  spy.mockRestore();
  return flags;
}

test('only copies between a GPU and page-locked memory are not waited for', () => {
  const plain = ones(10);
  const pinned = plain.pinMemory();
  const onGpu = ones(10, { device: 'cuda' });
  const to = { device: 'cuda', nonBlocking: true } as const;
  expect(copies(() => pinned.to(to))).toEqual([true]);
  expect(copies(() => pinned.to('cuda'))).toEqual([false]);
  expect(copies(() => plain.to(to))).toEqual([false]);
  expect(copies(() => asTensor(pinned.data).to(to))).toEqual([false]);
  expect(copies(() => onGpu.copy_(pinned, { nonBlocking: true }))).toEqual([true]);
  expect(copies(() => pinned.copy_(onGpu, { nonBlocking: true }))).toEqual([true]);
  expect(copies(() => plain.copy_(onGpu, { nonBlocking: true }))).toEqual([false]);
  expect(copies(() => pinned.copy_(onGpu))).toEqual([false]);
  expect(copies(() => expect(onGpu.to({ device: 'cpu', nonBlocking: true }).isPinned()).toBe(true))).toEqual([true]);
  expect(onGpu.to('cpu').isPinned()).toBe(false);
});

testOfTwoGpus(rsqrt, 'a copy between GPUs is never waited for, so there is nothing to say', () => {
  const onGpu = ones(10, { device: 'cuda:0' });
  expect(copies(() => onGpu.to({ device: 'cuda:1', nonBlocking: true }))).toEqual([false]);
});

/** Each must see what a copy of `value` elements brings, though it is under way. */
const uses: [string, (x: Tensor) => unknown, unknown][] = [
  ['data', (x) => [...(x.data as Float32Array)], [7, 7]],
  ['toArray', (x) => x.toArray(), [7, 7]],
  ['item', (x) => x.narrow(0, 1, 1).item(), 7],
  ['at', (x) => x.at(1), 7],
  ['toString', (x) => String(x), 'tensor([7., 7.])'],
  ['toJSON', (x) => x.toJSON().data, [7, 7]],
  ['iteration', (x) => [...x], [7, 7]],
  ['toObject', (x) => [...(x.toObject().data as Float32Array)], [7, 7]],
  ['transfer', (x) => [...(x.transfer().data as Float32Array)], [7, 7]],
  ['an operation', (x) => x.neg().toArray(), [-7, -7]],
  ['an operation in place', (x) => x.neg_().toArray(), [-7, -7]],
  ['an operation in place, of a view', (x) => [x.narrow(0, 0, 1).neg_(), x.toArray()][1], [-7, 7]],
  ['a conversion', (x) => x.to('int8').toArray(), [7, 7]],
  ['clone', (x) => x.clone().toArray(), [7, 7]],
  ['copy_ of it', (x) => zeros(2).copy_(x).toArray(), [7, 7]],
  ['copy_ to it', (x) => x.copy_(tensor([1, 2])).toArray(), [1, 2]],
  ['fill_', (x) => x.fill_(3).toArray(), [3, 3]],
  ['set', (x) => x.set(3, 0).toArray(), [3, 7]],
  ['to a GPU', (x) => x.to(last).toArray(), [7, 7]],
  ['to a GPU, not waiting', (x) => x.to({ device: last, nonBlocking: true }).toArray(), [7, 7]],
  ['out', (x) => rsqrt.neg(tensor([1, 2]), { out: x }).toArray(), [-1, -2]],
  ['growing', (x) => rsqrt.neg(tensor([1, 2, 3]), { out: x }).toArray(), [-1, -2, -3]],
  ['a view', (x) => x.view('int32').at(0), 1088421888],
];
test.each(uses)('%s waits for a copy from a GPU', (_, use, expected) => {
  const onGpu = full([2], 7, { device: 'cuda' });
  expect(use(onGpu.to({ device: 'cpu', nonBlocking: true }))).toEqual(expected);
  expect(use(zeros(2).pinMemory().copy_(onGpu, { nonBlocking: true }))).toEqual(expected);
});

/** Each writes what a copy to a GPU is still to read. */
const writes: [string, (x: Tensor) => unknown][] = [
  ['fill_', (x) => x.fill_(3)],
  ['set', (x) => x.set(3, 0)],
  ['an operation in place', (x) => x.neg_()],
  ['copy_', (x) => x.copy_(tensor([1, 2]))],
  ['copy_ from a GPU, not waiting', (x) => x.copy_(ones(2, { device: last }), { nonBlocking: true })],
  ['out', (x) => rsqrt.neg(tensor([1, 2]), { out: x })],
  ['data', (x) => (x.data as Float32Array).fill(3)],
  ['dispose, and the next to have the memory', (x) => [x.dispose(), full([2], 3).pinMemory()]],
];
test.each(writes)('%s waits for a copy to a GPU to have read it', (_, write) => {
  const pinned = full([2], 7).pinMemory();
  const onGpu = pinned.to({ device: 'cuda', nonBlocking: true });
  write(pinned);
  expect(onGpu.toArray()).toEqual([7, 7]);
});

test('nobody waits twice', () => {
  const settle = jest.spyOn(binding, 'settle');
  const x = ones(2, { device: 'cuda' }).to({ device: 'cpu', nonBlocking: true });
  expect([x.shape, x.view(2, 1).strides, x.isPinned()]).toEqual([[2], [1, 1], true]);
  expect(settle).not.toHaveBeenCalled();
  x.toArray();
  x.neg().toArray();
  expect(settle).toHaveBeenCalledTimes(1);
  settle.mockRestore();
});

test('random numbers are drawn where they are to be', () => {
  for (const dtype of ['float16', 'float32', 'float64', 'complex64'] as const satisfies DType[]) {
    const [a, b] = (['cpu', last] as const).map((device) => {
      rsqrt.manualSeed(5);
      return bitsOf(rsqrt.randn(7, { dtype, device }));
    });
    expect(a).toBe(b);
  }
  expect(travelled(() => rsqrt.rand(1000, { device: 'cuda' }))).toEqual([]);
});
