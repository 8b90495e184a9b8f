// Random calls of the addon, most of them corrupt: node corrupt-calls.js ADDON SEED COUNT
//
// A model in exact arithmetic says of each call whether it is legal. A legal one must return and
// write its elements and no other byte; any other must throw an error with a code and write
// nothing. Prints how many were refused and done.
const { inspect } = require('node:util');
const { isAnyArrayBuffer, isArrayBuffer, isFloat64Array } = require('node:util/types');
const { takesSharedArrayBuffers } = require('./node-api.js');

const [file, seed, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const codes = [
  'ERR_INVALID_ARG_TYPE',
  'ERR_OUT_OF_RANGE',
  'ERR_DTYPE',
  'ERR_DEVICE',
  'ERR_DISPOSED',
  'ERR_OUT_OF_MEMORY',
  'ERR_CUDA',
  'ERR_CUDA_UNAVAILABLE',
];

const binding = require(file).open('', (code, message) => Object.assign(new Error(message), { code }));
const devices = binding.cuda.deviceCount;
const sizes = { float32: 4, float64: 8, int8: 1, uint8: 1, int16: 2, int32: 4, int64: 8, bool: 1 };
for (const dtype of binding.dtypes) sizes[dtype] ??= /16$/.test(dtype) ? 2 : dtype === 'complex128' ? 16 : 8;
const sizeOf = (dtype) => sizes[binding.dtypes[dtype]];

let state = seed >>> 0; // mulberry32
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

function check(holds, describe) {
  if (!holds) throw new Error(describe());
}

// ---------------------------------------------------------------- values

const { proxy: revoked, revoke } = Proxy.revocable({}, {});
revoke();
const detached = new Uint8Array(64);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

// Windows in one arena: what lies between them must never change.
const arena = new Uint8Array(4096);
for (let i = 0; i < arena.length; i++) arena[i] = below(256);
const windows = [0, 1, 7, 16, 64, 100, 256, 256].map((length, i) => arena.subarray(i * 512 + i, i * 512 + i + length));
const whole = new ArrayBuffer(64);
const shared = new SharedArrayBuffer(64);
const scalarValues = new ArrayBuffer(256);

/** What the addon takes as memory: where it is, how long, and its bytes if they can be seen. */
const memories = new Map();
for (const bytes of windows) memories.set(bytes, { device: -1, length: bytes.length, bytes });
memories.set(whole, { device: -1, length: 64, bytes: new Uint8Array(whole) });
if (takesSharedArrayBuffers) memories.set(shared, { device: -1, length: 64, bytes: new Uint8Array(shared) });
memories.set(scalarValues, { device: -1, length: 256, bytes: new Uint8Array(scalarValues) });
memories.set(detached, { device: -1, length: 0, bytes: detached });
memories.set(detached.buffer, { device: -1, length: 0, bytes: detached });
const gone = [];
function allocate(device, length) {
  const memory = binding.allocate(device, length);
  memories.set(memory, { device, length });
}
for (let device = 0; device < devices; device++) for (const length of [0, 8, 64, 256, 256]) allocate(device, length);

function allocatePinned(length) {
  const buffer = binding.allocatePinned(length);
  memories.set(buffer, { device: -1, length, bytes: new Uint8Array(buffer), pinned: true });
}
if (devices > 0) for (const length of [8, 64, 256]) allocatePinned(length);

/**
 * Events and graphs: of which device, whether they were released, and whether an event was
 * recorded.
 */
const handles = new Map();
const ofKind = (kind) => [...handles].filter(([, info]) => info.kind === kind).map(([handle]) => handle);
function addEvent(device) {
  handles.set(binding.createEvent(device), { kind: 'event', device, live: true, recorded: false });
}
function addGraph(device) {
  const own = [...memories].filter(([, info]) => info.device === device && info.length >= 8).map(([key]) => key);
  binding.beginCapture(device);
  const load = [0, 0, 0, 0, 0, 0];
  const store = [3, 1, 0, 0, 0, 0];
  const copying = binding.program(Uint8Array.from([...load, ...store]), Uint8Array.of(0, 0), new Uint8Array());
  binding.run(copying, 2, pick(own), 0, pick(own), 0);
  binding.releaseProgram(copying); // the graph has a copy of it
  handles.set(binding.endCapture(device), { kind: 'graph', device, live: true });
}
for (let device = 0; device < devices; device++) for (const add of [addEvent, addEvent, addGraph]) add(device);

const junk = () =>
  pick([
    undefined,
    null,
    true,
    '',
    '0',
    'cuda:0',
    0n,
    2n ** 64n,
    Symbol('x'),
    {},
    [],
    [1],
    () => 1,
    /x/,
    new Date(),
    new Map(),
    new Proxy({}, {}),
    revoked,
    Object.create(null),
    { valueOf: () => 1 },
    new Float32Array(4),
    new Int8Array(4),
    new DataView(whole),
    shared,
    Object.create(pick([...memories.keys()])),
    new Proxy(whole, {}),
    detached,
    pick([...memories.keys()]),
    ...gone.slice(-1),
    ...pick([[], [...handles.keys()].slice(-1)]),
    new WeakRef(whole),
    Promise.resolve(),
    binding,
    binding.run,
  ]);
const number = () =>
  pick([
    () => below(10),
    () => below(300),
    () => -1 - below(5),
    () => random() * 10,
    () => Number.NaN,
    () => Infinity,
    () => -Infinity,
    () => -0,
    () => 2 ** below(70),
    () => 2 ** below(54) - 1,
    () => 2 ** below(54) + 1,
    () => -(2 ** below(64)),
    () => Number.MAX_SAFE_INTEGER - below(3),
    () => Number.MAX_VALUE,
    () => Number.MIN_VALUE,
    () => 2 ** 32 + below(4),
  ])();
/** Mostly what fits, at times any number, at times anything. */
const mostly = (valid) => {
  const dice = random();
  return dice < 0.95 ? valid() : dice < 0.98 ? number() : junk();
};

/** A key or a counter. */
const word = () =>
  pick([0n, 1n, BigInt(below(2 ** 31)), 2n ** 64n - 1n, 2n ** 64n - BigInt(below(40)), 2n ** BigInt(below(66)), -1n]);
const memory = () => pick([...memories.keys()].filter((key) => memories.get(key).length > 7 || random() < 0.2));
const offset = () => pick([0, 0, 0, 0, 8, 4 * below(8), below(64), below(300)]);
function layout(operands) {
  if (random() < 0.4) return pick([1, 2, 3, 8, 16, below(70), number()]);
  const dims = random() < 0.95 ? 1 + below(4) : 60 + below(8);
  const row = 1 + operands;
  const values = Float64Array.from({ length: 1 + row * dims + pick([0, 0, 0, below(9)]) }, (_, i) => {
    if (random() < 0.01) return number();
    if (i === 0) return dims;
    return (i - 1) % row === 0 ? pick([1, 1, 2, 2, 3, below(9)]) : pick([0, 1, 1, 2, 3, below(20)]);
  });
  return random() < 0.97 ? values : pick([values.subarray(1), new Float32Array(values), Array.from(values)]);
}

// ---------------------------------------------------------------- programs

/**
 * Programs that were made: how many operands and scalars they have, of which dtypes, which operands
 * are outputs, and whether the program was released.
 */
const programs = new Map();
const [LOAD, SCALAR, APPLY, STORE] = [0, 1, 2, 3];
const float16 = ['float16', 'bfloat16'].map((name) => binding.dtypes.indexOf(name));

/** A random program that may be made: its arguments, and what `programs` knows of it. */
function legalProgram() {
  const operands = [];
  const scalars = [];
  const steps = [];
  const values = []; // [number of the step, dtype]
  const add = (dtype, ...step) => {
    steps.push([...step, 0, 0, 0].slice(0, 6));
    values.push([steps.length - 1, dtype]);
  };
  const dtype = () => pick([2, 2, 2, below(binding.dtypes.length)]);
  const start = () => {
    const of = dtype();
    if (random() < 0.8) add(of, LOAD, operands.push(of) - 1, of);
    else add(of, SCALAR, scalars.push(of) - 1, of);
  };
  start();
  for (let i = below(6); i > 0; i--) {
    if (random() < 0.3 && operands.length < 5) start();
    const [input, of] = pick(values);
    const op = below(binding.ops.length);
    const { arity, computes, results } = binding.ops[op];
    const alike = values.filter(([, other]) => other === of).map(([number]) => number);
    const inputs = [input, ...Array.from({ length: arity - 1 }, () => pick(alike))];
    if (op === 0) {
      const to = dtype();
      add(to, APPLY, 0, to, input);
    } else if (computes[of] === of || (computes[of] >= 0 && float16.includes(of))) {
      add(results[of], APPLY, op, of, ...inputs);
    }
  }
  const outputs = [];
  for (let i = random() < 0.8 ? 1 : 2; i > 0; i--) {
    const [value, of] = random() < 0.7 ? values.at(-1) : pick(values);
    outputs.push(operands.push(of) - 1);
    steps.push([STORE, outputs.at(-1), of, value, 0, 0]);
  }
  const args = [steps.flat(), operands, scalars].map((bytes) => Uint8Array.from(bytes));
  return { args, info: { operands, scalars: scalars.length, outputs } };
}

function addProgram() {
  const { args, info } = legalProgram();
  programs.set(binding.program(...args), info); // a released number may be used again
}

/** A program of which some bytes are changed, or that is something else. */
function corruptProgram() {
  const { args } = legalProgram();
  const victim = below(3);
  const bytes = args[victim];
  const dice = random();
  if (dice < 0.1) args[victim] = junk();
  else if (dice < 0.2) args[victim] = bytes.slice(0, below(bytes.length + 1));
  else if (dice < 0.3) args[victim] = Uint8Array.from({ length: below(100) }, () => below(256));
  else for (let i = 1 + below(4); i > 0; i--) bytes[below(bytes.length)] = pick([below(12), below(256)]);
  return args;
}

// ---------------------------------------------------------------- the model

const isWhole = (value, limit = Number.MAX_SAFE_INTEGER) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit;

/** Whether a value is memory that the addon must take. */
const infoOf = (value) => memories.get(value);

/**
 * The dimensions of a layout as [size, stride of operand 0, stride of operand 1, …], or null if it
 * is none.
 */
function dimsOf(value, operands) {
  if (typeof value === 'number') return isWhole(value) ? [[value, ...Array(operands).fill(1)]] : null;
  if (!isFloat64Array(value) || !isWhole(value[0], 64) || value[0] === 0) return null;
  const row = 1 + operands;
  const numbers = value.subarray(1, 1 + row * value[0]);
  if (numbers.length < row * value[0] || !numbers.every((item) => isWhole(item))) return null;
  return Array.from({ length: value[0] }, (_, i) => [...numbers.subarray(row * i, row * (i + 1))]);
}

const product = (dims) => dims.reduce((count, [size]) => count * BigInt(size), 1n);
/** Past the last element, in elements. */
const extent = (dims, side) => dims.reduce((end, dim) => end + BigInt(dim[0] - 1) * BigInt(dim[side]), 1n);

function fits({ device, length }, dtype, start, dims, side) {
  const size = sizeOf(dtype);
  if (!isWhole(start)) return false;
  if (product(dims) === 0n) return true;
  if (device >= 0 && start % size !== 0) return false;
  return BigInt(start) + extent(dims, side) * BigInt(size) <= BigInt(length);
}

/** 'legal', 'refused', 'unknown' where it may be either, or 'left out'. */
function judgeRun([program, shape, ...rest]) {
  const info = programs.get(program);
  if (info === undefined) return 'refused';
  const { operands, outputs, scalars } = info;
  const dims = dimsOf(shape, operands.length);
  const places = operands.map((_, k) => infoOf(rest[2 * k]));
  if (dims === null || places.some((place) => place?.device !== places[0]?.device || !place)) return 'refused';
  if (!operands.every((dtype, k) => fits(places[k], dtype, rest[2 * k + 1], dims, k + 1))) return 'refused';
  const values = infoOf(rest[2 * operands.length]);
  if (scalars > 0 && (values?.device !== -1 || values.length < 16 * scalars)) return 'refused';
  const elements = product(dims);
  if (elements === 0n) return 'legal';
  if (elements >= 2n ** 63n) return 'refused';
  // Through strides of 0, or that overlap, a few bytes could hold more elements than there is time.
  const isTooMuch = (k) =>
    dims.some((dim) => dim[0] > 1 && dim[1 + k] === 0) ||
    elements > BigInt(Math.floor(places[k].length / sizeOf(operands[k])));
  return outputs.some(isTooMuch) ? 'refused' : 'legal';
}

const isWord = (value) => typeof value === 'bigint' && value >= 0n && value < 2n ** 64n;

function judgeRandom([distribution, key, counter, output, dtype, start, count]) {
  if (!isWhole(distribution, binding.distributions.length - 1) || !isWord(key) || !isWord(counter)) return 'refused';
  if (!isWhole(dtype, binding.dtypes.length - 1) || !/float|complex/.test(binding.dtypes[dtype])) return 'refused';
  const to = infoOf(output);
  if (to === undefined || !isWhole(count)) return 'refused';
  return fits(to, dtype, start, [[count, 0, 1]], 2) ? 'legal' : 'refused';
}

function judgeCopy([source, from, destination, to, length, nonBlocking]) {
  const sides = [
    [infoOf(source), from],
    [infoOf(destination), to],
  ];
  const legal = ([info, start]) =>
    info !== undefined && isWhole(start) && BigInt(start) + BigInt(length) <= BigInt(info.length);
  if (!isWhole(length) || !sides.every(legal) || typeof nonBlocking !== 'boolean') return 'refused';
  // CUDA has no copy between overlapping ranges.
  const overlap = source === destination && sides[0][0].device >= 0 && Math.abs(from - to) < length;
  return overlap ? 'left out' : 'legal';
}

/** Calls about the queue of a device: their arguments, and whether what these are is legal. */
const isDevice = (value) => isWhole(value, devices - 1);
const isLive = (value, kind) => handles.get(value)?.kind === kind && handles.get(value).live;
const ofDevice = { args: () => [mostly(() => below(devices))], isLegal: ([device]) => isDevice(device) };
const ofEvent = { args: () => [mostly(() => pick(ofKind('event')))], isLegal: ([event]) => isLive(event, 'event') };
const queueCalls = {
  deviceMemoryStats: ofDevice,
  resetPeakMemoryStats: ofDevice,
  abandonCapture: ofDevice,
  endCapture: { ...ofDevice, isLegal: () => false }, // nothing is being captured
  queryEvent: ofEvent,
  synchronizeEvent: ofEvent,
  recordEvent: { ...ofEvent, after: ([event]) => Object.assign(handles.get(event), { recorded: true }) },
  elapsedTime: {
    args: () => [mostly(() => pick(ofKind('event'))), mostly(() => pick(ofKind('event')))],
    isLegal: (events) =>
      events.every((event) => isLive(event, 'event') && handles.get(event).recorded) &&
      handles.get(events[0]).device === handles.get(events[1]).device,
  },
  releaseEvent: {
    ...ofEvent,
    isLegal: ([event]) => handles.get(event)?.kind === 'event',
    after: ([event]) => end(event, addEvent),
  },
  launchGraph: {
    args: () => [mostly(() => pick(ofKind('graph')))],
    isLegal: ([graph]) => isLive(graph, 'graph'),
  },
  releaseGraph: {
    args: () => [mostly(() => pick(ofKind('graph')))],
    isLegal: ([graph]) => handles.get(graph)?.kind === 'graph',
    after: ([graph]) => end(graph, addGraph),
  },
  setMemoryLimit: {
    args: () => [mostly(() => below(devices)), mostly(() => pick([Infinity, 2 ** 30]))],
    isLegal: ([device, limit]) => isDevice(device) && (limit === Infinity || isWhole(limit)),
    after: ([device]) => binding.setMemoryLimit(device, Infinity),
  },
  leaveStream: {
    args: () => [mostly(() => below(devices)), mostly(() => 0)],
    isLegal: ([device, previous]) => isDevice(device) && (isWhole(previous, 0) || undefined),
  },
  enterStream: ofDevice,
  settle: { args: () => [mostly(memory)], isLegal: ([of]) => memories.has(of) },
  whenSettled: {
    args: () => [mostly(memory), mostly(() => () => {})],
    isLegal: ([of, done]) => memories.has(of) && typeof done === 'function',
  },
  releasePinned: {
    args: () => [mostly(() => pick([...memories.keys()].filter((each) => memories.get(each).pinned)))],
    isLegal: ([buffer]) => (takesSharedArrayBuffers ? isAnyArrayBuffer : isArrayBuffer)(buffer),
    after: ([buffer]) => {
      if (!memories.get(buffer)?.pinned) return;
      allocatePinned(memories.get(buffer).length);
      memories.delete(buffer);
    },
  },
};
/** Some of what ended stays in use, as released. */
function end(handle, add) {
  const info = handles.get(handle);
  info.live = false;
  const ended = [...handles].filter(([, { live }]) => !live).map(([each]) => each);
  if (ended.length > 3) handles.delete(ended[0]);
  if (
    ofKind(info.kind).filter((each) => handles.get(each).device === info.device && handles.get(each).live).length < 2
  ) {
    add(info.device);
  }
}

/** Positions in the arena, in `whole` or in `shared` that a legal call may write. */
function writable(bytes, size, start, dims, side = 2) {
  const positions = new Set();
  if (product(dims) === 0n) return positions;
  const walk = (dim, at) => {
    if (dim === dims.length) for (let i = 0; i < size; i++) positions.add(at + i);
    else for (let i = 0; i < dims[dim][0]; i++) walk(dim + 1, at + i * dims[dim][side] * size);
  };
  walk(0, bytes.byteOffset + start);
  return positions;
}

// ---------------------------------------------------------------- the run

const seen = [arena, ...[whole, shared, scalarValues].map((buffer) => new Uint8Array(buffer))];
const tally = { refused: 0, done: 0 };
for (let i = 0; i < 20; i++) addProgram();

function attempt(index, name, args, verdict, allowed, returned = () => {}) {
  const before = seen.map((bytes) => bytes.slice());
  const shown = (arg) => inspect(arg, { breakLength: Infinity });
  const fail = (what) => () => `seed ${seed}, call ${index}: ${name}(${args.map(shown).join(', ')}) ${what}`;
  let error;
  try {
    returned(binding[name](...args));
  } catch (caught) {
    error = caught;
  }
  if (error !== undefined) {
    check(codes.includes(error?.code), fail(`threw ${error?.code}: ${error?.message}`));
    check(verdict !== 'legal', fail(`is legal and threw: ${error.message}`));
    tally.refused++;
  } else {
    check(verdict !== 'refused', fail('returned'));
    tally.done++;
  }
  const written = error === undefined && allowed ? allowed() : [];
  seen.forEach((bytes, i) => {
    if (Buffer.compare(bytes, before[i]) === 0) return;
    for (let at = 0; at < bytes.length; at++) {
      const mayChange = written.some(([target, positions]) => target === bytes.buffer && positions.has(at));
      check(mayChange || bytes[at] === before[i][at], fail(`changed byte ${at}, which is not of its output`));
    }
  });
  return error === undefined;
}

for (let index = 0; index < count; index++) {
  const dice = random();
  if (dice < 0.1) {
    const isLegal = random() < 0.4;
    const { args, info } = isLegal ? legalProgram() : { args: corruptProgram() };
    // A corrupt one may still be right.
    let made;
    const returned = attempt(index, 'program', args, isLegal ? 'legal' : 'unknown', undefined, (number) => {
      made = number;
    });
    if (returned && isLegal) programs.set(made, info);
    else if (returned) binding.releaseProgram(made);
    if (programs.size > 40) {
      const [old] = pick([...programs]);
      attempt(index, 'releaseProgram', [old], 'legal');
      programs.delete(old);
    }
  } else if (dice < 0.11) {
    const args = [mostly(() => below(60))];
    const verdict = programs.has(args[0]) ? 'legal' : 'refused';
    attempt(index, 'releaseProgram', args, verdict);
    programs.delete(args[0]);
    if (programs.size === 0) addProgram();
  } else if (dice < 0.7) {
    const program = pick([...programs.keys()]);
    const { operands, scalars } = programs.get(program);
    // On one device, the likeliest legal call.
    const first = memory();
    const sameDevice = [...memories].filter(([, info]) => info.device === infoOf(first).device).map(([key]) => key);
    const args = [() => program, () => layout(operands.length)].map(mostly);
    for (const _ of operands)
      args.push(
        mostly(() => pick(sameDevice)),
        mostly(offset),
      );
    if (scalars > 0) args.push(mostly(() => pick([scalarValues, windows.at(-1), memory()])));
    if (random() < 0.02) args.length = below(args.length);
    const verdict = judgeRun(args);
    attempt(index, 'run', args, verdict, () =>
      programs.get(args[0]).outputs.flatMap((k) => {
        const to = infoOf(args[2 + 2 * k]);
        if (to.bytes === undefined) return [];
        const { operands: dtypes } = programs.get(args[0]);
        const dims = dimsOf(args[1], dtypes.length);
        return [[to.bytes.buffer, writable(to.bytes, sizeOf(dtypes[k]), args[3 + 2 * k], dims, 1 + k)]];
      }),
    );
  } else if (dice < 0.8) {
    const dtype = () => below(binding.dtypes.length);
    const count = () => pick([1, 2, 3, below(30), below(70)]);
    const args = [() => below(2), word, word, memory, dtype, offset, count].map(mostly);
    if (random() < 0.02) args.length = below(7);
    const verdict = judgeRandom(Array.from({ length: 7 }, (_, i) => args[i]));
    attempt(index, 'random', args, verdict, () => {
      const { bytes } = infoOf(args[3]);
      if (bytes === undefined) return [];
      return [[bytes.buffer, writable(bytes, sizeOf(args[4]), args[5], [[args[6], 0, 1]])]];
    });
  } else if (dice < 0.95) {
    const args = [memory, offset, memory, offset, () => below(70), () => random() < 0.5].map(mostly);
    const verdict = judgeCopy(args);
    if (verdict === 'left out') continue;
    attempt(index, 'copy', args, verdict, () => {
      const to = infoOf(args[2]);
      if (to.bytes === undefined) return [];
      return [[to.bytes.buffer, writable(to.bytes, 1, args[3], [[args[4], 1, 1]])]];
    });
  } else if (dice < 0.955) {
    const args = [mostly(() => 1 + below(1024))];
    attempt(index, 'setNumThreads', args, isWhole(args[0], 1024) && args[0] > 0 ? 'legal' : 'refused');
  } else if (devices > 0 && dice < 0.975) {
    const name = pick(Object.keys(queueCalls));
    const call = queueCalls[name];
    const args = call.args();
    const legal = call.isLegal(args);
    const verdict = legal === undefined ? 'unknown' : legal ? 'legal' : 'refused';
    if (attempt(index, name, args, verdict)) call.after?.(args);
  } else if (dice < 0.98) {
    const args = [() => below(devices + 1), () => below(300)].map(mostly);
    const legal = isWhole(args[0], devices - 1) && isWhole(args[1]);
    attempt(index, 'allocate', args, legal ? 'unknown' : 'refused'); // memory may run out
  } else {
    const name = pick(['deviceProperties', 'synchronize']);
    const args = [mostly(() => below(devices + 1))];
    attempt(index, name, args, isWhole(args[0], devices - 1) ? 'legal' : 'refused');
    if (devices > 0 && random() < 0.1) {
      const victim = pick([...memories].filter(([, { device }]) => device >= 0));
      binding.release(victim[0]);
      memories.delete(victim[0]);
      gone.push(victim[0]);
      allocate(victim[1].device, victim[1].length);
    }
  }
}
// A kernel that wrote beside its memory has failed its device.
for (let device = 0; device < devices; device++) binding.synchronize(device);
console.log(JSON.stringify(tally));
