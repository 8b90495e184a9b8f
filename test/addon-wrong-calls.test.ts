/**
 * Corrupt arguments straight to the addon, past all checks of src/: each ends in an error that
 * `createError` made, no memory changes, and the process lives.
 */

import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import type { Addon, Binding, DeviceEvent, DeviceGraph, DeviceMemory } from '../binding';
import { binaries } from './support/configurations';
import { covered, skip } from './support/coverage';
import { slowness } from './support/emulation';
import { type Expected, type Loose, loose, type Row, stateOf, table, thrownBy } from './support/wrong-calls';

const { takesSharedArrayBuffers } = require('./support/node-api') as { takesSharedArrayBuffers: boolean };
const local = require(binaries.local) as Addon;
const simulated = require(binaries.simulated) as Addon;

// createError decides on the class; here it makes plain errors.
const failure = (code: string): Expected => ({ name: 'Error', code });
const type = failure('ERR_INVALID_ARG_TYPE');
const range = failure('ERR_OUT_OF_RANGE');
const badDType = failure('ERR_DTYPE');
const badDevice = failure('ERR_DEVICE');
const released = failure('ERR_DISPOSED');
const noMemory = failure('ERR_OUT_OF_MEMORY');
const noCuda = failure('ERR_CUDA_UNAVAILABLE');
const cudaFailed = failure('ERR_CUDA');

const [LOAD, SCALAR, APPLY, STORE] = [0, 1, 2, 3];
/** Steps of up to six bytes, of which the rest is 0. */
const stepsOf = (...steps: number[][]): Uint8Array =>
  Uint8Array.from(steps.flatMap((step) => [...step, ...Array(6 - step.length).fill(0)]));
const makeError = (code: string, message: string) => Object.assign(new Error(message), { code });
const most = Number.MAX_SAFE_INTEGER;

/** A binding, and calls of it that are right but for what a row changes. */
function hostWorld(addon: Addon) {
  const made: Error[] = [];
  const binding = addon.open('', (code, message) => {
    made.push(makeError(code, message));
    return made[made.length - 1];
  });
  const float32 = binding.dtypes.indexOf('float32');
  const input = Float32Array.of(4, 16, 25, 36).buffer as ArrayBuffer;
  const output = new Uint8Array(16).fill(0xa5).buffer as ArrayBuffer;
  const { program, run, copy, random } = loose(binding);
  const ops = binding.ops.map(({ name }) => name);
  // The shortest program: load, apply, store.
  const rsqrt = {
    steps: stepsOf([LOAD, 0, float32], [APPLY, ops.indexOf('rsqrt'), float32, 0], [STORE, 1, float32, 1]) as unknown,
    operands: Uint8Array.of(float32, float32) as unknown,
    scalars: new Uint8Array() as unknown,
  };
  const make = (changes: { [K in keyof typeof rsqrt]?: unknown } = {}) =>
    program(...Object.values({ ...rsqrt, ...changes }));
  const job = {
    program: make() as unknown,
    layout: 4 as unknown,
    memory0: input as unknown,
    offset0: 0,
    memory1: output as unknown,
    offset1: 0,
  };
  const transfer = {
    source: input as unknown,
    sourceOffset: 0,
    destination: output as unknown,
    destinationOffset: 0,
    byteLength: 16,
    nonBlocking: false as unknown,
  };
  const draw = {
    distribution: 0,
    key: 5n,
    counter: 0n,
    output: output as unknown,
    outputDtype: float32,
    outputOffset: 0,
    count: 4,
  };
  return {
    binding: loose(binding),
    made,
    input,
    output,
    float32,
    float64: binding.dtypes.indexOf('float64'),
    ops,
    dtypes: binding.dtypes,
    make,
    run: (changes: { [K in keyof typeof job]?: unknown } = {}) => run(...Object.values({ ...job, ...changes })),
    /** A job along the dimensions given as [size, input stride, output stride]. */
    walk: (...dims: number[][]) =>
      run(...Object.values({ ...job, layout: Float64Array.from([dims.length, ...dims.flat()]) })),
    /** A program of which every element of the output is its scalar, on four elements. */
    fill: (scalars: unknown, ...more: unknown[]) => {
      const steps = stepsOf([SCALAR, 0, float32], [STORE, 0, float32, 0]);
      const number = make({ steps, operands: Uint8Array.of(float32), scalars: Uint8Array.of(float32) });
      return run(number, 4, output, 0, scalars, ...more);
    },
    copy: (changes: { [K in keyof typeof transfer]?: unknown } = {}) =>
      copy(...Object.values({ ...transfer, ...changes })),
    random: (changes: { [K in keyof typeof draw]?: unknown } = {}) => random(...Object.values({ ...draw, ...changes })),
  };
}
type Host = ReturnType<typeof hostWorld>;

/** The same with memory on two devices. */
function deviceWorld() {
  const host = hostWorld(simulated);
  const binding = host.binding as unknown as Binding;
  const upload = (device: number): DeviceMemory => {
    const memory = binding.allocate(device, 16);
    binding.copy(host.input, 0, memory, 0, 16, false);
    return memory;
  };
  const gone = binding.allocate(0, 16);
  binding.release(gone);
  const [first, target, second] = [upload(0), upload(0), upload(1)];
  const queue = (changes: Parameters<Host['run']>[0]) => host.run({ memory0: first, memory1: target, ...changes });
  return { ...host, first, target, second, gone, queue };
}
type Device = ReturnType<typeof deviceWorld>;

function deviceState(world: Pick<Device, 'binding' | 'first' | 'target' | 'second'>): unknown {
  const binding = world.binding as unknown as Binding;
  const bytes = (memory: DeviceMemory) => {
    const array = new Uint8Array(16);
    binding.copy(memory, 0, array, 0, 16, false);
    return [...array];
  };
  return [stateOf(world), bytes(world.first), bytes(world.target), bytes(world.second)];
}

function checkError(error: unknown, { made }: { made: Error[] }): void {
  expect(made).toEqual([error]);
  expect(made[0]).toBe(error); // the object itself, made once
}

function detach(buffer: ArrayBuffer): ArrayBuffer {
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}
const detachedBytes = (): Uint8Array => {
  const bytes = new Uint8Array(16);
  detach(bytes.buffer);
  return bytes;
};
const detachedLayout = (): Float64Array => {
  const layout = Float64Array.of(1, 4, 1, 1);
  detach(layout.buffer as ArrayBuffer);
  return layout;
};
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const wasmBuffer = (): unknown => Reflect.construct(loose(globalThis).WebAssembly.Memory, [{ initial: 1 }]).buffer;
const tall = Float64Array.of(1, 2, most, 0);
const aProgram = String.raw`must be a number that program\(\) returned`;
const anyMemory = 'must be an ArrayBuffer, a Uint8Array or device memory$';

