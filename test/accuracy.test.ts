/**
 * The numbers, on every device and instruction set: rsqrt against exact references and special values, every operation on
 * all numbers of 16 bits.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { opNamed, unaryNames, unaryOf } from './support/ops';
import {
  type Element,
  fromWord,
  isFloat,
  isNearest,
  nearest,
  partOf,
  randomBits,
  reference,
  toWord,
} from './support/reference';
import { arrayFor, bytesOf, dataOf, elementAt, setElement, wordsOf } from './support/values';

const vectors = (name: string) => readFileSync(path.join(__dirname, 'vectors', name), 'utf8');

const hex32 = (bits: number) => `0x${bits.toString(16).padStart(8, '0')}`;

// An odd step, so that every exponent is met with ever different mantissas.
const STEP = 4093;

// The mantissas nearest to a midpoint: those that go wrong first when the correction is weakened (its cubic term
// factored or left out, or on a GPU the Newton step), found by running all inputs through such a build.
const hardMantissas = [0x3a18e3, 0x3a2a39, 0x0a5c86];

const hard = vectors('rsqrt-float64-hard.tsv')
  .trim()
  .split('\n')
  .map((line) => line.split('\t').map((word) => BigInt(`0x${word}`)));

type Word = string | number | boolean | [re: string, im: string];
interface SpecialGroup {
  dtype: DType;
  out_dtype: DType;
  cases: { name: string; in: Word; correctly_rounded?: string; torch: Word; kind: string | [string, string] }[];
}
const special: SpecialGroup[] = JSON.parse(vectors('rsqrt-special.json')).groups;

const allPatterns = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const cases16 = (['float16', 'bfloat16'] as const).flatMap((dtype) => unaryNames.map((op) => [op, dtype] as const));
/** What is computed once for all configurations, by the first that needs it. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const expected16 = new Map(
  cases16.map(([op, dtype]) => {
    const results = () =>
      allPatterns.map((bits) => Number(toWord(dtype, reference(op, dtype, fromWord(dtype, bits)) as number)));
    return [`${op} ${dtype}`, once(results)] as const;
  }),
);

/** Bit patterns of float32, and those of rsqrt's results. */
const float32Slice = once(() => {
  const spread = Array.from({ length: Math.ceil(2 ** 32 / STEP) }, (_, i) => i * STEP);
  const hardest = hardMantissas.flatMap((mantissa) =>
    Array.from({ length: 255 }, (_, exponent) => exponent * 2 ** 23 + mantissa),
  );
  const bits = Uint32Array.from([...hardest, ...spread]);
  const results = Float32Array.from(new Float32Array(bits.buffer), (value) => Math.fround(1 / Math.sqrt(value)));
  const expected = new Uint32Array(results.buffer);
  for (let i = 0; i < expected.length; i++) if (Number.isNaN(results[i])) expected[i] = 0x7fc00000;
  return { bits, expected };
});

/** Numbers of float64, and rsqrt of them. */
const float64Random = once(() => {
  const random = randomBits(20);
  const x = new Float64Array(20_000);
  const bits = new BigUint64Array(x.buffer);
  for (let i = 0; i < x.length; i++) {
    bits[i] = ((BigInt(random()) << 32n) | BigInt(random())) & ~(1n << 63n);
    // 1/√x is then near a float with few bits, or near a power of two.
    if (i % 4 === 0) x[i] = 1 / (1 + (random() % 2 ** 20) * 2 ** -20) ** 2;
    if (i % 8 === 1) bits[i] = (bits[i] & ~((1n << 52n) - 1n)) + BigInt((random() % 7) - 3);
  }
  return { x, expected: x.map((value) => reference('rsqrt', 'float64', value) as number) };
});

type Numbers = ArrayLike<number> & ArrayBufferView;

/** The indices at which two arrays differ; if their bytes are the same, none is looked at. */
function differences(actual: Numbers, expected: Numbers): number[] {
  if (bytesOf(actual).equals(bytesOf(expected))) return [];
  return Array.from(expected, (_, i) => i).filter((i) => !Object.is(actual[i], expected[i]));
}

