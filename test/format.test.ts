import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType } from '../src/index';
import { countShown, defaultPrintOptions, formatTensor, type Printable, type PrintOptions } from '../src/print/format';
import { decode, type Encoded, positions } from './support/values';

type Value = ReturnType<Printable['read']>[number];

interface VectorOptions {
  precision?: number;
  threshold?: number;
  edgeitems?: number;
  linewidth?: number;
  sci_mode?: boolean;
}

interface VectorCase {
  name: string;
  dtype: DType;
  shape: number[];
  values: Encoded[];
  view?: { strides: number[]; offset: number };
  options?: VectorOptions;
  expected: string;
}

const KINDS: Record<string, Printable['kind']> = {
  float16: 'float',
  bfloat16: 'float',
  float32: 'float',
  float64: 'float',
  complex64: 'complex',
  complex128: 'complex',
  int8: 'integer',
  uint8: 'integer',
  int16: 'integer',
  int32: 'integer',
  int64: 'integer',
  bool: 'bool',
};

const OPTION_NAMES: Record<keyof VectorOptions, keyof PrintOptions> = {
  precision: 'precision',
  threshold: 'threshold',
  edgeitems: 'edgeItems',
  linewidth: 'lineWidth',
  sci_mode: 'sciMode',
};

const vectors = JSON.parse(readFileSync(path.join(__dirname, 'vectors/printing.json'), 'utf8')) as {
  cases: VectorCase[];
};

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, dim) => shape.slice(dim + 1).reduce((step, size) => step * size, 1));
}

/** A tensor on the CPU, row-major unless `layout` says otherwise, over an array or a function. */
function printable(
  dtype: string,
  shape: number[],
  values: readonly Value[] | ((position: number) => Value),
  layout: Partial<Pick<Printable, 'strides' | 'storageOffset' | 'device'>> = {},
): Printable {
  const valueAt = typeof values === 'function' ? values : (position: number) => values[position];
  const get = (position: number): Value => {
    const value = valueAt(position);
    if (value === undefined) {
      throw new RangeError(`expected a position inside the storage, received ${position}`);
    }
    return value;
  };
  const read: Printable['read'] = (shown) => positions(shown.shape, shown.strides, shown.storageOffset).map(get);
  const strides = rowMajor(shape);
  return { dtype, kind: KINDS[dtype], device: 'cpu', shape, strides, storageOffset: 0, ...layout, read };
}

/** Integers from 0 on, as a tensor. */
function counting(dtype: string, shape: number[]): Printable {
  return printable(dtype, shape, (position) => (dtype === 'int64' ? BigInt(position) : position));
}

function optionsOf(options: VectorOptions = {}): Partial<PrintOptions> {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [OPTION_NAMES[key as keyof VectorOptions], value]),
  );
}

describe('vectors taken from torch', () => {
  test.each(vectors.cases)('$name', ({ dtype, shape, values, view, options, expected }) => {
    const decoded = values.map((encoded) => decode(encoded, dtype));
    const layout = view && { strides: view.strides, storageOffset: view.offset };
    const tensor = printable(dtype, shape, decoded, layout);
    expect(formatTensor(tensor, optionsOf(options))).toBe(expected);
  });

  test('they are of every dtype', () => {
    expect(vectors.cases).toHaveLength(157);
    expect(new Set(vectors.cases.map(({ dtype }) => dtype))).toEqual(new Set(Object.keys(KINDS)));
  });
});

test('the default options are those of torch', () => {
  expect(defaultPrintOptions).toEqual({
    precision: 4,
    threshold: 1000,
    edgeItems: 3,
    lineWidth: 80,
    sciMode: null,
  });
});

// Every text below was printed by torch 2.13.0, less its `torch.` before the dtype.

const off = { sciMode: false };
const scientific = { sciMode: true };

interface FloatCase {
  name: string;
  values: number[] | number;
  options?: Partial<PrintOptions>;
  expected: string;
}

