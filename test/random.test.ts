/**
 * Random numbers: the bits against the generator written out with bigints, on every instruction set, device and number of
 * threads; what a call uses up; and whether the numbers are distributed as they should be. All seeds are fixed.
 */

import type { DType, Tensor } from '../src/index';
import { configurations, load } from './support/configurations';
import { covered } from './support/coverage';
import { type FloatName, fromWord, nearest, partOf } from './support/reference';
import { runs } from './support/runs';

const floats = ['float16', 'bfloat16', 'float32', 'float64'] as const;
const dtypes = [...floats, 'complex64', 'complex128'] as const;
const precisions = { float16: 11, bfloat16: 8, float32: 24, float64: 53 } as const;
const rsqrt = load('local');

// ---------------------------------------------------------------- the reference

const low = (value: bigint) => BigInt.asUintN(32, value);

/** A block of Philox4x32-10, as in the paper. */
function philox(key: bigint, block: bigint): bigint[] {
  let [x0, x1, x2, x3] = [low(block), low(block >> 32n), 0n, 0n];
  let [k0, k1] = [low(key), low(key >> 32n)];
  for (let round = 0; round < 10; round++) {
    const [a, b] = [0xd2511f53n * x0, 0xcd9e8d57n * x2];
    [x0, x1, x2, x3] = [(b >> 32n) ^ x1 ^ k0, low(b), (a >> 32n) ^ x3 ^ k1, low(a)];
    [k0, k1] = [low(k0 + 0x9e3779b9n), low(k1 + 0xbb67ae85n)];
  }
  return [x0, x1, x2, x3];
}

/** The 64 bits of each real element, or of each part of a complex one. */
function bitsOf(seed: bigint, firstBlock: bigint, count: number): bigint[] {
  const bits: bigint[] = [];
  for (let block = firstBlock; bits.length < count; block++) {
    const [x0, x1, x2, x3] = philox(seed, BigInt.asUintN(64, block));
    bits.push(x0 | (x1 << 32n), x2 | (x3 << 32n));
  }
  return bits.slice(0, count);
}

function uniformOf(dtype: FloatName, bits: bigint): number {
  const p = precisions[dtype];
  return Number(bits >> BigInt(64 - p)) / 2 ** p;
}

/** Two numbers by Box and Muller's method, nearly; `variance` is that of each. */
function normalsOf(first: bigint, second: bigint, variance = 1): number[] {
  const u = Number(2n * (first >> 12n) + 1n) / 2 ** 53;
  const v = Number(2n * (second >> 10n) + 1n) / 2 ** 55;
  const radius = Math.sqrt(-2 * variance * Math.log(u));
  return [radius * Math.cos(2 * Math.PI * v), radius * Math.sin(2 * Math.PI * v)];
}

/** The elements of a tensor as numbers, of a complex one its parts. */
function numbersOf(x: Tensor): number[] {
  const part = partOf(x.dtype) ?? x.dtype;
  const entries = Array.from(x.cpu().data as ArrayLike<number>);
  return part === 'float16' || part === 'bfloat16' ? entries.map((bits) => fromWord(part, bits)) : entries;
}

const bytesOf = (x: Tensor): Buffer => {
  const { buffer, byteOffset, byteLength } = x.cpu().data;
  return Buffer.from(Buffer.from(buffer, byteOffset, byteLength)); // a copy
};

test('the reference gives the known answer', () => {
  expect(philox(0n, 0n)).toEqual([0x6627e8d5n, 0xe169c58dn, 0xbc57ac4cn, 0x9b00dbd8n]);
});

// ---------------------------------------------------------------- bits