describe.each(configurations)('$name', ({ rsqrt, device }) => {
  test('float32: a slice of all 2^32 bit patterns (npm run exhaustive does the rest)', () => {
    const { bits, expected } = float32Slice();
    using input = rsqrt.asTensor(new Float32Array(bits.slice().buffer), { device });
    using result = rsqrt.rsqrt(input);
    const actual = new Uint32Array(dataOf(result).slice().buffer);
    const wrong = differences(actual, expected);
    expect(wrong.map((i) => `${hex32(bits[i])}: ${hex32(actual[i])}, expected ${hex32(expected[i])}`)).toEqual([]);
    covered('accuracy', `float32: every ${STEP}rd bit pattern, and the hardest mantissas`);
  });

  test(`float64: ${hard.length} inputs that are hard to round`, () => {
    const x = new Float64Array(BigUint64Array.from(hard, ([input]) => input).buffer);
    using input = rsqrt.asTensor(x, { device });
    using result = rsqrt.rsqrt(input);
    const actual = new BigUint64Array(dataOf(result).slice().buffer);
    expect(hard.filter(([, want], i) => actual[i] !== want)).toEqual([]);
    covered('accuracy', `float64: ${hard.length} hard cases`);
  });

  test('float64: random inputs of every exponent, and neighbours of squares, against exact integers', () => {
    const { x, expected } = float64Random();
    using input = rsqrt.asTensor(x.slice(), { device });
    using result = rsqrt.rsqrt(input);
    const actual = dataOf(result) as Float64Array;
    expect(differences(actual, expected).map((i) => [x[i], actual[i], expected[i]])).toEqual([]);
  });

  test.each(cases16)('%s of all 65,536 numbers of %s', (op, dtype) => {
    using x = rsqrt.asTensor(allPatterns.slice(), { dtype, device });
    using result = unaryOf(rsqrt, op)(x);
    const actual = dataOf(result) as Uint16Array;
    const expected = (expected16.get(`${op} ${dtype}`) as () => Uint16Array)();
    const hex = (bits: number) => `0x${bits.toString(16).padStart(4, '0')}`;
    const wrong = differences(actual, expected);
    expect(wrong.map((bits) => `${hex(bits)}: ${hex(actual[bits])}, expected ${hex(expected[bits])}`)).toEqual([]);
    covered('accuracy', `${dtype}: all 65,536 bit patterns`);
  });

  test.each(special.map((group) => [group.dtype, group] as const))(
    'special values of %s, as the vectors have them',
    (dtype, group) => {
      const source = arrayFor(dtype, group.cases.length);
      group.cases.forEach((c, i) => {
        setElement(source, dtype, i, decode(dtype, c.in));
      });
      using input = rsqrt.asTensor(source, { dtype, device });
      using result = rsqrt.rsqrt(input);
      expect(result.dtype).toBe(group.out_dtype);
      const actual = dataOf(result);
      const outcome = group.cases.map(({ name }, i) => ({ name, value: elementAt(actual, group.out_dtype, i) }));
      if (partOf(dtype)) {
        expect(outcome).toEqual(group.cases.map((c) => ({ name: c.name, value: nearTo(dtype, c.torch, c.kind) })));
        return;
      }
      const expected = arrayFor(group.out_dtype, group.cases.length);
      group.cases.forEach((c, i) => {
        // The vectors leave bool without a bit-exact column: 1/√0 and 1/√1.
        const word = c.correctly_rounded ?? (c.in ? '0x3f800000' : '0x7f800000');
        setElement(expected, group.out_dtype, i, decode(group.out_dtype, word));
      });
      expect(outcome).toEqual(
        group.cases.map(({ name }, i) => ({ name, value: elementAt(expected, group.out_dtype, i) })),
      );
      expect(wordsOf(actual)).toEqual(wordsOf(expected)); // NaN too
    },
  );
});

function decode(dtype: DType, word: Word): Element {
  const part = partOf(dtype);
  if (part !== undefined)
    return { re: fromWord(part, (word as string[])[0]), im: fromWord(part, (word as string[])[1]) };
  if (isFloat(dtype)) return fromWord(dtype, word as string);
  return dtype === 'int64' ? BigInt(word as string) : (word as number | boolean);
}

/** What is as near to torch's complex result as torch asks of itself, and of the same classes. */
function nearTo(dtype: DType, word: Word, kind: string | [string, string]): unknown {
  const { re, im } = decode(dtype, word) as { re: number; im: number };
  const [relative, absolute] = dtype === 'complex64' ? [1.3e-6, 1e-5] : [1e-7, 1e-7];
  const near = (value: number, which: string) =>
    which === 'finite' ? new Near(value, absolute + relative * Math.abs(value)) : value;
  return { re: near(re, kind[0]), im: near(im, kind[1]) };
}

/** Matches finite numbers that are not further than a tolerance from one. */
class Near {
  readonly $$typeof = Symbol.for('jest.asymmetricMatcher');

