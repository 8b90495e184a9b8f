// Makes every allocation of the addon fail in turn, on the simulated device: node
// failing-allocations.js CONTROL SCENARIO
//
// CONTROL is the compiled failing_malloc.c, which must be preloaded. A scenario must either have
// the result that it has without a failure, or throw an error with the code ERR_OUT_OF_MEMORY.
// Afterwards it must succeed in the same process, no memory may be left behind, and the process
// must end by itself. In the first round, one allocation fails at a time; in the second round, that
// one and all later ones. The process prints as JSON the number of allocations (`failures`), the
// number of failures that were `thrown`, and the number of blocks that are `left`: by how many the
// blocks of the addon grew in the second round.
//
// With the further arguments N and 'once' or 'from then on', only the N-th allocation fails, in the
// first run of the scenario in the process, and the outcome is printed. Without arguments, the
// scenarios are listed.
const assert = require('node:assert/strict');
const path = require('node:path');
const rsqrt = require('rsqrt');

const { arange, cuda, empty, full, memoryStats, rand, randn, setNumThreads, tensor } = rsqrt;
const [control, scenarioName, only, mode] = process.argv.slice(2);
const { arm, failed, live } = control === undefined ? {} : require(control);

const once = (start) => new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
const binary = path.resolve(process.env.RSQRT_BINARY ?? '');
const createError = (code, message) => Object.assign(new Error(message), { code });

/** The binding of a newly loaded addon, which has its own devices. */
function open() {
  const loaded = { exports: {} };
  process.dlopen(loaded, binary);
  return loaded.exports.open('', createError);
}

/** The scenarios that load the addon anew. */
const LOADING = [
  'loading and opening',
  'an unknown instruction set',
  'the first use of a device',
  'programs',
  'watching objects',
  'wrong calls',
];

/** What `program` takes to make a program that copies float16. */
const copying = [[0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0], [0, 0], []].map((bytes) => Uint8Array.from(bytes));

let threads = 2;
const floats = (memory) => [...new Float32Array(memory)];

// ---------------------------------------------------------------- scenarios: `made` records what must be disposed

// biome-ignore format: short
const squares = (made) => made(tensor([[4, 16, 64], [1, 4, 16]], { device: 'cuda' }));

