/**
 * Printing: against data taken from torch under many options, inside other objects, and of tensors
 * on devices.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { format, type InspectOptions, inspect } from 'node:util';
import type { DeviceName, DType, FloatDType, PrintOptions, PrintOptionsToSet, Tensor } from '../src/index';
import { load, loadWatched, type Rsqrt } from './support/configurations';
import { covered, skip } from './support/coverage';
import { decodeAll, type Encoded } from './support/values';

const local = load('local');
const { rsqrt: simulated, binding } = loadWatched('simulated');
const { arange, full, getPrintOptions, setPrintOptions, tensor, zeros } = simulated;

const defaults: PrintOptions = { precision: 4, threshold: 1000, edgeItems: 3, lineWidth: 80, sciMode: null };

/** How often a device was copied from or waited for, and the bytes copied. */
const copy = jest.spyOn(binding, 'copy');
const synchronize = jest.spyOn(binding, 'synchronize');
const copiedBytes = () => copy.mock.calls.map(([, , , , byteLength]) => byteLength);

let undisposed: number;
beforeEach(() => {
  undisposed = simulated.memoryStats().undisposedTensors;
});
afterEach(() => {
  for (const rsqrt of [local, simulated]) {
    rsqrt.setPrintOptions({ profile: 'default' });
    rsqrt.setDefaultDtype('float32');
  }
  jest.clearAllMocks();
});

/** What printing made and did not dispose, apart from so many tensors of the test itself. */
const left = (own: number) => simulated.memoryStats().undisposedTensors - undisposed - own;

// ---------------------------------------------------------------- options

interface Case {
  dtype: DType;
  shape: number[];
  strides?: number[];
  offset?: number;
  values: Encoded[];
  options: { [name in keyof PrintOptionsToSet]: PrintOptionsToSet[name] | 'Infinity' };
  defaultDtype?: FloatDType;
  device?: DeviceName;
  expected: string;
}
const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(path.join(__dirname, 'vectors', 'print-options.json'), 'utf8'),
);

function check(rsqrt: Rsqrt, { dtype, shape, strides, offset, values, options, defaultDtype, device, expected }: Case) {
  const entries = Object.entries(options).map(([name, value]) => [name, value === 'Infinity' ? Infinity : value]);
  using base = rsqrt.asTensor(decodeAll(values, dtype), { dtype, device });
  using view = strides === undefined ? base.reshape(shape) : base.asStrided(shape, strides, offset);
  rsqrt.setDefaultDtype(defaultDtype ?? 'float32');
  rsqrt.setPrintOptions(Object.fromEntries(entries));
  expect(String(view)).toBe(expected);
  expect(inspect(view)).toBe(expected);
}

const titled = (all: Case[]) =>
  all.map((c, i) => [`${i}: ${c.dtype} [${c.shape}] ${c.defaultDtype ?? ''} ${JSON.stringify(c.options)}`, c] as const);
const onCpu = cases.filter(({ device }) => device === undefined);
const onDevice = cases.filter(({ device }) => device !== undefined);
/** Two; on hardware (see configurations.ts) as many as there are. */
const devices = Array.from({ length: simulated.cuda.deviceCount() }, (_, i) => `cuda:${i}` as const);
const there = onDevice.filter(({ device }) => devices.some((each) => each === device));
covered('vectors', 'print-options.json');

describe('options and default dtypes, as in torch', () => {
  test.each(titled(onCpu))('cpu %s', (_, each) => check(local, each));
  test.each(titled(there))('simulated device %s', (_, each) => check(simulated, each));

  if (local.cuda.isAvailable()) {
    test.each(titled(onDevice.filter(({ device }) => device === 'cuda:0')))('GPU %s', (_, each) => check(local, each));
  } else {
    skip('printing on a GPU', local.cuda.unavailableReason() as string);
  }

  test('they are many, of every dtype and every default dtype', () => {
    expect([onCpu.length, onDevice.length]).toEqual([330, 66]);
    expect(new Set(cases.map(({ dtype }) => dtype))).toEqual(new Set(local.dtypes));
    expect(new Set(cases.map(({ defaultDtype }) => defaultDtype)).size).toBe(5);
  });
});

