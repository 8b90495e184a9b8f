/** The order of the work of GPUs: streams, events and graphs. */

import { gpusOf, load, loadWatched, testOfTwoGpus } from './support/configurations';
import { covered } from './support/coverage';

const { rsqrt: package_, binding } = loadWatched('simulated');
const { arange, cuda, full, ones, rand, tensor, tidy, zeros } = package_;
const other = load('simulated');
const gpus = gpusOf(package_);

const codeOf = (call: () => unknown): string | undefined => {
  try {
    call();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return undefined;
};

// ---------------------------------------------------------------- streams

test('stream: the result of fn, computed on another stream, used without waiting', () => {
  const enter = jest.spyOn(binding, 'enterStream');
  const leave = jest.spyOn(binding, 'leaveStream');
  const x = arange(1, 5, { device: 'cuda' });
  const y = cuda.stream(() => x.square());
  expect(y.rsqrt().at(3)).toBe(0.25);
  expect([enter.mock.calls, leave.mock.calls]).toEqual([[[0]], [[0, enter.mock.results[0].value]]]);
  jest.restoreAllMocks();
});

testOfTwoGpus(package_, 'stream: left when fn throws, nested, and of the device that is named', () => {
  const calls: string[] = [];
  const enter = jest.spyOn(binding, 'enterStream').mockImplementation((device) => calls.push(`enter ${device}`));
  const leave = jest.spyOn(binding, 'leaveStream').mockImplementation((device, previous) => {
    calls.push(`leave ${device} ${previous}`);
  });
  const failing = () => {
    throw new Error('no');
  };
  expect(() => cuda.stream(() => cuda.stream(failing, 'cuda:1'))).toThrow('no');
  expect(calls).toEqual(['enter 0', 'enter 1', 'leave 1 2', 'leave 0 1']);
  expect(codeOf(() => cuda.stream(async () => ones(2)))).toBe('ERR_INVALID_ARG_TYPE');
  expect(calls.slice(4)).toEqual(['enter 0', 'leave 0 5']);
  enter.mockRestore();
  leave.mockRestore();
});

// ---------------------------------------------------------------- events

test('streams on the same tensors, and what is disposed at once: in the order of the calls', () => {
  const n = 1 << 16;
  const x = full([n], 1, { device: 'cuda' });
  for (let i = 0; i < 8; i++) {
    cuda.stream(() => x.copy_(x.neg()));
    x.copy_(tidy(() => cuda.stream(() => x.square().neg())));
    cuda.stream(() => cuda.stream(() => x.neg_()));
  }
  expect(x.cpu().data.every((value) => value === 1)).toBe(true);
  const moved = cuda.stream(() => full([n], 4, { device: 'cuda' }).rsqrt()).to(gpus[gpus.length - 1]);
  const z = cuda.stream(() => moved.neg(), moved.device as `cuda:${number}`);
  moved.dispose();
  for (const device of gpus) zeros(n, { device });
  expect(z.cpu().data.every((value) => value === -0.5)).toBe(true);
  covered('cuda', 'streams');
});

test('an event is reached once somebody waited for it, and tells the time', () => {
  for (const device of gpus) {
    using start = new cuda.Event({ device });
    using end = new cuda.Event({ device });
    expect([start.query(), start.device]).toEqual([true, device]);
    let x = ones(1 << 16, { device });
    expect(start.record()).toBe(start);
    for (let i = 0; i < 20; i++) x = x.neg();
    end.record().synchronize();
    expect([start.query(), end.query()]).toEqual([true, true]);
    const elapsed = start.elapsedTime(end);
    expect(elapsed).toBeGreaterThanOrEqual(0);
    cuda.stream(() => end.record(), device);
    cuda.synchronize(device);
    expect([end.query(), start.elapsedTime(end) >= elapsed]).toEqual([true, true]);
  }
  const ended = new cuda.Event();
  ended.dispose();
  ended.dispose();
  expect([codeOf(() => ended.query()), codeOf(() => ended.record())]).toEqual(['ERR_DISPOSED', 'ERR_DISPOSED']);
  covered('cuda', 'events');
});

test('elapsedTime refuses what has no time', () => {
  using start = new cuda.Event().record();
  using fresh = new cuda.Event();
  using foreign = new other.cuda.Event();
  const ended = new cuda.Event();
  ended[Symbol.dispose]();
  const message = (end: unknown, from = start) => {
    try {
      return String(from.elapsedTime(end as typeof start));
    } catch (error) {
      return `${(error as { code: string }).code} ${(error as Error).message}`;
    }
  };
  expect(message(fresh)).toBe('ERR_CUDA CudaEvent.elapsedTime: end was not recorded');
  expect(message(start, fresh)).toBe('ERR_CUDA CudaEvent.elapsedTime: this event was not recorded');
  expect(message(ended)).toBe('ERR_DISPOSED CudaEvent.elapsedTime: end: the event was disposed');
  for (const end of [undefined, null, 4, {}, foreign]) {
    expect(message(end)).toMatch(/^ERR_INVALID_ARG_TYPE CudaEvent.elapsedTime: end must be a CudaEvent; received /);
  }
});

testOfTwoGpus(package_, 'elapsedTime refuses an event of another GPU', () => {
  using start = new cuda.Event().record();
  using second = new cuda.Event({ device: 'cuda:1' }).record();
  expect(() => start.elapsedTime(second)).toThrow(
    expect.objectContaining({
      code: 'ERR_DEVICE',
      message: 'CudaEvent.elapsedTime: end must be of cuda:0; it is of cuda:1',
    }),
  );
});

// ---------------------------------------------------------------- graphs

test('a graph does its work by replay alone, with what its inputs hold then', () => {
  const x = ones(3, { device: 'cuda' });
  const out = zeros(3, { device: 'cuda' });
  let calls = 0;
  using graph = cuda.graph(() => {
    calls++;
    const between = x.square();
    return { root: between.rsqrt(), written: out.copy_(between) };
  });
  expect([calls, out.toArray()]).toEqual([1, [0, 0, 0]]);
  for (const values of [
    [1, 2, 4],
    [2, 4, 8],
  ]) {
    x.copy_(tensor(values));
    expect(graph.replay()).toBeUndefined();
    expect(graph.result.root.toArray()).toEqual(values.map((value) => 1 / value));
    expect(graph.result.written).toBe(out);
    expect(out.toArray()).toEqual(values.map((value) => value * value));
  }
  expect(calls).toBe(1);
  covered('cuda', 'graphs');
});

test('a graph keeps the memory of its work, disposed or not, until it is disposed', () => {
  const x = full([1 << 18], 2, { device: 'cuda' });
  const before = cuda.memoryAllocated();
  const graph = cuda.graph(() => tidy(() => x.square().neg()));
  expect(cuda.memoryAllocated() - before).toBeGreaterThanOrEqual(2 << 20);
  const copy = graph.result.narrow(0, 0, 2);
  graph.result.dispose();
  x.dispose();
  const others = Array.from({ length: 8 }, () => full([1 << 18], 7, { device: 'cuda' }));
  graph.replay();
  expect(copy.toArray()).toEqual([-4, -4]);
  expect(others.every((each) => each.at(100) === 7)).toBe(true);
  graph.dispose();
  graph.dispose();
  expect(copy.toArray()).toEqual([-4, -4]);
  expect(codeOf(() => graph.replay())).toBe('ERR_DISPOSED');
  copy.dispose();
  for (const each of others) each.dispose();
  expect(cuda.memoryAllocated()).toBeLessThan(before);
});

test('replays are in order with what is queued around them, on any stream', () => {
  const x = full([1 << 16], 2, { device: 'cuda' });
  const graph = cuda.graph(() => x.copy_(x.square()));
  const before = x.neg();
  graph.replay();
  const between = cuda.stream(() => x.neg());
  cuda.stream(() => graph.replay());
  const after = x.to(gpus[gpus.length - 1]).neg();
  graph.dispose();
  expect([before.at(0), between.at(1), after.at(65_535)]).toEqual([-2, -4, -16]);
});

test('values that are written are part of a graph', () => {
  const x = ones(2, { device: 'cuda' });
  const z = tensor([{ re: 1, im: 2 }], { device: 'cuda' });
  using graph = cuda.graph(() => {
    const zero = zeros(2, 2, { device: 'cuda' });
    x.square_();
    x.narrow(0, 0, 1).fill_(3);
    z.fill_({ re: 4, im: -5 });
    zero.select(1, 1).fill_(7);
    return { zero, minus: full([2], -1n, { device: 'cuda' }) };
  });
  expect(x.toArray()).toEqual([1, 1]);
  x.fill_(5);
  for (let i = 0; i < 2; i++) graph.replay();
  const { zero, minus } = graph.result;
  expect([x.toArray(), z.toArray(), zero.toArray(), minus.toArray()]).toEqual([
    [3, 625],
    [{ re: 4, im: -5 }],
    [
      [0, 7],
      [0, 7],
    ],
    [-1n, -1n],
  ]);
});

test('a graph that is refused or fails leaves nothing capturing', () => {
  const x = ones(2, { device: 'cuda' });
  const message = (fn: () => unknown) => {
    try {
      cuda.graph(fn);
    } catch (error) {
      return `${(error as { code?: string }).code} ${(error as Error).message}`;
    } finally {
      expect(x.neg().toArray()).toEqual([-1, -1]); // captures no more
    }
    return undefined;
  };
  expect(
    message(() => {
      x.neg();
      throw new Error('no');
    }),
  ).toBe('undefined no');
  expect(message(async () => x.neg())).toBe(
    'ERR_INVALID_ARG_TYPE cuda.graph: fn must be synchronous; received one that returns a promise',
  );
  expect(message(() => cuda.graph(() => x.neg()))).toBe(
    'ERR_CUDA cuda.graph: a graph of cuda:0 is being captured already',
  );
  for (const refused of [
    () => x.toArray(),
    () => x.to('cpu'),
    () => x.to({ device: 'cpu', nonBlocking: true }),
    ...gpus.slice(1).map((device) => () => x.to(device)),
    () => x.copy_(ones(2)),
    () => cuda.synchronize(),
    () => String(x),
  ]) {
    expect(message(refused)).toMatch(/^ERR_CUDA .*cannot be part of a graph/);
  }
  expect(message(() => rand(2, { device: 'cuda' }))).toMatch(
    /^ERR_CUDA rand: a graph of cuda:0 is being captured, .*; draw them before$/,
  );
  expect(message(() => new cuda.Event().record())).toMatch(/^ERR_CUDA CudaEvent.record: a graph of cuda:0 is being/);
  const graph = cuda.graph(() => x.neg());
  expect(message(() => graph.replay())).toMatch(/^ERR_CUDA CudaGraph.replay: a graph of cuda:0 is being captured/);
  expect(x.toArray()).toEqual([1, 1]);
});

test('a call that is refused within a capture may be caught, and the capture goes on', () => {
  const x = full([2], 3, { device: 'cuda' });
  using graph = cuda.graph(() => {
    expect(codeOf(() => x.item())).toBe('ERR_SHAPE');
    expect(codeOf(() => x.toArray())).toBe('ERR_CUDA');
    return x.neg();
  });
  graph.replay();
  expect(graph.result.toArray()).toEqual([-3, -3]);
});

testOfTwoGpus(package_, 'while one GPU is captured, the CPU and other GPUs work', () => {
  const x = ones(2, { device: 'cuda:1' });
  using graph = cuda.graph(() => {
    expect(codeOf(() => cuda.graph(() => 1, 0))).toBe('ERR_CUDA');
    expect([full([2], 4).neg().toArray(), full([2], 4, { device: 'cuda:0' }).neg().toArray()]).toEqual([
      [-4, -4],
      [-4, -4],
    ]);
    expect(rand(2, { device: 'cuda:0' }).numel + rand(2).numel).toBe(4);
    return x.neg();
  }, 'cuda:1');
  graph.replay();
  expect(graph.result.toArray()).toEqual([-1, -1]);
});

test('a graph of nothing, and one returned from tidy', () => {
  using nothing = cuda.graph(() => 5);
  nothing.replay();
  expect(nothing.result).toBe(5);
  const x = ones(2, { device: 'cuda' });
  using kept = tidy(() => cuda.graph(() => x.neg().neg()));
  kept.replay();
  expect(kept.result.toArray()).toEqual([1, 1]);
});
