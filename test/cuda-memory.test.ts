/** Which GPU is meant, and its memory: what is counted, limited, kept and given back. */

import { gpusOf, load, testOfTwoGpus } from './support/configurations';

const package_ = load('simulated');
const { cuda, empty, emptyCache, full, info, ones, rsqrt, zeros } = package_;
const gpus = gpusOf(package_);
const last = gpus.length - 1;

afterEach(() => {
  cuda.setDevice(0);
  for (const device of gpus) cuda.setMemoryLimit(Number.POSITIVE_INFINITY, device);
});

test("setDevice chooses what 'cuda' means", () => {
  for (const [index, device] of gpus.entries()) {
    for (const name of [index, device]) {
      cuda.setDevice(name);
      const here = [ones(2, { device: 'cuda' }), ones(2).cuda(), ones(2).to('cuda'), new cuda.Event()];
      expect([cuda.currentDevice(), ...here.map((each) => each.device)]).toEqual([index, ...Array(4).fill(device)]);
      expect(cuda.getDeviceName()).toBe(info().cuda.devices[index].name);
    }
  }
});

testOfTwoGpus(package_, "setDevice chooses what 'cuda' means, here and nowhere else", () => {
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
    info().cuda.devices[1].name,
    info().cuda.devices[0].name,
    info().cuda.devices[0].name,
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
  const [before, other] = [cuda.memoryAllocated(last), cuda.memoryAllocated(0)];
  const x = zeros(1 << 18, { device: gpus[last] });
  const view = x.narrow(0, 0, 1);
  expect(cuda.memoryAllocated(gpus[last]) - before).toBe(1 << 20);
  expect(cuda.memoryReserved(last)).toBeGreaterThanOrEqual(1 << 20);
  x.dispose();
  expect(cuda.memoryAllocated(last) - before).toBe(1 << 20);
  view.dispose();
  expect(cuda.memoryAllocated(last)).toBe(before);
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
  empty(1 << 25, { device: 'cuda' }).dispose();
  const { free, total } = cuda.memGetInfo();
  const { totalMemory } = cuda.getDeviceProperties(); // of which the driver may keep some to itself
  expect([free > 0, free <= total, total <= totalMemory, total > 0.9 * totalMemory]).toEqual([true, true, true, true]);
  const reserved = cuda.memoryReserved();
  expect(reserved).toBeGreaterThanOrEqual(1 << 27);
  emptyCache(); // which is that of the CPU
  expect(cuda.memoryReserved()).toBe(reserved);
  cuda.emptyCache();
  expect(reserved - cuda.memoryReserved()).toBeGreaterThanOrEqual(1 << 26); // real pools grow by tens of MiB
  expect(rsqrt(kept).at(9)).toBe(0.5);
});

test('a limit refuses what is above it, names itself, and goes again', () => {
  expect(cuda.getMemoryLimit()).toBe(Number.POSITIVE_INFINITY);
  const x = full([1 << 22], 4, { device: 'cuda' });
  // Too little by half, however much of what other tests left is collected meanwhile.
  const limit = cuda.memoryAllocated() + (1 << 23);
  cuda.setMemoryLimit(limit);
  expect(cuda.getMemoryLimit('cuda:0')).toBe(limit);
  expect(() => rsqrt(x)).toThrow(
    expect.objectContaining({ code: 'ERR_OUT_OF_MEMORY', message: expect.stringMatching(/the limit is \d+/) }),
  );
  x.rsqrt_();
  const small = empty(1 << 16, { device: 'cuda' });
  small.dispose();
  cuda.setMemoryLimit(Number.POSITIVE_INFINITY);
  expect(rsqrt(x).at(5)).toBe(Math.fround(Math.SQRT2));
  x.dispose();
});

testOfTwoGpus(package_, 'a limit is that of one GPU', () => {
  cuda.setMemoryLimit(0);
  expect([cuda.getMemoryLimit(), cuda.getMemoryLimit(1)]).toEqual([0, Number.POSITIVE_INFINITY]);
  expect(() => empty(4, { device: 'cuda:0' })).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_MEMORY' }));
  expect(ones(4, { device: 'cuda:1' }).numel).toBe(4);
});