describe('setPrintOptions', () => {
  test('what is left out or undefined stays, the scientific mode too', () => {
    expect(getPrintOptions()).toEqual(defaults);
    setPrintOptions({ precision: 2, sciMode: true });
    setPrintOptions({ lineWidth: 40, precision: undefined, profile: undefined });
    setPrintOptions({});
    expect(getPrintOptions()).toEqual({ ...defaults, precision: 2, sciMode: true, lineWidth: 40 });
    setPrintOptions({ sciMode: null });
    expect(getPrintOptions()).toEqual({ ...defaults, precision: 2, lineWidth: 40 });
  });

  test('profiles set everything, and what is given beside them counts for more', () => {
    setPrintOptions({ sciMode: false, lineWidth: 9 });
    setPrintOptions({ profile: 'short', lineWidth: 100 });
    expect(getPrintOptions()).toEqual({ ...defaults, precision: 2, edgeItems: 2, lineWidth: 100 });
    setPrintOptions({ profile: 'full' });
    expect(getPrintOptions()).toEqual({ ...defaults, threshold: Infinity });
    setPrintOptions({ profile: 'default' });
    expect(getPrintOptions()).toEqual(defaults);
  });

  test('what getPrintOptions gave is frozen, and can be set again', () => {
    setPrintOptions({ threshold: Infinity, sciMode: true });
    const before = getPrintOptions();
    expect(Object.isFrozen(before)).toBe(true);
    setPrintOptions({ profile: 'short' });
    setPrintOptions(before);
    expect(getPrintOptions()).toEqual({ ...defaults, threshold: Infinity, sciMode: true });
  });

  test('a wrong value sets none of the others', () => {
    expect(() => setPrintOptions({ precision: 2, lineWidth: 0 })).toThrow(RangeError);
    expect(getPrintOptions()).toEqual(defaults);
  });

  test('the limits: all digits of the smallest double, lines of one column and without end', () => {
    setPrintOptions({ precision: 1074, lineWidth: Infinity });
    const x = tensor(2 ** -1074, { dtype: 'float64' });
    expect(String(x)).toMatch(/^tensor\(4\.9406564584\d{740}0{324}e-324, dtype=float64\)$/);
    setPrintOptions({ sciMode: false });
    expect(String(x)).toMatch(/^tensor\(0\.0{323}49406564584\d*5, dtype=float64\)$/);
    setPrintOptions({ precision: 1, lineWidth: 1 });
    expect(String(tensor([0.5, 0.25]))).toBe('tensor([0.5,\n        0.2])');
  });

  test('each copy of the package has its own', () => {
    setPrintOptions({ precision: 1 });
    expect(local.getPrintOptions()).toEqual(defaults);
  });
});

// ---------------------------------------------------------------- in other objects

const matrix = () => arange(6).view(2, 3);

