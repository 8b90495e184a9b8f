/**
 * Wrong calls of the public API: each ends in one clear error with a stable code, and leaves everything
 * as it was. On the CPU, and for what concerns devices on the simulated ones.
 */

import { inspect } from 'node:util';
import { load, type Rsqrt } from './support/configurations';
import { covered, skip } from './support/coverage';
import { type Expected, type Loose, loose, type Row, range, table, thrownBy, type } from './support/wrong-calls';

const own = (code: string): Expected => ({ name: 'RsqrtError', code });
const badDType = own('ERR_DTYPE');
const badShape = own('ERR_SHAPE');
const badDevice = own('ERR_DEVICE');
const overlap = own('ERR_OVERLAP');
const disposed = own('ERR_DISPOSED');
const noMemory = own('ERR_OUT_OF_MEMORY');
const noCuda = own('ERR_CUDA_UNAVAILABLE');
/** What JavaScript itself throws, which is clear enough. */
const javascript: Expected = { name: 'TypeError' };

const local = load('local');
const other = load('local');
const simulated = load('simulated');

/** Takes the memory away from an array, as a transfer to a worker does. */
function detach<T extends Float32Array | ArrayBuffer>(memory: T): T {
  const buffer = ArrayBuffer.isView(memory) ? (memory.buffer as ArrayBuffer) : (memory as ArrayBuffer);
  structuredClone(buffer, { transfer: [buffer] });
  return memory;
}

function gone(tensor: Loose): Loose {
  tensor.dispose();
  return tensor;
}

/** Hands the memory out. */
function seen(tensor: Loose): Loose {
  void tensor.data;
  return tensor;
}

/** What the calls get to work with on the CPU; small tensors are neighbours in one slab. */
function cpuWorld() {
  const r = loose(local);
  const floats = Float32Array.of(1, 4, 16, 25);
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
  const pairs = Float32Array.of(3, 4, -1, 0);
  const shared = r.asTensor(floats);
  const square = r.tensor([
    [1, 4],
    [9, 16],
  ]);
  const matrix = r.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const bits = new Uint8Array(16).fill(66);
  const lost = new Float32Array(2048).fill(4);
  const detached = r.asTensor(lost);
  detach(lost);
  return {
    r,
    floats,
    bytes,
    shared,
    tail: shared.asStrided([3], [1], 1),
    head: shared.asStrided([3], [1], 0),
    square,
    turned: square.t(),
    matrix,
    cube: r.ones(2, 2, 2),
    x: r.tensor([4, 16, 25, 36]),
    double: r.tensor([4, 16, 25, 36], { dtype: 'float64' }),
    ints: r.tensor([4, 16, 25, 36], { dtype: 'int32' }),
    longs: r.tensor([4n, 16n, 25n, 36n]),
    small: r.tensor([4, 16, 25, 36], { dtype: 'uint8' }),
    bools: r.tensor([true, false, true, true]),
    scalar: r.tensor(4),
    one: r.tensor([4]),
    empty: r.tensor([]),
    expanded: matrix.asStrided([4, 3], [0, 1]),
    bits32: r.asTensor(bits, { dtype: 'float32' }),
    bits8: r.asTensor(bits.subarray(0, 4), { dtype: 'int8' }),
    parts: r.asTensor(pairs.subarray(0, 2)),
    complex: r.asTensor(pairs, { dtype: 'complex64' }),
    detached,
    disposed: gone(r.tensor([4])),
    disposedMatrix: gone(r.tensor([[4, 9]])),
    disposedView: gone(matrix.t()),
    foreign: loose(other.tensor([1, 4])),
  };
}
type Cpu = ReturnType<typeof cpuWorld>;

/** The same on two devices. */
function deviceWorld() {
  const r = loose(simulated);
  const x = r.tensor(
    [
      [4, 16],
      [25, 36],
    ],
    { device: 'cuda:0' },
  );
  return {
    r,
    x,
    pair: x.asStrided([2], [1], 0),
    shifted: x.asStrided([2], [1], 1),
    second: r.tensor(
      [
        [1, 4],
        [9, 16],
      ],
      { device: 'cuda:1' },
    ),
    host: r.tensor([
      [1, 4],
      [9, 16],
    ]),
    ints: r.tensor(
      [
        [1, 4],
        [9, 16],
      ],
      { device: 'cuda:0', dtype: 'int32' },
    ),
    expanded: x.asStrided([3, 2], [0, 1]),
    empty: r.empty(0, { device: 'cuda:0' }),
    disposed: gone(r.tensor([4], { device: 'cuda:0' })),
  };
}
type Device = ReturnType<typeof deviceWorld>;

/** RsqrtError must be the class that this copy of the package exports; the others are JavaScript's. */
const classOf =
  (rsqrt: Rsqrt) =>
  (error: unknown): void => {
    const { name } = error as Error;
    const classes: Record<string, unknown> = { TypeError, RangeError, RsqrtError: rsqrt.RsqrtError };
    expect(error).toBeInstanceOf(classes[name]);
  };

/** An array that gives itself another name. */
const named = <T extends object>(name: string, array: T): T =>
  Object.defineProperty(array, Symbol.toStringTag, { value: name });

/** Arrays in arrays, so many levels deep. */
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
const cycle: unknown[] = [];
cycle.push(cycle);
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