describe.each(configurations)('$name', ({ name, rsqrt: copy, device }) => {
  const seeds = [0n, 1n, 0x243f6a8885a308d3n, 2n ** 64n - 1n];

  test.each(dtypes)('rand of %s has the bits of the reference', (dtype) => {
    const part = (partOf(dtype) ?? dtype) as FloatName;
    for (const seed of seeds) {
      copy.manualSeed(seed);
      const x = copy.rand(7, 5, { dtype, device });
      expect([x.dtype, x.device, x.shape, x.isContiguous()]).toEqual([dtype, device, [7, 5], true]);
      const bits = bitsOf(seed, 0n, partOf(dtype) ? 70 : 35);
      expect(numbersOf(x)).toEqual(bits.map((each) => uniformOf(part, each)));
    }
  });

  test.each(dtypes)('randn of %s has the numbers of the reference', (dtype) => {
    const part = (partOf(dtype) ?? dtype) as FloatName;
    for (const seed of seeds) {
      copy.manualSeed(seed);
      const actual = numbersOf(copy.randn(7, 5, { dtype, device }));
      const bits = bitsOf(seed, 0n, 70);
      const expected = bits.flatMap((first, i) =>
        i % 2 === 0 ? normalsOf(first, bits[i + 1], partOf(dtype) ? 0.5 : 1) : [],
      );
      const tolerance = 2 ** (1 - precisions[part]) + 1e-14;
      actual.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(expected[i]), 0.05));
      });
    }
  });

  test('randn in fewer bits is randn of float64, rounded once', () => {
    const draw = (dtype: DType) => {
      copy.manualSeed(12);
      return numbersOf(copy.randn(5001, { dtype, device }));
    };
    const exact = draw('float64');
    for (const dtype of floats) expect(draw(dtype)).toEqual(exact.map((value) => nearest(dtype, value)));
    const parts = draw('complex128');
    expect(draw('complex64')).toEqual(parts.map(Math.fround));
  });

  test('the same bits as on the widest instruction set, whatever the length', () => {
    const draw = (from: typeof copy, on: typeof device, n: number, dtype: DType) =>
      [from.rand, from.randn].map((distribution) => {
        from.manualSeed(99);
        return bytesOf(distribution(n, { dtype, device: on }));
      });
    for (const dtype of dtypes) {
      const longest = draw(rsqrt, 'cpu', 2049, dtype);
      for (const n of [0, 1, 2, 3, 15, 16, 17, 1023, 1024, 1025, 2049]) {
        const expected = longest.map((bytes) => bytes.subarray(0, (n * bytes.length) / 2049));
        // Not toEqual, which takes a hundred times as long for buffers.
        if (!draw(copy, device, n, dtype).every((bytes, i) => bytes.equals(expected[i]))) {
          throw new Error(`${n} × ${dtype} differ from cpu ${rsqrt.info().isa}`);
        }
      }
    }
    covered('random', name);
  });
});

describe('1, 2 and 7 threads give the same bits', () => {
  const GRAIN = 16384; // native/cpu/run.cpp
  const sizes = [1, 2 * GRAIN - 1, 2 * GRAIN, 2 * GRAIN + 1, 7 * GRAIN + 3, 300_007];
  const cpus = configurations.filter(({ device }) => device === 'cpu');

  test.each(cpus.map(({ isa, rsqrt: copy }) => [isa, copy] as const))('%s', (isa, copy) => {
    const before = copy.getNumThreads();
    for (const dtype of ['float32', 'float64', 'bfloat16', 'complex64'] as const) {
      for (const n of sizes) {
        const draw = (threads: number) => {
          copy.setNumThreads(threads);
          copy.manualSeed(n);
          return [copy.rand(n, { dtype }), copy.randn(n, { dtype })].map(bytesOf);
        };
        const alone = draw(1);
        for (const threads of [2, 7]) {
          const shared = draw(threads);
          if (!shared.every((bytes, i) => bytes.equals(alone[i]))) {
            throw new Error(`${n} × ${dtype} differ with ${threads} threads`);
          }
        }
      }
    }
    copy.setNumThreads(before);
    covered('random', `1, 2 and 7 threads agree (${isa})`);
  });
});

// ---------------------------------------------------------------- the generator

