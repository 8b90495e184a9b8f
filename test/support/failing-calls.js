// Makes every call of the simulated CUDA runtime fail in turn: node failing-calls.js SCENARIO CODE
// [ONCE]
//
// A scenario is a list of steps, each of which is one call of the public API. Each step must either
// have the result that it has without a failure (failures of releases are swallowed), or throw an
// error that names the CUDA call and leave all tensors as they were before the step. Afterwards the
// scenario must succeed in the same process, and no memory may be left allocated. The process ends
// with a line of JSON: how many failures of each CUDA function were `thrown` and how many were
// `swallowed`.
//
// With ONCE, only that call fails, counted from 1. This is for the first calls on a device, which
// occur only once in a process, and for codes such as 700, after which the device is lost. Without
// arguments, the scenarios are listed.
const assert = require('node:assert/strict');
const { createHash } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');
const rsqrt = require('rsqrt');

const { arange, asTensor, cuda, empty, full, manualSeed, rand, randn, tensor, tidy, zeros } = rsqrt;
const [scenarioName, code, once] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? 0)];
const log = process.env.RSQRT_SIMULATED_FAIL_LOG;

const STICKY = 700;
const NAMES = {
  2: 'out of memory (cudaErrorMemoryAllocation, 2)',
  700: 'an illegal memory access was encountered (cudaErrorIllegalAddress, 700)',
  999: 'unknown error (cudaErrorUnknown, 999)',
};
/**
 * Functions that are called after work was queued, to mark it or to wait for it. If one of them
 * fails, the work is done nevertheless.
 */
const AFTERWARDS = ['cudaEventCreateWithFlags', 'cudaEventRecord', 'cudaEventSynchronize'];
const LOST = '; it may come from any work queued before, and CUDA is lost to this process until it restarts';

// ---------------------------------------------------------------- scenarios

// biome-ignore format: short
const squares = () => tensor([[4, 16, 64], [1, 4, 16]], { device: 'cuda' });
// biome-ignore format: short
const roots = [[0.5, 0.25, 0.125], [1, 0.5, 0.25]];
/** How many numbers are 5 MiB: more than is staged at a time. */
const LARGE = 5 << 17;
let numbers;
const large = () => (numbers ??= new Float64Array(LARGE).map((_, i) => i));

/**
 * `before` makes named values. Each step is a function of all values so far, or a pair of a name
 * and such a function, whose result is added under that name. `gives` is the result of the last
 * step. All values are disposed at the end.
 */