const floatCases: FloatCase[] = [
  { name: 'ties', values: [0.03125, 0.09375, -0.03125], expected: '[ 0.0312,  0.0938, -0.0312]' },
  {
    name: 'ties at the point',
    values: [0.5, 1.5, 2.5, -2.5],
    options: { precision: 0 },
    expected: '[ 0,  2,  2, -2]',
  },
  {
    name: 'scientific ties at the point',
    values: [2.5, 3.5, 1e9],
    options: { precision: 0 },
    expected: '[2e+00, 4e+00, 1e+09]',
  },
  {
    name: 'scientific ties',
    values: [122.5, 123.5],
    options: { precision: 2, sciMode: true },
    expected: '[1.22e+02, 1.24e+02]',
  },
  { name: 'a decimal tie above 1e8', values: [1.00005e9], expected: '[1.0000e+09]' },
  { name: 'a decimal tie above 1e8, odd', values: [1.00015e9], expected: '[1.0002e+09]' },
  { name: 'just above a tie', values: 1.00005, expected: '1.0001' },
  { name: 'a carry into the width', values: [9.99996, 99.99996], expected: '[ 10.0000, 100.0000]' },
  {
    name: 'a carry into the exponent',
    values: [9.99996e-5, 1],
    expected: '[1.0000e-04, 1.0000e+00]',
  },
  { name: 'min exactly 1e-4', values: [1e-4, 0.05], expected: '[0.0001, 0.0500]' },
  { name: 'min below 1e-4', values: [9.9999999999999e-5], expected: '[1.0000e-04]' },
  { name: 'max exactly 1e8', values: 1e8, expected: '100000000.' },
  { name: 'max one ulp above 1e8', values: 1e8 + 2 ** -26, expected: '1.0000e+08' },
  { name: 'subnormal', values: [5e-324, 2 ** -1022], expected: '[4.9407e-324, 2.2251e-308]' },
  {
    name: 'the largest',
    values: [1e308, -Number.MAX_VALUE],
    expected: '[ 1.0000e+308, -1.7977e+308]',
  },
  {
    name: 'digits past the exact value are zeros',
    values: 123456.5,
    options: { precision: 20 },
    expected: '123456.50000000000000000000',
  },
  {
    name: '1e23 is less',
    values: 1e23,
    options: { precision: 15 },
    expected: '9.999999999999999e+22',
  },
  {
    name: '0.1 is more',
    values: 0.1,
    options: { precision: 30 },
    expected: '0.100000000000000005551115123126',
  },
  {
    name: 'zeros stay whole',
    values: [0, -0, Number.NaN],
    options: scientific,
    expected: '[0., -0., nan]',
  },
  {
    name: 'zeros, infinities and nan follow',
    values: [1e-5, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
    options: { lineWidth: 100 },
    expected: '[1.0000e-05, 0.0000e+00, -0.0000e+00,        inf,       -inf,        nan]',
  },
  {
    name: 'a negative rounds to −0',
    values: [-1e-5, 0.5],
    options: off,
    expected: '[-0.0000,  0.5000]',
  },
];

describe('floats', () => {
  test.each(floatCases)('$name', ({ values, options, expected }) => {
    const shape = typeof values === 'number' ? [] : [values.length];
    const tensor = printable('float64', shape, [values].flat());
    expect(formatTensor(tensor, options)).toBe(`tensor(${expected}, dtype=float64)`);
  });

  test('a whole number of 301 digits', () => {
    const digits = BigInt(1e300).toString();
    expect(formatTensor(printable('float64', [], [1e300]), off)).toBe(`tensor(${digits}.,\n       dtype=float64)`);
  });
});

describe('shapes', () => {
  test.each([
    ['float32', [0], 'tensor([])'],
    ['float32', [2, 0, 3], 'tensor([], size=(2, 0, 3))'],
    ['int8', [0, 5], 'tensor([], size=(0, 5), dtype=int8)'],
    ['int64', [0], 'tensor([], dtype=int64)'],
    ['int64', [], 'tensor(0)'],
    ['int64', [1, 1, 1], 'tensor([[[0]]])'],
  ])('%s %j', (dtype, shape, expected) => {
    expect(formatTensor(counting(dtype, shape))).toBe(expected);
  });

  test('5-d', () => {
    expect(formatTensor(counting('int64', [2, 1, 2, 1, 2]))).toBe(
      [
        'tensor([[[[[0, 1]],',
        '',
        '          [[2, 3]]]],',
        '',
        '',
        '',
        '        [[[[4, 5]],',
        '',
        '          [[6, 7]]]]])',
      ].join('\n'),
    );
  });

  test('summarised 3-d, a short dimension in full', () => {
    expect(formatTensor(counting('int16', [12, 2, 100]))).toBe(
      [
        'tensor([[[   0,    1,    2,  ...,   97,   98,   99],',
        '         [ 100,  101,  102,  ...,  197,  198,  199]],',
        '',
        '        [[ 200,  201,  202,  ...,  297,  298,  299],',
        '         [ 300,  301,  302,  ...,  397,  398,  399]],',
        '',
        '        [[ 400,  401,  402,  ...,  497,  498,  499],',
        '         [ 500,  501,  502,  ...,  597,  598,  599]],',
        '',
        '        ...,',
        '',
        '        [[1800, 1801, 1802,  ..., 1897, 1898, 1899],',
        '         [1900, 1901, 1902,  ..., 1997, 1998, 1999]],',
        '',
        '        [[2000, 2001, 2002,  ..., 2097, 2098, 2099],',
        '         [2100, 2101, 2102,  ..., 2197, 2198, 2199]],',
        '',
        '        [[2200, 2201, 2202,  ..., 2297, 2298, 2299],',
        '         [2300, 2301, 2302,  ..., 2397, 2398, 2399]]], dtype=int16)',
      ].join('\n'),
    );
  });

  test('a tensor of threshold elements is shown in full, one more is not', () => {
    const threshold = 5;
    expect(formatTensor(counting('int64', [5]), { threshold, edgeItems: 1 })).toBe('tensor([0, 1, 2, 3, 4])');
    expect(formatTensor(counting('int64', [6]), { threshold, edgeItems: 1 })).toBe('tensor([0,  ..., 5])');
  });

  test('a line too short for one element takes one', () => {
    expect(formatTensor(counting('int64', [2, 2]), { lineWidth: 1 })).toBe(
      'tensor([[0,\n         1],\n        [2,\n         3]])',
    );
  });

  test.each([
    ['int64', [1001], 'tensor([...], size=(1001,))'],
    ['int32', [40, 30], 'tensor([...], size=(40, 30), dtype=int32)'],
    ['int64', [3], 'tensor([0, 1, 2], size=(3,))'],
    ['int64', [], 'tensor(0, size=())'],
  ])('no edge items: %s %j', (dtype, shape, expected) => {
    expect(formatTensor(counting(dtype, shape), { edgeItems: 0 })).toBe(expected);
  });

  test('of a tensor too large to hold only the edges are read', () => {
    const read: number[] = [];
    const tensor = printable('float32', [1e5, 1e5], (position) => {
      read.push(position);
      return position % 10;
    });
    expect(formatTensor(tensor).split('\n')).toHaveLength(7);
    expect(read).toHaveLength(36);
    expect(read.slice(0, 7)).toEqual([0, 1, 2, 99997, 99998, 99999, 1e5]);
  });

  test('of an empty tensor nothing is read, nor of one that shows nothing', () => {
    const unreadable = (shape: number[]): Printable => ({
      ...counting('float32', shape),
      read: () => {
        throw new Error('read');
      },
    });
    expect(formatTensor(unreadable([1e9, 0]))).toBe('tensor([], size=(1000000000, 0))');
    expect(formatTensor(unreadable([1e3, 9]), { edgeItems: 0 })).toBe('tensor([...], size=(1000, 9))');
  });

  test('what no string holds is refused before it is read', () => {
    const shape = [2 ** 20 + 1];
    const format = () => formatTensor(counting('int8', shape), { threshold: Number.POSITIVE_INFINITY });
    expect(format).toThrow(
      expect.objectContaining({
        code: 'ERR_OUT_OF_RANGE',
        message: 'toString: 1048577 elements are more than a text shows (2^20); set a smaller threshold or edgeItems',
      }),
    );
    expect(countShown(shape, defaultPrintOptions)).toBe(6);
  });

  test('the characters of a text are estimated before it is made: never fewer, and hardly more', () => {
    const estimate = (tensor: Printable, options: Partial<PrintOptions>): number => {
      try {
        formatTensor(tensor, { ...options, maxCharacters: 0 });
      } catch (error) {
        const [, count] = /^toString: about (\d+) characters are more than/.exec((error as Error).message) ?? [];
        return Number(count);
      }
      return 0; // no dimensions
    };
    const rows = vectors.cases.map(({ dtype, shape, values, view, options, expected }) => {
      const decoded = values.map((encoded) => decode(encoded, dtype));
      const layout = view && { strides: view.strides, storageOffset: view.offset };
      return [estimate(printable(dtype, shape, decoded, layout), optionsOf(options)), expected.length] as const;
    });
    // What stands around: tensor(…), the device, the size and the dtype.
    const around = 60;
    expect(rows.filter(([estimated, length]) => estimated > 0 && estimated + around < length)).toEqual([]);
    expect(rows.filter(([estimated, length]) => estimated > 2 * length + around)).toEqual([]);
    const wide = [1e300, -1e-300, 0.1, Number.NaN];
    for (const sciMode of [true, false, null]) {
      for (const precision of [0, 4, 300, 1074]) {
        const tensor = printable('float64', [4], wide);
        const { length } = formatTensor(tensor, { precision, sciMode });
        expect(estimate(tensor, { precision, sciMode }) + around).toBeGreaterThanOrEqual(length);
      }
    }
  });

  test('a text of too many characters is refused before it is made', () => {
    const thrownBy = (tensor: Printable, options: Partial<PrintOptions>) => {
      expect(() => formatTensor(tensor, { threshold: Number.POSITIVE_INFINITY, ...options })).toThrow(
        expect.objectContaining({
          name: 'RangeError',
          code: 'ERR_OUT_OF_RANGE',
          message: expect.stringMatching(
            /^toString: about \d+ characters are more than a text has \(2\^25\); set a smaller precision, threshold or edgeItems$/,
          ),
        }),
      );
    };
    const repeated = (dtype: string, shape: number[], value: Value): Printable => ({
      ...printable(dtype, shape, []),
      read: () => Array(shape.reduce((count, size) => count * size)).fill(value),
    });
    // At least twice as many characters as a text may have.
    const tiny = repeated('float64', [2 ** 16], 5e-324);
    thrownBy(tiny, { precision: 1074 });
    thrownBy(tiny, { precision: 1074, sciMode: false, lineWidth: Number.POSITIVE_INFINITY });
    thrownBy(repeated('complex128', [2 ** 20], { re: 1e-9, im: 5e-324 }), { precision: 30 });
    thrownBy(repeated('float64', [2 ** 18], 1e300), { sciMode: false });
    // Short elements, each on a line that is indented far, and set apart by many line breaks.
    thrownBy(repeated('int8', [2 ** 19, ...Array(60).fill(1), 2], 1), {});
  });

  test('exact decimals are computed of ties only, and of more digits than JavaScript gives', () => {
    const exact = jest.spyOn(globalThis, 'BigInt');
    const counted = (values: number[], options: Partial<PrintOptions>) => {
      exact.mockClear();
      const text = formatTensor(printable('float64', [values.length], values), { lineWidth: 1e6, ...options });
      return [text.slice('tensor('.length, -', dtype=float64)'.length), exact.mock.calls.length];
    };
    expect(counted([5e-324, 1e300], {})).toEqual(['[4.9407e-324, 1.0000e+300]', 0]);
    expect(counted([0.1, 0.7, 1e9 / 3], off)).toEqual(['[        0.1000,         0.7000, 333333333.3333]', 0]);
    expect(counted([1, 1e20], off)).toEqual(['[                    1., 100000000000000000000.]', 0]);
    // 1.00005 is no exact tie; the other two are, and take three bigints each. 9.5 carries.
    expect(counted([1.00005, 0.03125, 0.09375], {})).toEqual(['[1.0001, 0.0312, 0.0938]', 6]);
    expect(counted([9.5, 1e9], { precision: 0 })[0]).toBe('[1e+01, 1e+09]');
    expect(counted([25e7, 35e7], { precision: 0 })).toEqual(['[2e+08, 4e+08]', 6]);
    expect(counted([5e-324], { precision: 101 })[1]).toBeGreaterThan(0);
    exact.mockRestore();
  });

  test('a line without end', () => {
    const options = { lineWidth: Number.POSITIVE_INFINITY };
    expect(formatTensor(counting('int16', [1000]), options)).toMatch(/^tensor\(\[ {2}0, .* 999\], dtype=int16\)$/);
  });
});

describe('suffixes', () => {
  const halves = (length: number, dtype: string) =>
    printable(dtype, [length], (position) => position + 0.5, { device: 'cuda:0' });

  test('device, size, dtype', () => {
    const tensor = printable('int8', [0, 3], [], { device: 'cuda:1' });
    expect(formatTensor(tensor)).toBe("tensor([], device='cuda:1', size=(0, 3), dtype=int8)");
  });

  test('the dtype is measured as it is printed, without the torch. that torch breaks this line for', () => {
    const tensor = printable('float64', [7], (position) => position + 0.5);
    expect(formatTensor(tensor)).toBe(
      'tensor([0.5000, 1.5000, 2.5000, 3.5000, 4.5000, 5.5000, 6.5000], dtype=float64)',
    );
    expect(formatTensor(tensor, { lineWidth: 79 })).toBe(
      'tensor([0.5000, 1.5000, 2.5000, 3.5000, 4.5000, 5.5000, 6.5000],\n       dtype=float64)',
    );
  });

  test('one that does not fit moves to a new line', () => {
    expect(formatTensor(halves(7, 'float64'))).toBe(
      [
        'tensor([0.5000, 1.5000, 2.5000, 3.5000, 4.5000, 5.5000, 6.5000],',
        "       device='cuda:0', dtype=float64)",
      ].join('\n'),
    );
  });

  test('each is placed for itself', () => {
    expect(formatTensor(halves(5, 'float64'))).toBe(
      ["tensor([0.5000, 1.5000, 2.5000, 3.5000, 4.5000], device='cuda:0',", '       dtype=float64)'].join('\n'),
    );
  });

  test('only the last line of the contents counts', () => {
    expect(formatTensor(halves(10, 'float32'))).toBe(
      [
        'tensor([0.5000, 1.5000, 2.5000, 3.5000, 4.5000, 5.5000, 6.5000, 7.5000, 8.5000,',
        "        9.5000], device='cuda:0')",
      ].join('\n'),
    );
  });

  test.each([
    [36, "tensor([0.5000, 1.5000, 2.5000],\n       device='cuda:0',\n       dtype=float64)"],
    [37, "tensor([0.5000, 1.5000, 2.5000],\n       device='cuda:0', dtype=float64)"],
  ])('two that moved share a line if it holds them: %d columns', (lineWidth, expected) => {
    expect(formatTensor(halves(3, 'float64'), { lineWidth })).toBe(expected);
  });
});
