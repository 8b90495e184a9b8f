// Makes random calls of the addon, most of them corrupt: node corrupt-calls.js ADDON SEED COUNT
//
// A model in exact arithmetic decides whether each call is legal. A legal call must return, and
// write its elements and no other byte. Any other call must throw an error with a code and write
// nothing. Prints how many calls were refused and done.
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

// Windows in one arena. The bytes between them must never change.
const arena = new Uint8Array(4096);
for (let i = 0; i < arena.length; i++) arena[i] = below(256);
const windows = [0, 1, 7, 16, 64, 100, 256, 256].map((length, i) => arena.subarray(i * 512 + i, i * 512 + i + length));
const whole = new ArrayBuffer(64);
const shared = new SharedArrayBuffer(64);

/** What the addon takes as memory: its place, its length, and its bytes if they are visible. */
const memories = new Map();
for (const bytes of windows) memories.set(bytes, { device: -1, length: bytes.length, bytes });
memories.set(whole, { device: -1, length: 64, bytes: new Uint8Array(whole) });
if (takesSharedArrayBuffers) memories.set(shared, { device: -1, length: 64, bytes: new Uint8Array(shared) });
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
 * Events and graphs: their device, whether they were released, and whether an event was recorded.
 */
const handles = new Map();
const ofKind = (kind) => [...handles].filter(([, info]) => info.kind === kind).map(([handle]) => handle);
function addEvent(device) {
  handles.set(binding.createEvent(device), { kind: 'event', device, live: true, recorded: false });
}
function addGraph(device) {
  const own = [...memories].filter(([, info]) => info.device === device && info.length >= 8).map(([key]) => key);
  binding.beginCapture(device);
  binding.unary(0, pick(own), 0, 0, pick(own), 0, 0, 2);
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
    binding.unary,
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
/** Mostly a value that fits, sometimes any number, sometimes any value. */
const mostly = (valid) => {
  const dice = random();
  return dice < 0.95 ? valid() : dice < 0.98 ? number() : junk();
};

/** A key or a counter. */
const word = () =>
  pick([0n, 1n, BigInt(below(2 ** 31)), 2n ** 64n - 1n, 2n ** 64n - BigInt(below(40)), 2n ** BigInt(below(66)), -1n]);
const memory = () => pick([...memories.keys()].filter((key) => memories.get(key).length > 7 || random() < 0.2));
const offset = () => pick([0, 0, 0, 0, 8, 4 * below(8), below(64), below(300)]);
function layout() {
  if (random() < 0.5) return pick([1, 2, 3, 8, 16, below(70), number()]);
  const dims = random() < 0.95 ? 1 + below(4) : 60 + below(8);
  const values = Float64Array.from({ length: 3 * dims }, (_, i) => {
    if (random() < 0.02) return number();
    return i % 3 === 0 ? pick([1, 1, 2, 2, 3, below(9)]) : pick([0, 1, 1, 2, 3, below(20)]);
  });
  return random() < 0.97 ? values : pick([values.subarray(1), new Float32Array(values), Array.from(values)]);
}

// ---------------------------------------------------------------- the model

const isWhole = (value, limit = Number.MAX_SAFE_INTEGER) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit;

/** Whether a value is memory that the addon must take. */
const infoOf = (value) => memories.get(value);

/** The dimensions of a layout as [size, input stride, output stride]; null if it is not a layout. */
function dimsOf(value) {
  if (typeof value === 'number') return isWhole(value) ? [[value, 1, 1]] : null;
  if (!isFloat64Array(value) || value.length === 0 || value.length % 3 !== 0 || value.length > 192) return null;
  if (!value.every((item) => isWhole(item))) return null;
  return Array.from({ length: value.length / 3 }, (_, i) => [...value.subarray(3 * i, 3 * i + 3)]);
}

const product = (dims) => dims.reduce((count, [size]) => count * BigInt(size), 1n);
/** The position after the last element, in elements. */
const extent = (dims, side) => dims.reduce((end, dim) => end + BigInt(dim[0] - 1) * BigInt(dim[side]), 1n);

function fits({ device, length }, dtype, start, dims, side) {
  const size = sizeOf(dtype);
  if (!isWhole(start)) return false;
  if (product(dims) === 0n) return true;
  if (device >= 0 && start % size !== 0) return false;
  return BigInt(start) + extent(dims, side) * BigInt(size) <= BigInt(length);
}

/** 'legal', 'refused', 'unknown' if either is right, or 'left out'. */
function judgeUnary([op, input, inDtype, inOffset, output, outDtype, outOffset, shape]) {
  const last = binding.dtypes.length - 1;
  if (!isWhole(op, binding.ops.length - 1) || !isWhole(inDtype, last) || !isWhole(outDtype, last)) return 'refused';
  if (binding.ops[op].results[inDtype] < 0) return 'refused';
  const dims = dimsOf(shape);
  const [from, to] = [infoOf(input), infoOf(output)];
  if (dims === null || from === undefined || to === undefined || from.device !== to.device) return 'refused';
  if (!fits(from, inDtype, inOffset, dims, 1) || !fits(to, outDtype, outOffset, dims, 2)) return 'refused';
  const elements = product(dims);
  if (elements === 0n && dims.length > 1) return 'unknown'; // sizes may overflow before the 0
  // With strides that are 0 or overlap, a few bytes could hold too many elements to wait for.
  return elements > BigInt(Math.floor(to.length / sizeOf(outDtype))) ? 'refused' : 'legal';
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

/** Calls about the queue of a device: their arguments, and whether these are legal. */
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
/** Keeps some of the released objects in use. */
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

/** The positions in the arena, in `whole` or in `shared` that a legal call may write. */
function writable(bytes, size, start, dims) {
  const positions = new Set();
  if (product(dims) === 0n) return positions;
  const walk = (dim, at) => {
    if (dim === dims.length) for (let i = 0; i < size; i++) positions.add(at + i);
    else for (let i = 0; i < dims[dim][0]; i++) walk(dim + 1, at + i * dims[dim][2] * size);
  };
  walk(0, bytes.byteOffset + start);
  return positions;
}

// ---------------------------------------------------------------- the run

const seen = [arena, new Uint8Array(whole), new Uint8Array(shared)];
const tally = { refused: 0, done: 0 };

function attempt(index, name, args, verdict, allowed) {
  const before = seen.map((bytes) => bytes.slice());
  const shown = (arg) => inspect(arg, { breakLength: Infinity });
  const fail = (what) => () => `seed ${seed}, call ${index}: ${name}(${args.map(shown).join(', ')}) ${what}`;
  let error;
  try {
    binding[name](...args);
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
  const [target, positions] = error === undefined && allowed ? allowed() : [];
  seen.forEach((bytes, i) => {
    if (Buffer.compare(bytes, before[i]) === 0) return;
    for (let at = 0; at < bytes.length; at++) {
      const mayChange = target === bytes.buffer && positions.has(at);
      check(mayChange || bytes[at] === before[i][at], fail(`changed byte ${at}, which is not of its output`));
    }
  });
  return error === undefined;
}

for (let index = 0; index < count; index++) {
  const dice = random();
  if (dice < 0.7) {
    // Sometimes the same memory twice, because on devices that is the most likely legal call.
    const input = memory();
    const sameDevice = [...memories].filter(([, info]) => info.device === infoOf(input).device).map(([key]) => key);
    const dtype = () => pick([0, 0, below(binding.dtypes.length)]);
    const args = [
      () => below(binding.ops.length),
      () => input,
      dtype,
      offset,
      () => pick(sameDevice),
      dtype,
      offset,
      layout,
    ].map(mostly);
    if (random() < 0.02) args.length = below(8);
    const verdict = judgeUnary(Array.from({ length: 8 }, (_, i) => args[i]));
    attempt(index, 'unary', args, verdict, () => {
      const to = infoOf(args[4]);
      if (to.bytes === undefined) return [];
      return [to.bytes.buffer, writable(to.bytes, sizeOf(args[5]), args[6], dimsOf(args[7]))];
    });
  } else if (dice < 0.8) {
    const dtype = () => below(binding.dtypes.length);
    const count = () => pick([1, 2, 3, below(30), below(70)]);
    const args = [() => below(2), word, word, memory, dtype, offset, count].map(mostly);
    if (random() < 0.02) args.length = below(7);
    const verdict = judgeRandom(Array.from({ length: 7 }, (_, i) => args[i]));
    attempt(index, 'random', args, verdict, () => {
      const { bytes } = infoOf(args[3]);
      if (bytes === undefined) return [];
      return [bytes.buffer, writable(bytes, sizeOf(args[4]), args[5], [[args[6], 0, 1]])];
    });
  } else if (dice < 0.95) {
    const args = [memory, offset, memory, offset, () => below(70), () => random() < 0.5].map(mostly);
    const verdict = judgeCopy(args);
    if (verdict === 'left out') continue;
    attempt(index, 'copy', args, verdict, () => {
      const to = infoOf(args[2]);
      if (to.bytes === undefined) return [];
      return [to.bytes.buffer, writable(to.bytes, 1, args[3], [[args[4], 1, 1]])];
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
// A kernel that wrote outside its memory has made its device fail.
for (let device = 0; device < devices; device++) binding.synchronize(device);
console.log(JSON.stringify(tally));