// biome-ignore format: a table
const scenarios = {
  'tensors from the host': {
    steps: [
      ['x', () => squares()],
      ['y', () => asTensor(new Float64Array([1, 2]), { device: 'cuda:1' })],
      ({ x, y }) => [x.toArray(), y.toArray()],
    ],
    gives: [[[4, 16, 64], [1, 4, 16]], [1, 2]],
  },
  'more than is staged at a time': {
    steps: [
      ['x', () => asTensor(large(), { device: 'cuda' })],
      ['host', ({ x }) => x.cpu()],
      ({ host }) => [host.at(0), host.at(LARGE - 1)],
    ],
    gives: [0, LARGE - 1],
  },
  'creation on a device': {
    steps: [
      ['zeros', () => zeros(3, { device: 'cuda' })],
      ['full', () => full([2, 2], 7, { device: 'cuda:1', dtype: 'int16' })],
      ['range', () => arange(0, 4, { device: 'cuda' })],
      ({ full }) => void full.fill_(5),
      ({ range }) => void range.set(9, 2),
      ({ zeros, full, range }) => [zeros.toArray(), full.toArray(), range.toArray(), range.at(2), String(zeros)],
    ],
    gives: [[0, 0, 0], [[5, 5], [5, 5]], [0, 1, 9, 3], 9, "tensor([0., 0., 0.], device='cuda:0')"],
  },
  'an operation with a new output': {
    before: () => ({ x: squares() }),
    steps: [['y', ({ x }) => rsqrt.rsqrt(x)], ({ y }) => y.toArray()],
    gives: roots,
  },
  'an operation with out': {
    before: () => ({ x: squares(), out: full([2, 3], 7, { device: 'cuda' }) }),
    steps: [({ x, out }) => void rsqrt.rsqrt(x, { out }), ({ out }) => out.toArray()],
    gives: roots,
  },
  'an operation with an out that grows': {
    before: () => ({ x: squares(), out: empty(0, { device: 'cuda' }) }),
    steps: [({ x, out }) => void rsqrt.rsqrt(x, { out }), ({ out }) => out.toArray()],
    gives: roots,
  },
  'strided and transposed inputs and outputs': {
    before: () => ({ x: squares(), wide: full([3, 4], 7, { device: 'cuda' }) }),
    steps: [
      ({ x, wide }) => tidy(() => void rsqrt.rsqrt(x.t(), { out: wide.narrow(1, 1, 2) })),
      ['transposed', ({ x }) => x.t()],
      ['y', ({ transposed }) => transposed.to('float64')],
      ['z', ({ transposed }) => transposed.square()],
      ['packed', ({ transposed }) => transposed.contiguous()],
      ({ wide, y, z, packed }) => [wide.toArray(), y.toArray(), z.toArray(), packed.toArray()],
    ],
    gives: [
      [[7, 0.5, 1, 7], [7, 0.25, 0.5, 7], [7, 0.125, 0.25, 7]],
      [[4, 1], [16, 4], [64, 16]],
      [[16, 1], [256, 16], [4096, 256]],
      [[4, 1], [16, 4], [64, 16]],
    ],
  },
  'an operation in place': {
    before: () => ({ x: squares() }),
    steps: [
      ({ x }) => void x.rsqrt_(),
      ({ x }) => tidy(() => void x.t().narrow(0, 1, 2).neg_()),
      ({ x }) => x.toArray(),
    ],
    gives: [[0.5, -0.25, -0.125], [1, -0.5, -0.25]],
  },
  'to another device and dtype': {
    before: () => ({ x: squares() }),
    steps: [
      ['transposed', ({ x }) => x.t()],
      ['half', ({ transposed }) => transposed.to({ device: 'cuda:1', dtype: 'float16' })],
      ['whole', ({ half }) => half.to({ device: 'cpu', dtype: 'int32' })],
      ['repeated', ({ half }) => tidy(() => half.narrow(0, 0, 1).expand(2, 2))],
      ['back', ({ repeated }) => repeated.to('cuda:0')],
      ({ whole, back }) => [whole.toArray(), back.toArray()],
    ],
    gives: [[[4, 1], [16, 4], [64, 16]], [[4, 1], [4, 1]]],
  },
  'copy_ between devices': {
    before: () => ({ x: squares(), there: full([2, 3], 7, { device: 'cuda:1' }), host: zeros(3, 2) }),
    steps: [
      ({ x, there }) => void there.copy_(x),
      ({ x, there }) => tidy(() => void there.t().copy_(x.narrow(1, 0, 1).t().expand(3, 2))),
      ({ there, host }) => tidy(() => void host.t().copy_(there)),
      ({ there, host }) => tidy(() => void there.narrow(0, 1, 1).copy_(host.t().narrow(0, 0, 1).to('int8'))),
      ({ x, there }) => void x.copy_(there),
      ({ x, host }) => [x.toArray(), host.toArray()],
    ],
    gives: [[[4, 4, 4], [4, 4, 4]], [[4, 1], [4, 1], [4, 1]]],
  },
  'page-locked memory, waited for and not': {
    before: () => ({ x: tensor([4, 16, 64]), there: full([3], 7, { device: 'cuda:1' }) }),
    steps: [
      ['pinned', ({ x }) => x.pinMemory()],
      ['y', ({ pinned }) => pinned.to({ device: 'cuda', nonBlocking: true })],
      ({ pinned, there }) => void there.copy_(pinned, { nonBlocking: true }),
      ({ pinned }) => void pinned.fill_(9),
      ({ y }) => void y.rsqrt_(),
      ['back', ({ y }) => y.to({ device: 'cpu', nonBlocking: true })],
      ({ pinned, there }) => void pinned.copy_(there, { nonBlocking: true }),
      ({ pinned }) => void pinned.neg_(),
      ({ pinned, there }) => void there.copy_(pinned),
      ({ back, pinned, there }) => [back.toArray(), pinned.toArray(), there.toArray()],
    ],
    gives: [[0.5, 0.25, 0.125], [-4, -16, -64], [-4, -16, -64]],
  },
  'reading without blocking': {
    before: () => ({ x: squares() }),
    steps: [
      ['transposed', ({ x }) => x.t()],
      async ({ x }) => assert.deepEqual([...(await x.dataAsync())], [4, 16, 64, 1, 4, 16]),
      ['host', ({ transposed }) => transposed.toAsync({ device: 'cpu', dtype: 'float64' })],
      async ({ x, host }) => [await x.toArrayAsync(), host.toArray()],
    ],
    gives: [[[4, 16, 64], [1, 4, 16]], [[4, 1], [16, 4], [64, 16]]],
  },
  streams: {
    before: () => ({ x: squares(), y: full([2, 3], 7, { device: 'cuda' }) }),
    steps: [
      ['z', ({ x }) => cuda.stream(() => x.rsqrt())],
      ({ y, z }) => void y.copy_(z),
      ({ x, y }) => void cuda.stream(() => x.copy_(y)),
      ({ z }) => void cuda.stream(() => cuda.stream(() => z.neg_())),
      ['there', ({ z }) => cuda.stream(() => z.to('cuda:1'), 1)],
      ({ x, there }) => [x.toArray(), there.toArray()],
    ],
    gives: [roots, roots.map((row) => row.map((value) => -value))],
  },
  events: {
    before: () => ({ x: squares() }),
    steps: [
      ['start', () => new cuda.Event()],
      ['end', () => new cuda.Event({ device: 0 })],
      ({ start }) => start.record(),
      ({ x }) => void x.rsqrt_(),
      ({ end }) => end.record(),
      ({ end }) => end.query(),
      ({ end }) => end.synchronize(),
      ({ start, end }) => start.elapsedTime(end),
      () => cuda.synchronize(),
      ({ x, end }) => [x.toArray(), end.query()],
    ],
    gives: [roots, true],
  },
  graphs: {
    before: () => ({ x: squares(), out: zeros([2, 3], { device: 'cuda' }) }),
    steps: [
      ['graph', ({ x, out }) => tidy(() => cuda.graph(() => void out.copy_(x.neg().neg().rsqrt())))],
      ['second', ({ x }) => tidy(() => cuda.graph(() => x.square()))],
      ({ graph }) => graph.replay(),
      ({ second }) => cuda.stream(() => second.replay()),
      ({ out, second }) => [out.toArray(), second.result.at(0, 2)],
    ],
    gives: [roots, 4096],
  },
  'random numbers': {
    steps: [
      ['y', () => rand(1000, { device: 'cuda' })],
      ['z', () => randn(5, { dtype: 'complex64', device: 'cuda:1' })],
      ({ y, z }) => y.numel + z.numel,
    ],
    gives: 1005,
  },
  'memory statistics': {
    before: () => ({ x: zeros(1 << 16, { device: 'cuda' }) }),
    steps: [
      () => empty(1 << 16, { device: 'cuda' }).dispose(),
      () => tidy(() => void zeros(8).pinMemory()),
      () => cuda.emptyCache(),
      () => cuda.resetPeakMemoryStats(),
      () => cuda.setMemoryLimit(Number.POSITIVE_INFINITY),
      () => cuda.memoryAllocated() >= 1 << 18 && cuda.memoryReserved() >= 1 << 18 && cuda.memGetInfo().free > 0,
    ],
    gives: true,
  },
  'the first calls on two devices': {
    steps: [
      ['x', () => squares()],
      ['y', ({ x }) => tidy(() => cuda.stream(() => x.rsqrt()))],
      ['there', ({ y }) => y.to('cuda:1')],
      async ({ there }) => [await there.toArrayAsync(), cuda.getDeviceProperties(1).major > 0],
    ],
    gives: [roots, true],
  },
};