  constructor(
    readonly value: number,
    readonly tolerance: number,
  ) {}

  asymmetricMatch(actual: number): boolean {
    return Number.isFinite(actual) && Math.abs(actual - this.value) <= this.tolerance;
  }

  toString(): string {
    return `${this.value} ± ${this.tolerance}`;
  }
}

// The references themselves, on values worked out by hand.
test('the reference rounds integers to float32 once, ties to even', () => {
  const float32 = (value: bigint) => nearest('float32', value);
  expect([16777217n, 16777219n, -16777219n, (1n << 62n) + 1n].map(float32)).toEqual([
    16777216,
    16777220,
    -16777220,
    2 ** 62,
  ]);
});

test('the reference rounds to float dtypes once, ties to even', () => {
  // Halfway between 1 and the next number, a little less or more, and where float32 between would make a tie of more.
  const float16 = [
    1 + 2 ** -11,
    1 + 2 ** -11 - 2 ** -52,
    1 + 2 ** -11 + 2 ** -52,
    1 + 3 * 2 ** -11,
    2 ** -25,
    2 ** -24 * 1.5,
  ];
  expect(float16.map((x) => nearest('float16', x))).toEqual([1, 1, 1 + 2 ** -10, 1 + 2 ** -9, 0, 2 ** -23]);
  expect([65519, 65520, -1e300, 65504].map((x) => nearest('float16', x))).toEqual([65504, Infinity, -Infinity, 65504]);
  expect([257n, 259n, -257n, 258n].map((x) => nearest('bfloat16', x))).toEqual([256, 260, -256, 258]);
  const random = randomBits(11);
  const doubles = Array.from({ length: 20_000 }, () => (random() - 2 ** 31) * 2 ** ((random() % 300) - 200));
  expect(doubles.filter((x) => nearest('float32', x) !== Math.fround(x))).toEqual([]);
  expect(doubles.filter((x) => nearest('float64', x) !== x)).toEqual([]);
});

test.each(['float16', 'bfloat16', 'float32', 'float64'] as const)('bits of %s and back', (dtype) => {
  const random = randomBits(12);
  const words = Array.from({ length: 65_536 }, (_, i) =>
    dtype.endsWith('16')
      ? BigInt(i)
      : BigInt.asUintN(dtype === 'float32' ? 32 : 64, (BigInt(random()) << 32n) | BigInt(random())),
  );
  const wrong = words.filter((word) => {
    const value = fromWord(dtype, word);
    return !Number.isNaN(value) && toWord(dtype, value) !== word;
  });
  expect(wrong).toEqual([]);
});

test('1/√x through double is the nearest float32, also for the hardest mantissas', () => {
  const random = randomBits(5);
  const bits = Uint32Array.from({ length: 50_000 }, (_, i) =>
    i < 765 ? (i % 255) * 2 ** 23 + hardMantissas[Math.floor(i / 255)] : 1 + (random() % 0x7f7fffff),
  );
  const x = [...new Float32Array(bits.buffer)];
  expect(x.filter((value) => !isNearest('float32', Math.fround(1 / Math.sqrt(value)), 'rsqrt', value))).toEqual([]);
  expect(isNearest('float32', 0.5000000596046448, 'rsqrt', 4)).toBe(false);
});

test.each(cases16.filter(([op]) => opNamed(op).isAbove !== undefined))(
  '%s through double is the nearest %s, for every positive number',
  (op, dtype) => {
    const infinity = Number(toWord(dtype, Number.POSITIVE_INFINITY));
    const x = Array.from({ length: infinity - 1 }, (_, i) => fromWord(dtype, i + 1));
    const wrong = x.filter((value) => !isNearest(dtype, reference(op, dtype, value) as number, op, value));
    expect(wrong).toEqual([]);
    expect(isNearest(dtype, fromWord(dtype, toWord(dtype, 2) + 1n), op, 0.25)).toBe(false);
    expect(isNearest(dtype, fromWord(dtype, toWord(dtype, 2) - 1n), op, 0.25)).toBe(false);
  },
);

test('the reference agrees with the hard cases of the vectors', () => {
  const view = new DataView(new ArrayBuffer(8));
  const wrong = hard.filter(([input, want]) => {
    view.setBigUint64(0, input);
    const result = reference('rsqrt', 'float64', view.getFloat64(0)) as number;
    view.setFloat64(0, result);
    return view.getBigUint64(0) !== want;
  });
  expect(wrong).toEqual([]);
});