describe('inspect', () => {
  test.each<[string, InspectOptions | undefined]>([
    ['by default', undefined],
    ['with depth 0', { depth: 0 }],
    ['with depth null', { depth: null }],
    ['with colors', { colors: true }],
    ['with maxArrayLength 0', { maxArrayLength: 0 }],
    ['with compact', { compact: true }],
    ['with hidden properties and proxies', { showHidden: true, showProxy: true }],
  ])('a tensor by itself prints as torch does, %s', (_, options) => {
    const x = arange(1001).view(7, 143);
    expect(inspect(x, options)).toBe(String(x));
    expect(inspect(x, options).split('\n')).toHaveLength(7);
  });

  test('console.log formats', () => {
    const x = matrix();
    const text = 'tensor([[0., 1., 2.],\n        [3., 4., 5.]])';
    expect([format(x), format('%O', x), format('%o', x), format('%s', x)]).toEqual([text, text, text, text]);
    expect(format('%s, %j', tensor(1), { a: 1 })).toBe('tensor(1.), {"a":1}');
  });

  test('in objects, lists, maps and classes rows stand below each other, wherever they begin', () => {
    class Layer {
      readonly weight = matrix();
      readonly bias = tensor([1, 2]);
    }
    const values = { layers: [new Layer()], masks: new Map([['a long key', tensor([[true], [false]])]]) };
    expect(inspect(values, { depth: 3 })).toBe(
      [
        '{',
        '  layers: [',
        '    Layer {',
        '      weight: tensor(',
        '        [[0., 1., 2.],',
        '         [3., 4., 5.]]),',
        '      bias: tensor([1., 2.])',
        '    }',
        '  ],',
        '  masks: Map(1) {',
        "    'a long key' => tensor(",
        '      [[ True],',
        '       [False]])',
        '  }',
        '}',
      ].join('\n'),
    );
  });

  test('suffixes on a line of their own, and slices', () => {
    const x = full([2, 1, 7], 0.5, { dtype: 'float64' });
    expect(inspect([x], { compact: false })).toBe(
      [
        '[',
        '  tensor(',
        '    [[[0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000]],',
        '  ',
        '     [[0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000]]],',
        '    dtype=float64)',
        ']',
      ].join('\n'),
    );
  });

  test.each([null, Infinity])('depth %p: rows are indented with the object', (depth) => {
    expect(inspect([[matrix()]], { depth, compact: false })).toBe(
      '[\n  [\n    tensor([[0., 1., 2.],\n            [3., 4., 5.]])\n  ]\n]',
    );
  });

  test('deeper than asked it is only named', () => {
    const x = matrix();
    expect(inspect({ a: { b: { x } } })).toBe('{ a: { b: { x: [Tensor float32 [2, 3]] } } }');
    expect(inspect([x, tensor(1n), zeros(0)], { depth: 0 })).toBe(
      '[ [Tensor float32 [2, 3]], [Tensor int64 []], [Tensor float32 [0]] ]',
    );
    expect(inspect(x, { depth: -1 })).toBe('[Tensor float32 [2, 3]]');
    expect(inspect([x.to(devices[devices.length - 1])], { depth: 0 })).toBe(
      `[ [Tensor float32 [2, 3] on ${devices.at(-1)}] ]`,
    );
  });

  /** Elements shown of a tensor in an object. */
  const shown = (shape: number[], options?: InspectOptions) =>
    inspect([zeros(shape)], options).match(/\b0\./g)?.length ?? 0;

  test('more than maxArrayLength elements are summarised to at most as many', () => {
    expect([shown([100]), shown([101])]).toEqual([100, 6]);
    expect([shown([10, 10]), shown([10, 11]), shown([2, 51]), shown([50, 3])]).toEqual([100, 36, 12, 18]);
    expect([shown([8, 8, 8]), shown([8, 8, 8, 8]), shown([2, 2, 2, 20])]).toEqual([64, 16, 48]);
    expect([shown(Array(6).fill(3)), shown(Array(7).fill(3))]).toEqual([64, 0]);
    expect([shown([7, 7], { maxArrayLength: 49 }), shown([7, 7], { maxArrayLength: 48 })]).toEqual([49, 36]);
    expect([shown([7, 7], { maxArrayLength: 35 }), shown([7, 7], { maxArrayLength: 3 })]).toEqual([16, 0]);
    expect([shown([1000], { maxArrayLength: null }), shown([1001], { maxArrayLength: Infinity })]).toEqual([1000, 6]);
    expect(inspect([tensor(1), tensor([1, 2])], { maxArrayLength: null, depth: 9 })).toBe(
      '[ tensor(1.), tensor([1., 2.]) ]',
    );
    expect(inspect({ a: tensor([1, 2]) }, { maxArrayLength: 0 })).toBe('{ a: tensor([...], size=(2,)) }');
    expect(inspect({ a: tensor(1) }, { maxArrayLength: 0 })).toBe('{ a: tensor(1., size=()) }');
  });

  test('options that ask for less stay, those that ask for more do not flood a log', () => {
    setPrintOptions({ threshold: 5, edgeItems: 1 });
    expect([shown([5]), shown([6]), shown([8, 8])]).toEqual([5, 2, 4]);
    setPrintOptions({ threshold: Infinity, edgeItems: 1000 });
    expect([shown([100]), shown([101]), shown([300, 300])]).toEqual([100, 100, 100]);
  });

  test('many tensors in a list make a short log', () => {
    const list = Array.from({ length: 500 }, () => zeros(50, 50));
    expect(inspect(list).split('\n').length).toBeLessThan(100 * 9 + 5);
  });

  test('a disposed tensor, and one whose memory was taken away', () => {
    const gone = zeros(2, 3);
    gone.dispose();
    const memory = new Float32Array(4);
    const detached = simulated.asTensor(memory);
    const none = simulated.asTensor(memory).asStrided([0], [1], 0);
    structuredClone(memory.buffer, { transfer: [memory.buffer] });
    const disposed = expect.objectContaining({
      code: 'ERR_DISPOSED',
      message: expect.stringMatching(/^toString: the /),
    });
    for (const each of [gone, detached, none]) {
      expect(inspect(each)).toBe(`tensor(<disposed>, shape=[${each.shape}])`);
      expect(inspect([[each]], { depth: 0 })).toBe('[ [Array] ]');
      expect(inspect([each], { depth: 0 })).toBe(`[ tensor(<disposed>, shape=[${each.shape}]) ]`);
      expect(() => String(each)).toThrow(disposed);
    }
    setPrintOptions({ threshold: 0, edgeItems: 0 }); // no element would be read
    expect(() => String(gone)).toThrow(disposed);
  });

  test('the prototype, and what only looks like a tensor', () => {
    const x = tensor([1, 2]);
    expect(inspect(simulated.Tensor.prototype)).toBe('Object [Tensor] {}');
    expect(inspect({ p: simulated.Tensor.prototype })).toBe('{ p: Object [Tensor] {} }');
    expect(() => inspect(simulated.Tensor.prototype, { getters: true, showHidden: true })).not.toThrow();
    expect(inspect(Object.create(x))).toBe('Tensor {}');
    expect(inspect([Object.create(simulated.Tensor.prototype)])).toBe('[ Tensor {} ]');
    expect(inspect(new Proxy(x, {}))).toBe('[Proxy of a Tensor]');
    expect(inspect(new Proxy(x, {}), { showProxy: true })).toBe('Proxy [ tensor([1., 2.]), {} ]');
  });

  test('called by others than Node', () => {
    const x = tensor([1, 2]) as unknown as Record<symbol, (...args: unknown[]) => unknown>;
    expect(x[inspect.custom]()).toBe('tensor([1., 2.])');
    expect(x[inspect.custom](2, {}, inspect)).toBe('tensor([1., 2.])');
    expect(x[inspect.custom](-1)).toBe('[Tensor float32 [2]]');
  });

  test('more than maxArrayLength elements of more edge items than there are indices', () => {
    setPrintOptions({ threshold: 1000, edgeItems: Number.MAX_SAFE_INTEGER });
    using x = zeros(1).expand(2 ** 40);
    expect(shown([1000], { maxArrayLength: 11 })).toBe(10);
    expect(inspect([x], { maxArrayLength: 2 ** 39 })).toMatch(/^\[\s+\[Tensor float32 \[1099511627776\] <toString: /);
    expect(inspect([x], { maxArrayLength: 7 })).toBe('[ tensor([0., 0., 0.,  ..., 0., 0., 0.]) ]');
  });

  test('a text of too many characters is named, with the reason', () => {
    setPrintOptions({ precision: 1074, threshold: Infinity, lineWidth: Infinity });
    using one = tensor([5e-324], { dtype: 'float64' });
    using x = one.expand(2 ** 16); // each has more than 1,074 characters
    expect(inspect(x)).toMatch(/^\[Tensor float64 \[65536\] <toString: about \d+ characters are more than .*>\]$/);
    expect(inspect([x], { maxArrayLength: null })).toMatch(/<toString: about \d+ characters/);
    const refused = expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
    expect(() => String(x)).toThrow(refused);
    expect(() => `${x}`).toThrow(refused);
    setPrintOptions({ threshold: 1000 });
    expect(inspect(x)).toMatch(/^tensor\(\[4\.9406\d*e-324, .* {2}\.\.\., /);
  });

  test('what cannot be shown is named, with the reason', () => {
    setPrintOptions({ profile: 'full' });
    using x = zeros(1).expand(2 ** 30);
    expect(inspect(x)).toMatch(/^\[Tensor float32 \[1073741824\] <toString: 1073741824 elements are more than .*>\]$/);
    expect(() => String(x)).toThrow(RangeError);
    using y = zeros(2, { device: 'cuda' });
    copy.mockImplementationOnce(() => {
      throw new Error('the device is lost');
    });
    expect(inspect({ y })).toBe('{ y: [Tensor float32 [2] on cuda:0 <the device is lost>] }');
  });
});

// ---------------------------------------------------------------- what is read

describe('what is not shown is not read', () => {
  test('of a view that no memory could hold', () => {
    using row = arange(3);
    using view = row.expand(2 ** 20, 2 ** 20, 3);
    using turned = view.transpose(0, 2);
    using small = row.expand(100, 100, 3);
    using smallTurned = small.transpose(0, 2);
    expect(String(view)).toBe(String(small));
    expect(String(turned)).toBe(String(smallTurned));
    expect(left(5)).toBe(0);
  });

  test.each(devices)('nor brought over from %s', (device) => {
    using one = tensor([[3]], { device, dtype: 'int16' });
    using view = one.expand(2 ** 20, 2 ** 20);
    expect(String(view).split('\n').at(-1)).toBe(`        [3, 3, 3,  ..., 3, 3, 3]], device='${device}', dtype=int16)`);
    using host = arange(40 * 30).view(40, 30);
    using large = host.to(device);
    copy.mockClear();
    expect(String(large)).toBe(String(host).replace(')', `, device='${device}')`));
    expect(String(large.t())).toBe(String(host.t()).replace(')', `, device='${device}')`));
    inspect({ large });
    expect(copiedBytes()).toEqual([36 * 4, 36 * 4, 36 * 4]);
  });

  test('more dimensions than a launch takes, were those of size 1 counted', () => {
    setPrintOptions({ threshold: 10, edgeItems: 2 });
    using host = arange(5 ** 4).view(...Array(60).fill(1), 5, 5, 5, 5);
    using large = host.cuda();
    expect(String(large)).toBe(String(host).replace(')', ",\n       device='cuda:0')"));
    expect(copiedBytes().slice(1)).toEqual([4 ** 4 * 4]);
  });

  test('a tensor that is only named waits for no device, nor does one that shows no element', () => {
    const x = zeros(4, 4, { device: 'cuda' });
    const none = zeros(0, 3, { device: 'cuda' });
    copy.mockClear();
    inspect({ a: { b: { x } } });
    inspect([x], { depth: 0 });
    inspect(x, { depth: -1 });
    inspect({ x }, { maxArrayLength: 0 });
    String(none);
    setPrintOptions({ threshold: 1, edgeItems: 0 });
    String(x);
    expect([copiedBytes(), synchronize.mock.calls]).toEqual([[], []]);
    setPrintOptions({ edgeItems: 1 });
    String(x);
    expect(copiedBytes()).toEqual([4 * 4]);
  });

  test('all that was made on the way is disposed', () => {
    using host = arange(2000).view(20, 100);
    using flipped = host.t();
    const odd: Tensor[] = [
      simulated.asTensor(Uint8Array.from({ length: 4009 }, () => 1).subarray(1, 4005), { dtype: 'float32' }),
    ];
    using device = flipped.cuda();
    undisposed = simulated.memoryStats().undisposedTensors;
    const bytes = simulated.memoryStats().undisposedBytes;
    for (const each of [host, flipped, device, ...odd]) {
      String(each);
      inspect({ each });
    }
    expect([left(0), simulated.memoryStats().undisposedBytes]).toEqual([0, bytes]);
  });
});