const scenarios = {
  'loading and opening': () => {
    const binding = open();
    return [binding.dtypes.length, binding.isas.length > 0, typeof binding.run];
  },
  'an unknown instruction set': () => {
    const loaded = { exports: {} };
    process.dlopen(loaded, binary);
    try {
      loaded.exports.open('no such instruction set', createError);
    } catch (error) {
      if (error.code === 'ERR_ISA') return 'refused';
      throw error;
    }
  },
  'the first use of a device': async () => {
    const binding = open();
    const host = new Float32Array([4, 16, 25]).buffer;
    const memory = binding.allocate(0, 12);
    binding.copy(host, 0, memory, 0, 12, false);
    const previous = binding.enterStream(0);
    try {
      binding.copy(memory, 0, binding.allocate(1, 12), 0, 12, false);
    } finally {
      binding.leaveStream(0, previous);
    }
    const pinned = binding.allocatePinned(12);
    binding.copy(memory, 0, pinned, 0, 12, true);
    await once((done) => binding.whenSettled(pinned, done));
    return [binding.deviceProperties(1).major > 0, floats(pinned)];
  },
  'an operation on the CPU': (made) => made(made(tensor([4, 16])).rsqrt()).toArray(),
  'an operation in several threads': (made) => {
    setNumThreads(threads++); // so that another thread must be started
    const x = made(full([1 << 20], 4));
    return [
      made(x.rsqrt()).at(1 << 19),
      made(made(x.view(1 << 10, 1 << 10)).t())
        .square_()
        .at(5, 6),
    ];
  },
  'other dtypes and strides': (made) => {
    const x = made(made(arange(0, 6)).view(2, 3));
    return [made(made(x.t()).to('int16')).toArray(), made(made(x.narrow(1, 0, 2)).to('float64')).toArray()];
  },
  'large memory': (made) => made(empty(11 << 20)).numel,
  'random numbers': (made) => [
    made(rand(1000)).numel,
    made(rand(1000, { device: 'cuda' })).numel,
    made(randn(5, { dtype: 'complex64', device: 'cuda:1' })).numel,
  ],
  'to a device and back': (made) => made(made(squares(made).rsqrt()).cpu()).toArray(),
  'more than is staged at a time': (made) => {
    const x = made(made(full([5 << 17], 4, { dtype: 'float64' })).to('cuda'));
    return made(x.cpu()).at((5 << 17) - 1);
  },
  'strides, dtypes and another device': (made) => {
    const transposed = made(squares(made).t());
    const half = made(transposed.to({ device: 'cuda:1', dtype: 'float16' }));
    return [made(transposed.square()).toArray(), half.toArray(), made(half.to('cuda:0')).toArray()];
  },
  'page-locked memory': (made) => {
    const pinned = made(made(tensor([4, 16, 64])).pinMemory());
    const x = made(pinned.to({ device: 'cuda', nonBlocking: true }));
    const back = made(made(x.rsqrt()).to({ device: 'cpu', nonBlocking: true }));
    return back.toArray();
  },
  'reading without blocking': async (made) => {
    const x = squares(made);
    const host = made(await x.toAsync('cpu'));
    return [[...(await x.dataAsync())], await made(x.rsqrt()).toArrayAsync(), host.toArray()];
  },
  'several reads at a time': async (made) => {
    const x = squares(made);
    const reads = await Promise.allSettled(Array.from({ length: 8 }, () => x.toArrayAsync()));
    const failed = reads.find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
    return reads.map(({ value }) => value.length);
  },
  streams: (made) => {
    const x = squares(made);
    const y = cuda.stream(() => made(cuda.stream(() => made(x.rsqrt())).neg()));
    return [made(x.neg()).at(0, 0), y.toArray()];
  },
  events: (made) => {
    const [start, end] = [made(new cuda.Event()), made(new cuda.Event())];
    start.record();
    squares(made);
    end.record();
    end.synchronize();
    return [end.query(), start.elapsedTime(end) >= 0];
  },
  graphs: (made) => {
    const x = squares(made);
    const graph = made(cuda.graph(() => made(made(x.neg()).neg())));
    graph.replay();
    return graph.result.toArray();
  },
  'memory statistics': () => {
    cuda.emptyCache();
    cuda.resetPeakMemoryStats();
    cuda.setMemoryLimit(Number.POSITIVE_INFINITY);
    return [cuda.memGetInfo().total > 0, cuda.getDeviceProperties(1).major > 0];
  },
  'too little memory': (made) => {
    try {
      made(empty(2 ** 40, { device: 'cuda' }));
    } catch (error) {
      if (error.code === 'ERR_OUT_OF_MEMORY') return 'refused';
      throw error;
    }
  },
  programs: () => {
    const binding = open();
    const [input, output] = [Uint16Array.of(1, 2).buffer, new ArrayBuffer(4)];
    const programs = Array.from({ length: 9 }, () => binding.program(...copying));
    for (const program of programs.slice(0, 5)) binding.releaseProgram(program);
    programs.push(...Array.from({ length: 9 }, () => binding.program(...copying)));
    for (const program of programs.slice(5)) binding.run(program, 2, input, 0, output, 0);
    return [programs, [...new Uint16Array(output)]];
  },
  'watching objects': () => {
    const binding = open();
    const objects = Array.from({ length: 9 }, () => ({}));
    const watches = objects.map((object) => binding.watch(object));
    return [watches, watches.map((watch) => binding.isCollected(watch)), objects.length];
  },
  'wrong calls': () => {
    const binding = open();
    for (const call of [
      () => binding.run(999),
      () => binding.run(binding.program(...copying), 4, {}, 0, {}, 0),
      () => binding.program(new Uint8Array(6), new Uint8Array(), new Uint8Array()),
      () => binding.random(0, 2n ** 70n),
      () => binding.copy(new ArrayBuffer(8), 0, new ArrayBuffer(8), 4, 8, false),
      () => binding.launchGraph({}),
      () => binding.whenSettled(new ArrayBuffer(8), 4),
    ]) {
      try {
        call();
      } catch ({ code, stack }) {
        if (code === 'ERR_OUT_OF_MEMORY') throw createError(code, stack);
        assert.match(String(code), /^ERR_(INVALID_ARG_TYPE|OUT_OF_RANGE)$/);
      }
    }
    return 'refused';
  },
};

