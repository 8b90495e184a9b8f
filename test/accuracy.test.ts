/** The numbers: rsqrt against exact references, on every device and instruction set. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { isNearestFloat32, randomBits, rsqrtFloat64, toFloat32 } from './support/reference';
import { dataOf } from './support/values';

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

interface SpecialGroup {
  dtype: DType;
  out_dtype: 'float32' | 'float64';
  cases: { name: string; in: string | number | boolean; correctly_rounded: string }[];
}
const special: SpecialGroup[] = JSON.parse(vectors('rsqrt-special.json')).groups;

describe.each(configurations)('$name', ({ rsqrt, device }) => {
  test('float32: a slice of all 2^32 bit patterns (npm run exhaustive does the rest)', () => {
    const spread = Array.from({ length: Math.ceil(2 ** 32 / STEP) }, (_, i) => i * STEP);
    const hardest = hardMantissas.flatMap((mantissa) =>
      Array.from({ length: 255 }, (_, exponent) => exponent * 2 ** 23 + mantissa),
    );
    const bits = Uint32Array.from([...hardest, ...spread]);
    const x = new Float32Array(bits.buffer);
    using input = rsqrt.asTensor(x, { device });
    using result = rsqrt.rsqrt(input);
    const actual = new Uint32Array(dataOf(result).slice().buffer);
    const expected = Float32Array.from(x, (value) => Math.fround(1 / Math.sqrt(value)));
    const expectedBits = new Uint32Array(expected.buffer);
    const wrong: string[] = [];
    for (let i = 0; i < x.length; i++) {
      const want = Number.isNaN(expected[i]) ? 0x7fc00000 : expectedBits[i];
      if (actual[i] !== want) wrong.push(`${hex32(bits[i])}: ${hex32(actual[i])}, expected ${hex32(want)}`);
    }
    expect(wrong).toEqual([]);
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
    const random = randomBits(20);
    const x = new Float64Array(20_000);
    const bits = new BigUint64Array(x.buffer);
    for (let i = 0; i < x.length; i++) {
      bits[i] = ((BigInt(random()) << 32n) | BigInt(random())) & ~(1n << 63n);
      // 1/√x is then near a float with few bits, or near a power of two.
      if (i % 4 === 0) x[i] = 1 / (1 + (random() % 2 ** 20) * 2 ** -20) ** 2;
      if (i % 8 === 1) bits[i] = (bits[i] & ~((1n << 52n) - 1n)) + BigInt((random() % 7) - 3);
    }
    using input = rsqrt.asTensor(x, { device });
    using result = rsqrt.rsqrt(input);
    const actual = dataOf(result);
    const wrong = Array.from(x.keys()).filter((i) => !Object.is(actual[i], rsqrtFloat64(x[i])));
    expect(wrong.map((i) => [x[i], actual[i]])).toEqual([]);
  });

  test.each(special.filter(({ dtype }) => rsqrt.dtypes.includes(dtype)).map((group) => [group.dtype, group] as const))(
    'special values of %s, as the vectors have them',
    (dtype, group) => {
      const values = group.cases.map(({ in: word }) => decode(dtype, word));
      using input = rsqrt.tensor(values, { dtype, device });
      using result = rsqrt.rsqrt(input);
      expect(result.dtype).toBe(group.out_dtype);
      const data = dataOf(result).slice();
      const words = data.BYTES_PER_ELEMENT === 4 ? new Uint32Array(data.buffer) : new BigUint64Array(data.buffer);
      const digits = 2 * data.BYTES_PER_ELEMENT;
      expect(Array.from(words as Uint32Array, (word) => `0x${word.toString(16).padStart(digits, '0')}`)).toEqual(
        // The vectors leave bool without a bit-exact column: 1/√0 and 1/√1.
        group.cases.map((c) => c.correctly_rounded ?? (c.in ? '0x3f800000' : '0x7f800000')),
      );
    },
  );
});

function decode(dtype: DType, word: string | number | boolean): number | bigint | boolean {
  if (dtype === 'int64') return BigInt(word);
  if (typeof word !== 'string') return word;
  const view = new DataView(new ArrayBuffer(8));
  if (dtype === 'float32') {
    view.setUint32(0, Number(word));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, BigInt(word));
  return view.getFloat64(0);
}

// The references themselves, on values worked out by hand.
test('the reference rounds integers to float32 once, ties to even', () => {
  expect([16777217n, 16777219n, -16777219n, (1n << 62n) + 1n].map(toFloat32)).toEqual([
    16777216,
    16777220,
    -16777220,
    2 ** 62,
  ]);
});

test('1/√x through double is the nearest float32, also for the hardest mantissas', () => {
  const random = randomBits(5);
  const bits = Uint32Array.from({ length: 50_000 }, (_, i) =>
    i < 765 ? (i % 255) * 2 ** 23 + hardMantissas[Math.floor(i / 255)] : 1 + (random() % 0x7f7fffff),
  );
  const wrong = [...new Float32Array(bits.buffer)].filter((x) => !isNearestFloat32(Math.fround(1 / Math.sqrt(x)), x));
  expect(wrong).toEqual([]);
  expect(isNearestFloat32(0.5000000596046448, 4)).toBe(false);
});

test('the reference agrees with the hard cases of the vectors', () => {
  const view = new DataView(new ArrayBuffer(8));
  const wrong = hard.filter(([input, want]) => {
    view.setBigUint64(0, input);
    const result = rsqrtFloat64(view.getFloat64(0));
    view.setFloat64(0, result);
    return view.getBigUint64(0) !== want;
  });
  expect(wrong).toEqual([]);
});