// ---------------------------------------------------------------- the run

const { before = () => ({}), steps, gives } = scenarios[scenarioName] ?? {};

async function take(step, all) {
  if (typeof step === 'function') return step(all);
  const [name, call] = step;
  all[name] = await call(all);
}

let serial = 0;
const inject = (nth) => {
  process.env.RSQRT_SIMULATED_FAIL = `${++serial}:${nth}:${code}`;
};
/** The CUDA function that failed since `inject`, or null if there were fewer calls. */
const failedFunction = () => {
  const last = readFileSync(log, 'utf8').trim().split('\n').at(-1).split(' ');
  return last[0] === String(serial) ? last[1] : null;
};

const isTensor = (value) => value instanceof rsqrt.Tensor;
const bitsOf = (x) =>
  tidy(() => {
    const { buffer, byteOffset, byteLength } = x.clone().cpu().contiguous().data;
    return createHash('sha1')
      .update(new Uint8Array(buffer, byteOffset, byteLength))
      .digest('hex');
  });
/** Digests of the bits of all tensors. */
const stateOf = (all) =>
  Object.fromEntries(Object.entries(all).flatMap(([name, x]) => (isTensor(x) ? [[name, bitsOf(x)]] : [])));
const allocated = () => [0, 1].map((device) => cuda.memoryAllocated(device));

