/** Which GPU is meant, and its memory: what is counted, limited, kept and given back. */

import { load } from './support/configurations';
import { late } from './support/simulated';

const { cuda, empty, emptyCache, full, ones, rsqrt, zeros } = load('simulated');

afterEach(() => {
  cuda.setDevice(0);
  for (const device of [0, 1]) cuda.setMemoryLimit(Number.POSITIVE_INFINITY, device);
});

test("setDevice chooses what 'cuda' means, here and nowhere else", () => {
  const first = ones(2, { device: 'cuda' });
  expect([cuda.currentDevice(), first.device]).toEqual([0, 'cuda:0']);
  cuda.setDevice('cuda:1');
  expect(cuda.currentDevice()).toBe(1);
  cuda.setDevice('cuda'); // the current one
  expect(cuda.currentDevice()).toBe(1);
  expect([ones(2, { device: 'cuda' }).device, ones(2).cuda().device, ones(2).to('cuda').device]).toEqual([
    'cuda:1',
    'cuda:1',
    'cuda:1',
  ]);
  expect([cuda.getDeviceName(), cuda.getDeviceName(0), cuda.getDeviceName('cuda:0')]).toEqual([
    'rsqrt simulated device 1',
    'rsqrt simulated device 0',
    'rsqrt simulated device 0',
  ]);
  expect(new cuda.Event().device).toBe('cuda:1');
  expect([first.neg().device, ones(2).cuda(0).device, ones(2).cuda('cuda:0').device]).toEqual([
    'cuda:0',
    'cuda:0',
    'cuda:0',
  ]);
  expect(load('simulated').cuda.currentDevice()).toBe(0);
  cuda.setDevice(0);
  expect(ones(2).cuda().device).toBe('cuda:0');
});

test('memory is counted by device, while it is in use', () => {
  const [before, other] = [cuda.memoryAllocated(1), cuda.memoryAllocated(0)];
  const x = zeros(1 << 18, { device: 'cuda:1' });
  const view = x.narrow(0, 0, 1);
  expect(cuda.memoryAllocated('cuda:1') - before).toBe(1 << 20);
  expect(cuda.memoryReserved(1)).toBeGreaterThanOrEqual(1 << 20);
  x.dispose();
  expect(cuda.memoryAllocated(1) - before).toBe(1 << 20);
  view.dispose();
  expect(cuda.memoryAllocated(1)).toBe(before);
  expect(cuda.memoryAllocated()).toBe(other);
});

test('the most that was allocated, until it is reset', () => {
  const before = cuda.memoryAllocated();
  zeros(1 << 18, { device: 'cuda' }).dispose();
  expect(cuda.maxMemoryAllocated() - before).toBeGreaterThanOrEqual(1 << 20);
  cuda.resetPeakMemoryStats();
  expect(cuda.maxMemoryAllocated()).toBe(cuda.memoryAllocated());
});

test('memGetInfo and emptyCache: what is kept goes back to the device, and what is in use stays', () => {
  using kept = full([10], 4, { device: 'cuda' });
  zeros(1 << 20, { device: 'cuda' }).dispose();
  const { free, total } = cuda.memGetInfo();
  expect([total, cuda.memoryReserved()]).toEqual([cuda.getDeviceProperties().totalMemory, expect.any(Number)]);
  expect(cuda.memoryReserved()).toBeGreaterThanOrEqual(4 << 20);
  emptyCache(); // which is that of the CPU
  expect(cuda.memoryReserved()).toBeGreaterThanOrEqual(4 << 20);
  cuda.emptyCache();
  expect(cuda.memoryReserved()).toBeLessThan(4 << 20);
  expect(cuda.memGetInfo().free - free).toBeGreaterThan(3 << 20);
  expect(rsqrt(kept).at(9)).toBe(0.5);
});

test('a limit refuses what is above it, names itself, and goes again', () => {
  expect(cuda.getMemoryLimit()).toBe(Number.POSITIVE_INFINITY);
  const x = full([1 << 18], 4, { device: 'cuda' });
  cuda.setMemoryLimit(cuda.memoryAllocated() + (1 << 19));
  expect(cuda.getMemoryLimit('cuda:0')).toBe(cuda.memoryAllocated() + (1 << 19));
  expect(cuda.getMemoryLimit(1)).toBe(Number.POSITIVE_INFINITY);
  expect(() => rsqrt(x)).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_MEMORY', message: expect.stringMatching(/the limit is \d+/) }),
  );
  expect(ones(1 << 18, { device: 'cuda:1' }).numel).toBe(1 << 18);
  x.rsqrt_();
  const small = empty(1 << 16, { device: 'cuda' });
  small.dispose();
  cuda.setMemoryLimit(Number.POSITIVE_INFINITY);
  expect(rsqrt(x).at(5)).toBe(Math.fround(Math.SQRT2));
  x.dispose();
});

test('emptyCache without a GPU does nothing', () => {
  expect(late('console.log(cuda.emptyCache())', { RSQRT_SIMULATED_DEVICES: '0' })).toEqual(['undefined']);
});

test.each([
  ['pools', {}],
  ['no pools', { RSQRT_SIMULATED_POOLS: '0' }],
])(
  'a synchronous loop that disposes nothing stays within the memory of the device, with %s',
  (_, env) => {
    expect(
      late(
        `
      const x = full([1], 4, { device: 'cuda' });
      let y;
      for (let i = 0; i < 5000; i++) {
        y = empty(1 << 18, { device: 'cuda' });
        y.narrow(0, i, 1).copy_(x);
      }
      console.log(y.at(4999), cuda.memGetInfo().total);`,
        { RSQRT_SIMULATED_MEMORY: String(32 << 20), RSQRT_SIMULATED_DELAY: '2000', ...env },
      ),
    ).toEqual(['4 33554432']);
  },
  120_000,
);

test('out of memory: what is kept is given back first, and one that is disposed is enough to go on', () => {
  expect(
    late(
      `
      const mega = 1 << 18;
      const kept = [];
      for (let i = 0; i < 6; i++) kept.push(ones(2 * mega, { device: 'cuda' }));
      for (const each of kept) each.dispose();
      const x = ones(14 * mega, { device: 'cuda' });
      console.log(codeOf(() => ones(4 * mega, { device: 'cuda' })));
      console.log(x.at(14 * mega - 1), cuda.memoryAllocated() >= 14 << 20);
      x.dispose();
      console.log(ones(10 * mega, { device: 'cuda' }).at(0));`,
      { RSQRT_SIMULATED_MEMORY: String(16 << 20) },
    ),
  ).toEqual(['ERR_OUT_OF_MEMORY', '1 true', '1']);
});