describe('the generator', () => {
  const { initialSeed, manualSeed, rand, randLike, randn, randnLike, seed, tensor } = rsqrt;
  /** The first number of the block that the next call begins with. */
  const next = () => numbersOf(rand(1, { dtype: 'float64' }))[0];
  const at = (block: bigint, from = 5n) => uniformOf('float64', bitsOf(from, block, 1)[0]);
  beforeEach(() => manualSeed(5));

  test.each<[string, () => unknown, bigint]>([
    ['10 numbers', () => rand(10), 5n],
    ['3 numbers, and the half of a block left over', () => rand(3), 2n],
    ['a matrix of normal numbers', () => randn(3, 3, { dtype: 'float16' }), 5n],
    ['3 complex numbers', () => rand(3, { dtype: 'complex64' }), 3n],
    ['3 complex normal numbers', () => randn(3, { dtype: 'complex128' }), 3n],
    ['a single number', () => randn([]), 1n],
    ['none', () => rand(0, 4), 0n],
    ['as many as in a tensor', () => randLike(tensor([1, 2, 3])), 2n],
    ['as many normal ones as in a tensor', () => randnLike(tensor([1, 2, 3]), { dtype: 'complex64' }), 3n],
    ['what a call that failed did not give', () => expect(() => rand(8, { dtype: 'int8' })).toThrow(), 0n],
    ['more than there is memory for', () => expect(() => rand(2 ** 48)).toThrow('out of memory'), 0n],
    ['two calls', () => [randn(7), rand(9)], 9n],
  ])('moves on by the blocks of %s', (_name, draw, blocks) => {
    draw();
    expect(next()).toBe(at(blocks));
  });

  test('never gives a number twice', () => {
    const seen = new Set<number>();
    let count = 0;
    for (const n of [1, 2, 3, 10, 6, 1000, 33_333, 7]) {
      for (const x of numbersOf(rand(n, { dtype: 'float64' }))) seen.add(x);
      count += n;
    }
    expect(seen.size).toBe(count);
  });

  test('begins again with its seed', () => {
    const draws = () => [rand(10), randn(6, { dtype: 'complex64' }), rand(3)].map(bytesOf);
    const first = draws();
    expect(draws()).not.toEqual(first);
    manualSeed(5);
    expect(draws()).toEqual(first);
    manualSeed(6);
    expect(draws()).not.toEqual(first);
  });

  test.each<[number | bigint, bigint]>([
    [0, 0n],
    [-0, 0n],
    [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
    [-1, 2n ** 64n - 1n],
    [-1n, 2n ** 64n - 1n],
    [Number.MIN_SAFE_INTEGER, 2n ** 64n - 2n ** 53n + 1n],
    [-(2n ** 63n), 2n ** 63n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [42n, 42n],
  ])('takes %p as a seed', (value, expected) => {
    expect(manualSeed(value)).toBeUndefined();
    expect(initialSeed()).toBe(expected);
    rand(3);
    expect(initialSeed()).toBe(expected);
    expect(next()).toBe(at(2n, expected));
  });

  test('seed() is another one each time, and begins anew', () => {
    const seeds = Array.from({ length: 8 }, () => seed());
    expect(new Set(seeds).size).toBe(8);
    expect(initialSeed()).toBe(seeds[7]);
    expect(next()).toBe(at(0n, seeds[7]));
    for (const each of seeds) expect(each >= 0n && each < 2n ** 64n).toBe(true);
  });

  test('every copy of the package has its own', () => {
    const [one, two] = [load('local'), load('local')];
    expect(one.initialSeed()).not.toBe(two.initialSeed());
    one.manualSeed(5);
    two.manualSeed(5);
    one.rand(100);
    expect(numbersOf(two.rand(1, { dtype: 'float64' }))[0]).toBe(at(0n));
    expect(next()).toBe(at(0n));
  });

  test('a counter that runs over begins at 0', () => {
    // The addon itself: no program lives long enough.
    const binding = require('../build/Release/rsqrt.node').open('', (_code: string, message: string) => Error(message));
    const words = new Float64Array(4);
    binding.random(0, 5n, 2n ** 64n - 1n, words.buffer, binding.dtypes.indexOf('float64'), 0, 4);
    expect([...words]).toEqual(bitsOf(5n, 2n ** 64n - 1n, 4).map((bits) => uniformOf('float64', bits)));
  });
});

// ---------------------------------------------------------------- arguments

describe.each(configurations)('tensors like others: $name', ({ rsqrt: copy, device }) => {
  const { manualSeed, rand, randLike, randn, randnLike, tensor, zeros } = copy;

  test('shape, dtype and device are those of the input, unless told', () => {
    const x = zeros(2, 3, { dtype: 'bfloat16', device });
    const same = randLike(x);
    expect([same.shape, same.dtype, same.device]).toEqual([[2, 3], 'bfloat16', device]);
    const other = randnLike(x, { dtype: 'complex128', device: 'cpu' });
    expect([other.shape, other.dtype, other.device]).toEqual([[2, 3], 'complex128', 'cpu']);
    expect(randLike(tensor([true, false]), { dtype: 'float32', device }).device).toBe(device);
    expect(randLike(zeros([], { device })).shape).toEqual([]);
  });

  test('strides are those of a copy, and the numbers do not depend on them', () => {
    const x = zeros(4, 6, { device });
    for (const input of [x, x.t().reshape(6, 4), x.t(), x.asStrided([6, 2], [1, 12]), x.asStrided([6, 4], [0, 0])]) {
      for (const [like, plain] of [
        [randLike, rand],
        [randnLike, randn],
      ] as const) {
        manualSeed(3);
        const result = like(input);
        expect(result.strides).toEqual(input.clone().strides);
        manualSeed(3);
        expect(result.toArray()).toEqual(plain(input.shape, { device }).toArray());
      }
    }
  });
});

test('sizes come spread or as one array', () => {
  const { manualSeed, rand, randn } = rsqrt;
  for (const draw of [rand, randn]) {
    const bytes = [
      () => draw(2, 3),
      () => draw([2, 3]),
      () => draw(2, 3, {}),
      () => draw([2, 3], { dtype: 'float32' }),
    ];
    const drawn = bytes.map((each) => {
      manualSeed(1);
      const x = each();
      expect([x.shape, x.dtype, x.device]).toEqual([[2, 3], 'float32', 'cpu']);
      return bytesOf(x);
    });
    for (const each of drawn) expect(each).toEqual(drawn[0]);
  }
});

// ---------------------------------------------------------------- statistics

/**
 * All bounds are five standard deviations of what is estimated, or a quantile as rare, so that of any seed hardly one in a
 * million would fail; the seed is fixed, so that this one does not.
 */
describe('statistics', () => {
  const N = 200 * runs;
  const draw = (what: 'rand' | 'randn', dtype: DType, n = N) => {
    rsqrt.manualSeed(2024);
    return numbersOf(rsqrt[what](n, { dtype }));
  };
  const mean = (values: number[], of = (x: number) => x) => values.reduce((sum, x) => sum + of(x), 0) / values.length;
  /** Whether an average of so many independent values, of the variance given, is near its expectation. */
  const isNear = (average: number, expected: number, variance: number, n: number) =>
    expect(Math.abs(average - expected)).toBeLessThan(5 * Math.sqrt(variance / n));
  /** The largest distance of the empirical distribution function from the right one. */
  const kolmogorovSmirnov = (values: number[], distribution: (x: number) => number) =>
    values
      .sort((a, b) => a - b)
      .reduce((most, x, i) => {
        const p = distribution(x);
        return Math.max(most, (i + 1) / values.length - p, p - i / values.length);
      }, 0);
  const KS = 2.7; // √n·D exceeds it once in a million
  /** The average of x·y; y may be longer. */
  const correlation = (x: number[], y: number[]) => x.reduce((sum, a, i) => sum + a * y[i], 0) / x.length;

  test.each(dtypes)('rand of %s: range, moments, neighbours', (dtype) => {
    const part = (partOf(dtype) ?? dtype) as FloatName;
    const unit = 2 ** -precisions[part];
    const values = draw('rand', dtype);
    expect(values.every((x) => x >= 0 && x <= 1 - unit && (x / unit) % 1 === 0)).toBe(true);
    const middle = (1 - unit) / 2;
    const centred = values.map((x) => x - middle);
    const n = values.length;
    isNear(mean(centred), 0, 1 / 12, n);
    isNear(
      mean(centred, (x) => x * x),
      (1 - unit * unit) / 12,
      1 / 180,
      n,
    );
    isNear(
      mean(centred, (x) => x ** 3),
      0,
      1 / 448,
      n,
    );
    for (const lag of [1, 2, 3, 16]) isNear(correlation(centred.slice(lag), centred), 0, 1 / 144, n);
  });

  test.each(['float32', 'float64'] as const)('rand of %s: Kolmogorov and Smirnov, every bit', (dtype) => {
    const values = draw('rand', dtype);
    const fewer = values.slice(0, N / 8);
    for (let scale = 2; scale <= 2 ** precisions[dtype]; scale *= 2) {
      const ones = fewer.filter((x) => Math.floor(x * scale) % 2 === 1);
      isNear(ones.length / fewer.length, 0.5, 0.25, fewer.length);
    }
    expect(kolmogorovSmirnov(values, (x) => x) * Math.sqrt(N)).toBeLessThan(KS);
  });

  test.each(['float16', 'bfloat16'] as const)('rand of %s: every number equally often', (dtype) => {
    const kinds = 2 ** precisions[dtype];
    const counts = new Array<number>(kinds).fill(0);
    for (const x of draw('rand', dtype)) counts[x * kinds]++;
    const chiSquared = mean(counts, (count) => (count - N / kinds) ** 2 / (N / kinds)) * kinds;
    isNear(chiSquared, kinds - 1, 2 * (kinds - 1), 1);
  });

  test.each(dtypes)('randn of %s: moments, tails, neighbours', (dtype) => {
    const scale = partOf(dtype) ? Math.SQRT2 : 1;
    const values = draw('randn', dtype).map((x) => x * scale);
    const n = values.length;
    isNear(mean(values), 0, 1, n);
    // 16-bit floats add the variance of their rounding.
    const rounding = (precision: number) => (2 ** -precision) ** 2 / 3;
    const part = (partOf(dtype) ?? dtype) as FloatName;
    isNear(mean(values, (x) => x * x) - rounding(precisions[part]), 1, 2, n);
    isNear(
      mean(values, (x) => x ** 3),
      0,
      15,
      n,
    );
    if (precisions[part] > 11)
      isNear(
        mean(values, (x) => x ** 4),
        3,
        96,
        n,
      );
    for (const lag of [1, 2, 3, 16]) isNear(correlation(values.slice(lag), values), 0, 1, n);
    // The two numbers of a block share their radius: their squares must not be correlated all the same.
    const squares = values.map((x) => x * x - 1);
    isNear(correlation(squares.slice(1), squares), 0, 4, n);
    for (const [limit, probability] of [
      [1, 0.31731050786291415],
      [2, 0.04550026389635842],
      [3, 0.0026997960632601866],
      [4, 6.334248366623996e-5],
    ]) {
      if (precisions[part] <= 11) continue; // where rounding moves a few across the limit
      isNear(
        mean(values, (x) => (x > limit ? 2 : 0)),
        probability,
        2 * probability,
        n,
      );
      isNear(
        mean(values, (x) => (x < -limit ? 2 : 0)),
        probability,
        2 * probability,
        n,
      );
    }
    const most = values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    expect(most).toBeGreaterThan(4); // of 100,000 hardly ever below
    expect(most).toBeLessThan(7);
  });

  test.each(['float32', 'float64', 'complex128'] as const)('randn of %s: Kolmogorov and Smirnov', (dtype) => {
    const scale = partOf(dtype) ? Math.SQRT2 : 1;
    const values = draw('randn', dtype).map((x) => x * scale);
    expect(kolmogorovSmirnov(values, normalDistribution) * Math.sqrt(values.length)).toBeLessThan(KS);
  });

  test('seeds and calls that are neighbours are not alike', () => {
    const n = 100_000;
    const centred = (seed: bigint, skip = 0) => {
      rsqrt.manualSeed(seed);
      rsqrt.rand(skip);
      return numbersOf(rsqrt.rand(n, { dtype: 'float64' })).map((x) => x - 0.5);
    };
    const first = centred(1n);
    for (const other of [centred(2n), centred(3n), centred(1n + 2n ** 32n), centred(1n, n)]) {
      isNear(correlation(first, other), 0, 1 / 144, n);
    }
  });
});

/** The distribution function of the normal distribution: its power series, or its continued fraction far out. */
function normalDistribution(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const a = Math.abs(x);
  if (a < 3) {
    let [term, sum] = [a, a];
    for (let k = 3; term > 1e-17; k += 2) {
      term *= (a * a) / k;
      sum += term;
    }
    return 0.5 + Math.sign(x) * density * sum;
  }
  let fraction = a;
  for (let k = 40; k > 0; k--) fraction = a + k / fraction;
  return x < 0 ? density / fraction : 1 - density / fraction;
}

test('the reference of the distribution function is right', () => {
  expect(normalDistribution(1)).toBeCloseTo(0.8413447460685429, 14);
  expect(normalDistribution(-4)).toBeCloseTo(3.167124183311998e-5, 16);
  expect(normalDistribution(3.0000001)).toBeCloseTo(normalDistribution(2.9999999), 8);
});