function disposeAll(all) {
  for (const each of Object.values(all)) {
    if (isTensor(each.result)) each.result.dispose();
    each.dispose();
  }
}

/** Runs the scenario without a failure. Returns the states before each step and after the last. */
async function succeed() {
  manualSeed(1);
  const all = before();
  const states = [stateOf(all)];
  let result;
  for (const step of steps) {
    result = await take(step, all);
    states.push(stateOf(all));
  }
  assert.deepEqual(result, gives);
  disposeAll(all);
  return states;
}

/**
 * Runs the scenario with a failure in the nth call. Returns the function that failed, if any, the
 * number of steps that were done, and the outcome.
 */
async function fail(nth) {
  manualSeed(1);
  const all = before();
  inject(nth);
  let [done, result, error] = [0, undefined, undefined];
  try {
    for (; done < steps.length; done++) result = await take(steps[done], all);
  } catch (caught) {
    error = caught;
  }
  const name = failedFunction();
  inject(0);
  const state = code === STICKY ? undefined : stateOf(all);
  disposeAll(all);
  return { name, done, state, result, error };
}

/** Checks what `fail` returned, given the states of a run without a failure. */
function check({ name, done, state, result, error }, states) {
  const text = `${name}, after ${done} steps: ${error?.stack}`;
  if (error === undefined) assert.deepEqual(result, gives, text);
  else checkError(error, name);
  if (AFTERWARDS.includes(name) && isDeepStrictEqual(state, states[done + 1])) return;
  assert.deepEqual(state, states[done], text);
}

function checkError(error, name) {
  if (code === 2 && error.code === 'ERR_OUT_OF_MEMORY') {
    assert.match(
      error.message,
      /^out of (memory on cuda:\d: asked for|page-locked memory: the system does not give) \d+ bytes/,
    );
    return;
  }
  const { name: type, code: kind, message } = error;
  // If a sticky failure was swallowed, the next call reports it.
  const call = code === STICKY ? message.split(' ')[0] : name;
  const sentence = `${call} failed: ${NAMES[code]}${code === STICKY ? LOST : ''}`;
  assert.deepEqual({ type, kind, message }, { type: 'RsqrtError', kind: 'ERR_CUDA', message: sentence }, error.stack);
}

/** After a sticky failure, every call on the device must fail and say so. */
async function failForGood() {
  const { name, error } = await fail(once);
  if (error !== undefined) checkError(error, name);
  for (let i = 0; i < 3; i++) await assert.rejects(succeed, { code: 'ERR_CUDA', message: RegExp(`${LOST}$`) });
  return [{ name, error }];
}

async function failOnce() {
  const outcome = await fail(once);
  check(outcome, await succeed());
  assert.deepEqual(allocated(), [0, 0]);
  return [outcome];
}

async function failEach() {
  const outcomes = [];
  const states = await succeed();
  for (let nth = 1; ; nth++) {
    const held = allocated();
    const outcome = await fail(nth);
    check(outcome, states);
    assert.deepEqual(allocated(), held, `call ${nth}, ${outcome.name}: memory is left`);
    assert.deepEqual(await succeed(), states);
    assert.deepEqual(allocated(), held);
    if (outcome.name === null) return outcomes;
    outcomes.push(outcome);
  }
}

async function main() {
  writeFileSync(log, '');
  const outcomes = await (code === STICKY ? failForGood : once > 0 ? failOnce : failEach)();
  const tally = { thrown: {}, swallowed: {} };
  for (const { name, error } of outcomes) {
    const table = error === undefined ? tally.swallowed : tally.thrown;
    if (name !== null) table[name] = (table[name] ?? 0) + 1;
  }
  console.log(JSON.stringify(tally));
}

if (scenarioName === undefined) console.log(JSON.stringify(Object.keys(scenarios)));
else main();
