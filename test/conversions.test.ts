/** `to()` between all dtypes, on every device and instruction set, against integers: each value is rounded once. */

import { type DType, dtypes } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { convert, type FloatName, fromWord, isFloat, nearest, partOf, randomBits, toWord } from './support/reference';
import {
  type AnyArray,
  arrayFor,
  bytesOf,
  dataOf,
  elementAt,
  inputs,
  positions,
  setElement,
  wordsOf,
} from './support/values';

const POOL = 1500;
covered('conversion', 'every dtype to every dtype');

/** Ways to lie in memory: one dimension of each short length, in runs and with gaps, and a matrix. */
const layouts = [
  { shape: [POOL], strides: [1], offset: 0 },
  ...Array.from({ length: 41 }, (_, n) => ({ shape: [n], strides: [1], offset: 3 })),
  { shape: [67], strides: [2], offset: 1 },
  { shape: [17, 31], strides: [1, 17], offset: 0 },
  { shape: [5, 70], strides: [75, 1], offset: 4 },
  { shape: [3, 20], strides: [0, 1], offset: 2 },
].map((layout) => ({ ...layout, at: positions(layout.shape, layout.strides, layout.offset) }));

const pairs = dtypes.flatMap((from) => dtypes.map((to) => [from, to] as const));

interface Conversion {
  pool: AnyArray;
  /** What becomes of each element. */
  expected: AnyArray;
  /** The bytes that come of each layout. */
  bytes: Buffer[];
}
const prepared = new Map<string, Conversion>();

/** The pool of a dtype and what becomes of it. Prepared once for all configurations. */
function prepare(from: DType, to: DType): Conversion {
  const key = `${from} ${to}`;
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const pool = inputs(from, POOL, 3);
  const made: Conversion = { pool, expected: from === to ? pool : arrayFor(to, POOL), bytes: [] };
  if (from !== to) {
    for (let i = 0; i < POOL; i++) setElement(made.expected, to, i, convert(from, to, elementAt(pool, from, i)));
    keepBits(from, to, made);
  }
  const size = made.expected.byteLength / POOL;
  const elements = Array.from({ length: POOL }, (_, i) => bytesOf(made.expected).subarray(i * size, (i + 1) * size));
  made.bytes = layouts.map(({ at }) => Buffer.concat(at.map((position) => elements[position])));
  prepared.set(key, made);
  return made;
}

/** A float that only joins or leaves a complex number keeps its bits, those of NaN too. */
function keepBits(from: DType, to: DType, { pool, expected }: { pool: AnyArray; expected: AnyArray }): void {
  if ((partOf(from) ?? from) !== (partOf(to) ?? to)) return;
  const [words, kept] = [wordsOf(pool), wordsOf(expected)];
  const [step, stepTo] = [words.length / POOL, kept.length / POOL];
  for (let i = 0; i < POOL; i++) {
    for (let word = 0; word < Math.min(step, stepTo); word++) {
      kept[i * stepTo + word] = words[i * step + word];
    }
  }
}

/** The source values and the bits that they must have in another dtype. */
interface Ties {
  values: number[];
  expected: number[];
}

/** The middles between all neighbours of a dtype of 16 bits, and what lies just beside them, in a wider one. */
function ties(dtype: 'float16' | 'bfloat16', wider: 'float32' | 'float64'): Ties {
  const result: Ties = { values: [], expected: [] };
  const infinity = Number(toWord(dtype, Number.POSITIVE_INFINITY));
  for (let bits = 0; bits < infinity; bits++) {
    const low = fromWord(dtype, bits);
    const next = fromWord(dtype, bits + 1);
    // Beyond the largest number lies what would follow it.
    const high = Number.isFinite(next) ? next : 2 * low - fromWord(dtype, bits - 1);
    const middle = (low + high) / 2;
    const word = toWord(wider, middle);
    const even = bits % 2 === 0 ? bits : bits + 1;
    const around = [
      [fromWord(wider, word - 1n), bits],
      [middle, even],
      [fromWord(wider, word + 1n), bits + 1],
    ];
    for (const [value, expected] of around) {
      result.values.push(value, -value);
      result.expected.push(expected, expected | 0x8000);
    }
  }
  return result;
}

const tieCases = (['float16', 'bfloat16'] as const).flatMap((to) =>
  (['float32', 'float64'] as const).map((from) => [from, to, ties(to, from)] as const),
);

/** Integers of every size whose bits end, after 8, 11, 24 or 53, in a half, or just beside one. */
const integers = BigInt64Array.from(
  Array.from({ length: 62 }, (_, size) => size).flatMap((size) =>
    [8, 11, 24, 53].flatMap((precision) => {
      const random = randomBits(size * 64 + precision);
      const top = (1n << BigInt(size)) | ((BigInt(random()) << 30n) & ((1n << BigInt(size)) - 1n));
      const unit = 1n << BigInt(Math.max(size - precision, 0));
      const middle = (top & ~(2n * unit - 1n)) | unit;
      return [middle - 1n, middle, middle + 1n, middle + 2n * unit, 1n - middle, -middle, -1n - middle];
    }),
  ),
);

describe.each(configurations)('$name', ({ rsqrt, device }) => {
  test.each(pairs)('%s to %s', (from, to) => {
    const { pool, bytes } = prepare(from, to);
    using base = rsqrt.asTensor(pool.slice(), { dtype: from, device });
    layouts.forEach(({ shape, strides, offset, at }, index) => {
      using view = base.asStrided(shape, strides, offset);
      using converted = view.to({ dtype: to, copy: true });
      const data = dataOf(converted.contiguous());
      const [actual, expected] = [bytesOf(data), bytes[index]];
      if (actual.equals(expected)) return;
      const differs = expected.findIndex((byte, i) => actual[i] !== byte);
      const wrong = Math.floor(differs / data.BYTES_PER_ELEMENT / (partOf(to) ? 2 : 1));
      const [source, got] = [elementAt(pool, from, at[wrong]), elementAt(data, to, wrong)];
      throw new Error(`[${shape}] by [${strides}]: element ${wrong}, ${show(source)}, became ${show(got)}`);
    });
  });

  test.each(tieCases)(
    '%s to %s: every middle between neighbours, and its neighbours',
    (from, to, { values, expected }) => {
      const source = arrayFor(from, values.length);
      (source as Float32Array).set(values);
      using x = rsqrt.asTensor(source, { device });
      using converted = x.to(to);
      const actual = dataOf(converted);
      const wrong = values.findIndex((_, i) => actual[i] !== expected[i]);
      expect([values[wrong], actual[wrong]]).toEqual([values[wrong], expected[wrong]]);
    },
  );

  test.each(dtypes.filter(isFloat))('int64 to %s: middles between neighbours, and beside them', (to: FloatName) => {
    using x = rsqrt.asTensor(integers.slice(), { device });
    using converted = x.to(to);
    const actual = dataOf(converted);
    const wrong = [...integers].filter((value, i) => elementAt(actual, to, i) !== nearest(to, value));
    expect(wrong).toEqual([]);
  });
});

const show = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : Object.is(value, -0) ? '-0' : String(value);