// biome-ignore format: a table
const cpuTables: Record<string, Row<Cpu>[]> = {
  'tensor of no values': [
    ['nothing', ({ r }) => r.tensor(), type, /^tensor: data must be a number.*received undefined$/],
    ['null', ({ r }) => r.tensor(null), type, /^tensor: data must be .*received null$/],
    ['a string', ({ r }) => r.tensor('4, 16'), type, /^tensor: data must be .*received '4, 16'$/],
    ['an array-like object', ({ r }) => r.tensor({ length: 1, 0: 4 }), type, /^tensor: data .*an object$/],
    ['a Set', ({ r }) => r.tensor(new Set([4])), type, /^tensor: data .*an instance of Set$/],
    ['an iterator', ({ r }) => r.tensor([4].values()), type, /^tensor: data .*received an (object|instance)/],
    ['a promise of values', ({ r }) => r.tensor(Promise.resolve([4])), type, /^tensor: data .*Promise$/],
    ['a function', ({ r }) => r.tensor(() => [4]), type, /^tensor: data .*received a function$/],
    ['a symbol', ({ r }) => r.tensor(Symbol('x')), type, /^tensor: data .*received Symbol\(x\)$/],
    ['a Date', ({ r }) => r.tensor(new Date(0)), type, /^tensor: data .*an instance of Date$/],
    ['a boxed number', ({ r }) => r.tensor(Object(4)), type, /^tensor: data .*an instance of Number$/],
    ['a DataView', ({ r, bytes }) => r.tensor(new DataView(bytes.buffer)), type, /^tensor: data .*DataView$/],
    ['an ArrayBuffer', ({ r, bytes }) => r.tensor(bytes.buffer), type, /^tensor: data .*ArrayBuffer$/],
    ['a revoked proxy', ({ r }) => r.tensor(revoked()), javascript, /revoked$/],
    ['a string leaf', ({ r }) => r.tensor([4, '16']), type, /^tensor: data\[1\] .*received '16'$/],
    ['a null leaf', ({ r }) => r.tensor([[4], [null]]), type, /^tensor: data\[1\]\[0\] .*received null$/],
    ['an undefined leaf', ({ r }) => r.tensor([undefined]), type, /^tensor: data\[0\] .*received undefined$/],
    ['a hole', ({ r }) => r.tensor(Object.assign([1], { length: 2 })), type, /^tensor: data\[1\] .*undefined$/],
    ['an object leaf', ({ r }) => r.tensor([[[4], [{ x: 4 }]]]), type, /^tensor: data\[0\]\[1\]\[0\] .*an object$/],
    ['a function leaf', ({ r }) => r.tensor([Math.sqrt]), type, /^tensor: data\[0\] .*a function$/],
    ['a symbol leaf', ({ r }) => r.tensor([Symbol.iterator]), type, /^tensor: data\[0\] .*Symbol\(Symbol.iterator\)$/],
    ['a Date leaf', ({ r }) => r.tensor([new Date(0)]), type, /^tensor: data\[0\] .*an instance of Date$/],
    ['a Map leaf', ({ r }) => r.tensor([new Map()]), type, /^tensor: data\[0\] .*an instance of Map$/],
    ['tensors in a list', ({ r, x }) => r.tensor([x, x]), type, /^tensor: data\[0\] .*an instance of Tensor$/],
    ['a disposed tensor in a list', ({ r, disposed }) => r.tensor([[disposed]]),
      type, /^tensor: data\[0\]\[0\] .*Tensor$/],
    ['a DataView leaf', ({ r, bytes }) => r.tensor([new DataView(bytes.buffer)]),
      type, /^tensor: data\[0\] .*DataView$/],
    ['Uint16Array', ({ r }) => r.tensor(Uint16Array.of(1)),
      type, /^tensor: a Uint16Array holds .* float16 or bfloat16, and dtype must say which; received undefined$/],
    ['Uint16Array as numbers', ({ r }) => r.tensor(Uint16Array.of(1), { dtype: 'int32' }),
      type, /^tensor: a Uint16Array holds .* dtype must say which; received 'int32'$/],
    ['Uint16Array as a row', ({ r }) => r.tensor([Uint16Array.of(1)], { dtype: 'float16' }),
      type, /^tensor: data\[0\] cannot be a Uint16Array/],
    ['a Uint16Array that calls itself Float16Array', ({ r }) => r.tensor(named('Float16Array', Uint16Array.of(1))),
      type, /^tensor: a Uint16Array holds .* received undefined$/],
    ['Uint32Array', ({ r }) => r.tensor(Uint32Array.of(1)), type, /^tensor: a Uint32Array has no dtype/],
    ['BigUint64Array', ({ r }) => r.tensor(BigUint64Array.of(1n)), type, /^tensor: a BigUint64Array has no dtype/],
    ['Uint32Array as a row', ({ r }) => r.tensor([Uint32Array.of(1)]), type, /^tensor: a Uint32Array has no dtype/],
    ['a detached array', ({ r }) => r.tensor(detach(Float32Array.of(1, 2))), type, /^tensor: .*detached/],
  ],
  'complex values': [
    ['re alone', ({ r }) => r.tensor([{ re: 1 }]), type, /^tensor: data\[0\] must have numbers .*received 1 and undefined$/],
    ['im alone', ({ r }) => r.tensor({ im: 1 }), type, /^tensor: data must have numbers .*received undefined and 1$/],
    ['a string as re', ({ r }) => r.tensor([[{ re: '1', im: 2 }]]),
      type, /^tensor: data\[0\]\[0\] must have numbers .*received '1' and 2$/],
    ['a bigint as im', ({ r }) => r.tensor([{ re: 1, im: 2n }]), type, /^tensor: data\[0\] must .*received 1 and 2n$/],
    ['null parts', ({ r }) => r.full([2], { re: null, im: null }),
      type, /^full: value must have numbers as re and im; received null and null$/],
    ['parts in lists', ({ r }) => r.tensor({ re: [1], im: [2] }), type, /^tensor: data must .*received \[1\] and \[2\]$/],
    ['one in a list of rows', ({ r }) => r.tensor([[1], { re: 1, im: 2 }]), badShape, /^tensor: data\[1\] must be a list of 1/],
    ['as float32', ({ r }) => r.tensor([1, { re: 1, im: 2 }], { dtype: 'float32' }),
      type, /^tensor: a value of dtype float32 must be real; received { re: 1, im: 2 }$/],
    ['as bfloat16', ({ r }) => r.full([2], { re: 1, im: 0 }, { dtype: 'bfloat16' }),
      type, /^full: a value of dtype bfloat16 must be real; received { re: 1, im: 0 }$/],
    ['as int64', ({ r }) => r.tensor({ re: 1, im: 0 }, { dtype: 'int64' }), type, /^tensor: .* int64 must be real/],
    ['an end of arange', ({ r }) => r.arange({ re: 1, im: 0 }), type, /^arange: /],
    ['arange as complex64', ({ r }) => r.arange(3, { dtype: 'complex64' }),
      badDType, /^arange is not defined for complex64 tensors$/],
    ['arange of none as complex128', ({ r }) => r.arange(0, { dtype: 'complex128' }), badDType, /^arange is not defined/],
    ['three floats', ({ r, floats }) => r.asTensor(floats.subarray(1), { dtype: 'complex64' }),
      range, /^asTensor: 12 bytes are not a whole number of complex64 elements$/],
    ['a buffer of one double', ({ r }) => r.asTensor(new ArrayBuffer(8), { dtype: 'complex128' }),
      range, /^asTensor: 8 bytes are not .*complex128/],
    ['a shape that counts parts', ({ r, floats }) => r.asTensor(floats, { dtype: 'complex64', shape: [4] }),
      badShape, /^asTensor: 2 elements do not fit the shape \[4\]$/],
    ['float64 pairs as complex64', ({ r }) => r.asTensor(new Float64Array(2), { dtype: 'complex64' }),
      type, /^asTensor: a Float64Array can be shared as float64 or complex128, not as complex64/],
    ['a real out', ({ r, complex, x }) => r.rsqrt(complex, { out: x }),
      badDType, /^rsqrt: out: a complex64 result cannot be stored in a tensor of dtype float32$/],
    ['abs in place', ({ complex }) => complex.abs_(), badDType, /^abs_ is not defined for complex64 tensors$/],
    ['abs over its own input', ({ r, complex, parts }) => r.abs(complex, { out: parts }),
      overlap, /^abs: out overlaps the input in part/],
  ],
  'ragged lists': [
    ['a shorter row', ({ r }) => r.tensor([[1, 2], [3]]),
      badShape, /^tensor: data\[1\] must be a list of 2.*a list of 1$/],
    ['a longer row', ({ r }) => r.tensor([[1], [2], [3, 4]]),
      badShape, /^tensor: data\[2\] must be a list of 1.*list of 2$/],
    ['a value among rows', ({ r }) => r.tensor([[1], 2]),
      badShape, /^tensor: data\[1\] must be a list of 1.*received 2$/],
    ['a row among values', ({ r }) => r.tensor([1, [2]]),
      badShape, /^tensor: data\[1\] must be a value.*list of 1$/],
    ['a null among rows', ({ r }) => r.tensor([[1], null]),
      badShape, /^tensor: data\[1\] must be a list.*received null$/],
    ['ragged three levels down', ({ r }) => r.tensor([[[1, 2], [3, 4]], [[5, 6], [7]]]),
      badShape, /^tensor: data\[1\]\[1\] .*list of 1$/],
    ['too few rows in a slice', ({ r }) => r.tensor([[[1], [2]], [[3]]]),
      badShape, /^tensor: data\[1\] must be a list of 2/],
    ['an empty first row', ({ r }) => r.tensor([[], [1]]), badShape, /^tensor: data\[1\] must be a list of 0/],
    ['an empty later row', ({ r }) => r.tensor([[1], []]),
      badShape, /^tensor: data\[1\] must be a list of 1.*list of 0$/],
    ['typed rows of two lengths', ({ r, floats, bytes }) => r.tensor([floats, bytes]),
      badShape, /^tensor: data\[1\] .*list of 7$/],
    ['a typed row beside a list', ({ r, floats }) => r.tensor([[1, 2], floats]),
      badShape, /^tensor: data\[1\] .*list of 4$/],
    ['a value beside a typed row', ({ r, floats }) => r.tensor([floats, 4]),
      badShape, /^tensor: data\[1\] .*received 4$/],
    ['a typed row for a matrix', ({ r, floats }) => r.tensor([[[1], [2], [3], [4]], floats]),
      badShape, /^tensor: data\[1\] .*list/],
    ['a typed row for a value', ({ r, floats }) => r.tensor([1, floats]),
      badShape, /^tensor: data\[1\] must be a value.*list of 4$/],
    ['a list inside a row beside a typed one', ({ r }) => r.tensor([Int8Array.of(1, 2), [3, [4]]]),
      badShape, /^tensor: data\[1\]\[1\] must be a value.*list of 1$/],
    ['65 levels', ({ r }) => r.tensor(deep(65)), range, /^tensor: data must have at most 64 dimensions$/],
    ['a list that holds itself', ({ r }) => r.tensor(cycle), range, /^tensor: data must have at most 64 dimensions$/],
  ],
  'dtype, device and options': [
    ['an abbreviated dtype', ({ r }) => r.tensor(1, { dtype: 'float' }),
      type, /^tensor: dtype must be one of float16, bfloat16, float32.*'float'$/],
    ['a dtype in capitals', ({ r }) => r.zeros(2, { dtype: 'Float32' }), type, /^zeros: dtype must be .*'Float32'$/],
    ['a dtype with a prefix', ({ r }) => r.ones(2, { dtype: 'torch.float32' }),
      type, /^ones: dtype must be .*'torch.float32'$/],
    ['an unsigned dtype we lack', ({ r }) => r.empty(2, { dtype: 'uint32' }),
      type, /^empty: dtype must be .*'uint32'$/],
    ['the name of an inherited property', ({ r }) => r.full([2], 1, { dtype: 'toString' }),
      type, /^full: dtype must be .*'toString'$/],
    ['__proto__ as dtype', ({ r }) => r.arange(2, { dtype: '__proto__' }),
      type, /^arange: dtype must be .*'__proto__'$/],
    ['a constructor as dtype', ({ r }) => r.tensor(1, { dtype: Float32Array }),
      type, /^tensor: dtype must be .*a function$/],
    ['null as dtype', ({ r }) => r.tensor(1, { dtype: null }), type, /^tensor: dtype must be .*null$/],
    ['a list of dtypes', ({ r }) => r.zeros([2], { dtype: ['int8'] }), type, /^zeros: dtype must be .*\['int8'\]$/],
    ['a code as dtype', ({ r, bytes }) => r.asTensor(bytes, { dtype: 0 }),
      type, /^asTensor: dtype must be .*received 0$/],
    ['an empty dtype', ({ r }) => r.tensor(1, { dtype: '' }), type, /^tensor: dtype must be .*''$/],
    ['a very long dtype', ({ r }) => r.tensor(1, { dtype: 'x'.repeat(1e6) }),
      type, /^tensor: dtype must be .*'x{60}…'$/],
    ['an unknown device', ({ r }) => r.tensor(1, { device: 'gpu' }),
      type, /^tensor: device must be 'cpu', 'cuda' or 'cuda:N'; received 'gpu'$/],
    ['a device in capitals', ({ r }) => r.zeros(2, { device: 'CPU' }), type, /^zeros: device must be .*'CPU'$/],
    ['a device without its number', ({ r }) => r.ones(2, { device: 'cuda:' }),
      type, /^ones: device must be .*'cuda:'$/],
    ['a negative device', ({ r }) => r.empty(2, { device: 'cuda:-1' }), type, /^empty: device must be .*'cuda:-1'$/],
    ['a fractional device', ({ r }) => r.full(2, 1, { device: 'cuda:0.5' }),
      type, /^full: device must be .*'cuda:0.5'$/],
    ['a device number with a zero in front', ({ r }) => r.arange(2, { device: 'cuda:00' }),
      type, /^arange: device must be .*'cuda:00'$/],
    ['a device number that overflows', ({ r }) => r.arange(2, { device: `cuda:${'9'.repeat(20)}` }),
      type, /^arange: device must be .*'cuda:9{20}'$/],
    ['a number as device', ({ r }) => r.tensor(1, { device: 0 }), type, /^tensor: device must be .*received 0$/],
    ['a device with a line break', ({ r }) => r.tensor(1, { device: 'cpu\n' }), type, /^tensor: device must be /],
    ['null as device', ({ r, floats }) => r.asTensor(floats, { device: null }),
      type, /^asTensor: device must be .*null$/],
    ['a dtype for the options', ({ r }) => r.tensor([4], 'float64'),
      type, /^tensor: options must be an object.*'float64'$/],
    ['null for the options', ({ r }) => r.tensor([4], null), type, /^tensor: options must be an object.*null$/],
    ['the index that map gives', ({ r }) => [[4], [9]].map(r.tensor),
      type, /^tensor: options must be an object.*received 0$/],
    ['a shape for the options', ({ r, floats }) => r.asTensor(floats, [2, 2]),
      type, /^asTensor: options must be an object.*\[2, 2\]$/],
    ['an option that does not exist', ({ r }) => r.tensor([1], { dtpye: 'int8' }), type, /^tensor: options can have dtype, device; received 'dtpye'$/],
  ['a shape as an option', ({ r }) => r.zeros({ shape: [2, 3] }), type, /^zeros: options can have dtype, device; received 'shape'$/],
  ['no sizes', ({ r }) => r.zeros(), type, /^zeros: expected sizes, \[\] for .*; received none$/],
  ['no sizes but options', ({ r }) => r.ones({ dtype: 'int8' }), type, /^ones: expected sizes/],
  ['an option of to that does not exist', ({ x }) => x.to({ dtpye: 'int8' }), type, /^to: options can have device, dtype, copy; received 'dtpye'$/],
  ['an option of an operation that does not exist', ({ r, x }) => r.rsqrt(x, { output: x }), type, /^rsqrt: options can have out; received 'output'$/],
  ['a dtype after the sizes', ({ r }) => r.zeros([2, 3], 'int8'), type, /^zeros: .*received 'int8'$/],
    ['a dtype after spread sizes', ({ r }) => r.ones(2, 3, 'int8'), type, /^ones: .*received 'int8'$/],
  ],
  'values out of range': [
    ['above int8', ({ r }) => r.tensor([127, 128], { dtype: 'int8' }),
      range, /^tensor: a value of dtype int8 must be from -128 to 127; received 128$/],
    ['below int8', ({ r }) => r.full([2], -129, { dtype: 'int8' }), range, /^full: .*int8 .*received -129$/],
    ['above uint8', ({ r }) => r.tensor(256, { dtype: 'uint8' }),
      range, /^tensor: .*uint8 must be from 0 to 255; received 256$/],
    ['negative uint8', ({ r }) => r.tensor([[-1]], { dtype: 'uint8' }), range, /^tensor: .*uint8 .*received -1$/],
    ['bigint above uint8', ({ r }) => r.tensor([1n, 300n], { dtype: 'uint8' }),
      range, /^tensor: .*uint8 .*received 300n$/],
    ['above int16', ({ r }) => r.arange(32767, 32769, { dtype: 'int16' }), range, /^arange: .*int16 .*received 32768$/],
    ['above int32', ({ r }) => r.tensor([2 ** 31], { dtype: 'int32' }),
      range, /^tensor: .*int32 .*received 2147483648$/],
    ['below int32', ({ r }) => r.tensor([-(2 ** 31) - 1], { dtype: 'int32' }),
      range, /^tensor: .*received -2147483649$/],
    ['a typed row above int32', ({ r }) => r.tensor([Float64Array.of(1e10)], { dtype: 'int32' }),
      range, /^tensor: .*int32 .*10000000000$/],
    ['above int64', ({ r }) => r.tensor([2n ** 63n]), range, /^tensor: .*int64 .*received 9223372036854775808n$/],
    ['below int64', ({ r }) => r.full([1], -(2n ** 63n) - 1n),
      range, /^full: .*int64 .*received -9223372036854775809n$/],
    ['2^63 as a number', ({ r }) => r.tensor(2 ** 63, { dtype: 'int64' }),
      range, /^tensor: .*int64 .*received 9223372036854776000$/],
    ['NaN in int8', ({ r }) => r.tensor([Number.NaN], { dtype: 'int8' }), range, /^tensor: .*int8 .*received NaN$/],
    ['NaN in int64', ({ r }) => r.tensor([Number.NaN], { dtype: 'int64' }), range, /^tensor: .*int64 .*received NaN$/],
    ['infinity in int32', ({ r }) => r.full(2, Infinity, { dtype: 'int32' }),
      range, /^full: .*int32 .*received Infinity$/],
    ['−infinity in int64', ({ r }) => r.tensor([-Infinity], { dtype: 'int64' }),
      range, /^tensor: .*int64 .*-Infinity$/],
  ],
  'sizes': [
    ['negative', ({ r }) => r.zeros(-1),
      range, /^zeros: shape: each size must be an integer from 0 .*received -1$/],
    ['negative in a list', ({ r }) => r.ones([2, -3]), range, /^ones: shape: each size .*received -3$/],
    ['fractional', ({ r }) => r.empty(2.5), range, /^empty: shape: each size must be an integer.*received 2.5$/],
    ['NaN', ({ r }) => r.zeros(Number.NaN), range, /^zeros: shape: each size must be an integer.*received NaN$/],
    ['infinite', ({ r }) => r.full([Infinity], 1),
      range, /^full: shape: each size must be an integer.*received Infinity$/],
    ['a string', ({ r }) => r.zeros('3'), type, /^zeros: shape: each size must be a number; received '3'$/],
    ['a bigint', ({ r }) => r.ones(3n), type, /^ones: shape: each size must be a number; received 3n$/],
    ['a boolean in a list', ({ r }) => r.empty([true]),
      type, /^empty: shape: each size must be a number; received true$/],
    ['a hole', ({ r }) => r.zeros(Array(2)), type, /^zeros: shape: each size must be a number; received undefined$/],
    ['null', ({ r }) => r.zeros(null), type, /^zeros: shape must be a list of integers; received null$/],
    ['undefined', ({ r }) => r.zeros(undefined), type, /^zeros: shape.*undefined$/],
    ['a typed array', ({ r }) => r.zeros(Int32Array.of(2, 3)), type, /^zeros: (shape|options) must be .*Int32Array$/],
    ['a tensor', ({ r, x }) => r.zeros(x), type, /^zeros: (shape|options) must be .*Tensor$/],
    ['a list in a list', ({ r }) => r.zeros([[2, 3]]),
      type, /^zeros: shape: each size must be a number; received \[2, 3\]$/],
    ['two lists', ({ r }) => r.ones([2], [3]), type, /^ones: .*received \[[23]\]$/],
    ['a list and a number', ({ r }) => r.empty([2], 3), type, /^empty: .*received (\[2\]|3)$/],
    ['a string for full', ({ r }) => r.full('2x2', 1),
      type, /^full: shape must be a list of integers; received '2x2'$/],
    ['undefined for full', ({ r }) => r.full(undefined, 1), type, /^full: shape must be .*received undefined$/],
    ['a typed array for full', ({ r, bytes }) => r.full(bytes, 1), type, /^full: shape must be .*Uint8Array$/],
    // Integers, and not negative: the message must tell the upper bound.
    ['2^53', ({ r }) => r.zeros(2 ** 53), range, /^zeros: shape: (?!.*at least 0;).*received \[?9007199254740992/],
    ['1e300', ({ r }) => r.zeros([2, 1e300]), range, /^zeros: shape: (?!.*at least 0;).*1e\+300/],
    ['too large a product', ({ r }) => r.zeros(2 ** 30, 2 ** 30),
      range, /^zeros: shape: .*more than 2\^49 elements; received \[1073741824,1073741824\]$/],
    ['too large beside a zero', ({ r }) => r.empty(0, 2 ** 52),
      range, /^empty: shape: .*more than 2\^49 elements; received \[0,/],
    ['65 dimensions', ({ r }) => r.ones(Array(65).fill(1)),
      range, /^ones: shape must have at most 64 dimensions; received 65$/],
    ['more memory than addresses', ({ r }) => r.zeros([2 ** 45]),
      noMemory, /^out of memory on the CPU: cannot allocate 140737488355328 bytes$/],
    ['the same uninitialised', ({ r }) => r.empty(2 ** 46, { dtype: 'float64' }),
      noMemory, /^out of memory on the CPU: cannot allocate \d+ bytes$/],
  ],
  'full and arange': [
    ['full without a value', ({ r }) => r.full([2]), type, /^full: value must be a number.*received undefined$/],
    ['full of a string', ({ r }) => r.full([2], '7'), type, /^full: value must be .*received '7'$/],
    ['full of a list', ({ r }) => r.full([2], [7]),
      type, /^full: value must be a number(?!.*list of them).*received \[7\]$/],
    ['full of a tensor', ({ r, scalar }) => r.full([2], scalar), type, /^full: value must be .*an instance of Tensor$/],
    ['full with a dtype for the options', ({ r }) => r.full([2], 1, 'int8'), type, /^full: options must be .*'int8'$/],
    ['arange of nothing', ({ r }) => r.arange(), type, /^arange: expected end.*received 0 numbers$/],
    ['arange of options', ({ r }) => r.arange({ dtype: 'int8' }), type, /^arange: expected end.*received 0 numbers$/],
    ['arange of four', ({ r }) => r.arange(0, 1, 2, 3), type, /^arange: expected end.*received 4 numbers$/],
    ['arange of null', ({ r }) => r.arange(null), type, /^arange: end must be a number; received null$/],
    ['arange of a list', ({ r }) => r.arange([0, 5]), type, /^arange: end must be a number; received \[0, 5\]$/],
    ['arange from a string', ({ r }) => r.arange('0', 5), type, /^arange: start must be a number; received '0'$/],
    ['arange to undefined', ({ r }) => r.arange(0, undefined, 2),
      type, /^arange: end must be a number; received undefined$/],
    ['arange with a dtype after its end', ({ r }) => r.arange(5, 'int8'),
      type, /^arange: end must be a number; received 'int8'$/],
    ['arange by a boolean', ({ r }) => r.arange(0, 5, true), type, /^arange: step must be a number; received true$/],
    ['arange by null', ({ r }) => r.arange(0, 5, null), type, /^arange: step must be a number; received null$/],
    ['arange to NaN', ({ r }) => r.arange(Number.NaN), range, /^arange: end must be finite; received NaN$/],
    ['arange from infinity', ({ r }) => r.arange(-Infinity, 0),
      range, /^arange: start must be finite; received -Infinity$/],
    ['arange to a bigint that no number reaches', ({ r }) => r.arange(10n ** 400n),
      range, /^arange: end must be finite; received 10/],
    ['arange by 0', ({ r }) => r.arange(0, 5, 0), range, /^arange: step must lead from start 0 to end 5; received 0$/],
    ['arange by 0n', ({ r }) => r.arange(1n, 5n, 0n),
      range, /^arange: step must lead from start 1 to end 5; received 0$/],
    ['arange away from its end', ({ r }) => r.arange(0, 5, -1), range, /^arange: step must lead .*received -1$/],
    ['arange down without a step', ({ r }) => r.arange(5, 0),
      range, /^arange: step must lead from start 5 to end 0; received 1$/],
    ['arange away by so little that the product is 0', ({ r }) => r.arange(0, 1e-200, -2e-200),
      range, /^arange: step must lead .*received -2e-200$/],
    ['arange of more than can be counted', ({ r }) => r.arange(1e300),
      range, /^arange: the number of elements(?!.*at least 0).*1e\+300/],
    ['arange of more than can be held', ({ r }) => r.arange(0, 1, 2 ** -46),
      noMemory, /^out of memory on the CPU: .*bytes$/],
  ],
  'asTensor': [
    ['nothing', ({ r }) => r.asTensor(), type, /^asTensor: .*received undefined$/],
    ['a string', ({ r }) => r.asTensor('floats'), type, /^asTensor: .*received 'floats'$/],
    ['a DataView', ({ r, bytes }) => r.asTensor(new DataView(bytes.buffer)), type, /^asTensor: .*DataView$/],
    ['a class', ({ r }) => r.asTensor(Float32Array), type, /^asTensor: .*a function$/],
    ['a ragged list', ({ r }) => r.asTensor([[1, 2], [3]]), badShape, /^asTensor: data\[1\] must be a list of 2/],
    ['Uint16Array', ({ r }) => r.asTensor(Uint16Array.of(1)),
      type, /^asTensor: a Uint16Array holds .*dtype must say which; received undefined$/],
    ['Uint16Array as int16', ({ r }) => r.asTensor(Uint16Array.of(1), { dtype: 'int16' }),
      type, /^asTensor: a Uint16Array holds .*received 'int16'$/],
    ['Int16Array as float16', ({ r }) => r.asTensor(Int16Array.of(1), { dtype: 'float16' }),
      type, /^asTensor: a Int16Array can be shared as int16, not as float16/],
    ['an odd number of bytes as bfloat16', ({ r, bytes }) => r.asTensor(bytes, { dtype: 'bfloat16' }),
      range, /^asTensor: 7 bytes are not a whole number of bfloat16/],
    ['unsigned integers of ONNX Runtime',
      ({ r }) => r.asTensor({ data: Uint16Array.of(1), dims: [1], type: 'uint16' }),
      type, /^asTensor: a Uint16Array holds .*received 'uint16'$/],
    ['16 bits of no type', ({ r }) => r.asTensor({ data: Uint16Array.of(1), dims: [1] }),
      type, /^asTensor: a Uint16Array holds .*received undefined$/],
    ['float16 in floats', ({ r, floats }) => r.asTensor({ data: floats, dims: [4], type: 'float16' }),
      type, /^asTensor: a tensor object of type 'float16' cannot be shared from a Float32Array$/],
    ['Uint32Array as int32', ({ r }) => r.asTensor(Uint32Array.of(1), { dtype: 'int32' }),
      type, /^asTensor: a Uint32Array has no dtype/],
    ['Int32Array as float32', ({ r }) => r.asTensor(Int32Array.of(1), { dtype: 'float32' }),
      type, /^asTensor: a Int32Array can be shared as int32, not as float32/],
    ['BigInt64Array as float64', ({ r }) => r.asTensor(BigInt64Array.of(1n), { dtype: 'float64' }),
      type, /^asTensor: .*int64, not as float64/],
    ['Float32Array as bytes', ({ r, floats }) => r.asTensor(floats, { dtype: 'uint8' }),
      type, /^asTensor: a Float32Array can be shared as float32 or complex64, not as uint8/],
    ['Int8Array as bool', ({ r }) => r.asTensor(Int8Array.of(1), { dtype: 'bool' }),
      type, /^asTensor: .*int8, not as bool/],
    ['7 bytes as float32', ({ r, bytes }) => r.asTensor(bytes, { dtype: 'float32' }),
      range, /^asTensor: 7 bytes are not a whole number of float32/],
    ['a buffer of 12 bytes as int64', ({ r }) => r.asTensor(new ArrayBuffer(12), { dtype: 'int64' }),
      range, /^asTensor: 12 bytes are not .*int64/],
    ['a shape of fewer elements', ({ r, floats }) => r.asTensor(floats, { shape: [3] }),
      badShape, /^asTensor: 4 elements do not fit the shape \[3\]$/],
    ['a shape of more elements', ({ r, bytes }) => r.asTensor(bytes, { shape: [7, 7] }),
      badShape, /^asTensor: 7 elements do not fit the shape \[7,7\]$/],
    ['a shape counted in bytes', ({ r }) => r.asTensor(new ArrayBuffer(16), { dtype: 'float32', shape: [16] }),
      badShape, /^asTensor: 4 elements do not fit the shape \[16\]$/],
    ['a shape with −1', ({ r, floats }) => r.asTensor(floats, { shape: [2, -1] }),
      range, /^asTensor: shape: .*received -1$/],
    ['a shape that is a number', ({ r, floats }) => r.asTensor(floats, { shape: 4 }),
      type, /^asTensor: shape must be a list of integers; received 4$/],
    ['null as shape', ({ r, floats }) => r.asTensor(floats, { shape: null }), type, /^asTensor: shape must be .*null$/],
    ['values and a shape that does not fit', ({ r }) => r.asTensor([1, 2, 3], { shape: [2] }),
      badShape, /^asTensor: 3 elements do not fit the shape \[2\]$/],
    ['a tensor and a shape that does not fit', ({ r, x }) => r.asTensor(x, { shape: [5] }),
      badShape, /^asTensor: 4 elements do not fit the shape \[5\]$/],
    ['a disposed tensor', ({ r, disposed }) => r.asTensor(disposed), own('ERR_DISPOSED'), /^asTensor: .*was disposed$/],
    ['dims of fewer elements', ({ r, floats }) => r.asTensor({ data: floats, dims: [2] }),
      badShape, /^asTensor: 4 elements do not fit the shape \[2\]$/],
    ['dims of strings', ({ r, floats }) => r.asTensor({ data: floats, dims: ['4'] }),
      type, /^asTensor: dims: each size must be a number; received '4'$/],
    ['dims of bigints', ({ r, floats }) => r.asTensor({ data: floats, dims: [4n] }),
      type, /^asTensor: dims: each size .*received 4n$/],
    ['negative dims', ({ r, floats }) => r.asTensor({ data: floats, dims: [-4] }),
      range, /^asTensor: dims: each size .*received -4$/],
    ['negative dims whose product fits', ({ r, floats }) => r.asTensor({ data: floats, dims: [-2, -2] }),
      range, /^asTensor: dims: each size .*-2$/],
    ['fractional dims whose product fits', ({ r, floats }) => r.asTensor({ data: floats, shape: [8, 0.5] }),
      range, /^asTensor: dims: each size .*0.5$/],
    ['65 dims', ({ r }) => r.asTensor({ data: Int8Array.of(1), dims: Array(65).fill(1) }),
      range, /^asTensor: dims must have at most 64 dimensions; received 65$/],
    ['dims in a typed array', ({ r, floats }) => r.asTensor({ data: floats, dims: Int32Array.of(4) }),
      type, /^asTensor: /],
    ['no dims', ({ r, floats }) => r.asTensor({ data: floats }), type, /^asTensor: /],
    ['data in a list', ({ r }) => r.asTensor({ data: [1, 2], dims: [2], type: 'float32' }), type, /^asTensor: /],
    ['a tensor of strings', ({ r }) => r.asTensor({ data: ['a'], dims: [1], type: 'string' }), type, /^asTensor: /],
    ['half floats in a Uint16Array',
      ({ r }) => r.asTensor({ data: Uint16Array.of(0x3c00), dims: [1], type: 'float32' }),
      type, /^asTensor: a Uint16Array/],
    ['a type that the data contradicts', ({ r, floats }) => r.asTensor({ data: floats, dims: [4], type: 'int32' }),
      type, /^asTensor: .*int32/],
    ['packed 4-bit integers', ({ r }) => r.asTensor({ data: Uint8Array.of(0x21), dims: [1], type: 'uint4' }),
      type, /^asTensor: .*uint4/],
    ['a detached array', ({ r }) => r.asTensor(detach(Float32Array.of(1, 2))), type, /^asTensor: .*detached/],
    ['a detached ArrayBuffer', ({ r }) => r.asTensor(detach(new ArrayBuffer(8))), type, /^asTensor: .*detached/],
    ['a detached array and its shape', ({ r }) => r.asTensor(detach(Float32Array.of(1, 2)), { shape: [2] }),
      type, /^asTensor: .*detached/],
  ],
  'operations on no tensor': [
    ['nothing', ({ r }) => r.rsqrt(), type, /^rsqrt: input must be a Tensor; received undefined$/],
    ['null', ({ r }) => r.sqrt(null), type, /^sqrt: input must be a Tensor; received null$/],
    ['a number', ({ r }) => r.reciprocal(4), type, /^reciprocal: input must be a Tensor; received 4$/],
    ['a list', ({ r }) => r.neg([4, 16]), type, /^neg: input must be a Tensor; received \[4, 16\]$/],
    ['a typed array', ({ r, floats }) => r.abs(floats),
      type, /^abs: input must be a Tensor; received an instance of Float32Array$/],
    ['a tensor of ONNX Runtime', ({ r, floats }) => r.square({ data: floats, dims: [4] }),
      type, /^square: input must be a Tensor; received an object$/],
    ['a promise of a tensor', ({ r, x }) => r.rsqrt(Promise.resolve(x)),
      type, /^rsqrt: input must be a Tensor; received an instance of Promise$/],
    ['a list of tensors', ({ r, x }) => r.rsqrt([x, x]),
      type, /^rsqrt: input .*\[an instance of Tensor, an instance of Tensor\]$/],
    ['the class', ({ r }) => r.rsqrt(r.Tensor), type, /^rsqrt: input .*received a function$/],
    ['a symbol', ({ r }) => r.rsqrt_(Symbol('x')), type, /^rsqrt_: input .*received Symbol\(x\)$/],
    ['a bigint', ({ r }) => r.sqrt_(4n), type, /^sqrt_: input .*received 4n$/],
    ['an object without a prototype', ({ r }) => r.neg_(Object.create(null)),
      type, /^neg_: input .*received an object$/],
    ['a revoked proxy', ({ r }) => r.abs_(revoked()), javascript, /revoked$/],
    // "received an instance of Tensor" would only puzzle here.
    ['an impostor', ({ r }) => r.rsqrt(Object.create(r.Tensor.prototype as never)),
      type, /^rsqrt: input must be a Tensor(?!; received an instance of Tensor$)/],
    ['a proxy of a tensor', ({ r, x }) => r.square_(new Proxy(x, {})),
      type, /^square_: input must be a Tensor(?!; received an instance of Tensor$)/],
    ['a tensor of another copy of the package', ({ r, foreign }) => r.rsqrt(foreign),
      type, /^rsqrt: input must be a Tensor.*another copy/],
    ['a method without its tensor', ({ x }) => { const { rsqrt } = x; return rsqrt(); },
      type, /^rsqrt: input must be a Tensor; received undefined$/],
    ['an in-place method on a list', ({ x }) => Reflect.apply(x.rsqrt_, [4], []),
      type, /^rsqrt_: input .*received \[4\]$/],
    ['the constructor', ({ r }) => Reflect.construct(r.Tensor, [[1, 4]]), type, /^Tensor: .*tensor\(/],
    ['the constructor with a shape', ({ r, floats }) => Reflect.construct(r.Tensor, ['float32', floats, [2, 2]]),
      type, /^Tensor: .*tensor\(/],
  ],
  'out': [
    ['a number', ({ r, x }) => r.rsqrt(x, { out: 4 }), type, /^rsqrt: out must be a Tensor; received 4$/],
    ['null', ({ r, x }) => r.rsqrt(x, { out: null }), type, /^rsqrt: out must be a Tensor; received null$/],
    ['a typed array', ({ r, x, floats }) => r.sqrt(x, { out: floats }),
      type, /^sqrt: out must be a Tensor; received an instance of Float32Array$/],
    ['a list', ({ r, x }) => r.neg(x, { out: [0, 0, 0, 0] }),
      type, /^neg: out must be a Tensor; received \[0, 0, 0, 0\]$/],
    ['of another copy of the package', ({ r, x, foreign }) => r.abs(x, { out: foreign }),
      type, /^abs: out must be a Tensor.*another copy/],
    ['for the options', ({ r, x, shared }) => r.rsqrt(x, shared), type, /^rsqrt: options must be an object.*Tensor/],
    ['too small, on the memory of an array', ({ r, x, parts }) => r.rsqrt(x, { out: parts }),
      badShape, /^rsqrt: out of shape \[2\] cannot be resized to \[4\]: .* too small$/],
    ['too small, its memory handed out', ({ r, x, one }) => r.rsqrt(x, { out: seen(one) }),
      badShape, /^rsqrt: out of shape \[1\] cannot be resized to \[4\]: /],
    ['of another shape, in part over the input once resized', ({ r, x }) => r.rsqrt(x, { out: x.narrow(0, 1, 2) }),
      overlap, /^rsqrt: out overlaps the input in part/],
    ['of another shape and an integer dtype', ({ r, square, ints }) => r.rsqrt(square, { out: ints }),
      badDType, /^rsqrt: out: a float32 result cannot be stored in a tensor of dtype int32$/],
    ['of an integer dtype', ({ r, x, ints }) => r.rsqrt(x, { out: ints }),
      badDType, /^rsqrt: out: a float32 result cannot be stored in a tensor of dtype int32$/],
    ['of the integer dtype of the input', ({ r, ints }) => r.rsqrt(ints, { out: ints }),
      badDType, /^rsqrt: out: a float32 result .*int32$/],
    ['of bool for integers', ({ r, longs, bools }) => r.neg(longs, { out: bools }),
      badDType, /^neg: out: a int64 result .*bool$/],
    ['of bool for bool squared', ({ r, bools }) => r.square(bools, { out: bools }),
      badDType, /^square: out: a int64 result .*bool$/],
    ['disposed', ({ r, one, disposed }) => r.rsqrt(one, { out: disposed }),
      disposed, /^rsqrt: out: the tensor of shape \[1\] was disposed$/],
    ['for a disposed input', ({ r, one, disposed }) => r.rsqrt(disposed, { out: one }),
      disposed, /^rsqrt: the tensor of shape \[1\] was disposed$/],
    ['expanded', ({ r, expanded }) => r.rsqrt(r.ones(4, 3), { out: expanded }),
      overlap, /^rsqrt: out: .*shape \[4,3\] and strides \[0,1\] share memory; clone it/],
    ['overlapping from behind', ({ r, head, tail }) => r.rsqrt(head, { out: tail }),
      overlap, /^rsqrt: out overlaps the input in part/],
    ['overlapping from before', ({ r, head, tail }) => r.rsqrt(tail, { out: head }),
      overlap, /^rsqrt: out overlaps the input in part/],
    ['the input transposed', ({ r, square, turned }) => r.neg(square, { out: turned }),
      overlap, /^neg: out overlaps the input in part/],
    ['the same bytes as another dtype', ({ r, bits8, bits32 }) => r.rsqrt(bits8, { out: bits32 }),
      overlap, /^rsqrt: out overlaps the input in part/],
    ['an array shared twice, one element apart',
      ({ r, floats }) => r.abs(r.asTensor(floats.subarray(0, 3)), { out: r.asTensor(floats.subarray(1)) }),
      overlap, /^abs: out overlaps/],
    ['of a dtype where the operation refuses its input', ({ r, bools, x }) => r.neg(bools, { out: x }),
      badDType, /^neg is not defined for bool tensors$/],
  ],
  'in place': [
    ['rsqrt_ of int32', ({ r, ints }) => r.rsqrt_(ints),
      badDType, /^rsqrt_: a float32 result cannot be stored in a tensor of dtype int32$/],
    ['sqrt_ of uint8', ({ small }) => small.sqrt_(), badDType, /^sqrt_: a float32 result .*uint8$/],
    ['reciprocal_ of int64', ({ longs }) => longs.reciprocal_(), badDType, /^reciprocal_: a float32 result .*int64$/],
    ['square_ of bool', ({ bools }) => bools.square_(), badDType, /^square_: a int64 result .*bool$/],
    ['neg_ of bool', ({ bools }) => bools.neg_(), badDType, /^neg_ is not defined for bool tensors$/],
    ['abs of bool', ({ r, bools }) => r.abs(bools), badDType, /^abs is not defined for bool tensors$/],
    ['expanded rows', ({ expanded }) => expanded.rsqrt_(),
      overlap, /^rsqrt_: elements of a tensor of shape \[4,3\] and strides \[0,1\] share memory; clone it/],
    ['a scalar expanded', ({ r, scalar }) => r.neg_(scalar.asStrided([5], [0])),
      overlap, /^neg_: elements .*\[5\] and strides \[0\] share memory/],
    ['sliding windows', ({ x }) => x.asStrided([3, 2], [1, 1]).rsqrt_(),
      overlap, /^rsqrt_: elements .*\[3,2\] and strides \[1,1\] share memory/],
    ['interleaved rows that meet', ({ r }) => r.ones(9).asStrided([2, 3], [4, 2]).abs_(),
      overlap, /^abs_: elements .*\[4,2\] share memory/],
    ['an integer tensor that is expanded and disposed', ({ ints }) => gone(ints.asStrided([2], [0])).rsqrt_(),
      disposed, /^rsqrt_: .*disposed$/],
  ],
  'a disposed tensor': [
    ['data', ({ disposed }) => disposed.data, disposed, /^data: the tensor of shape \[1\] was disposed$/],
    ['toArray', ({ disposed }) => disposed.toArray(), disposed, /^toArray: .*disposed$/],
    ['item', ({ disposed }) => disposed.item(), disposed, /^item: .*disposed$/],
    ['toString', ({ disposed }) => disposed.toString(), disposed, /^toString: .*disposed$/],
    ['a template literal', ({ disposed }) => `${disposed}`, disposed, /^toString: .*disposed$/],
    ['to', ({ disposed }) => disposed.to('float64'), disposed, /^to: .*disposed$/],
    ['to what it is already', ({ disposed }) => disposed.to('float32'), disposed, /^to: .*disposed$/],
    ['cpu', ({ disposed }) => disposed.cpu(), disposed, /^cpu: .*disposed$/],
    ['clone', ({ disposed }) => disposed.clone(), disposed, /^clone: .*disposed$/],
    ['contiguous', ({ disposed }) => disposed.contiguous(), disposed, /^contiguous: .*disposed$/],
    ['reshape', ({ disposed }) => disposed.reshape(1, 1), disposed, /^reshape: .*disposed$/],
    ['transpose', ({ disposedMatrix }) => disposedMatrix.transpose(0, 1),
      disposed, /^transpose: .*\[1,2\] was disposed$/],
    ['t of a matrix', ({ disposedMatrix }) => disposedMatrix.t(), disposed, /^t: .*disposed$/],
    ['t of a vector', ({ disposed }) => disposed.t(), disposed, /^t: .*disposed$/],
    ['asStrided', ({ disposed }) => disposed.asStrided([1], [1]), disposed, /^asStrided: .*disposed$/],
    ['a method', ({ disposed }) => disposed.rsqrt(), disposed, /^rsqrt: .*disposed$/],
    ['a method in place', ({ disposed }) => disposed.square_(), disposed, /^square_: .*disposed$/],
    ['a function', ({ r, disposedMatrix }) => r.neg(disposedMatrix), disposed, /^neg: .*\[1,2\] was disposed$/],
    ['a disposed view of a live tensor', ({ disposedView }) => disposedView.clone(),
      disposed, /^clone: .*\[3,2\] was disposed$/],
    ['disposed twice', ({ r, disposed }) => { disposed.dispose(); return r.abs(disposed); },
      disposed, /^abs: .*disposed$/],
    ['disposed by using',
      ({ r }) => { const x = r.ones(2); Reflect.apply(Reflect.get(x, Symbol.dispose), x, []); return x.data; },
      disposed, /^data: .*disposed$/],
    ['disposed without elements', ({ empty }) => gone(empty.clone()).rsqrt(),
      disposed, /^rsqrt: .*\[0\] was disposed$/],
  ],
  // Only asTensor, or data handed out, can lose its memory like this.
  'a tensor whose memory was transferred': [
    ['an operation', ({ detached }) => detached.rsqrt(), disposed, /^rsqrt: .*(detached|transferred)/],
    ['an operation in place', ({ detached }) => detached.rsqrt_(), disposed, /^rsqrt_: .*(detached|transferred)/],
    ['out', ({ r, detached }) => r.rsqrt(r.ones(2048), { out: detached }),
      disposed, /^rsqrt: out: .*(detached|transferred)/],
    ['data', ({ detached }) => detached.data, disposed, /^data: .*(detached|transferred)/],
    ['toArray', ({ detached }) => detached.toArray(), disposed, /^toArray: .*(detached|transferred)/],
    ['toString', ({ detached }) => detached.toString(), disposed, /^toString: .*(detached|transferred)/],
    ['to', ({ detached }) => detached.to('float64'), disposed, /^to: .*(detached|transferred)/],
    ['a view of it', ({ detached }) => detached.reshape(2, 1024).clone(),
      disposed, /^(reshape|clone): .*(detached|transferred)/],
    ['a result whose data was sent away',
      ({ r }) => { const x = r.ones(50_000); detach(x.data as unknown as Float32Array); return x.sqrt(); },
      disposed, /^sqrt: .*(detached|transferred)/],
    ['a buffer that shrank',
      ({ r }) => {
        const memory = loose(Reflect.construct(ArrayBuffer, [16, { maxByteLength: 16 }]));
        const x = r.asTensor(memory, { dtype: 'float32' });
        memory.resize(8);
        return x.neg();
      },
      disposed, /^neg: .*(detached|transferred|shr[aiu]nk)/],
  ],
  'properties': [
    ['setting the shape', ({ x }) => { Object.assign(x, { shape: [2, 2] }); }, javascript, /shape/],
    ['setting the dtype', ({ x }) => { Object.assign(x, { dtype: 'float64' }); }, javascript, /dtype/],
    ['setting the strides', ({ x }) => { Object.assign(x, { strides: [0] }); }, javascript, /strides/],
    ['setting the count', ({ x }) => { Object.assign(x, { numel: 1000 }); }, javascript, /numel/],
    ['setting the offset', ({ x }) => { Object.assign(x, { storageOffset: 2 }); }, javascript, /storageOffset/],
    ['setting the device', ({ x }) => { Object.assign(x, { device: 'cuda' }); }, javascript, /device/],
    ['setting the data', ({ x, floats }) => { Object.assign(x, { data: floats }); }, javascript, /data/],
    ['changing a size', ({ x }) => { Object.assign(x.shape, [1000]); }, javascript, /read only property '0'/],
    ['adding a stride', ({ x }) => x.strides.push(1), javascript, /object is not extensible/],
  ],
  'item and toArray': [
    ['item of many', ({ x }) => x.item(), badShape, /^item: expected a tensor of 1 element, received shape \[4\]$/],
    ['item of none', ({ empty }) => empty.item(),
      badShape, /^item: expected a tensor of 1 element, received shape \[0\]$/],
    ['item of one element read often', ({ scalar }) => scalar.asStrided([3], [0]).item(), badShape, /^item: .*\[3\]$/],
    ['toArray longer than any array', ({ one }) => one.asStrided([2 ** 32], [0]).toArray(),
      range, /^toArray: .*4294967296/],
    ['data of more than fits in memory', ({ one }) => one.asStrided([2 ** 45], [0]).data,
      noMemory, /^out of memory on the CPU: .* 140737488355328 bytes$/],
    ['a result of more than fits in memory', ({ one }) => one.asStrided([2 ** 45], [0]).rsqrt(),
      noMemory, /^out of memory on the CPU: .*bytes$/],
    ['a conversion of more than fits in memory', ({ one }) => one.asStrided([2 ** 45], [0]).to('float64'),
      noMemory, /^out of memory on the CPU: .*bytes$/],
  ],
  'transpose and t': [
    ['no dimension', ({ matrix }) => matrix.transpose(),
      type, /^transpose: dim0 must be a number; received undefined$/],
    ['one dimension', ({ matrix }) => matrix.transpose(0),
      type, /^transpose: dim1 must be a number; received undefined$/],
    ['a list of dimensions', ({ matrix }) => matrix.transpose([0, 1]),
      type, /^transpose: dim0 must be a number; received \[0, 1\]$/],
    ['a string', ({ matrix }) => matrix.transpose('0', 1), type, /^transpose: dim0 must be a number; received '0'$/],
    ['a bigint', ({ matrix }) => matrix.transpose(0, 1n), type, /^transpose: dim1 must be a number; received 1n$/],
    ['a dimension too high', ({ matrix }) => matrix.transpose(0, 2),
      range, /^transpose: dim1 must be an integer from -2 to 1; received 2$/],
    ['a dimension too low', ({ matrix }) => matrix.transpose(-3, 0),
      range, /^transpose: dim0 must be an integer from -2 to 1; received -3$/],
    ['a fraction', ({ matrix }) => matrix.transpose(0.5, 1),
      range, /^transpose: dim0 must be an integer.*received 0.5$/],
    ['NaN', ({ matrix }) => matrix.transpose(0, Number.NaN),
      range, /^transpose: dim1 must be an integer.*received NaN$/],
    ['dimensions of a scalar', ({ scalar }) => scalar.transpose(0, 1),
      range, /^transpose: dim1 must be an integer from -1 to 0; received 1$/],
    ['t of three dimensions', ({ cube }) => cube.t(),
      badShape, /^t: expected at most 2 dimensions, received shape \[2,2,2\]$/],
  ],
  'reshape': [
    ['fewer elements', ({ x }) => x.reshape(3), badShape, /^reshape: 4 elements do not fit the shape \[3\]$/],
    ['more elements', ({ x }) => x.reshape([2, 3]), badShape, /^reshape: 4 elements do not fit the shape \[2,3\]$/],
    ['no sizes', ({ x }) => x.reshape(), badShape, /^reshape: 4 elements do not fit the shape \[\]$/],
    ['a size that cannot be inferred', ({ x }) => x.reshape(-1, 3),
      badShape, /^reshape: 4 elements do not fit the shape \[-1,3\]$/],
    ['two sizes to infer', ({ x }) => x.reshape(-1, -1), badShape, /^reshape: .*\[-1,-1\]$/],
    ['any size to infer', ({ empty }) => empty.reshape(0, -1), badShape, /^reshape: .*\[0,-1\]$/],
    ['elements from none', ({ empty }) => empty.reshape(1),
      badShape, /^reshape: 0 elements do not fit the shape \[1\]$/],
    ['−2', ({ x }) => x.reshape(-2, -2), range, /^reshape: shape: each size must be an integer from -1 .*received -2$/],
    ['a fraction whose product fits', ({ x }) => x.reshape(8, 0.5),
      range, /^reshape: shape: each size must be an integer.*received 0.5$/],
    ['NaN', ({ x }) => x.reshape(Number.NaN), range, /^reshape: shape: each size .*received NaN$/],
    ['a string', ({ x }) => x.reshape('4'), type, /^reshape: shape: each size must be a number; received '4'$/],
    ['null', ({ x }) => x.reshape(null), type, /^reshape must be a list of integers; received null$|^reshape: .*null$/],
    ['undefined', ({ x }) => x.reshape(undefined), type, /^reshape: .*received undefined$/],
    ['lists in a list', ({ x }) => x.reshape([[2, 2]]),
      type, /^reshape: shape: each size must be a number; received \[2, 2\]$/],
    ['two lists', ({ x }) => x.reshape([2], [2]), type, /^reshape: shape: each size must be a number; received \[2\]$/],
    ['a typed array', ({ x }) => x.reshape(Int32Array.of(2, 2)),
      type, /^reshape.* list of integers; received an instance of Int32Array$/],
    ['the shape in an object', ({ x }) => x.reshape({ shape: [2, 2] }),
      type, /^reshape.* list of integers; received an object$/],
    ['65 sizes', ({ one }) => one.reshape(Array(65).fill(1)), range, /^reshape.* at most 64 dimensions; received 65$/],
    ['a size beyond all memory', ({ x }) => x.reshape(2 ** 50),
      range, /^reshape: .*more than 2\^49 elements; received \[1125899906842624\]$/],
  ],
  'asStrided': [
    ['one element past the end', ({ matrix }) => matrix.asStrided([7], [1]),
      range, /^asStrided: size \[7\], strides \[1\] and offset 0 need 7 elements of storage, there are 6$/],
    ['past the end by its offset', ({ matrix }) => matrix.asStrided([3], [1], 4),
      range, /^asStrided: .*offset 4 need 7 elements of storage, there are 6$/],
    ['past the end by its stride', ({ matrix }) => matrix.asStrided([2, 3], [4, 1]),
      range, /^asStrided: .*strides \[4,1\] .*need 7 .*there are 6$/],
    ['past the end from the offset of a view', ({ tail }) => tail.asStrided([4], [1]),
      range, /^asStrided: .*offset 1 need 5 .*there are 4$/],
    ['past the end though it is empty', ({ x }) => x.asStrided([0], [1], 5),
      range, /^asStrided: .*offset 5 need 5 .*there are 4$/],
    ['an element of a storage without any', ({ empty }) => empty.asStrided([], []),
      range, /^asStrided: .*need 1 .*there are 0$/],
    ['far past the end', ({ x }) => x.asStrided([2], [2 ** 50]),
      range, /^asStrided: .*strides \[1125899906842624\] .*there are 4$/],
    ['so far that it wraps around', ({ x }) => x.asStrided([2 ** 32, 2 ** 16], [2 ** 32, 2 ** 16]),
      range, /^asStrided: .*elements of storage, there are 4$/],
    ['the largest offset', ({ x }) => x.asStrided([1], [1], Number.MAX_SAFE_INTEGER),
      range, /^asStrided: .*offset 9007199254740991 .*there are 4$/],
    ['a size beyond counting, in place', ({ x }) => x.asStrided([2 ** 50], [0]),
      range, /^asStrided: size: .*2\^49 elements; received \[1125899906842624\]$/],
    ['a negative stride', ({ x }) => x.asStrided([4], [-1], 3),
      range, /^asStrided: strides: each .* from 0 .*received -1$/],
    ['a negative size', ({ x }) => x.asStrided([-1], [1]), range, /^asStrided: size: each size .*received -1$/],
    ['a negative offset', ({ tail }) => tail.asStrided([2], [1], -1),
      range, /^asStrided: offset must be an integer from 0 .*received -1$/],
    ['a fractional stride', ({ x }) => x.asStrided([2], [1.5]), range, /^asStrided: strides: each .*received 1.5$/],
    ['NaN as offset', ({ x }) => x.asStrided([2], [1], Number.NaN),
      range, /^asStrided: offset must be an integer.*received NaN$/],
    ['null as offset', ({ x }) => x.asStrided([2], [1], null),
      type, /^asStrided: offset must be a number; received null$/],
    ['a string as offset', ({ x }) => x.asStrided([2], [1], '1'),
      type, /^asStrided: offset must be a number; received '1'$/],
    ['fewer strides than sizes', ({ x }) => x.asStrided([2, 2], [1]),
      badShape, /^asStrided: expected as many strides as sizes \(2\), received \[1\]$/],
    ['more strides than sizes', ({ x }) => x.asStrided([2], [2, 1]),
      badShape, /^asStrided: expected as many strides as sizes \(1\), received \[2, 1\]$/],
    ['nothing', ({ x }) => x.asStrided(), type, /^asStrided: size must be a list of integers; received undefined$/],
    ['no strides', ({ x }) => x.asStrided([2]),
      type, /^asStrided: strides must be a list of integers; received undefined$/],
    ['spread numbers', ({ x }) => x.asStrided(2, 1), type, /^asStrided: size must be a list of integers; received 2$/],
    ['strides as bigints', ({ x }) => x.asStrided([2], [1n]), type, /^asStrided: strides: each .*received 1n$/],
    ['65 dimensions', ({ x }) => x.asStrided(Array(65).fill(1), Array(65).fill(1)),
      range, /^asStrided: size must have at most 64 dimensions; received 65$/],
  ],
  'view': [
    ['strides that allow none', ({ turned }) => turned.view(4),
      badShape, /^view: strides \[1,2\] of shape \[2,2\] allow no view of shape \[4\]; use reshape$/],
    ['another count', ({ x }) => x.view(3), badShape, /^view: 4 elements do not fit the shape \[3\]$/],
    ['two sizes to infer', ({ x }) => x.view([-1, -1]), badShape, /^view: .*\[-1,-1\]$/],
    ['a fraction', ({ x }) => x.view(8, 0.5), range, /^view: shape: each size must be an integer.*received 0.5$/],
    ['an unknown dtype', ({ x }) => x.view('float23'), type, /^view: dtype must be one of .*received 'float23'$/],
    ['a larger dtype that does not divide', ({ matrix }) => matrix.view('float64'),
      badShape, /^view: elements of 4 bytes become ones of 8 only if the size of the last dimension is divisible by 2; it is 3$/],
    ['a larger dtype from an odd offset', ({ x }) => x.narrow(0, 1, 2).view('float64'),
      badShape, /^view: .* only if the storage offset is divisible by 2; it is 1$/],
    ['a larger dtype of rows that lie askew', ({ matrix }) => matrix.narrow(1, 0, 2).view('int64'),
      badShape, /^view: .* only if the stride of dimension 0 is divisible by 2; it is 3$/],
    ['a smaller dtype of columns', ({ turned }) => turned.view('int8'),
      badShape, /^view: elements of 4 bytes .* of 1 only if the stride of the last dimension is 1$/],
    ['a smaller dtype without dimensions', ({ scalar }) => scalar.view('int8'),
      badShape, /^view: .* only if the tensor has dimensions$/],
  ],
  'flatten and unflatten': [
    ['dimensions in the wrong order', ({ cube }) => cube.flatten(2, 1),
      range, /^flatten: startDim must not come after endDim; received 2 and 1$/],
    ['a dimension too high', ({ matrix }) => matrix.flatten(0, 2), range, /^flatten: endDim .* from -2 to 1; received 2$/],
    ['a string', ({ matrix }) => matrix.flatten('0'), type, /^flatten: startDim must be a number; received '0'$/],
    ['sizes of another count', ({ x }) => x.unflatten(0, [3, 2]),
      badShape, /^unflatten: 4 elements do not fit the shape \[3,2\]$/],
    ['no sizes', ({ x }) => x.unflatten(0, []), range, /^unflatten: sizes must not be empty$/],
    ['sizes that are no list', ({ x }) => x.unflatten(0, 4), type, /^unflatten: sizes must be a list .*received 4$/],
    ['without dimensions', ({ scalar }) => scalar.unflatten(0, [1]),
      badShape, /^unflatten: a tensor without dimensions cannot be taken apart$/],
  ],
  'permute and movedim': [
    ['a dimension twice', ({ matrix }) => matrix.permute(0, 0),
      range, /^permute: dims must name different dimensions; received \[0, 0\]$/],
    ['a dimension twice, once from the end', ({ matrix }) => matrix.permute([1, -1]),
      range, /^permute: dims must name different dimensions; received \[1, -1\]$/],
    ['one left out', ({ matrix }) => matrix.permute(0),
      range, /^permute: dims must name each of the 2 dimensions once; received \[0\]$/],
    ['none', ({ matrix }) => matrix.permute(), range, /^permute: dims must name each .*received \[\]$/],
    ['too many', ({ matrix }) => matrix.permute(0, 1, 2), range, /^permute: dims must be .* from -2 to 1; received 2$/],
    ['strings', ({ matrix }) => matrix.permute('1', '0'), type, /^permute: dims must be a number; received '1'$/],
    ['lists of different lengths', ({ cube }) => cube.movedim([0, 1], 2),
      range, /^movedim: source and destination must name equally many dimensions; received \[0, 1\] and 2$/],
    ['a source twice', ({ cube }) => cube.movedim([0, 0], [1, 2]), range, /^movedim: source must name different/],
    ['a destination twice', ({ cube }) => cube.movedim([0, 1], [2, -1]), range, /^movedim: destination must name diff/],
    ['no destination', ({ cube }) => cube.movedim(0),
      type, /^movedim: destination must be a number; received undefined$/],
  ],
  'narrow, select and slice': [
    ['past the end', ({ x }) => x.narrow(0, 2, 3), range, /^narrow: length must be an integer from 0 to 2; received 3$/],
    ['past the end, counted from there', ({ x }) => x.narrow(0, -1, 2), range, /^narrow: length .* to 1; received 2$/],
    ['a start past the end', ({ x }) => x.narrow(0, 5, 0), range, /^narrow: start .* from -4 to 4; received 5$/],
    ['a negative length', ({ x }) => x.narrow(0, 0, -1), range, /^narrow: length .*received -1$/],
    ['no length', ({ x }) => x.narrow(0, 0), type, /^narrow: length must be a number; received undefined$/],
    ['narrow without dimensions', ({ scalar }) => scalar.narrow(0, 0, 1), badShape, /^narrow: a tensor without dim/],
    ['an index past the end', ({ x }) => x.select(0, 4),
      range, /^select: index of dimension 0 must be an integer from -4 to 3; received 4$/],
    ['an index before the start', ({ x }) => x.select(0, -5), range, /^select: index .*received -5$/],
    ['an index of none', ({ empty }) => empty.select(0, 0), range, /^select: dimension 0 has no indices; received 0$/],
    ['a boolean index', ({ x }) => x.select(0, true), type, /^select: index must be a number; received true$/],
    ['a fractional index', ({ x }) => x.select(0, 0.5), range, /^select: index .*received 0.5$/],
    ['select without dimensions', ({ scalar }) => scalar.select(0, 0), badShape, /^select: a tensor without dimensions/],
    ['a step of 0', ({ x }) => x.slice(0, 0, 4, 0), range, /^slice: step must be an integer from 1 .*received 0$/],
    ['a step back', ({ x }) => x.slice(0, 3, 0, -1), range, /^slice: step .*received -1$/],
    ['a fractional start', ({ x }) => x.slice(0, 0.5), range, /^slice: start must be an integer from -2\^53 \+ 1 to/],
    ['a string as end', ({ x }) => x.slice(0, 0, '4'), type, /^slice: end must be a number; received '4'$/],
    ['an end of infinity', ({ x }) => x.slice(0, 0, Infinity), range, /^slice: end .*received Infinity$/],
    ['no dimension', ({ x }) => x.slice(), type, /^slice: dim must be a number; received undefined$/],
    ['slice without dimensions', ({ scalar }) => scalar.slice(0), badShape, /^slice: a tensor without dimensions/],
    ['unbind without dimensions', ({ scalar }) => scalar.unbind(), badShape, /^unbind: a tensor without dimensions/],
    ['unbind of a dimension too high', ({ x }) => x.unbind(1), range, /^unbind: dim must be .*received 1$/],
  ],
  'index, at and set': [
    ['too many parts', ({ x }) => x.index(0, 0), range, /^index: 2 dimensions are named, the tensor has 1$/],
    ['two ellipses', ({ cube }) => cube.index('...', 0, '...'), range, /^index: '...' can stand only once$/],
    ['a string', ({ x }) => x.index('1:2'),
      type, /^index: expected a number, \[start, end, step\], '...' or null; received '1:2'$/],
    ['undefined', ({ x }) => x.index(undefined), type, /^index: expected a number, .*received undefined$/],
    ['a boolean', ({ x }) => x.index(true), type, /^index: expected a number, .*received true$/],
    ['a tensor', ({ x }) => x.index(x), type, /^index: expected a number, .*received an instance of Tensor$/],
    ['a range of four', ({ x }) => x.index([0, 1, 1, 1]), type, /^index: expected .*received \[0, 1, 1, 1\]$/],
    ['a range of strings', ({ x }) => x.index(['0']), type, /^index: start must be a number; received '0'$/],
    ['a step back', ({ x }) => x.index([3, 0, -1]), range, /^index: step .*received -1$/],
    ['a place past the end', ({ matrix }) => matrix.index([], 3),
      range, /^index: index of dimension 1 must be an integer from -3 to 2; received 3$/],
    ['at with too few', ({ matrix }) => matrix.at(0), range, /^at: expected an index for each of the 2 dimensions; received 1$/],
    ['at with too many', ({ x }) => x.at(0, 0), range, /^at: expected an index for each of the 1 dimensions; received 2$/],
    ['at past the end', ({ matrix }) => matrix.at(0, 3),
      range, /^at: index of dimension 1 must be an integer from -3 to 2; received 3$/],
    ['at with a list', ({ matrix }) => matrix.at([0, 1]), range, /^at: expected an index for each of the 2/],
    ['at with a string', ({ x }) => x.at('0'), type, /^at: index must be a number; received '0'$/],
    ['at with NaN', ({ x }) => x.at(Number.NaN), range, /^at: index .*received NaN$/],
    ['set past the end', ({ x }) => x.set(1, 4), range, /^set: index of dimension 0 .*received 4$/],
    ['set without an index', ({ x }) => x.set(1), range, /^set: expected an index for each of the 1/],
    ['set of no value', ({ x }) => x.set('1', 0), type, /^set: value must be a number, .*received '1'$/],
    ['set of a tensor', ({ x, scalar }) => x.set(scalar, 0), type, /^set: value must be .*instance of Tensor$/],
    ['set of a value out of range', ({ small }) => small.set(256, 0),
      range, /^set: a value of dtype uint8 must be from 0 to 255; received 256$/],
    ['set of NaN into integers', ({ ints }) => ints.set(Number.NaN, 0), range, /^set: a value of dtype int32 .*NaN$/],
    ['set of a complex value into reals', ({ x }) => x.set({ re: 1, im: 0 }, 0),
      type, /^set: a value of dtype float32 must be real; received \{ re: 1, im: 0 \}$/],
  ],
  'expand, unsqueeze and squeeze': [
    ['another size', ({ x }) => x.expand(3), badShape, /^expand: a tensor of shape \[4\] does not expand to \[3\]$/],
    ['fewer dimensions', ({ matrix }) => matrix.expand(3), badShape, /^expand: .*\[2,3\] does not expand to \[3\]$/],
    ['a new dimension of size −1', ({ x }) => x.expand(-1, 4), badShape, /^expand: .*does not expand to \[-1,4\]$/],
    ['more elements than can be counted', ({ scalar }) => scalar.expand(2 ** 30, 2 ** 30),
      range, /^expand: shape: .*more than 2\^49 elements/],
    ['a string', ({ x }) => x.expand('4'), type, /^expand: shape: each size must be a number; received '4'$/],
    ['expandAs of another shape', ({ x, matrix }) => x.expandAs(matrix),
      badShape, /^expandAs: a tensor of shape \[4\] does not expand to \[2,3\]$/],
    ['expandAs of a shape', ({ x }) => x.expandAs([4]), type, /^expandAs: other must be a Tensor; received \[4\]$/],
    ['broadcastTo another size', ({ x }) => x.broadcastTo([2, 3]), badShape, /^broadcastTo: .*does not expand to \[2,3\]$/],
    ['a place too far', ({ x }) => x.unsqueeze(2), range, /^unsqueeze: dim must be an integer from -2 to 1; received 2$/],
    ['no place', ({ x }) => x.unsqueeze(), type, /^unsqueeze: dim must be a number; received undefined$/],
    ['squeeze of a dimension too high', ({ x }) => x.squeeze(1), range, /^squeeze: dim must be .*received 1$/],
    ['squeeze of one twice', ({ x }) => x.squeeze([0, 0]), range, /^squeeze: dim must name different dimensions/],
    ['squeeze of null', ({ x }) => x.squeeze(null), type, /^squeeze: dim must be a number; received null$/],
  ],
  'unfold and diagonal': [
    ['windows that are too large', ({ x }) => x.unfold(0, 5, 1), range, /^unfold: size .* from 0 to 4; received 5$/],
    ['a step of 0', ({ x }) => x.unfold(0, 2, 0), range, /^unfold: step must be an integer from 1 .*received 0$/],
    ['no step', ({ x }) => x.unfold(0, 2), type, /^unfold: step must be a number; received undefined$/],
    ['a dimension too high', ({ x }) => x.unfold(1, 2, 1), range, /^unfold: dim .*received 1$/],
    ['one dimension', ({ x }) => x.diagonal(), range, /^diagonal: dim2 must be .*received 1$/],
    ['one dimension twice', ({ matrix }) => matrix.diagonal(0, 1, -1),
      range, /^diagonal: dim1 and dim2 must be two dimensions; received 1 and -1$/],
    ['a fractional offset', ({ matrix }) => matrix.diagonal(0.5), range, /^diagonal: offset .*received 0.5$/],
  ],
  'fill_, zero_ and copy_': [
    ['fill_ of an expanded tensor', ({ expanded }) => expanded.fill_(1),
      overlap, /^fill_: elements of a tensor of shape \[4,3\] and strides \[0,1\] share memory; clone it/],
    ['zero_ of sliding windows', ({ x }) => x.unfold(0, 2, 1).zero_(), overlap, /^fill_: elements .*\[3,2\]/],
    ['fill_ of no value', ({ x }) => x.fill_(), type, /^fill_: value must be a number, .*received undefined$/],
    ['fill_ of many values', ({ x }) => x.fill_([1, 2, 3, 4]), type, /^fill_: value must be .*received \[1, 2, 3, 4\]$/],
    ['fill_ of a tensor with dimensions', ({ x, one }) => x.fill_(one), type, /^fill_: value must be .*instance of Tensor$/],
    ['fill_ out of range', ({ small }) => small.fill_(-1), range, /^fill_: a value of dtype uint8 .*received -1$/],
    ['fill_ of a complex value', ({ x }) => x.fill_({ re: 1, im: 1 }), type, /^fill_: a value .* must be real/],
    ['copy_ of values', ({ x }) => x.copy_([1, 2, 3, 4]), type, /^copy_: source must be a Tensor; received \[1, 2, 3, 4\]$/],
    ['copy_ of another shape', ({ x, matrix }) => x.copy_(matrix),
      badShape, /^copy_: source: a tensor of shape \[2,3\] does not expand to \[4\]$/],
    ['copy_ of more dimensions', ({ x }) => x.copy_(x.view(1, 4)), badShape, /^copy_: source: .*\[1,4\] does not expand to \[4\]$/],
    ['copy_ over a part of itself', ({ head, tail }) => head.copy_(tail),
      overlap, /^copy_: this tensor overlaps the input in part/],
    ['copy_ onto its transpose', ({ square, turned }) => square.copy_(turned), overlap, /^copy_: this tensor overlaps/],
    ['copy_ into an expanded tensor', ({ expanded, matrix }) => expanded.copy_(matrix.select(0, 0)),
      overlap, /^copy_: elements .* share memory/],
    ['copy_ of a disposed tensor', ({ one, disposed }) => one.copy_(disposed), disposed, /^copy_: source: .*disposed$/],
    ['copy_ of a tensor of another copy of the package', ({ x, foreign }) => x.copy_(foreign),
      type, /^copy_: source must be a Tensor; received an instance of Tensor$/],
  ],
  'iteration': [
    ['without dimensions', ({ scalar }) => [...(scalar as unknown as Iterable<unknown>)],
      badShape, /^iteration: a tensor without dimensions has nothing in it$/],
    ['of a disposed tensor', ({ disposedMatrix }) => [...(disposedMatrix as unknown as Iterable<unknown>)],
      disposed, /^iteration: .*disposed$/],
  ],
  'tidy': [
    ['nothing', ({ r }) => r.tidy(), type, /^tidy: fn must be a function; received undefined$/],
    ['a promise', ({ r }) => r.tidy(Promise.resolve()), type, /^tidy: fn must be a function; .*Promise$/],
    ['an asynchronous function', ({ r }) => r.tidy(async () => 1),
      type, /^tidy: fn must be synchronous; received one that returns a promise$/],
  ],
  'default dtype': [
    ['an integer one', ({ r }) => r.setDefaultDtype('int32'),
      type, /^setDefaultDtype: dtype must be float16, bfloat16, float32 or float64; received 'int32'$/],
    ['a complex one', ({ r }) => r.setDefaultDtype('complex64'), type, /^setDefaultDtype: .*received 'complex64'$/],
    ['none', ({ r }) => r.setDefaultDtype(), type, /^setDefaultDtype: .*received undefined$/],
  ],
  'to': [
    ['nothing', ({ x }) => x.to(), type, /^to: expected a device, a dtype or .*received undefined$/],
    ['null', ({ x }) => x.to(null), type, /^to: expected .*received null$/],
    ['a number', ({ x }) => x.to(0), type, /^to: expected .*received 0$/],
    ['an unknown name', ({ x }) => x.to('float33'), type, /^to: expected .*received 'float33'$/],
    ['an unknown device', ({ x }) => x.to('gpu'), type, /^to: expected .*received 'gpu'$/],
    ['a device with a blank', ({ x }) => x.to(' cpu'), type, /^to: expected .*received ' cpu'$/],
    ['a list', ({ x }) => x.to(['float64']), type, /^to: expected .*received \['float64'\]$/],
    ['a constructor', ({ x }) => x.to(Float64Array), type, /^to: expected .*a function$/],
    ['a typed array', ({ x, floats }) => x.to(floats), type, /^to: expected .*Float32Array$/],
    ['a dtype after the device', ({ x }) => x.to('cpu', 'float64'), type, /^to: .*'float64'/],
    ['an unknown dtype in options', ({ x }) => x.to({ dtype: 'half' }), type, /^to: dtype must be one of .*'half'$/],
    ['null as dtype', ({ x }) => x.to({ dtype: null }), type, /^to: dtype must be .*null$/],
    ['a number as device', ({ x }) => x.to({ device: 1 }), type, /^to: device must be .*received 1$/],
    ['a malformed GPU', ({ x }) => x.to('cuda:one'), type, /^to: device must be .*'cuda:one'$/],
  ],
  'setNumThreads': [
    ['nothing', ({ r }) => r.setNumThreads(), type, /^setNumThreads: n must be a number; received undefined$/],
    ['null', ({ r }) => r.setNumThreads(null), type, /^setNumThreads: n must be a number; received null$/],
    ['a string', ({ r }) => r.setNumThreads('4'), type, /^setNumThreads: n must be a number; received '4'$/],
    ['a bigint', ({ r }) => r.setNumThreads(4n), type, /^setNumThreads: n must be a number; received 4n$/],
    ['a list', ({ r }) => r.setNumThreads([4]), type, /^setNumThreads: n must be a number; received \[4\]$/],
    ['options', ({ r }) => r.setNumThreads({ threads: 4 }), type, /^setNumThreads: n must .*received an object$/],
    ['0', ({ r }) => r.setNumThreads(0), range, /^setNumThreads: n must be an integer from 1 to 1024; received 0$/],
    ['−1 for all', ({ r }) => r.setNumThreads(-1), range, /^setNumThreads: n must .* from 1 to 1024; received -1$/],
    ['too many', ({ r }) => r.setNumThreads(1025), range, /^setNumThreads: n .* 1024; received 1025$/],
    ['a number that wraps to 1', ({ r }) => r.setNumThreads(2 ** 32 + 1), range, /^setNumThreads: n .*4294967297$/],
    ['a fraction', ({ r }) => r.setNumThreads(1.5), range, /^setNumThreads: n must .*received 1.5$/],
    ['NaN', ({ r }) => r.setNumThreads(Number.NaN), range, /^setNumThreads: n must .*received NaN$/],
    ['infinity', ({ r }) => r.setNumThreads(Infinity), range, /^setNumThreads: n must .*received Infinity$/],
  ],
};

// biome-ignore format: a table
const printOptionRows: Row<Cpu>[] = [
  ['nothing', ({ r }) => r.setPrintOptions(),
    type, /^setPrintOptions: options must be an object such as { precision }; received undefined$/],
  ['null', ({ r }) => r.setPrintOptions(null), type, /^setPrintOptions: options .*received null$/],
  ['the precision alone', ({ r }) => r.setPrintOptions(2), type, /^setPrintOptions: options .*received 2$/],
  ['the name of a profile alone', ({ r }) => r.setPrintOptions('full'), type, /^setPrintOptions: options .*'full'$/],
  ['a list', ({ r }) => r.setPrintOptions([2]), type, /^setPrintOptions: options .*received \[2\]$/],
  ['a tensor', ({ r, x }) => r.setPrintOptions(x), type, /^setPrintOptions: options .*an instance of Tensor$/],
  ['an option of torch', ({ r }) => r.setPrintOptions({ linewidth: 80 }),
    type, /^setPrintOptions: options can have precision, .*, lineWidth, sciMode, profile; received 'linewidth'$/],
  ['null as precision', ({ r }) => r.setPrintOptions({ precision: null }),
    type, /^setPrintOptions: precision must be a number; received null$/],
  ['a string as precision', ({ r }) => r.setPrintOptions({ precision: '2' }), type, /^setPrintOptions: precision .*'2'$/],
  ['a negative precision', ({ r }) => r.setPrintOptions({ precision: -1 }),
    range, /^setPrintOptions: precision must be an integer from 0 to 1074; received -1$/],
  ['half a digit', ({ r }) => r.setPrintOptions({ precision: 1.5 }), range, /^setPrintOptions: precision .*1.5$/],
  ['more digits than any double has', ({ r }) => r.setPrintOptions({ precision: 1075 }),
    range, /^setPrintOptions: precision .*1075$/],
  ['a precision without end', ({ r }) => r.setPrintOptions({ precision: Infinity }),
    range, /^setPrintOptions: precision .*Infinity$/],
  ['a bigint as threshold', ({ r }) => r.setPrintOptions({ threshold: 10n }),
    type, /^setPrintOptions: threshold must be a number; received 10n$/],
  ['a negative threshold', ({ r }) => r.setPrintOptions({ threshold: -1 }),
    range, /^setPrintOptions: threshold must be an integer from 0 on, or Infinity; received -1$/],
  ['minus infinity', ({ r }) => r.setPrintOptions({ threshold: -Infinity }), range, /^setPrintOptions: threshold .*-Infinity$/],
  ['NaN as threshold', ({ r }) => r.setPrintOptions({ threshold: NaN }), range, /^setPrintOptions: threshold .*NaN$/],
  ['a fractional threshold', ({ r }) => r.setPrintOptions({ threshold: 0.5 }), range, /^setPrintOptions: threshold .*0.5$/],
  ['negative edge items', ({ r }) => r.setPrintOptions({ edgeItems: -3 }),
    range, /^setPrintOptions: edgeItems must be an integer from 0 to 2\^53 - 1; received -3$/],
  ['edge items without end', ({ r }) => r.setPrintOptions({ edgeItems: Infinity }),
    range, /^setPrintOptions: edgeItems .*Infinity$/],
  ['a list of edge items', ({ r }) => r.setPrintOptions({ edgeItems: [3] }), type, /^setPrintOptions: edgeItems .*\[3\]$/],
  ['lines of no column', ({ r }) => r.setPrintOptions({ lineWidth: 0 }),
    range, /^setPrintOptions: lineWidth must be an integer from 1 on, or Infinity; received 0$/],
  ['a string as line width', ({ r }) => r.setPrintOptions({ lineWidth: '80' }), type, /^setPrintOptions: lineWidth .*'80'$/],
  ['a number as scientific mode', ({ r }) => r.setPrintOptions({ sciMode: 1 }),
    type, /^setPrintOptions: sciMode must be true, false or null; received 1$/],
  ['an unknown profile', ({ r }) => r.setPrintOptions({ profile: 'long' }),
    type, /^setPrintOptions: profile must be 'default', 'short' or 'full'; received 'long'$/],
  ['a profile that every object has', ({ r }) => r.setPrintOptions({ profile: 'toString' }),
    type, /^setPrintOptions: profile .*'toString'$/],
  ['null as profile', ({ r }) => r.setPrintOptions({ profile: null }), type, /^setPrintOptions: profile .*null$/],
  ['one good option and one bad', ({ r }) => r.setPrintOptions({ precision: 2, sciMode: 'auto' }),
    type, /^setPrintOptions: sciMode .*'auto'$/],
];

// biome-ignore format: a table
const withoutGpu: Row<Cpu>[] = [
  ['a new tensor', ({ r }) => r.tensor([4], { device: 'cuda' }), noCuda, /^tensor: CUDA is not available: \w/],
  ['zeros on the second GPU', ({ r }) => r.zeros(2, { device: 'cuda:1' }), noCuda, /^zeros: CUDA is not available: \w/],
  ['arange', ({ r }) => r.arange(3, { device: 'cuda' }), noCuda, /^arange: CUDA is not available: \w/],
  ['shared memory', ({ r, floats }) => r.asTensor(floats, { device: 'cuda' }),
    noCuda, /^asTensor: CUDA is not available: \w/],
  ['to', ({ x }) => x.to('cuda'), noCuda, /^to: CUDA is not available: \w/],
  ['cuda()', ({ x }) => x.cuda(), noCuda, /^(to|cuda): CUDA is not available: \w/],
  ['the name of a GPU', ({ r }) => r.cuda.getDeviceName(), noCuda, /^cuda.getDeviceName: CUDA is not available: \w/],
  ['its properties', ({ r }) => r.cuda.getDeviceProperties(0),
    noCuda, /^cuda.getDeviceProperties: CUDA is not available: \w/],
  ['waiting for it', ({ r }) => r.cuda.synchronize(), noCuda, /^cuda.synchronize: CUDA is not available: \w/],
];

// biome-ignore format: a table
const deviceTables: Record<string, Row<Device>[]> = {
  'on devices': [
    ['a device that is not there', ({ r }) => r.tensor([4], { device: 'cuda:2' }),
      range, /^tensor: device must be one of cpu, cuda:0, cuda:1; received 'cuda:2'$/],
    ['moving to one', ({ host }) => host.to('cuda:7'), range, /^to: device must be one of .*'cuda:7'$/],
    ['data', ({ x }) => x.data, badDevice, /^data: the tensor is on cuda:0; call \.cpu\(\) first$/],
    ['data without elements', ({ empty }) => empty.data, badDevice, /^data: the tensor is on cuda:0/],
    ['item of many', ({ x }) => x.item(), badShape, /^item: .*\[2,2\]$/],
    ['out on the CPU', ({ r, x, host }) => r.rsqrt(x, { out: host }),
      badDevice, /^rsqrt: out must be on the input's device cuda:0; it is on cpu$/],
    ['out on a device for a CPU input', ({ r, x, host }) => r.sqrt(host, { out: x }),
      badDevice, /^sqrt: out must be .*device cpu; it is on cuda:0$/],
    ['out on another device', ({ r, x, second }) => r.neg(x, { out: second }),
      badDevice, /^neg: out must be .*cuda:0; it is on cuda:1$/],
    ['out of the wrong dtype', ({ r, x, ints }) => r.rsqrt(x, { out: ints }),
      badDType, /^rsqrt: out: a float32 result .*int32$/],
    ['out that overlaps', ({ r, pair, shifted }) => r.rsqrt(pair, { out: shifted }),
      overlap, /^rsqrt: out overlaps the input in part/],
    ['out that is expanded', ({ r, expanded }) => r.abs(r.ones(3, 2, { device: 'cuda' }), { out: expanded }),
      overlap, /^abs: out: .*\[3,2\]/],
    ['integers in place', ({ ints }) => ints.reciprocal_(), badDType, /^reciprocal_: a float32 result .*int32$/],
    ['expanded in place', ({ expanded }) => expanded.square_(), overlap, /^square_: elements .*share memory/],
    ['disposed', ({ disposed }) => disposed.rsqrt(), disposed, /^rsqrt: .*disposed$/],
    ['disposed and read', ({ disposed }) => disposed.toArray(), disposed, /^toArray: .*disposed$/],
    ['disposed and moved', ({ disposed }) => disposed.to('cuda:1'), disposed, /^to: .*disposed$/],
    ['disposed and cuda()', ({ disposed }) => disposed.cuda(), disposed, /^cuda: .*disposed$/],
    ['asStrided past the end', ({ x }) => x.asStrided([5], [1]),
      range, /^asStrided: .*need 5 elements of storage, there are 4$/],
    ['a value that the dtype cannot hold', ({ r }) => r.full([2], 300, { dtype: 'int8', device: 'cuda' }),
      range, /^full: .*int8 .*300$/],
    ['cuda() of a fraction', ({ host }) => host.cuda(1.5), range, /^cuda: index must be an integer.*1.5$/],
    ['cuda() of a negative number', ({ host }) => host.cuda(-1), range, /^cuda: index must be an integer.*-1$/],
    ['cuda() of a string', ({ host }) => host.cuda('1'), type, /^cuda: index must be a number; received '1'$/],
    ['cuda() of a list', ({ host }) => host.cuda([1]), type, /^cuda: index must be a number; received \[1\]$/],
    ['cuda() of a symbol', ({ host }) => host.cuda(Symbol('x')),
      type, /^cuda: index must be a number; received Symbol\(x\)$/],
    ['cuda() of one that is not there', ({ host }) => host.cuda(2), range, /^cuda: .*2'?$/],
    ['the name of a negative one', ({ r }) => r.cuda.getDeviceName(-1), range, /^cuda.getDeviceName: .*-1$/],
    ['the name of half a one', ({ r }) => r.cuda.getDeviceName(0.5), range, /^cuda.getDeviceName: .*0.5$/],
    ['the name of NaN', ({ r }) => r.cuda.getDeviceName(Number.NaN), range, /^cuda.getDeviceName: .*NaN$/],
    // 'cpu' is not among the answers here.
    ['the name of one that is not there', ({ r }) => r.cuda.getDeviceName(2),
      range, /^cuda.getDeviceName: (?!.*cpu).*received '?(cuda:)?2'?$/],
    ['the name of a device by name', ({ r }) => r.cuda.getDeviceName('cuda:0'),
      type, /^cuda.getDeviceName: index must be a number; received 'cuda:0'$/],
    ['the properties of a tensor', ({ r, x }) => r.cuda.getDeviceProperties(x),
      type, /^cuda.getDeviceProperties: index must be a number.*Tensor$/],
    ['the properties of null', ({ r }) => r.cuda.getDeviceProperties(null),
      type, /^cuda.getDeviceProperties: index .*null$/],
    ['synchronizing one that is not there', ({ r }) => r.cuda.synchronize(64), range, /^cuda.synchronize: .*64'?$/],
    ['synchronizing beyond all integers', ({ r }) => r.cuda.synchronize(1e21), range, /^cuda.synchronize: .*1e\+21$/],
    ['more memory than a device has', ({ r }) => r.empty(2 ** 40, { device: 'cuda:1' }),
      noMemory, /^out of memory on cuda:1: asked for 4398046511104 bytes, \d+ of \d+ are free$/],
    ['a result for which there is no room', ({ r }) => largest(r).rsqrt(),
      noMemory, /^out of memory on cuda:0: asked for \d+ bytes/],
    ['a copy for which there is no room', ({ r }) => largest(r).clone(),
      noMemory, /^out of memory on cuda:0: asked for \d+ bytes/],
    ['room used up piece by piece', ({ r }) => Array.from({ length: 9 }, () => largest(r, 8)),
      noMemory, /^out of memory on cuda:0/],
    ['a move to a device that is full', ({ r }) => r.ones(largest(r).numel).to('cuda:0'),
      noMemory, /^out of memory on cuda:0/],
  ],
};

let rows = 0;
for (const [title, cases] of Object.entries(cpuTables)) {
  rows += table(title, cpuWorld, cases, { checkError: classOf(local) });
}
for (const [title, cases] of Object.entries(deviceTables)) {
  rows += table(title, deviceWorld, cases, { checkError: classOf(simulated) });
}
rows += table('setPrintOptions', cpuWorld, printOptionRows, {
  checkError: classOf(local),
  state: () => local.getPrintOptions(),
});
if (local.cuda.isAvailable()) skip('wrong calls without a GPU', 'this machine has one');
else rows += table('without a GPU', cpuWorld, withoutGpu, { checkError: classOf(local) });
covered('wrong calls', `${rows} rows of the public API`);

/** A tensor that takes 3/4 of the first device, or a smaller part of it. Disposed before the next test. */
function largest(r: Loose, parts = 4 / 3): Loose {
  const bytes = loose(r.cuda.getDeviceProperties(0)).totalMemory as unknown as number;
  const tensor = r.empty(Math.floor(bytes / parts / 4), { device: 'cuda:0' });
  held.push(tensor);
  return tensor;
}
const held: Loose[] = [];
afterEach(() => {
  for (const tensor of held.splice(0)) tensor.dispose();
});

const operations = ['rsqrt', 'sqrt', 'reciprocal', 'neg', 'abs', 'square'];
const functions = operations.flatMap((name) => [name, `${name}_`]);

// Not counted as rows: the same mistakes, made with every operation.
test.each(functions)('%s refuses what is no tensor, and a disposed one', (name) => {
  const { r, floats, foreign, disposed: ended } = cpuWorld();
  const notTensors = [undefined, null, 4, 4n, true, '4', [4], floats, { data: floats, dims: [4] }, foreign, () => 4];
  for (const value of notTensors) {
    const error = thrownBy(() => r[name](value)) as Error;
    expect([error.name, error.message]).toEqual([
      'TypeError',
      expect.stringMatching(`^${name}: input must be a Tensor`),
    ]);
  }
  for (const call of [() => r[name](ended), () => ended[name]()]) {
    const error = thrownBy(call) as Error & { code: string };
    expect([error.code, error.message]).toEqual(['ERR_DISPOSED', `${name}: the tensor of shape [1] was disposed`]);
  }
});

test('a disposed tensor still tells what it was', () => {
  const { r } = cpuWorld();
  const x = gone(r.tensor([[4], [9]], { dtype: 'int16' }));
  const { dtype, shape, strides, numel, ndim, itemSize, storageOffset, device } = x;
  expect({ dtype, shape, strides, numel, ndim, itemSize, storageOffset, device }).toEqual({
    dtype: 'int16',
    shape: [2, 1],
    strides: [1, 1],
    numel: 2,
    ndim: 2,
    itemSize: 2,
    storageOffset: 0,
    device: 'cpu',
  });
  expect(x.isContiguous()).toBe(true);
  expect(inspect(x)).toBe('tensor(<disposed>, shape=[2,1])');
  expect(() => x.dispose()).not.toThrow();
});

/** Calls near the wrong ones, which must not be refused. */
// biome-ignore format: a table
const legal: [string, (world: Cpu) => unknown, unknown][] = [
  ['options that are undefined', ({ r }) => r.zeros(2, undefined).shape, [2]],
  ['no dimensions', ({ r }) => r.zeros([]).shape, []],
  ['64 dimensions', ({ r }) => r.ones(Array(64).fill(1)).ndim, 64],
  ['arange of nothing to count', ({ r }) => r.arange(5, 5, -1).shape, [0]],
  ['arange of bigints that numbers cannot tell apart', ({ r }) => r.arange(2n ** 60n, 2n ** 60n + 3n).shape, [3]],
  ['a view of a disposed tensor', ({ r }) => {
    const x = r.tensor([4, 16]);
    const view = x.reshape(2, 1);
    x.dispose();
    return view.rsqrt().toArray();
  }, [[0.5], [0.25]]],
  ['asStrided of eight dimensions, as they are', ({ r }) => {
    const x = r.empty(Array(8).fill(4));
    return x.asStrided(x.shape, x.strides).isContiguous();
  }, true],
  ['asStrided up to the last element', ({ matrix }) => matrix.asStrided([2], [5]).toArray(), [1, 6]],
  ['asStrided of none at the end', ({ x }) => x.asStrided([0], [1], 4).shape, [0]],
  ['out that is the input', ({ r, x }) => r.square(x, { out: x }) === x, true],
  ['out beside the input in one array', ({ r, floats }) => {
    const out = r.asTensor(floats.subarray(2));
    return r.square(r.asTensor(floats.subarray(0, 2)), { out }).toArray();
  }, [1, 16]],
  ['a tensor of another copy, shared', ({ r, foreign }) => r.rsqrt(r.asTensor(foreign)).toArray(), [1, 0.5]],
  ['bytes that call themselves doubles', ({ r }) => r.tensor(named('Float64Array', Int8Array.of(1, 2))).dtype, 'int8'],
  ['bits of float16', ({ r }) => r.tensor(Uint16Array.of(0x3c00), { dtype: 'float16' }).item(), 1],
  ['a complex number with more in it', ({ r }) => r.tensor({ re: 1, im: 2, isComplex: true }).item(), { re: 1, im: 2 }],
  ['complex values as bool', ({ r }) => r.tensor([{ re: 0, im: 1 }, { re: -0, im: 0 }], { dtype: 'bool' }).toArray(),
    [true, false]],
  ['abs of complex into complex', ({ r, complex }) => r.abs(complex, { out: complex }).toArray(),
    [{ re: 5, im: 0 }, { re: 1, im: 0 }]],
  ['operations passed to map', ({ r, x }) => [x, x].map(r.rsqrt).length, 2],
];
test.each(legal)('%s is fine', (_name, call, expected) => {
  expect(call(cpuWorld())).toEqual(expected);
});

test('ordinary work still gives right results', () => {
  for (const [rsqrt, device] of [
    [local, 'cpu'],
    [simulated, 'cpu'],
    [simulated, 'cuda:0'],
    [simulated, 'cuda:1'],
  ] as const) {
    const x = rsqrt.tensor([4, 16, 25, 64], { device }).reshape(2, 2);
    expect(x.rsqrt().cpu().data).toEqual(Float32Array.of(0.5, 0.25, 0.2, 0.125));
    expect(x.t().sqrt().toString()).toMatch(/^tensor\(\[\[2., 5.\],\n {8}\[4., 8.\]\]/);
    expect(rsqrt.neg_(x)).toBe(x);
    expect(String(x.cpu())).toBe('tensor([[ -4., -16.],\n        [-25., -64.]])');
    const large = rsqrt.full([100_000], 4, { device });
    const halves = rsqrt.rsqrt(large).cpu().data;
    expect(halves.every((value) => value === 0.5)).toBe(true);
    large.dispose();
  }
});