// biome-ignore format: a table
const runRows: Row<Host>[] = [
  ['no arguments', ({ binding }) => binding.run(), type, /^program must be a number$/],
  ['program a string', ({ run }) => run({ program: '1' }), type, /^program must be a number$/],
  ['program null', ({ run }) => run({ program: null }), type, /^program must be a number$/],
  ['program a bigint', ({ run }) => run({ program: 1n }), type, /^program must be a number$/],
  ['program with a valueOf', ({ run }) => run({ program: { valueOf: () => 0 } }), type, /^program must be a number$/],
  ['program NaN', ({ run }) => run({ program: Number.NaN }), range, RegExp(`^program ${aProgram}, received -?nan$`)],
  ['program negative', ({ run }) => run({ program: -1 }), range, RegExp(`^program ${aProgram}, received -1$`)],
  ['program fractional', ({ run }) => run({ program: 0.5 }), range, RegExp(`^program ${aProgram}, received 0.5`)],
  ['program that was not made', ({ run }) => run({ program: 1 }), range, RegExp(`^program ${aProgram}, received 1$`)],
  ['program that wraps to 0', ({ run }) => run({ program: 2 ** 32 }), range, RegExp(`^program ${aProgram}, received 4294967296$`)],
  ['program infinite', ({ run }) => run({ program: Infinity }), range, RegExp(`^program ${aProgram}, received inf$`)],
  ['program that was released', ({ run, binding }) => [binding.releaseProgram(0), run()],
    range, RegExp(`^program ${aProgram}, received 0$`)],
  ['program released twice', ({ binding }) => [binding.releaseProgram(0), binding.releaseProgram(0)],
    range, RegExp(`^program ${aProgram}, received 0$`)],
  ['release of no program', ({ binding }) => binding.releaseProgram(), type, /^program must be a number$/],
  ['release of a program that was not made', ({ binding }) => binding.releaseProgram(7),
    range, RegExp(`^program ${aProgram}, received 7$`)],
  ['steps missing', ({ binding }) => binding.program(), type, /^steps must be a Uint8Array$/],
  ['steps a list', ({ make }) => make({ steps: [0, 0, 2, 0, 0, 0] }), type, /^steps must be a Uint8Array$/],
  ['steps an ArrayBuffer', ({ make }) => make({ steps: new ArrayBuffer(6) }), type, /^steps must be a Uint8Array$/],
  ['steps a DataView', ({ make }) => make({ steps: new DataView(new ArrayBuffer(6)) }), type, /^steps must be a Uint8Array$/],
  ['steps a Uint8ClampedArray', ({ make }) => make({ steps: new Uint8ClampedArray(6) }), type, /^steps must be a Uint8Array$/],
  ['steps a proxy', ({ make }) => make({ steps: new Proxy(new Uint8Array(6), {}) }), type, /^steps must be a Uint8Array$/],
  ['operands missing', ({ make }) => make({ operands: undefined }), type, /^operands must be a Uint8Array$/],
  ['scalars missing', ({ make }) => make({ scalars: undefined }), type, /^scalars must be a Uint8Array$/],
  ['no steps', ({ make }) => make({ steps: new Uint8Array() }), range, /^a program must have from 1 to 64 steps of 6 bytes, received 0 bytes$/],
  ['steps that lost their buffer', ({ make }) => make({ steps: detachedBytes() }), range, /^a program must have .*received 0 bytes$/],
  ['part of a step', ({ make }) => make({ steps: new Uint8Array(17) }), range, /^a program must have .*received 17 bytes$/],
  ['65 steps', ({ make }) => make({ steps: new Uint8Array(65 * 6) }), range, /^a program must have .*received 390 bytes$/],
  ['a million steps', ({ make }) => make({ steps: new Uint8Array(6e6) }), range, /^a program must have .*received 6000000 bytes$/],
  ['no operands', ({ make }) => make({ operands: new Uint8Array() }),
    range, /^the number of operands of a program must be from 1 to 8, received 0$/],
  ['nine operands', ({ make }) => make({ operands: new Uint8Array(9) }),
    range, /^the number of operands of a program must be from 1 to 8, received 9$/],
  ['17 scalars', ({ make }) => make({ scalars: new Uint8Array(17) }),
    range, /^the number of scalars of a program must be from 0 to 16, received 17$/],
  ['an operand of an unknown dtype', ({ make, dtypes }) => make({ operands: Uint8Array.of(0, dtypes.length) }),
    range, /^the dtypes of the operands of a program must be codes of dtypes, received \d+$/],
  ['a step of an unknown kind', ({ make }) => make({ steps: stepsOf([9]) }),
    range, /^step 0 of the program has an unknown kind 9$/],
  ['a step of an unknown dtype', ({ make }) => make({ steps: stepsOf([LOAD, 0, 99]) }),
    range, /^step 0 of the program has an unknown dtype 99$/],
  ['a load of an operand that does not exist', ({ make, float32 }) => make({ steps: stepsOf([LOAD, 2, float32]) }),
    range, /^step 0 of the program uses operand 2, which does not exist$/],
  ['a scalar that does not exist', ({ make, float32 }) => make({ steps: stepsOf([SCALAR, 0, float32]) }),
    range, /^step 0 of the program uses scalar 0, which does not exist$/],
  ['an op that does not exist', ({ make, float32, ops }) => make({ steps: stepsOf([LOAD, 0, float32], [APPLY, ops.length, float32, 0]) }),
    range, /^step 1 of the program uses op \d+, which does not exist$/],
  ['an op on a value to come', ({ make, float32 }) => make({ steps: stepsOf([LOAD, 0, float32], [APPLY, 1, float32, 1]) }),
    range, /^step 1 of the program uses value 1, which is not defined before it$/],
  ['a load in another dtype', ({ make, float64 }) => make({ steps: stepsOf([LOAD, 0, float64]) }),
    badDType, /^step 0 of the program is in float64, but operand 0 is float32$/],
  ['an op in another dtype', ({ make, float32, float64 }) => make({ steps: stepsOf([LOAD, 0, float32], [APPLY, 1, float64, 0]) }),
    badDType, /^step 1 of the program is in float64, but value 0 is float32$/],
  ['an op that refuses the dtype',
    ({ make, ops, dtypes }) => {
      const bool = dtypes.indexOf('bool');
      return make({ steps: stepsOf([LOAD, 0, bool], [APPLY, ops.indexOf('neg'), bool, 0]), operands: Uint8Array.of(bool, bool) });
    },
    badDType, /^step 1 of the program applies neg to bool, in which it is not computed$/],
  ['a program that stores nothing', ({ make, float32 }) => make({ steps: stepsOf([LOAD, 0, float32]) }),
    range, /^a program must store a value$/],
  ['an operand that is not used', ({ make, float32 }) => make({ steps: stepsOf([LOAD, 0, float32], [STORE, 1, float32, 0]), operands: Uint8Array.of(float32, float32, float32) }),
    range, /^operand 2 of the program is neither loaded nor stored$/],
  ['a store to an input', ({ make, float32 }) => make({ steps: stepsOf([LOAD, 0, float32], [STORE, 0, float32, 0]) }),
    range, /^step 1 of the program stores operand 0, which is an input$/],
  ['scalars missing in a run', ({ fill }) => fill(undefined), type, RegExp(`^scalars ${anyMemory}`)],
  ['scalars a list', ({ fill }) => fill([4]), type, RegExp(`^scalars ${anyMemory}`)],
  ['scalars a Float32Array', ({ fill }) => fill(new Float32Array(4)), type, RegExp(`^scalars ${anyMemory}`)],
  ['scalars of a byte too few', ({ fill }) => fill(new Uint8Array(15)),
    range, /^the length of scalars must be at least 16 bytes, received 15$/],
  ['scalars that lost their buffer', ({ fill }) => fill(detachedBytes()),
    range, /^the length of scalars must be at least 16 bytes, received 0$/],
  ['input missing', ({ run }) => run({ memory0: undefined }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input null', ({ run }) => run({ memory0: null }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input an address', ({ run }) => run({ memory0: 0x7fff0000 }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a string', ({ run }) => run({ memory0: '4 16 25 36 and more' }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a plain object', ({ run }) => run({ memory0: {} }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a list', ({ run }) => run({ memory0: [4, 16, 25, 36] }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a function', ({ run }) => run({ memory0: () => 4 }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a symbol', ({ run }) => run({ memory0: Symbol('x') }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a Float32Array', ({ run }) => run({ memory0: new Float32Array(4) }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a Uint8ClampedArray', ({ run }) => run({ memory0: new Uint8ClampedArray(16) }),
    type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a DataView', ({ run, input }) => run({ memory0: new DataView(input) }),
    type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a proxy', ({ run, input }) => run({ memory0: new Proxy(input, {}) }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input a revoked proxy', ({ run }) => run({ memory0: revoked() }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['input with the prototype alone', ({ run }) => run({ memory0: Object.create(ArrayBuffer.prototype) }),
    type, RegExp(`^memory0 ${anyMemory}`)],
  ['input an object with native fields', ({ run }) => run({ memory0: new TextDecoder() }),
    type, RegExp(`^memory0 ${anyMemory}`)],
  ['input detached', ({ run }) => run({ memory0: detach(new ArrayBuffer(16)) }),
    range, /^offset0 must be .*buffer of 0 bytes, received 0$/],
  ['input a view that lost its buffer', ({ run }) => run({ memory0: detachedBytes() }),
    range, /^offset0 must be .*buffer of 0 bytes/],
  ['input without a byte', ({ run }) => run({ memory0: new ArrayBuffer(0), layout: 1 }),
    range, /^offset0 must be .*buffer of 0 bytes/],
  ['input of a byte too few', ({ run }) => run({ memory0: new Uint8Array(15) }),
    range, /^offset0 must be .*buffer of 15 bytes, received 0$/],
  ['a window that ends before its buffer', ({ run }) => run({ memory0: new Uint8Array(new ArrayBuffer(64), 16, 12) }),
    range, /^offset0 must be .*buffer of 12 bytes/],
  ['output missing', ({ run }) => run({ memory1: undefined }), type, RegExp(`^memory1 ${anyMemory}`)],
  ['output a number', ({ run }) => run({ memory1: 0 }), type, RegExp(`^memory1 ${anyMemory}`)],
  ['output a Float64Array', ({ run }) => run({ memory1: new Float64Array(4) }),
    type, RegExp(`^memory1 ${anyMemory}`)],
  ['output a Map', ({ run }) => run({ memory1: new Map() }), type, RegExp(`^memory1 ${anyMemory}`)],
  ['output detached', ({ run }) => run({ memory1: detach(new ArrayBuffer(16)) }),
    range, /^offset1 must be .*buffer of 0 bytes/],
  ['output of a wider dtype than its memory', ({ run, make, float32, float64 }) => run({ program: make({ steps: stepsOf([LOAD, 0, float32], [APPLY, 0, float64, 0], [STORE, 1, float64, 1]), operands: Uint8Array.of(float32, float64) }) }),
    range, /^offset1 must be .*buffer of 16 bytes, received 0$/],
  ['input of a wider dtype than its memory', ({ run, make, float64 }) => run({ program: make({ steps: stepsOf([LOAD, 0, float64], [STORE, 1, float64, 0]), operands: Uint8Array.of(float64, float64) }) }),
    range, /^offset0 must be .*buffer of 16 bytes/],
  ['input offset missing', ({ run }) => run({ offset0: undefined }), type, /^offset0 must be a number$/],
  ['input offset a string', ({ run }) => run({ offset0: '0' }), type, /^offset0 must be a number$/],
  ['input offset NaN', ({ run }) => run({ offset0: Number.NaN }),
    range, /^offset0 must be an integer.*nan$/],
  ['input offset negative', ({ run }) => run({ offset0: -4 }), range, /^offset0 must be .*received -4$/],
  ['input offset fractional', ({ run }) => run({ offset0: 0.5, layout: 1 }),
    range, /^offset0 must be .*received 0.5/],
  ['input offset a byte too far', ({ run }) => run({ offset0: 1 }),
    range, /^offset0 must be such that all elements lie within the buffer of 16 bytes, received 1$/],
  ['input offset at the end', ({ run }) => run({ offset0: 16, layout: 1 }),
    range, /^offset0 must be .*received 16$/],
  ['input offset 2^53 − 1', ({ run }) => run({ offset0: most }),
    range, /^offset0 must be .*received 9007199254740991$/],
  ['input offset 2^53', ({ run }) => run({ offset0: 2 ** 53 }),
    range, /^offset0 must be an integer.*9007199254740992/],
  ['input offset 2^64', ({ run }) => run({ offset0: 2 ** 64 }),
    range, /^offset0 must be an integer.*18446744073709551616/],
  ['input offset infinite', ({ run }) => run({ offset0: Infinity }), range, /^offset0 must be .*inf$/],
  ['output offset missing', ({ run }) => run({ offset1: undefined }), type, /^offset1 must be a number$/],
  ['output offset negative', ({ run }) => run({ offset1: -1 }), range, /^offset1 must be .*received -1$/],
  ['output offset a byte too far', ({ run }) => run({ offset1: 1 }),
    range, /^offset1 must be such that all elements.*16 bytes, received 1$/],
  ['output offset −infinite', ({ run }) => run({ offset1: -Infinity }),
    range, /^offset1 must be .*-inf$/],
  ['layout missing', ({ run }) => run({ layout: undefined }), type, /^layout must be a number or a Float64Array$/],
  ['layout null', ({ run }) => run({ layout: null }), type, /^layout must be a number or a Float64Array$/],
  ['layout a string', ({ run }) => run({ layout: '4' }), type, /^layout must be a number or a Float64Array$/],
  ['layout a list', ({ run }) => run({ layout: [4, 1, 1] }), type, /^layout must be a number or a Float64Array$/],
  ['layout a Float32Array', ({ run }) => run({ layout: Float32Array.of(4, 1, 1) }),
    type, /^layout must be .*Float64Array$/],
  ['layout a BigInt64Array', ({ run }) => run({ layout: BigInt64Array.of(4n, 1n, 1n) }),
    type, /^layout must be .*Float64Array$/],
  ['layout a proxy', ({ run }) => run({ layout: new Proxy(Float64Array.of(4, 1, 1), {}) }),
    type, /^layout must be .*Float64Array$/],
  ['layout a DataView', ({ run }) => run({ layout: new DataView(new ArrayBuffer(24)) }),
    type, /^layout must be .*Float64Array$/],
  ['layout NaN', ({ run }) => run({ layout: Number.NaN }), range, /^layout must be an integer.*nan$/],
  ['layout negative', ({ run }) => run({ layout: -1 }), range, /^layout must be .*received -1$/],
  ['layout fractional', ({ run }) => run({ layout: 3.5 }), range, /^layout must be .*received 3.5/],
  ['layout infinite', ({ run }) => run({ layout: Infinity }), range, /^layout must be .*inf$/],
  ['one element too many', ({ run }) => run({ layout: 5 }),
    range, /^offset0 must be .*buffer of 16 bytes, received 0$/],
  ['2^53 − 1 elements', ({ run }) => run({ layout: most }), range, /^offset0 must be .*buffer of 16 bytes/],
  ['elements whose bytes wrap to 0', ({ run }) => run({ layout: 2 ** 62 }), range, /^layout must be an integer/],
  ['layout empty', ({ run }) => run({ layout: new Float64Array() }), range, /^the length of layout must be at least 1, received 0$/],
  ['layout detached', ({ run }) => run({ layout: detachedLayout() }),
    range, /^the length of layout must be at least 1, received 0$/],
  ['a layout of no dimensions', ({ walk }) => walk(),
    range, /^the number of dimensions of layout must be an integer from 1 to 64, received 0$/],
  ['a layout of 1.5 dimensions', ({ run }) => run({ layout: Float64Array.of(1.5, 1, 1, 1, 1, 1, 1) }),
    range, /^the number of dimensions of layout must be .*received 1.5/],
  ['a layout of NaN dimensions', ({ run }) => run({ layout: Float64Array.of(Number.NaN, 1, 1, 1) }),
    range, /^the number of dimensions of layout must be .*nan$/],
  ['a layout of three numbers for two operands', ({ run }) => run({ layout: Float64Array.of(1, 4, 1) }),
    range, /^the length of layout must be at least 4, received 3$/],
  ['a layout of fewer dimensions than it says', ({ run }) => run({ layout: Float64Array.of(2, 4, 1, 1, 1, 1) }),
    range, /^the length of layout must be at least 7, received 6$/],
  ['65 dimensions', ({ walk }) => walk(...Array(65).fill([1, 1, 1])),
    range, /^the number of dimensions of layout must be an integer from 1 to 64, received 65$/],
  ['an output that is repeated', ({ walk }) => walk([2, 1, 0], [2, 0, 1]),
    range, /^the strides of operand 1 must not be 0 where the size is over 1, because it is an output$/],
  ['an output whose elements overlap so that its memory holds too few', ({ walk }) => walk([2, 0, 1], [3, 0, 1]),
    range, /^the element count of layout must be at most what every output holds, received 6$/],
  ['a size of NaN', ({ walk }) => walk([Number.NaN, 1, 1]), range, /^a size of layout must be an integer.*nan$/],
  ['a negative size', ({ walk }) => walk([-4, 1, 1]), range, /^a size of layout must be .*received -4$/],
  ['two negative sizes whose product fits', ({ walk }) => walk([-2, 2, 2], [-2, 1, 1]),
    range, /^a size of layout .*received -2$/],
  ['a fractional size', ({ walk }) => walk([1, 1, 1], [3.999, 1, 1]), range, /^a size of layout .*received 3.999/],
  ['a size of 2^53', ({ walk }) => walk([2 ** 53, 0, 0]), range, /^a size of layout .*9007199254740992/],
  ['a negative input stride', ({ walk }) => walk([4, -1, 1]), range, /^a stride of layout must be .*received -1$/],
  ['a negative output stride', ({ walk }) => walk([4, 1, -1]), range, /^a stride of layout .*received -1$/],
  ['a fractional stride', ({ walk }) => walk([2, 0.5, 1]), range, /^a stride of layout .*received 0.5/],
  ['a stride of NaN', ({ walk }) => walk([2, 1, Number.NaN]), range, /^a stride of layout .*nan$/],
  ['an infinite stride', ({ walk }) => walk([2, Infinity, 1]), range, /^a stride of layout .*inf$/],
  ['sizes whose product is 2^64', ({ walk }) => walk([2 ** 32, 0, 0], [2 ** 32, 0, 0]),
    range, /^the element count of layout must be below 2\^63/],
  ['sizes whose product is −2^63', ({ walk }) => walk([2 ** 21, 0, 0], [2 ** 21, 0, 0], [2 ** 21, 0, 0]),
    range, /^the element count of layout must be below 2\^63/],
  ['64 sizes of 2^52', ({ walk }) => walk(...Array(64).fill([2 ** 52, 0, 0])), range, /^the element count of layout/],
  ['an input extent of 2^64', ({ walk }) => walk([2 ** 32 + 1, 2 ** 32, 0]),
    range, /^offset0 must be such that all elements lie within/],
  ['an output extent of 2^64', ({ walk }) => walk([2 ** 32 + 1, 0, 2 ** 32]),
    range, /^offset1 must be such that all elements lie within/],
  ['input extents that add up to 2^64',
    ({ walk }) => walk(...Array(4).fill([3, 2 ** 52, 0]), [1025, 2 ** 52, 0], [2041, 2 ** 52, 0]),
    range, /^offset0 must be such that/],
  ['an extent that wraps when counted in bytes', ({ walk }) => walk([2 ** 10 + 1, 2 ** 52, 0]),
    range, /^offset0 must be such that/],
  ['an extent that wraps with the offset', ({ run }) => run({ offset0: most, layout: tall }),
    range, /^offset0 must be such that/],
  ['an input stride one too wide', ({ walk }) => walk([2, 4, 1]), range, /^offset0 must be such that .*16 bytes/],
  ['an output stride one too wide', ({ walk }) => walk([2, 1, 4]), range, /^offset1 must be such that .*16 bytes/],
  ['past the end in two dimensions only', ({ walk }) => walk([2, 2, 2], [3, 1, 1]),
    range, /^offset0 must be such that/],
];

// biome-ignore format: a table
const copyRows: Row<Host>[] = [
  ['no arguments', ({ binding }) => binding.copy(), type, /^byteLength must be a number$/],
  ['source missing', ({ copy }) => copy({ source: undefined }), type, RegExp(`^source ${anyMemory}`)],
  ['source a Float32Array', ({ copy }) => copy({ source: new Float32Array(4) }), type, RegExp(`^source ${anyMemory}`)],
  ['source an object', ({ copy }) => copy({ source: { byteLength: 16 } }), type, RegExp(`^source ${anyMemory}`)],
  ['source detached', ({ copy }) => copy({ source: detach(new ArrayBuffer(16)) }),
    range, /^byteLength must be within the 0 bytes of source, received 0 \+ 16$/],
  ['source offset missing', ({ copy }) => copy({ sourceOffset: undefined }), type, /offset must be a number$/i],
  ['source offset NaN', ({ copy }) => copy({ sourceOffset: Number.NaN }), range, /offset must be an integer.*nan$/i],
  ['source offset negative', ({ copy }) => copy({ sourceOffset: -1 }), range, /offset must be .*received -1$/i],
  ['source offset a byte too far', ({ copy }) => copy({ sourceOffset: 1 }),
    range, /^byteLength must be within the 16 bytes of source, received 1 \+ 16$/],
  ['destination null', ({ copy }) => copy({ destination: null }), type, RegExp(`^destination ${anyMemory}`)],
  ['destination a byte too short', ({ copy }) => copy({ destination: new ArrayBuffer(15) }),
    range, /^byteLength must be within the 15 bytes of destination, received 0 \+ 16$/],
  ['destination a view that lost its buffer', ({ copy }) => copy({ destination: detachedBytes() }),
    range, /^byteLength .*0 bytes of destination/],
  ['destination offset fractional', ({ copy }) => copy({ destinationOffset: 0.5 }),
    range, /offset must be .*received 0.5/i],
  ['destination offset infinite', ({ copy }) => copy({ destinationOffset: Infinity }), range, /offset must be .*inf$/i],
  ['destination offset a byte too far', ({ copy }) => copy({ destinationOffset: 1 }),
    range, /^byteLength must be within the 16 bytes of destination, received 1 \+ 16$/],
  ['length a string', ({ copy }) => copy({ byteLength: '16' }), type, /^byteLength must be a number$/],
  ['length NaN', ({ copy }) => copy({ byteLength: Number.NaN }), range, /^byteLength must be an integer.*nan$/],
  ['length negative', ({ copy }) => copy({ byteLength: -16 }), range, /^byteLength must be .*received -16$/],
  ['length fractional', ({ copy }) => copy({ byteLength: 1.5 }), range, /^byteLength must be .*received 1.5/],
  ['length 2^53', ({ copy }) => copy({ byteLength: 2 ** 53 }), range, /^byteLength must be an integer/],
  ['the largest length at the largest offset', ({ copy }) => copy({ sourceOffset: most, byteLength: most }),
    range, /^byteLength must be within the 16 bytes of source/],
  ['no bytes past the end', ({ copy }) => copy({ sourceOffset: 17, byteLength: 0 }),
    range, /^byteLength must be within the 16 bytes of source, received 17 \+ 0$/],
  ['huge pages for nothing', ({ binding }) => binding.adviseHugePages(), type, /^buffer must be an ArrayBuffer$/],
  ['huge pages for a view', ({ binding, input }) => binding.adviseHugePages(new Uint8Array(input)),
    type, /^buffer must be an ArrayBuffer$/],
  ['huge pages for an address', ({ binding }) => binding.adviseHugePages(0x7fff0000),
    type, /^buffer must be an ArrayBuffer$/],
  ['the address of nothing', ({ binding }) => binding.addressOf(), type, RegExp(`^memory ${anyMemory}`)],
  ['the address of a number', ({ binding }) => binding.addressOf(0x7fff0000), type, RegExp(`^memory ${anyMemory}`)],
  ['the address of a Float32Array', ({ binding }) => binding.addressOf(new Float32Array(4)),
    type, RegExp(`^memory ${anyMemory}`)],
  ['the address of an object', ({ binding }) => binding.addressOf({}), type, RegExp(`^memory ${anyMemory}`)],
  ['a watch of nothing', ({ binding }) => binding.watch(), type, /^object must be an object$/],
  ['a watch of a number', ({ binding }) => binding.watch(7), type, /^object must be an object$/],
  ['a question about no watch', ({ binding }) => binding.isCollected(), type, /^watch must be a number$/],
  ['a question about a watch that never was', ({ binding }) => binding.isCollected(0),
    range, /^watch must be a number that watch\(\) returned, received 0$/],
  ['the end of a watch that never was', ({ binding }) => binding.unwatch(2 ** 40),
    range, /^watch must be .*received 1099511627776$/],
  ['the end of a negative watch', ({ binding }) => binding.unwatch(-1), range, /^watch must be .*received -1$/],
  ['free of nothing', ({ binding }) => binding.freeBuffer(),
    type, /^buffer must be an ArrayBuffer that can be detached$/],
  ['free of a view', ({ binding, input }) => binding.freeBuffer(new Uint8Array(input)),
    type, /^buffer must be an ArrayBuffer that can be detached$/],
  ['free of a SharedArrayBuffer', ({ binding }) => binding.freeBuffer(new SharedArrayBuffer(16)),
    type, /^buffer must be an ArrayBuffer that can be detached$/],
  ['free of what WebAssembly uses',
    ({ binding }) => binding.freeBuffer(wasmBuffer()),
    type, /^buffer must be an ArrayBuffer that can be detached$/],
  ['release of nothing', ({ binding }) => binding.release(), type, /^memory must be device memory$/],
  ['release of a number', ({ binding }) => binding.release(1), type, /^memory must be device memory$/],
  ['release of an object', ({ binding }) => binding.release({}), type, /^memory must be device memory$/],
  ['release of an ArrayBuffer', ({ binding, input }) => binding.release(input), type, /^memory must be device memory$/],
  ['release of a function', ({ binding }) => binding.release(() => 1), type, /^memory must be device memory$/],
  ['release of a revoked proxy', ({ binding }) => binding.release(revoked()), type, /^memory must be device memory$/],
];

// biome-ignore format: a table
const sharedRows: Row<Host>[] = [
  ['input a SharedArrayBuffer without a view', ({ run }) => run({ memory0: new SharedArrayBuffer(16) }),
    type, RegExp(`^memory0 ${anyMemory}`)],
  ['destination a SharedArrayBuffer', ({ copy }) => copy({ destination: new SharedArrayBuffer(16) }),
    type, RegExp(`^destination ${anyMemory}`)],
  ['random numbers in a SharedArrayBuffer', ({ random }) => random({ output: new SharedArrayBuffer(16) }),
    type, RegExp(`^output ${anyMemory}`)],
  ['huge pages for a SharedArrayBuffer', ({ binding }) => binding.adviseHugePages(new SharedArrayBuffer(16)),
    type, /^buffer must be an ArrayBuffer$/],
];

// biome-ignore format: a table
const randomRows: Row<Host>[] = [
  ['no arguments', ({ binding }) => binding.random(), type, /^distribution must be a number$/],
  ['distribution by name', ({ random }) => random({ distribution: 'normal' }), type, /^distribution must be a number$/],
  ['distribution beyond the table', ({ random }) => random({ distribution: 2 }),
    range, /^distribution must be an integer from 0 to 1, received 2$/],
  ['distribution negative', ({ random }) => random({ distribution: -1 }), range, /^distribution .*received -1$/],
  ['distribution fractional', ({ random }) => random({ distribution: 0.5 }), range, /^distribution .*received 0.5/],
  ['distribution NaN', ({ random }) => random({ distribution: Number.NaN }), range, /^distribution .*nan$/],
  ['key missing', ({ random }) => random({ key: undefined }), type, /^key must be a bigint$/],
  ['key a number', ({ random }) => random({ key: 5 }), type, /^key must be a bigint$/],
  ['key a string', ({ random }) => random({ key: '5' }), type, /^key must be a bigint$/],
  ['key an object', ({ random }) => random({ key: Object(5n) }), type, /^key must be a bigint$/],
  ['key negative', ({ random }) => random({ key: -1n }), range, /^key must be from 0 to 2\^64 - 1, received -1$/],
  ['key of 65 bits', ({ random }) => random({ key: 2n ** 64n }), range, /^key must be .*received 18446744073709551616$/],
  ['key of 256 bits', ({ random }) => random({ key: 2n ** 255n }), range, /^key must be .*received 578960446186580977/],
  ['counter missing', ({ random }) => random({ counter: undefined }), type, /^counter must be a bigint$/],
  ['counter a number', ({ random }) => random({ counter: 0 }), type, /^counter must be a bigint$/],
  ['counter negative', ({ random }) => random({ counter: -5n }), range, /^counter must be .*received -5$/],
  ['counter of 65 bits', ({ random }) => random({ counter: 2n ** 64n + 1n }), range, /^counter must be .*551617$/],
  ['output missing', ({ random }) => random({ output: undefined }), type, RegExp(`^output ${anyMemory}`)],
  ['output null', ({ random }) => random({ output: null }), type, RegExp(`^output ${anyMemory}`)],
  ['output a Float32Array', ({ random }) => random({ output: new Float32Array(4) }),
    type, RegExp(`^output ${anyMemory}`)],
  ['output a proxy', ({ random, output }) => random({ output: new Proxy(output, {}) }),
    type, RegExp(`^output ${anyMemory}`)],
  ['output detached', ({ random }) => random({ output: detach(new ArrayBuffer(16)) }),
    range, /^outputOffset must be .*buffer of 0 bytes, received 0$/],
  ['output a byte too short', ({ random }) => random({ output: new Uint8Array(15) }),
    range, /^outputOffset must be such that all elements lie within the buffer of 15 bytes, received 0$/],
  ['a window that ends before its buffer', ({ random }) => random({ output: new Uint8Array(new ArrayBuffer(64), 8, 12) }),
    range, /^outputOffset must be .*buffer of 12 bytes/],
  ['dtype missing', ({ random }) => random({ outputDtype: undefined }), type, /^outputDtype must be a number$/],
  ['dtype by name', ({ random }) => random({ outputDtype: 'float32' }), type, /^outputDtype must be a number$/],
  ['dtype beyond the table', ({ random, dtypes }) => random({ outputDtype: dtypes.length }),
    range, /^outputDtype must be an integer from 0 to \d+, received \d+$/],
  ['dtype negative', ({ random }) => random({ outputDtype: -1 }), range, /^outputDtype must be .*received -1$/],
  ['dtype of integers', ({ random, dtypes }) => random({ outputDtype: dtypes.indexOf('int8') }),
    badDType, /^uniform is not defined for int8$/],
  ['dtype bool', ({ random, dtypes }) => random({ distribution: 1, outputDtype: dtypes.indexOf('bool') }),
    badDType, /^normal is not defined for bool$/],
  ['dtype of integers, and nothing to do', ({ random, dtypes }) => random({ outputDtype: dtypes.indexOf('int64'), count: 0 }),
    badDType, /^uniform is not defined for int64$/],
  ['a wider dtype than the memory', ({ random, float64 }) => random({ outputDtype: float64 }),
    range, /^outputOffset must be .*buffer of 16 bytes, received 0$/],
  ['offset missing', ({ random }) => random({ outputOffset: undefined }), type, /^outputOffset must be a number$/],
  ['offset a bigint', ({ random }) => random({ outputOffset: 0n }), type, /^outputOffset must be a number$/],
  ['offset negative', ({ random }) => random({ outputOffset: -4 }), range, /^outputOffset must be .*received -4$/],
  ['offset fractional', ({ random }) => random({ outputOffset: 0.5 }), range, /^outputOffset must be .*received 0.5/],
  ['offset a byte too far', ({ random }) => random({ outputOffset: 1 }),
    range, /^outputOffset must be such that .*16 bytes, received 1$/],
  ['offset 2^53 − 1', ({ random }) => random({ outputOffset: most }), range, /^outputOffset must be .*740991$/],
  ['count missing', ({ random }) => random({ count: undefined }), type, /^count must be a number$/],
  ['count a string', ({ random }) => random({ count: '4' }), type, /^count must be a number$/],
  ['count negative', ({ random }) => random({ count: -1 }), range, /^count must be .*received -1$/],
  ['count fractional', ({ random }) => random({ count: 3.5 }), range, /^count must be .*received 3.5/],
  ['count NaN', ({ random }) => random({ count: Number.NaN }), range, /^count must be an integer.*nan$/],
  ['one too many', ({ random }) => random({ count: 5 }), range, /^outputOffset must be .*buffer of 16 bytes, received 0$/],
  ['2^53 − 1 numbers', ({ random }) => random({ count: most }), range, /^outputOffset must be .*buffer of 16 bytes/],
  ['numbers whose bytes wrap', ({ random, dtypes }) =>
    random({ count: most, outputDtype: dtypes.indexOf('complex128'), outputOffset: most }),
    range, /^outputOffset must be such that/],
];

// biome-ignore format: a table
const threadRows: Row<Host>[] = [
  ['no arguments', ({ binding }) => binding.setNumThreads(), type, /^threads must be a number$/],
  ['a string', ({ binding }) => binding.setNumThreads('2'), type, /^threads must be a number$/],
  ['a bigint', ({ binding }) => binding.setNumThreads(2n), type, /^threads must be a number$/],
  ['a valueOf', ({ binding }) => binding.setNumThreads({ valueOf: () => 2 }), type, /^threads must be a number$/],
  ['0', ({ binding }) => binding.setNumThreads(0), range, /^threads must be an integer from 1 to 1024, received 0$/],
  ['−1', ({ binding }) => binding.setNumThreads(-1), range, /^threads must be .*received -1$/],
  ['1025', ({ binding }) => binding.setNumThreads(1025), range, /^threads must be .* 1 to 1024, received 1025$/],
  ['a fraction', ({ binding }) => binding.setNumThreads(1.5), range, /^threads must be .*received 1.5/],
  ['NaN', ({ binding }) => binding.setNumThreads(Number.NaN), range, /^threads must be .*nan$/],
  ['infinity', ({ binding }) => binding.setNumThreads(Infinity), range, /^threads must be .*inf$/],
  ['a number that wraps to 1', ({ binding }) => binding.setNumThreads(2 ** 32 + 1),
    range, /^threads must be .*received 4294967297$/],
];

// biome-ignore format: a table
const deviceRows: Row<Device>[] = [
  ['the address of device memory', ({ binding, first }) => binding.addressOf(loose(first)),
    type, /^memory must be an ArrayBuffer or a Uint8Array$/],
  ['the address of device memory that was released', ({ binding, gone }) => binding.addressOf(loose(gone)),
    released, /^memory was released$/],
  ['allocate without arguments', ({ binding }) => binding.allocate(), type, /^device must be a number$/],
  ['allocate on a device by name', ({ binding }) => binding.allocate('cuda:0', 16), type, /^device must be a number$/],
  ['allocate on NaN', ({ binding }) => binding.allocate(Number.NaN, 16),
    range, /^device must be an integer from 0 to 1, received -?nan$/],
  ['allocate on −1, the CPU', ({ binding }) => binding.allocate(-1, 16), range, /^device must be .*received -1$/],
  ['allocate on the device after the last', ({ binding }) => binding.allocate(2, 16),
    range, /^device must be .*received 2$/],
  ['allocate on half a device', ({ binding }) => binding.allocate(0.5, 16), range, /^device must be .*received 0.5/],
  ['allocate on a device that wraps to 0', ({ binding }) => binding.allocate(2 ** 32, 16),
    range, /^device must be .*received 4294967296$/],
  ['allocate without a size', ({ binding }) => binding.allocate(0), type, /^byteLength must be a number$/],
  ['allocate a bigint of bytes', ({ binding }) => binding.allocate(0, 16n), type, /^byteLength must be a number$/],
  ['allocate NaN bytes', ({ binding }) => binding.allocate(0, Number.NaN), range, /^byteLength must be .*nan$/],
  ['allocate −1 bytes', ({ binding }) => binding.allocate(0, -1), range, /^byteLength must be .*received -1$/],
  ['allocate 2^53 bytes', ({ binding }) => binding.allocate(0, 2 ** 53),
    range, /^byteLength must be .*9007199254740992/],
  ['allocate 2^53 − 1 bytes', ({ binding }) => binding.allocate(0, most),
    noMemory, /^out of memory on cuda:0: asked for 9007199254740991 bytes, \d+ are allocated, \d+ of \d+ are free$/],
  ['allocate more than there is', ({ binding }) => binding.allocate(1, 2 ** 40),
    noMemory, /^out of memory on cuda:1: asked for 1099511627776 bytes/],
  ['properties of no device', ({ binding }) => binding.deviceProperties(), type, /^device must be a number$/],
  ['properties of an object', ({ binding }) => binding.deviceProperties({}), type, /^device must be a number$/],
  ['properties of −1', ({ binding }) => binding.deviceProperties(-1), range, /^device must be .*received -1$/],
  ['properties of the device after the last', ({ binding }) => binding.deviceProperties(2),
    range, /^device must be .*received 2$/],
  ['properties of 2^53', ({ binding }) => binding.deviceProperties(2 ** 53),
    range, /^device must be .*9007199254740992/],
  ['synchronize no device', ({ binding }) => binding.synchronize(), type, /^device must be a number$/],
  ['synchronize NaN', ({ binding }) => binding.synchronize(Number.NaN), range, /^device must be .*nan$/],
  ['synchronize infinity', ({ binding }) => binding.synchronize(Infinity), range, /^device must be .*inf$/],
  ['release of a proxy', ({ binding, first }) => binding.release(new Proxy(first, {})),
    type, /^memory must be device memory$/],
  ['release of an heir', ({ binding, first }) => binding.release(Object.create(first)),
    type, /^memory must be device memory$/],
  ['input released', ({ queue, gone }) => queue({ memory0: gone }),
    released, /^memory0 was released$/],
  ['output released', ({ queue, gone }) => queue({ memory1: gone }),
    released, /^memory1 was released$/],
  ['input released, and nothing to do', ({ queue, gone }) => queue({ memory0: gone, layout: 0 }),
    released, /^memory0 was released$/],
  ['input an heir of device memory', ({ queue, first }) => queue({ memory0: Object.create(first) }),
    type, RegExp(`^memory0 ${anyMemory}`)],
  ['output a proxy of device memory', ({ queue, target }) => queue({ memory1: new Proxy(target, {}) }),
    type, RegExp(`^memory1 ${anyMemory}`)],
  ['random numbers past the end of device memory', ({ random, target }) => random({ output: target, count: 5 }),
    range, /^outputOffset must be /],
  ['random numbers between the elements of a device', ({ random, target }) => random({ output: target, outputOffset: 2, count: 1 }),
    range, /^outputOffset must be /],
  ['a copy that may or may not wait', ({ copy, first }) => copy({ source: first, nonBlocking: 1 }),
    type, /^nonBlocking must be a boolean$/],
  ['random numbers in what was released', ({ random, gone }) => random({ output: gone }),
    released, /^output was released$/],
  ['from the CPU to a device', ({ run, target }) => run({ memory1: target }),
    badDevice, /^memory0 and memory1 must be on the same device$/],
  ['from a device to the CPU', ({ run, first }) => run({ memory0: first }),
    badDevice, /^memory0 and memory1 must be on the same device$/],
  ['between devices', ({ queue, second }) => queue({ memory1: second }),
    badDevice, /^memory0 and memory1 must be on the same device$/],
  ['an element too many', ({ queue }) => queue({ layout: 5 }),
    range, /^offset0 must be .*buffer of 16 bytes/],
  ['an input offset too far', ({ queue }) => queue({ offset0: 4 }),
    range, /^offset0 must be .*received 4$/],
  ['an output offset too far', ({ queue }) => queue({ offset1: 4 }),
    range, /^offset1 must be .*received 4$/],
  ['an input offset between elements', ({ queue }) => queue({ offset0: 2, layout: 1 }),
    range, /^offset0 must be a multiple of the element size on a device, received 2$/],
  ['an output offset between elements', ({ queue }) => queue({ offset1: 1, layout: 1 }),
    range, /^offset1 must be a multiple of the element size.*received 1$/],
  ['a stride past the end', ({ queue }) => queue({ layout: Float64Array.of(1, 2, 1, 2 ** 40) }),
    range, /^offset1 must be such that/],
  ['a copy from released memory', ({ copy, gone }) => copy({ source: gone }), released, /^source was released$/],
  ['a copy to released memory', ({ copy, gone }) => copy({ destination: gone }),
    released, /^destination was released$/],
  ['a copy past the end of device memory', ({ copy, first }) => copy({ destination: first, destinationOffset: 1 }),
    range, /^byteLength must be within the 16 bytes of destination/],
  ['a copy from past the end of device memory', ({ copy, first }) => copy({ source: first, byteLength: 17 }),
    range, /^byteLength must be within the 16 bytes of source/],
];

/**
 * The same with events and graphs, and page-locked memory, of which nothing may be left when a row
 * ends.
 */
function queueWorld() {
  const world = deviceWorld();
  const binding = world.binding as unknown as Binding;
  /** What `run` does while the work of the first device is captured. */
  const capturing = (run: () => unknown): unknown => {
    binding.beginCapture(0);
    try {
      return run();
    } finally {
      binding.abandonCapture(0);
    }
  };
  const capture = (): DeviceGraph => {
    binding.beginCapture(0);
    world.queue({});
    return binding.endCapture(0);
  };
  const mark = (device: number): DeviceEvent => {
    const event = binding.createEvent(device);
    binding.recordEvent(event);
    return event;
  };
  const [event, marked, elsewhere, goneEvent] = [binding.createEvent(0), mark(0), mark(1), mark(0)];
  binding.releaseEvent(goneEvent);
  const [graph, goneGraph] = [capture(), capture()];
  binding.releaseGraph(goneGraph);
  const pinned = binding.allocatePinned(16);
  new Uint8Array(pinned).fill(0x5a);
  const gonePinned = binding.allocatePinned(16);
  binding.releasePinned(gonePinned);
  const done = () => {};
  return { ...world, capturing, event, marked, elsewhere, goneEvent, graph, goneGraph, pinned, gonePinned, done };
}
type Queue = ReturnType<typeof queueWorld>;

/** With what the memory and the marks of devices say of themselves. */
function queueState(world: Queue): unknown {
  const binding = world.binding as unknown as Binding;
  const memory = [0, 1].map((device) => {
    const { allocated, limit } = binding.deviceMemoryStats(device);
    return { allocated, limit };
  });
  for (const each of [world.event, world.marked, world.elsewhere]) binding.synchronizeEvent(each);
  const seen = { ...world, gonePinned: null }; // which is detached
  return [deviceState(seen), memory, binding.elapsedTime(world.marked, world.marked)];
}

const anEvent = 'must be an event of a device$';
const aGraph = 'must be a graph of a device$';

/** Rows of a function that takes a device first. */
const needsDevice = (name: string): Row<Queue>[] => [
  [`${name} without arguments`, ({ binding }) => binding[name](), type, /^device must be a number$/],
  [`${name} of a device by name`, ({ binding }) => binding[name]('cuda:0'), type, /^device must be a number$/],
  [`${name} of an event`, ({ binding, event }) => binding[name](event), type, /^device must be a number$/],
  [`${name} of NaN`, ({ binding }) => binding[name](Number.NaN), range, /^device must be .* 0 to 1, received -?nan$/],
  [`${name} of −1`, ({ binding }) => binding[name](-1), range, /^device must be .*received -1$/],
  [`${name} of half a device`, ({ binding }) => binding[name](0.5), range, /^device must be .*received 0.5/],
  [`${name} of the device after the last`, ({ binding }) => binding[name](2), range, /^device must be .*received 2$/],
  [`${name} of a device that wraps to 0`, ({ binding }) => binding[name](2 ** 32), range, /received 4294967296$/],
  [`${name} of infinity`, ({ binding }) => binding[name](Infinity), range, /^device must be .*inf$/],
];

/**
 * Rows of a function that takes an event, or a graph, first, and for releasing it must not be there
 * again.
 */
function needsHandle(name: string, kind: 'event' | 'graph', argument: string = kind): Row<Queue>[] {
  const message = RegExp(`^${argument} ${kind === 'event' ? anEvent : aGraph}`);
  const own = (world: Queue) => world[kind];
  const wrong: [string, (world: Queue) => unknown][] = [
    ['nothing', () => undefined],
    ['null', () => null],
    ['a number', () => 0],
    ['an address', () => 0x7fff0000],
    ['a string', () => kind],
    ['an object', () => ({})],
    ['a function', () => () => 1],
    ['an object with native fields', () => new TextDecoder()],
    ['an ArrayBuffer', ({ input }) => input],
    ['device memory', ({ first }) => first],
    [kind === 'event' ? 'a graph' : 'an event', (world) => world[kind === 'event' ? 'graph' : 'event']],
    ['an heir', (world) => Object.create(own(world))],
    ['a proxy', (world) => new Proxy(own(world), {})],
    ['a revoked proxy', revoked],
  ];
  return wrong.map(([what, make]) => [
    `${name} of ${what}`,
    (world) => world.binding[name](make(world), world.marked),
    type,
    message,
  ]);
}

// biome-ignore format: a table
const queueRows: Row<Queue>[] = [
  ...['deviceMemoryStats', 'resetPeakMemoryStats', 'setMemoryLimit', 'enterStream', 'leaveStream', 'createEvent',
    'beginCapture', 'endCapture', 'abandonCapture'].flatMap(needsDevice),

  ['a limit missing', ({ binding }) => binding.setMemoryLimit(0), type, /^byteLength must be a number$/],
  ['a limit by name', ({ binding }) => binding.setMemoryLimit(0, 'none'), type, /^byteLength must be a number$/],
  ['a limit a bigint', ({ binding }) => binding.setMemoryLimit(0, 16n), type, /^byteLength must be a number$/],
  ['a limit of −1', ({ binding }) => binding.setMemoryLimit(0, -1), range, /^byteLength must be .*received -1$/],
  ['a limit of NaN', ({ binding }) => binding.setMemoryLimit(0, Number.NaN), range, /^byteLength must be .*nan$/],
  ['a limit of −infinity', ({ binding }) => binding.setMemoryLimit(1, -Infinity), range, /^byteLength must be .*-inf$/],
  ['a limit of half a byte', ({ binding }) => binding.setMemoryLimit(0, 0.5), range, /^byteLength .*received 0.5/],
  ['a limit of 2^53', ({ binding }) => binding.setMemoryLimit(0, 2 ** 53), range, /^byteLength .*9007199254740992/],
  ['a limit on no device', ({ binding }) => binding.setMemoryLimit(2, Infinity), range, /^device .*received 2$/],

  ['page-locked memory of no size', ({ binding }) => binding.allocatePinned(), type, /^byteLength must be a number$/],
  ['page-locked memory of a string', ({ binding }) => binding.allocatePinned('16'),
    type, /^byteLength must be a number$/],
  ['page-locked memory of NaN bytes', ({ binding }) => binding.allocatePinned(Number.NaN),
    range, /^byteLength must be .*nan$/],
  ['page-locked memory of −1 bytes', ({ binding }) => binding.allocatePinned(-1), range, /^byteLength .*received -1$/],
  ['page-locked memory of half a byte', ({ binding }) => binding.allocatePinned(0.5), range, /^byteLength .*0.5/],
  ['page-locked memory of infinity', ({ binding }) => binding.allocatePinned(Infinity), range, /^byteLength .*inf$/],
  ['page-locked memory of 2^53 bytes', ({ binding }) => binding.allocatePinned(2 ** 53),
    range, /^byteLength must be .*9007199254740992/],
  ['page-locked memory of 2^53 − 1 bytes', ({ binding }) => binding.allocatePinned(most),
    noMemory, /^out of page-locked memory: the system does not give \d+ bytes$/],
  ['the end of no page-locked memory', ({ binding }) => binding.releasePinned(), type, /^buffer must be an ArrayBuffer$/],
  ['the end of an address', ({ binding }) => binding.releasePinned(0x7fff0000), type, /^buffer must be an ArrayBuffer$/],
  ['the end of a view', ({ binding, pinned }) => binding.releasePinned(new Uint8Array(pinned)),
    type, /^buffer must be an ArrayBuffer$/],
  ['the end of a proxy', ({ binding, pinned }) => binding.releasePinned(new Proxy(pinned, {})),
    type, /^buffer must be an ArrayBuffer$/],
  ['the end of device memory as page-locked', ({ binding, first }) => binding.releasePinned(first),
    type, /^buffer must be an ArrayBuffer$/],
  ['a copy from page-locked memory that was released', ({ copy, gonePinned, first }) =>
    copy({ source: gonePinned, destination: first, nonBlocking: true }), range, /^byteLength .*0 bytes of source/],
  ['a copy to page-locked memory that was released', ({ copy, gonePinned, first }) =>
    copy({ source: first, destination: gonePinned, nonBlocking: true }), range, /^byteLength .*0 bytes of destination/],
  ['a copy past the end of page-locked memory', ({ copy, pinned, first }) =>
    copy({ source: first, destination: pinned, destinationOffset: 4, nonBlocking: true }),
    range, /^byteLength must be within the 16 bytes of destination, received 4 \+ 16$/],
  ['a copy of NaN bytes that nobody waits for', ({ copy, pinned, first }) =>
    copy({ source: pinned, destination: first, byteLength: Number.NaN, nonBlocking: true }), range, /^byteLength .*nan$/],
  ['a copy without a word on waiting', ({ copy, pinned, first }) =>
    copy({ source: pinned, destination: first, nonBlocking: undefined }), type, /^nonBlocking must be a boolean$/],
  ['a copy that may wait by name', ({ copy, pinned, first }) =>
    copy({ source: pinned, destination: first, nonBlocking: 'true' }), type, /^nonBlocking must be a boolean$/],
  ['a copy from released memory that nobody waits for', ({ copy, gone, pinned }) =>
    copy({ source: gone, destination: pinned, nonBlocking: true }), released, /^source was released$/],

  ['a wait for nothing', ({ binding }) => binding.settle(), type, RegExp(`^memory ${anyMemory}`)],
  ['a wait for a number', ({ binding }) => binding.settle(0), type, RegExp(`^memory ${anyMemory}`)],
  ['a wait for an event as memory', ({ binding, event }) => binding.settle(event), type, RegExp(`^memory ${anyMemory}`)],
  ['a wait for an heir', ({ binding, first }) => binding.settle(Object.create(first)),
    type, RegExp(`^memory ${anyMemory}`)],
  ['a wait for released memory', ({ binding, gone }) => binding.settle(gone), released, /^memory was released$/],
  ['a call back from nothing', ({ binding, done }) => binding.whenSettled(undefined, done),
    type, RegExp(`^memory ${anyMemory}`)],
  ['a call back from a graph', ({ binding, graph, done }) => binding.whenSettled(graph, done),
    type, RegExp(`^memory ${anyMemory}`)],
  ['a call back from released memory', ({ binding, gone, done }) => binding.whenSettled(gone, done),
    released, /^memory was released$/],
  ['a call back to nobody', ({ binding, pinned }) => binding.whenSettled(pinned), type, /^done must be a function$/],
  ['a call back to null', ({ binding, pinned }) => binding.whenSettled(pinned, null), type, /^done must be a function$/],
  ['a call back to an object', ({ binding, pinned, done }) => binding.whenSettled(pinned, { call: done }),
    type, /^done must be a function$/],

  ['a return to no stream', ({ binding }) => binding.leaveStream(0), type, /^previous must be a number$/],
  ['a return to a stream by name', ({ binding }) => binding.leaveStream(0, 'first'), type, /^previous must be a number$/],
  ['a return to NaN', ({ binding }) => binding.leaveStream(0, Number.NaN), range, /^previous must be .*nan$/],
  ['a return to −1', ({ binding }) => binding.leaveStream(0, -1), range, /^previous must be .*received -1$/],
  ['a return to half a stream', ({ binding }) => binding.leaveStream(0, 0.5), range, /^previous must be .*0.5/],
  ['a return to a stream that never was', ({ binding }) => binding.leaveStream(0, 900),
    range, /^previous must be what enterStream returned; received 900$/],
  ['a return to a stream that wraps to 0', ({ binding }) => binding.leaveStream(0, 2 ** 32),
    range, /^previous must be .*received 4294967296$/],
  ['another stream within a capture', ({ capturing, binding }) => capturing(() => binding.enterStream(0)),
    cudaFailed, /^changing streams cannot be part of a graph: /],
  ['a return to a stream within a capture', ({ capturing, binding }) => capturing(() => binding.leaveStream(0, 0)),
    cudaFailed, /^changing streams cannot be part of a graph: /],

  ...['recordEvent', 'queryEvent', 'synchronizeEvent', 'releaseEvent'].flatMap((name) => needsHandle(name, 'event')),
  ...needsHandle('elapsedTime', 'event', 'start'),
  ['recording a released event', ({ binding, goneEvent }) => binding.recordEvent(goneEvent),
    released, /^event was released$/],
  ['asking a released event', ({ binding, goneEvent }) => binding.queryEvent(goneEvent), released, /^event was released$/],
  ['waiting for a released event', ({ binding, goneEvent }) => binding.synchronizeEvent(goneEvent),
    released, /^event was released$/],
  ['the time from a released event', ({ binding, goneEvent, marked }) => binding.elapsedTime(goneEvent, marked),
    released, /^start was released$/],
  ['the time to a released event', ({ binding, goneEvent, marked }) => binding.elapsedTime(marked, goneEvent),
    released, /^end was released$/],
  ['the time to nothing', ({ binding, marked }) => binding.elapsedTime(marked), type, RegExp(`^end ${anEvent}`)],
  ['the time to a graph', ({ binding, marked, graph }) => binding.elapsedTime(marked, graph), type, RegExp(`^end ${anEvent}`)],
  ['the time to a proxy', ({ binding, marked }) => binding.elapsedTime(marked, new Proxy(marked, {})),
    type, RegExp(`^end ${anEvent}`)],
  ['the time from what was not recorded', ({ binding, event, marked }) => binding.elapsedTime(event, marked),
    cudaFailed, /^elapsedTime: both events must have been recorded$/],
  ['the time to what was not recorded', ({ binding, event, marked }) => binding.elapsedTime(marked, event),
    cudaFailed, /^elapsedTime: both events must have been recorded$/],
  ['the time from one device to another', ({ binding, marked, elsewhere }) => binding.elapsedTime(marked, elsewhere),
    cudaFailed, /^elapsedTime: the events must be of one device; they are of cuda:0 and cuda:1$/],
  ['recording an event within a capture', ({ capturing, binding, event }) => capturing(() => binding.recordEvent(event)),
    cudaFailed, /^recording an event cannot be part of a graph: /],

  ...['launchGraph', 'releaseGraph'].flatMap((name) => needsHandle(name, 'graph')),
  ['launching a released graph', ({ binding, goneGraph }) => binding.launchGraph(goneGraph),
    released, /^graph was released$/],
  ['launching a graph within a capture', ({ capturing, binding, graph }) => capturing(() => binding.launchGraph(graph)),
    cudaFailed, /^another graph cannot be part of a graph: /],
  ['the end of no capture', ({ binding }) => binding.endCapture(0),
    cudaFailed, /^no graph is being captured on cuda:0$/],
  ['the end of a capture on another device', ({ capturing, binding }) => capturing(() => binding.endCapture(1)),
    cudaFailed, /^no graph is being captured on cuda:1$/],
  ['a capture within a capture', ({ capturing, binding }) => capturing(() => binding.beginCapture(0)),
    cudaFailed, /^another graph cannot be part of a graph: /],
  ['a wait for the device within a capture', ({ capturing, binding }) => capturing(() => binding.synchronize(0)),
    cudaFailed, /^waiting for the device cannot be part of a graph: /],
  ['a copy from the host within a capture', ({ capturing, copy, pinned, first }) =>
    capturing(() => copy({ source: pinned, destination: first, nonBlocking: true })),
    cudaFailed, /^copying between a device and the host cannot be part of a graph: /],
  ['a copy to another device within a capture', ({ capturing, copy, first, second }) =>
    capturing(() => copy({ source: first, destination: second })),
    cudaFailed, /^copying between devices cannot be part of a graph: /],
  ['a copy from another device within a capture', ({ capturing, copy, first, second }) =>
    capturing(() => copy({ source: second, destination: first })),
    cudaFailed, /^copying between devices cannot be part of a graph: /],
];

/** The objects of two copies of the addon look alike, and are nothing to each other. */
function twoCopies() {
  const other = simulated.open('', makeError);
  other.beginCapture(0);
  const strangeGraph = other.endCapture(0);
  return { ...hostWorld(local), strange: other.allocate(0, 16), strangeEvent: other.createEvent(0), strangeGraph };
}

// biome-ignore format: a table
const strangeRows: Row<ReturnType<typeof twoCopies>>[] = [
  ['as input', ({ run, strange }) => run({ memory0: strange, memory1: strange }), type, RegExp(`^memory0 ${anyMemory}`)],
  ['copied from', ({ copy, strange }) => copy({ source: strange }), type, RegExp(`^source ${anyMemory}`)],
  ['copied to', ({ copy, strange }) => copy({ destination: strange }), type, RegExp(`^destination ${anyMemory}`)],
  ['released', ({ binding, strange }) => binding.release(strange), type, /^memory must be device memory$/],
  ['waited for', ({ binding, strange }) => binding.settle(strange), type, RegExp(`^memory ${anyMemory}`)],
  ...['recordEvent', 'queryEvent', 'synchronizeEvent', 'releaseEvent'].map((name): Row<ReturnType<typeof twoCopies>> => [
    name, ({ binding, strangeEvent }) => binding[name](strangeEvent), type, RegExp(`^event ${anEvent}`),
  ]),
  ['elapsedTime', ({ binding, strangeEvent }) => binding.elapsedTime(strangeEvent, strangeEvent),
    type, RegExp(`^start ${anEvent}`)],
  ...['launchGraph', 'releaseGraph'].map((name): Row<ReturnType<typeof twoCopies>> => [
    name, ({ binding, strangeGraph }) => binding[name](strangeGraph), type, RegExp(`^graph ${aGraph}`),
  ]),
];

// There is no createError yet that could give these a code.
const uncoded: Expected = { name: 'TypeError' };
const openWorld = () => ({ addon: loose(local), bytes: new Uint8Array(4) });
// biome-ignore format: a table
const openRows: Row<ReturnType<typeof openWorld>>[] = [
  ['no arguments', ({ addon }) => addon.open(), uncoded, /^isa must be a string$/],
  ['no instruction set', ({ addon }) => addon.open(undefined, makeError), uncoded, /^isa must be a string$/],
  ['a number for the instruction set', ({ addon }) => addon.open(512, makeError), uncoded, /^isa must be a string$/],
  ['a boxed string for the instruction set', ({ addon }) => addon.open(Object('avx2'), makeError),
    uncoded, /^isa must be a string$/],
  ['no createError', ({ addon }) => addon.open(''), uncoded, /^createError must be a function$/],
  ['null for createError', ({ addon }) => addon.open('', null), uncoded, /^createError must be a function$/],
  ['an object for createError', ({ addon }) => addon.open('', { call: makeError }),
    uncoded, /^createError must be a function$/],
  ['an unknown instruction set', ({ addon }) => addon.open('sse9', makeError),
    failure('ERR_ISA'), /^RSQRT_ISA must be one of .*baseline|neon.*received 'sse9'$/],
  ['an instruction set in capitals', ({ addon }) => addon.open('BASELINE', makeError),
    failure('ERR_ISA'), /received 'BASELINE'$/],
  ['an instruction set and more', ({ addon }) => addon.open('baseline\0', makeError),
    failure('ERR_ISA'), /received 'baseline/],
  ['several instruction sets', ({ addon }) => addon.open('baseline,avx2', makeError),
    failure('ERR_ISA'), /received 'baseline,avx2'$/],
];

// biome-ignore format: a table
const withoutDeviceRows: Row<Host>[] = [
  ['allocate', ({ binding }) => binding.allocate(0, 16), noCuda, /^CUDA is not available: \w/],
  ['allocate of nonsense', ({ binding }) => binding.allocate(Number.NaN), noCuda, /^CUDA is not available: \w/],
  ['deviceProperties', ({ binding }) => binding.deviceProperties(0), noCuda, /^CUDA is not available: \w/],
  ['synchronize', ({ binding }) => binding.synchronize(0), noCuda, /^CUDA is not available: \w/],
  ...['deviceMemoryStats', 'resetPeakMemoryStats', 'setMemoryLimit', 'allocatePinned', 'enterStream', 'leaveStream',
    'createEvent', 'beginCapture', 'endCapture', 'abandonCapture'].map((name): Row<Host> => [
    name, ({ binding }) => binding[name](0, 0), noCuda, /^CUDA is not available: \w/,
  ]),
];

let rows = table('run', () => hostWorld(local), runRows, { checkError });
rows += table('copy and release', () => hostWorld(local), copyRows, { checkError });
rows += table('random', () => hostWorld(local), randomRows, { checkError });
rows += table('setNumThreads', () => hostWorld(local), threadRows, { checkError });
rows += table('devices', deviceWorld, deviceRows, { checkError, state: deviceState });
rows += table('streams, events, graphs and page-locked memory', queueWorld, queueRows, {
  checkError,
  state: queueState,
});
rows += table('objects of another copy of the addon', twoCopies, strangeRows, { checkError });
rows += table('open', openWorld, openRows);
if (local.open('', makeError).cuda.deviceCount > 0) skip('corrupt calls without a GPU', 'this machine has one');
else rows += table('without a device', () => hostWorld(local), withoutDeviceRows, { checkError });
// The same sources in the other build; not counted again.
table('run of the simulated build', () => hostWorld(simulated), runRows, { checkError });
table('copy and release of the simulated build', () => hostWorld(simulated), copyRows, { checkError });
if (takesSharedArrayBuffers) {
  test.each(Object.entries({ local, simulated }))(
    'a SharedArrayBuffer without a view is memory, %s',
    (_name, addon) => {
      const { made, binding, input, output, run, copy, random } = hostWorld(addon);
      const numbers = (buffer: ArrayBufferLike) => [...new Float32Array(buffer)];
      const [shared, other] = [new SharedArrayBuffer(16), new SharedArrayBuffer(16)];
      copy({ source: input, destination: shared });
      run({ memory0: shared, memory1: other });
      expect([numbers(shared), numbers(other)]).toEqual([[4, 16, 25, 36], [0.5, 0.25, 0.2, 1 / 6].map(Math.fround)]);
      random({ output: shared });
      random({ output });
      expect(numbers(shared)).toEqual(numbers(output));
      expect(binding.adviseHugePages(shared)).toBeGreaterThanOrEqual(0);
      expect(made).toEqual([]);
    },
  );
} else {
  rows += table('a SharedArrayBuffer without a view', () => hostWorld(local), sharedRows, { checkError });
  table('a SharedArrayBuffer without a view, simulated build', () => hostWorld(simulated), sharedRows, { checkError });
}
covered('wrong calls', `${rows} rows straight to the addon`);

describe('createError', () => {
  const opened = (createError: () => unknown): Loose => loose(loose(local).open('', createError));

  test.each([[new Error('mine')], ['text'], [5], [undefined], [null], [Symbol('x')], [7n], [{}], [() => 1]])(
    'that throws or returns %p: that is what is thrown',
    (value) => {
      expect(
        thrownBy(() =>
          opened(() => {
            throw value;
          }).run(),
        ),
      ).toBe(value);
      expect(thrownBy(() => opened(() => value).run())).toBe(value);
    },
  );

  test('that is a class cannot be called', () => {
    expect(thrownBy(() => loose(local).open('none', class {}))).toMatchObject({ name: 'TypeError' });
  });

  test('that calls the addon wrongly ends with the stack', () => {
    const binding: Loose = opened(() => binding.run());
    for (let i = 0; i < 3; i++) {
      expect(thrownBy(() => binding.run())).toMatchObject({
        name: 'RangeError',
        message: 'Maximum call stack size exceeded',
      });
    }
  });
});

describe('legal at the edge', () => {
  const bytes = (length: number, at = 0) => new Uint8Array(new ArrayBuffer(length + at), at);
  const shared = () => new Uint8Array(new SharedArrayBuffer(16));
  // biome-ignore format: a table
  const calls: [string, (world: Host) => unknown][] = [
    ['no elements at any offset', ({ run }) => run({ layout: 0, offset0: most, offset1: most })],
    ['no elements in memory that is gone',
      ({ run }) => run({ layout: 0, memory0: detachedBytes(), memory1: detachedBytes() })],
    ['a dimension of none beside wild strides', ({ walk }) => walk([2 ** 20, most, most], [0, most, most])],
    ['minus zero', ({ run }) => run({ offset0: -0, offset1: -0, layout: -0 })],
    ['the last element', ({ run }) => run({ offset0: 12, offset1: 12, layout: 1 })],
    ['a wild stride along one element', ({ walk }) => walk([1, most, most], [4, 1, 1])],
    ['64 dimensions', ({ walk }) => walk(...Array(64).fill([1, 7, 7]))],
    ['offsets between elements',
      ({ run }) => run({ memory0: bytes(17), offset0: 1, memory1: bytes(19), offset1: 3 })],
    ['a Buffer', ({ run }) => run({ memory0: Buffer.alloc(16), memory1: Buffer.alloc(16) })],
    ['a window', ({ run }) => run({ memory0: bytes(16, 5), memory1: bytes(16, 9) })],
    ['views of shared memory', ({ run }) => run({ memory0: shared(), memory1: shared() })],
    ['the same memory', ({ run, input }) => run({ memory0: input, memory1: input })],
    ['more arguments', ({ binding, input, output }) => binding.run(0, 4, input, 0, output, 0, 'more')],
    ['a call with new',
      ({ binding, input, output }) => Reflect.construct(binding.run, [0, 4, input, 0, output, 0])],
    ['no random numbers at any offset', ({ random }) => random({ count: 0, outputOffset: most })],
    ['the last random number', ({ random }) => random({ count: 1, outputOffset: 12 })],
    ['random numbers between elements', ({ random }) => random({ output: bytes(19), outputOffset: 3 })],
    ['random numbers in shared memory', ({ random }) => random({ output: shared() })],
    ['the largest key and counter', ({ random }) => random({ key: 2n ** 64n - 1n, counter: 2n ** 64n - 1n })],
    ['a copy of nothing at the end', ({ copy }) => copy({ sourceOffset: 16, destinationOffset: 16, byteLength: 0 })],
    ['a copy within one memory',
      ({ copy, input }) => copy({ destination: input, destinationOffset: 4, byteLength: 12 })],
  ];
  test.each(calls)('%s', (_name, call) => {
    const world = hostWorld(local);
    expect(() => call(world)).not.toThrow();
    expect(world.made).toEqual([]);
  });

  test.each(Object.entries({ local, simulated }))('publishes the limits that it enforces: %s', (_name, addon) => {
    const { binding, walk } = hostWorld(addon);
    const { limits } = binding as unknown as Binding;
    expect(limits).toEqual({
      maxDims: 64,
      maxSteps: 64,
      maxOperands: 8,
      maxScalars: 16,
      maxSlots: 8,
      maxThreads: 1024,
      hugePageBytes: 2 ** 21,
      mappedBytes: 2 ** 25 - 2 ** 16,
    });
    const { maxDims, maxThreads } = limits;
    walk(...Array(maxDims).fill([1, 1, 1]));
    expect(thrownBy(() => walk(...Array(maxDims + 1).fill([1, 1, 1])))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    binding.setNumThreads(maxThreads);
    expect(thrownBy(() => binding.setNumThreads(maxThreads + 1))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 5],
    ['a symbol', Symbol('x')],
    ['a proxy', new Proxy({}, {})],
    ['the addon', simulated],
  ])('%s as this', (_name, self) => {
    const { binding, input, output } = hostWorld(local);
    Reflect.apply(binding.run, self, [0, 4, input, 0, output, 0]);
    expect([...new Float32Array(output)]).toEqual([0.5, 0.25, Math.fround(0.2), Math.fround(1 / 6)]);
    expect(thrownBy(() => Reflect.apply(binding.copy, self, []))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
  });

  test('device memory: none, released twice, released while work is queued', () => {
    const { binding, run, first, target, made } = deviceWorld();
    binding.release(binding.allocate(0, 0));
    run({ memory0: first, memory1: target });
    binding.release(first);
    binding.release(first);
    const result = new Uint8Array(16);
    binding.copy(target, 0, result, 0, 16, false);
    expect([...new Float32Array(result.buffer)].slice(0, 2)).toEqual([0.5, 0.25]);
    expect(made).toEqual([]);
  });
});

describe('legal at the edge, of devices', () => {
  const calls: [string, (world: Queue) => unknown][] = [
    ['a limit of nothing, and none', ({ binding }) => [0, Infinity].map((limit) => binding.setMemoryLimit(0, limit))],
    ['an event released twice', ({ binding, goneEvent }) => binding.releaseEvent(goneEvent)],
    ['a graph released twice', ({ binding, goneGraph }) => binding.releaseGraph(goneGraph)],
    [
      'a graph released while it is done',
      ({ binding, graph }) => [binding.launchGraph(graph), binding.releaseGraph(graph)],
    ],
    [
      'an event released while it is awaited',
      ({ binding, marked }) => binding.releaseEvent(binding.recordEvent(marked) ?? marked),
    ],
    ['page-locked memory released twice', ({ binding, gonePinned }) => binding.releasePinned(gonePinned)],
    [
      'page-locked memory released amid a copy',
      ({ copy, binding, pinned, target }) => [
        copy({ source: pinned, destination: target, nonBlocking: true }),
        binding.releasePinned(pinned),
      ],
    ],
    ['page-locked memory of no bytes', ({ binding }) => binding.releasePinned(binding.allocatePinned(0))],
    ['any buffer as page-locked', ({ binding }) => binding.releasePinned(new ArrayBuffer(8))],
    ['a wait for memory without copies', ({ binding, input, first }) => [binding.settle(input), binding.settle(first)]],
    [
      'an event that was not recorded',
      ({ binding, event }) => [binding.queryEvent(event), binding.synchronizeEvent(event)],
    ],
    ['no capture to abandon', ({ binding }) => binding.abandonCapture(0)],
    ['a return to the stream it is on', ({ binding }) => binding.leaveStream(0, 0)],
    [
      'captures of two devices at once',
      ({ binding }) => {
        for (const device of [0, 1]) binding.beginCapture(device);
        for (const device of [0, 1]) binding.endCapture(device);
      },
    ],
    [
      'a capture that freed memory ends',
      ({ binding, queue, first }) => {
        binding.beginCapture(0);
        queue({});
        binding.release(first);
        binding.launchGraph(binding.endCapture(0));
      },
    ],
  ];
  test.each(calls)('%s', (_name, call) => {
    const world = queueWorld();
    expect(() => call(world)).not.toThrow();
    expect(world.made).toEqual([]);
    (world.binding as unknown as Binding).synchronize(0);
  });
});

describe('in a process of its own', () => {
  const root = path.join(__dirname, '..');
  /** Runs a script, which must end by itself and well. */
  function run(args: string[], seconds: number): string {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: seconds * 1000 * slowness,
      killSignal: 'SIGKILL',
      cwd: root,
      env: { ...process.env, RSQRT_SIMULATED_DELAY: '0', RSQRT_BINARY: binaries.local },
    });
    if (status !== 0) {
      throw new Error(
        `node ${args.join(' ')}\nended with ${status ?? signal}\n${stdout.slice(-2000)}${stderr.slice(0, 2000)}`,
      );
    }
    return stdout;
  }
  const evaluate = (code: string, ...args: string[]) => run(['-e', code, ...args], 60);
  const opened = `
    const addon = require(process.argv[1]);
    const binding = addon.open('', (code, message) => Object.assign(new Error(message), { code }));
    const float16 = binding.dtypes.indexOf('float16');
    const rsqrt = [Uint8Array.of(0, 0, float16, 0, 0, 0, 2, 1, float16, 0, 0, 0, 3, 1, float16, 1, 0, 0),
      Uint8Array.of(float16, float16), new Uint8Array()];
    const program = binding.program(...rsqrt);
    function outcome(call) {
      try { call(); } catch (error) { return error.code ?? error.message; }
      return 'returned';
    }
  `;

  test.each(Object.entries(binaries))('random corrupt calls, %s addon', (name, binary) => {
    const seed = process.env.RSQRT_SEED ?? String(Date.now() % 2 ** 31);
    const calls = 40_000;
    // What run() throws names the seed.
    const counts = run([path.join(__dirname, 'support', 'corrupt-calls.js'), binary, seed, String(calls)], 100);
    const { refused, done } = JSON.parse(counts) as { refused: number; done: number };
    expect(refused).toBeGreaterThan(calls / 4);
    expect(done).toBeGreaterThan(calls / 20);
    covered('random corrupt calls', `${calls} on the ${name} addon`);
  });

  test.each(Object.entries(binaries))('workers that end amid wrong calls, %s addon', (_name, binary) => {
    evaluate(
      `
      const { Worker, isMainThread } = require('node:worker_threads');
      (async () => {
        for (let i = 0; i < 40; i++) {
          const worker = new Worker(\`
            ${opened.replace('process.argv[1]', "require('node:worker_threads').workerData")}
            require('node:worker_threads').parentPort.postMessage('ready');
            for (;;) {
              outcome(() => binding.run());
              outcome(() => binding.copy(new ArrayBuffer(4), 0, new ArrayBuffer(4), 1, 4, false));
              outcome(() => binding.allocate(0, 2 ** 50));
              outcome(() => addon.open('none', () => { throw 5; }));
              outcome(() => addon.open());
              outcome(() => addon.open('', () => 0));
              outcome(() => binding.deviceProperties(0));
              outcome(() => binding.release(binding.allocate(0, 16)));
            }\`, { eval: true, workerData: process.argv[1] });
          await new Promise((resolve) => worker.once('message', resolve));
          await new Promise((resolve) => setTimeout(resolve, i % 7));
          await worker.terminate();
        }
      })();`,
      binary,
    );
  });

  // Unlike a copy of the package, the addon does not see to it that what is begun is ended.
  test('an environment that ends with a capture open, on a stream, amid copies', () => {
    const program = `${opened.replace('process.argv[1]', 'file')}
      const graphs = [];
      for (const device of [0, 1]) {
        binding.enterStream(device);
        const memory = binding.allocate(device, 64);
        const pinned = binding.allocatePinned(64);
        binding.copy(pinned, 0, memory, 0, 64, true);
        binding.whenSettled(pinned, () => {});
        binding.recordEvent(binding.createEvent(device));
        binding.beginCapture(device);
        binding.run(program, 16, memory, 0, memory, 0);
        graphs.push(binding.endCapture(device));
        binding.launchGraph(graphs.at(-1));
        binding.beginCapture(device);
        binding.run(program, 16, memory, 0, memory, 0);
      }`;
    const text = evaluate(
      `
      const { Worker } = require('node:worker_threads');
      const file = process.argv[1];
      const program = process.argv[2];
      (async () => {
        for (const ending of ['', 'process.exit();', "require('node:worker_threads').parentPort.on('message', () => {});"]) {
          const worker = new Worker('const file = require("node:worker_threads").workerData;' + program + ending, {
            eval: true, workerData: file });
          const ended = new Promise((resolve) => worker.once('exit', resolve));
          worker.on('error', (error) => console.log(error));
          if (ending.includes('parentPort')) worker.once('online', () => setTimeout(() => worker.terminate(), 50));
          await ended;
        }
        const run = new Function('require', 'file', program);
        run(require, file);
        console.log('ended');
      })();`,
      binaries.simulated,
      program,
    );
    expect(text).toBe('ended\n');
  });

  // A stride of 0 lets four bytes hold more elements than there is time.
  test.each(Object.entries(binaries))('more elements than the output holds, %s addon', (_name, binary) => {
    const outcomes = evaluate(
      `${opened}
      const places = [new ArrayBuffer(4)];
      if (binding.cuda.deviceCount > 0) places.push(binding.allocate(0, 4));
      const layouts = [[2 ** 52, 0, 0], Array(8).fill([2 ** 7, 0, 0]).flat()];
      const outcomes = places.flatMap((place) => layouts.map((layout) =>
        outcome(() => binding.run(program, Float64Array.from([layout.length / 3, ...layout]), place, 0, place, 0))));
      for (let i = 0; i < binding.cuda.deviceCount; i++) binding.synchronize(i);
      console.log([...new Set(outcomes)].join());`,
      binary,
    );
    expect(outcomes.trim()).toBe('ERR_OUT_OF_RANGE');
  });

  test('objects of two copies of the addon, both with devices', () => {
    const outcomes = evaluate(
      `${opened}
      const copy = require('node:path').join(require('node:os').tmpdir(), 'rsqrt-copy-' + process.pid + '.node');
      require('node:fs').copyFileSync(process.argv[1], copy);
      const other = require(copy).open('', (code, message) => Object.assign(new Error(message), { code }));
      require('node:fs').rmSync(copy);
      const memory = binding.allocate(0, 16);
      const event = binding.createEvent(0);
      binding.beginCapture(0);
      const graph = binding.endCapture(0);
      console.log([
        outcome(() => other.recordEvent(event)),
        outcome(() => other.releaseEvent(event)),
        outcome(() => other.launchGraph(graph)),
        outcome(() => other.run(other.program(...rsqrt), 4, memory, 0, memory, 0)),
        outcome(() => other.copy(memory, 0, new ArrayBuffer(16), 0, 16, false)),
        outcome(() => other.synchronize(0)),
        outcome(() => binding.copy(memory, 0, new ArrayBuffer(16), 0, 16, false)),
        outcome(() => binding.launchGraph(graph)),
      ].join());`,
      binaries.simulated,
    );
    const refused = Array(5).fill('ERR_INVALID_ARG_TYPE');
    expect(outcomes.trim()).toBe([...refused, 'returned', 'returned', 'returned'].join());
  });

  // Of the public API; V8 ends the process where an array grows too long, so nothing may get that
  // far.
  test.each([
    ['toArray of more than a JavaScript array holds', 'one.asStrided([2 ** 28], [0]).toArray()', 'toArray: '],
    [
      'toArray of more than a JavaScript heap holds',
      'one.asStrided([2 ** 15, 2 ** 15], [0, 0]).toArray()',
      'toArray: ',
    ],
    [
      'tensor of lists that share rows',
      'const row = Array(1e6).fill(1.5); tensor(Array(120).fill(row)).item()',
      'item: ',
    ],
  ])('%s', (_name, code, message) => {
    const text = evaluate(`
      const { tensor } = require(process.cwd());
      const one = tensor([4]);
      try { ${code}; console.log('returned'); } catch (error) { console.log(error.code + ' ' + error.message); }`);
    expect(text).toMatch(RegExp(`^ERR_(OUT_OF_RANGE|SHAPE|OUT_OF_MEMORY) ${message}`));
  });
});