// ---------------------------------------------------------------- the run

/** Runs the scenario. Returns what it returned or threw. Everything that it made is disposed. */
async function outcome() {
  const all = [];
  const made = (each) => {
    all.push(each);
    return each;
  };
  try {
    return { gives: await scenarios[scenarioName](made) };
  } catch (error) {
    return { error };
  } finally {
    for (const each of all) each.dispose();
  }
}

/** The allocated memory, as the package counts it. */
const allocated = () => {
  const { undisposedTensors, undisposedBytes } = memoryStats();
  return { undisposedTensors, undisposedBytes, devices: [0, 1].map((device) => cuda.memoryAllocated(device)) };
};

/** Collects all garbage and runs its finalizers. */
async function collect() {
  for (let i = 0; i < 4; i++) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Runs the scenario with a failure. Returns how many allocations failed, and what the scenario
 * returned or threw.
 */
async function fail(nth, persistent) {
  arm(nth, persistent);
  const result = await outcome();
  const failures = failed();
  arm(0);
  return { failures, ...result };
}

/** Checks what `fail` returned, given the outcome without a failure. */
function check(nth, { failures, gives, error }, expected) {
  const text = `allocation ${nth}: ${error?.stack}`;
  if (error === undefined) return assert.deepEqual(gives, expected.gives, text);
  assert(failures > 0, text);
  // The launch function is a template that is compiled into our code, so its allocations are not
  // exempt. It fails as the real one would.
  if (error.message.startsWith('cudaLaunchKernel failed: out of memory')) return;
  assert.equal(error.code, 'ERR_OUT_OF_MEMORY', text);
}

/**
 * Makes all allocations fail in turn. Returns how many there were, how many failures were thrown,
 * and how many times the scenario ran.
 */
async function failEach(persistent) {
  const expected = await outcome();
  assert.equal(expected.error, undefined);
  const before = allocated();
  let thrown = 0;
  for (let nth = 1; ; nth++) {
    const result = await fail(nth, persistent);
    check(nth, result, expected);
    if (result.error !== undefined) thrown++;
    assert.deepEqual(allocated(), before, `allocation ${nth}: memory is left`);
    assert.deepEqual(await outcome(), expected, `after a failure of allocation ${nth}`);
    assert.deepEqual(allocated(), before);
    if (nth % 16 === 0) await collect();
    if (result.failures > 0) continue;
    await collect();
    cuda.emptyCache(); // it keeps as much page-locked memory as was in use between two collections
    return { failures: nth - 1, thrown, runs: 2 * nth + 1 };
  }
}

async function main() {
  if (only !== undefined) {
    const result = await fail(Number(only), mode === 'from then on');
    check(only, result, await outcome());
    console.log(JSON.stringify(result));
    return;
  }
  arm(0);
  const first = await failEach(false);
  const blocks = live();
  const second = await failEach(true);
  // Everything that is kept for reuse was allocated in the first round.
  console.log(JSON.stringify({ first, second, left: live() - blocks - loads(second.runs) }));
}

/**
 * The number of blocks that stay until the environment ends, because Node keeps data for each time
 * that an addon is loaded.
 */
const loads = (runs) => (LOADING.includes(scenarioName) ? 2 * runs : 0);

if (scenarioName === undefined) console.log(JSON.stringify(Object.keys(scenarios)));
else main();
