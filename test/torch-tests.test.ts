/**
 * What torch's own tests try on rsqrt and the other unary operations, tried on ours: on every device and instruction
 * set, in every dtype. Real results must have the bits of the reference, where torch allows a tolerance; complex ones
 * are as near as expected.ts says, well within torch's.
 *
 * Ours                             torch's
 * 'domain'                         test_float_domains
 * 'numbers'                        test_reference_numerics_normal, _small, _large, _extremal, and noncontiguous samples
 *                                  of these; test_complex_edge_values, test_neg_error_message
 * 'layouts'                        test_contig_vs_every_other, _vs_transposed, test_non_contig, _index, _expand,
 *                                  test_contig_size1, _large_dim, test_batch_vs_slicing, test_noncontiguous_samples,
 *                                  generate_elementwise_unary_arbitrarily_strided_tensors
 * 'out'                            test_out (its cases 0 to 4), test_out_warning, test_abs_angle_complex_to_float
 * 'variants'                       test_variant_consistency_eager, test_multiple_devices
 * 'overlap'                        test_unary_out_op_mem_overlap, check_internal_mem_overlap
 * 'bools'                          test_non_standard_bool_values
 * 'length and layout do not show'  no test: issues 188382, 193754, 162235, 127163
 * 'copy_, fill_, zero_'            test_copy_broadcast, _many_to_one, _mem_overlap, _transpose, _noncontig,
 *                                  test_fill_all_dtypes_and_devices
 *
 * Elsewhere: result dtypes (test_dtypes) in promotion.test.ts; that CPU and GPU agree (test_compare_cpu) follows from one
 * reference for both. test_errors and test_numpy_ref have nothing for unary operations. Out of the package's scope:
 * gradients (also the backward halves of the above, forward mode, functorch), jit, FX, dynamo, inductor, vmap; sparse, nested,
 * quantised, named, fake and meta tensors; Python references; conjugate and negative views; complex32.
 *
 * Stricter than torch's: values outside the domain are kept, not clamped into it. Cut: (1029, 917) and (789, 357) are
 * for rsqrt of float dtypes, all else has (103, 92) and (79, 36); (1024, 512) is (33, 1024), still more than one thread
 * takes alone; random elements repeat after 4,093, complex ones after 509; complex small values come once, not 256 times.
 * Different by decision: what shares elements cannot be filled either; fill_ refuses what an integer dtype cannot hold,
 * -1 for uint8 too.
 */

import { type DType, dtypes, type RsqrtErrorCode, type Tensor } from '../src/index';
import { configurations, load, type Rsqrt } from './support/configurations';
import { covered } from './support/coverage';
import { expectedOf } from './support/expected';
import { opNamed, type UnaryName, unaryNames, unaryNamesWhere, unaryOf } from './support/ops';
import { type Element, isFloat, nearest, partOf, randomBits, resultDType } from './support/reference';
import { type AnyArray, arrayFor, bytesOf, dataOf, setElement } from './support/values';

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** An operation on a dtype, in a configuration. */
interface Case {
  name: UnaryName;
  op: Rsqrt['neg'];
  inPlace: Rsqrt['neg_'];
  dtype: DType;
  result: DType;
}

const refuses = (code: RsqrtErrorCode) => expect.objectContaining({ code });

// ---------------------------------------------------------------- elements

const kinds = ['bool', 'integer', 'float', 'complex'];
const kindOf = (dtype: DType): number =>
  kinds.indexOf(dtype === 'bool' ? 'bool' : isFloat(dtype) ? 'float' : partOf(dtype) ? 'complex' : 'integer');

const product = (shape: readonly number[]): number => shape.reduce((count, size) => count * size, 1);
const pairsOf = <T>(list: readonly T[]) => list.flatMap((a) => list.map((b) => [a, b] as const));

/** A number, or a pair of numbers, as an element of a dtype. */
function elementOf(dtype: DType, re: number, im = 0): Element {
  const part = partOf(dtype);
  if (part !== undefined) return { re: nearest(part, re), im: nearest(part, im) };
  if (isFloat(dtype)) return nearest(dtype, re);
  if (dtype === 'bool') return re !== 0;
  return dtype === 'int64' ? BigInt(Math.trunc(re)) : Math.trunc(re);
}

function arrayOf(dtype: DType, elements: readonly Element[]): AnyArray {
  const array = arrayFor(dtype, elements.length);
  elements.forEach((element, i) => {
    setElement(array, dtype, i, element);
  });
  return array;
}

/** The bits of a tensor's elements, row by row: a copy. */
function bitsOf(tensor: Tensor): Buffer {
  return tensor.numel === 0 ? Buffer.alloc(0) : Buffer.from(bytesOf(dataOf(tensor.contiguous())));
}

/** Fails with the first element that differs. */
function expectBits(actual: Tensor, expected: Buffer): void {
  const bits = bitsOf(actual);
  if (bits.equals(expected)) return;
  const { itemSize, dtype, shape } = actual;
  const differs = Array.from({ length: expected.length }, (_, i) => i).find((i) => bits[i] !== expected[i]);
  const element = Math.floor((differs ?? expected.length) / itemSize);
  const show = (bytes: Buffer) => bytes.subarray(element * itemSize, (element + 1) * itemSize).toString('hex');
  throw new Error(`${dtype} [${shape}]: element ${element} is ${show(bits)}, expected ${show(expected)}`);
}

/** Fails unless a tensor has a dtype and a shape. Calls jest, which takes long, only to fail. */
function expectKind({ dtype, shape }: Tensor, expectedDType: DType, expectedShape: readonly number[]): void {
  if (dtype === expectedDType && String(shape) === String(expectedShape)) return;
  expect([dtype, shape]).toEqual([expectedDType, expectedShape]);
}

const expectSame = (actual: Tensor, expected: Tensor): void => {
  expectKind(actual, expected.dtype, expected.shape);
  expectBits(actual, bitsOf(expected));
};

/** Fails unless a call throws an error with a code. Calls jest, which takes long, only to fail. */
function expectRefusal(code: RsqrtErrorCode, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if ((error as { code?: string }).code === code) return;
    throw error;
  }
  throw new Error(`expected ${code}, nothing was thrown`);
}

const prepared = new Map<string, AnyArray>();
const once = (key: string, make: () => AnyArray): AnyArray => {
  const array = prepared.get(key) ?? make();
  prepared.set(key, array);
  return array;
};

/** As torch's make_tensor: uniform, up to 9, from the lower end of the domain or from -9. A prime number of them. */
const poolOf = (name: UnaryName, dtype: DType): AnyArray =>
  once(`${name} ${dtype}`, () => {
    const random = randomBits(23);
    const least = dtype === 'uint8' || dtype === 'bool' ? 0 : Math.max(opNamed(name).min ?? -9, -9);
    const number = () => (dtype === 'bool' ? random() % 2 : least + ((9 - least) * random()) / 2 ** 32);
    const count = partOf(dtype) ? 509 : 4093;
    return arrayOf(
      dtype,
      Array.from({ length: count }, () => elementOf(dtype, number(), number())),
    );
  });

/** What becomes of {@link poolOf}. */
const expectedPoolOf = (name: UnaryName, dtype: DType): AnyArray =>
  once(`results of ${name} ${dtype}`, () => expectedOf(name, dtype, poolOf(name, dtype)));

/** So many bytes: those of a pool, over and over. */
const repeated = (pool: Uint8Array, byteLength: number): Buffer =>
  byteLength === 0 ? Buffer.alloc(0) : Buffer.alloc(byteLength, pool);

// ---------------------------------------------------------------- torch's values and shapes

const emptyShapes = [[0], [0, 3, 3], [1, 0, 5], [6, 0, 0, 0], [3, 0, 1, 0]];
/** Those of torch's sample inputs. */
const sampleShapes = [[20], [1, 0, 3], []];

const { PI } = Math;
const smallFloats = [0, -0, ...[0.001, 0.25, 1, PI / 2, PI - 1e-5, PI, PI + 1e-5].flatMap((x) => [-x, x])];
const largeFloats = [501, 1001.2, 13437.7, 4988429.2, 1e20].flatMap((x) => [-x, x]);
const extremalFloats = [inf, -inf, nan];

/** Values for a dtype, each as often as there are others, as torch's products have them; nothing where torch has none. */
function valuesOf(size: 'small' | 'large', dtype: DType): Element[] {
  const floats = size === 'small' ? smallFloats : largeFloats;
  if (partOf(dtype)) return pairsOf(floats).map(([re, im]) => elementOf(dtype, re, im));
  const large16 = largeFloats.slice(0, 6);
  const integers = {
    small: dtype === 'uint8' ? [0, 1, 55, 127, 128, 190, 210, 220, 254] : [0, -1, 1, -55, 55, -127, 127, -128],
    large: [-1113, 1113, -10701, 10701],
  }[size];
  const without: DType[] = size === 'small' ? ['bool'] : ['bool', 'uint8', 'int8'];
  if (without.includes(dtype)) return [];
  const values = isFloat(dtype) ? (size === 'large' && dtype === 'float16' ? large16 : floats) : integers;
  return pairsOf(values).map(([value]) => elementOf(dtype, value));
}

let warned: jest.SpyInstance;
beforeAll(() => {
  warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});
beforeEach(() => warned.mockClear());
afterAll(() => warned.mockRestore());

describe.each(configurations)('$name', (configuration) => {
  const { rsqrt: api, device } = configuration;
  covered("torch's tests", configuration.name);

  const cases = unaryNames.flatMap((name) =>
    dtypes.flatMap((dtype): Case[] => {
      const result = resultDType(name, dtype);
      return result === null ? [] : [{ name, op: unaryOf(api, name), inPlace: api[`${name}_`], dtype, result }];
    }),
  );
  /** One test for each operation, in all dtypes that it takes; a failure says in which. */
  const forEachOp = (title: string, check: (c: Case) => void, applies: (c: Case) => boolean = () => true): void => {
    const chosen = cases.filter(applies);
    test.each([...new Set(chosen.map(({ name }) => name))])(`${title}: %s`, (op) => {
      for (const c of chosen.filter(({ name }) => name === op)) {
        try {
          api.tidy(() => check(c));
        } catch (error) {
          throw Object.assign(error as Error, { message: `${c.dtype}: ${(error as Error).message}` });
        }
      }
    });
  };
  const isSame = ({ dtype, result }: Case): boolean => dtype === result;

  /** A tensor of random elements in the domain. */
  const make = ({ name, dtype }: Pick<Case, 'name' | 'dtype'>, shape: number[]): Tensor => {
    const bytes = repeated(bytesOf(poolOf(name, dtype)), product(shape) * api.empty(0, { dtype }).itemSize);
    return api.asTensor(bytes, { dtype, shape, device }).clone();
  };
  /** What becomes of {@link make}. */
  const expectedBits = ({ name, dtype, result }: Case, shape: number[]): Buffer =>
    repeated(bytesOf(expectedPoolOf(name, dtype)), product(shape) * api.empty(0, { dtype: result }).itemSize);

  /** What must not be read: NaN, true, or a number. */
  const filler = (dtype: DType) => (isFloat(dtype) || partOf(dtype) ? nan : dtype === 'bool' ? true : 12);
  /** The same elements, every second in memory, with others between. */
  const apart = (x: Tensor): Tensor => {
    const pairs = api.empty([...x.shape, 2], { dtype: x.dtype, device });
    pairs.select(-1, 0).fill_(filler(x.dtype));
    return pairs.select(-1, 1).copy_(x);
  };

  describe('domain', () => {
    test.each(unaryNamesWhere(({ min }) => min !== undefined))('%s of numbers below the domain is NaN', (name) => {
      const { min = 0 } = opNamed(name);
      for (const dtype of dtypes.filter(isFloat)) {
        for (const below of [1e-5, 1e-3, 1e-1, 1, 2, 10, 20, 50, 100]) {
          const result = unaryOf(api, name)(api.tensor(min - below, { dtype, device })).item();
          expect([dtype, below, result]).toEqual([dtype, below, nan]);
        }
      }
    });
  });

  describe('numbers', () => {
    /** Elements as they are and apart must become what the reference says. */
    const checkElements = ({ name, op, dtype }: Case, elements: Element[]): void => {
      const array = arrayOf(dtype, elements);
      const x = api.asTensor(array, { dtype, device });
      const expected = Buffer.from(bytesOf(expectedOf(name, dtype, array)));
      for (const input of [x, apart(x)]) expectBits(op(input), expected);
    };

    forEachOp('normal, of all shapes', (c) => {
      const check = (x: Tensor, shape: number[]) => {
        const made = c.op(x);
        expect([made.dtype, made.device, made.shape]).toEqual([c.result, device, shape]);
        expectBits(made, expectedBits(c, shape));
      };
      if (c.name === 'rsqrt' && isFloat(c.dtype)) check(make(c, [1029, 917]), [1029, 917]);
      for (const shape of [[103, 92], [812], ...emptyShapes, ...sampleShapes]) {
        check(make(c, shape), shape);
        check(apart(make(c, shape)), shape);
      }
    });
    forEachOp(
      'true and false',
      (c) => {
        checkElements(c, [true]);
        checkElements(c, [false]);
        checkElements(c, [true, false]);
      },
      ({ dtype }) => dtype === 'bool',
    );
    forEachOp('small', (c) => checkElements(c, valuesOf('small', c.dtype)));
    forEachOp('large', (c) => checkElements(c, valuesOf('large', c.dtype)));
    forEachOp(
      'extremal, and NaN at every third place',
      (c) => {
        checkElements(
          c,
          pairsOf(extremalFloats).map(([value]) => value),
        );
        const x = make(c, [128, 128]);
        const expected = c.op(x);
        for (const each of [x, expected]) each.view(-1).slice(0, null, null, 3).fill_(nan);
        expectSame(c.op(x), expected);
      },
      ({ dtype }) => isFloat(dtype),
    );
    forEachOp(
      'extremal, both parts',
      ({ name, op, dtype }) => {
        const values = pairsOf(extremalFloats).map(([re, im]) => ({ re, im }));
        const expected = opNamed(name).complex?.extremals?.map((value) =>
          typeof value === 'number' ? value : { re: value[0], im: value[1] },
        );
        for (const x of [api.tensor(values, { dtype, device }), apart(api.tensor(values, { dtype, device }))]) {
          expect(op(x).toArray()).toEqual(expected);
        }
      },
      ({ dtype }) => partOf(dtype) !== undefined,
    );
    test('sqrt of complex numbers whose parts differ much', () => {
      for (const [dtype, large] of [['complex64', -1e20] as const, ['complex128', -1e60] as const]) {
        const c = { name: 'sqrt', op: unaryOf(api, 'sqrt'), inPlace: api.sqrt_, dtype, result: dtype } as const;
        checkElements(c, [elementOf(dtype, 0, -1e20), elementOf(dtype, large, -4988429.2)]);
      }
    });
    test.each(unaryNamesWhere(({ refuses }) => refuses.includes('bool')))('%s of bools is refused', (name) => {
      const x = api.tensor([false, true], { device });
      expectRefusal('ERR_DTYPE', () => unaryOf(api, name)(x));
      expectRefusal('ERR_DTYPE', () => api[`${name}_`](x));
    });
  });

  describe('layouts', () => {
    /** What is not contiguous must become what a contiguous copy does. */
    const checkLayout = ({ op }: Case, x: Tensor, expected: Tensor): void => {
      expect(x.isContiguous()).toBe(false);
      expectSame(op(x), expected);
    };

    forEachOp('contiguous against every other', (c) => {
      const x = make(c, [1026]);
      checkLayout(c, x.slice(0, null, null, 2), c.op(x).slice(0, null, null, 2));
    });
    forEachOp('contiguous against transposed', (c) => {
      const x = make(c, c.name === 'rsqrt' && isFloat(c.dtype) ? [789, 357] : [79, 36]);
      checkLayout(c, x.t(), c.op(x).t());
    });
    forEachOp('contiguous against a column of a copy', (c) => {
      for (const shape of [[5, 7], [1024]]) {
        const x = make(c, shape);
        const column = api
          .empty([...shape, 2], { dtype: c.dtype, device })
          .index('...', 0)
          .copy_(x);
        checkLayout(c, column, c.op(x));
      }
    });
    forEachOp('contiguous against index-selected', (c) => {
      const selected = make(c, [2, 2, 1, 2]).index([], 1, '...');
      checkLayout(c, selected, c.op(selected.contiguous()));
    });
    forEachOp('expanded', (c) => {
      for (const shape of [
        [1, 3],
        [1, 7],
        [5, 7],
      ]) {
        const x = make(c, shape);
        const made = c.op(x.expand(3, -1, -1));
        expect(x.expand(3, -1, -1).isContiguous()).toBe(false);
        for (const each of made.unbind()) expectSame(each, c.op(x));
      }
    });
    forEachOp('a dimension of size 1', (c) => {
      const x = make(c, [5, 100]).index([0, 1], [0, 50]);
      const copy = api.empty([1, 50], { dtype: c.dtype, device }).copy_(x);
      expect([x.isContiguous(), copy.isContiguous()]).toEqual([true, true]);
      expectSame(c.op(x), c.op(copy));
    });
    forEachOp('12 dimensions', (c) => {
      const x = make(c, [5, 2, 3, 1, 4, 5, 3, 2, 1, 2, 3, 4]).index([0, 1], '...');
      const copy = api.empty(x.shape, { dtype: c.dtype, device }).copy_(x);
      expect([x.isContiguous(), copy.isContiguous()]).toEqual([true, true]);
      expectSame(c.op(x), c.op(copy));
      const turned = x.permute(11, 3, 7, 1, 9, 5, 0, 8, 2, 10, 4, 6);
      checkLayout(c, turned, c.op(turned.contiguous()));
    });
    forEachOp('a batch against its slices', (c) => {
      const batch = make(c, [33, 1024]);
      const stacked = api.empty([33, 1024], { dtype: c.result, device });
      batch.unbind().forEach((slice, i) => {
        c.op(slice, { out: stacked.select(0, i) });
      });
      expectSame(c.op(batch), stacked);
    });
    forEachOp('strided in any way', (c) => {
      for (const [shape, strides, offset] of [
        [[5, 6, 2], [1, 1, 7], 2],
        [[5, 5, 4], [1, 1, 7], 2],
        [[5, 5, 2], [4, 5, 7], 3],
        [[5, 5, 2], [5, 5, 7], 3],
        [[5, 5, 2], [5, 5, 5], 3],
        [[9, 5, 2], [0, 1, 7], 3],
      ] as const) {
        const x = make(c, [500]).asStrided(shape, strides, offset);
        checkLayout(c, x, c.op(x.contiguous()));
      }
    });
  });

  describe('out', () => {
    /** Calls with `out` and checks the result, and that it lies in the same memory with the same strides. */
    const checkOut = (c: Case, x: Tensor, out: Tensor): void => {
      const { shape, strides, storageOffset } = out;
      const memory = out.index('...');
      expect(c.op(x, { out })).toBe(out);
      expect([out.dtype, out.shape, out.strides, out.storageOffset]).toEqual([c.result, shape, strides, storageOffset]);
      expectBits(out, expectedBits(c, [...x.shape]));
      expectSame(memory, out);
    };
    const largest: Partial<Record<DType, number | bigint>> = {
      int8: 127,
      uint8: 255,
      int16: 32767,
      int32: 2 ** 31 - 1,
      int64: 2n ** 63n - 1n,
    };

    forEachOp('case 0: what was in it has no effect', (c) => {
      for (const shape of sampleShapes) {
        const out = api.empty(shape, { dtype: c.result, device });
        out.fill_(largest[c.result] ?? (partOf(c.result) ? { re: nan, im: nan } : nan));
        checkOut(c, make(c, shape), out);
      }
    });
    forEachOp('case 1: its strides are kept, and what lies between', (c) => {
      for (const shape of sampleShapes) {
        const pairs = api.empty([...shape, 2], { dtype: c.result, device }).fill_(7);
        checkOut(c, make(c, shape), pairs.select(-1, 1));
        expectBits(pairs.select(-1, 0), bitsOf(api.empty(shape, { dtype: c.result, device }).fill_(7)));
      }
      const turned = api.empty(31, 47, { dtype: c.result, device }).t();
      checkOut(c, make(c, [47, 31]), turned);
      expect(turned.strides).toEqual([1, 47]);
    });
    forEachOp('case 2: one without elements is resized, without a warning', (c) => {
      for (const shape of sampleShapes) {
        const out = api.empty(0, { dtype: c.result, device });
        expect(c.op(make(c, shape), { out })).toBe(out);
        expect(out.shape).toEqual(shape);
        expectBits(out, expectedBits(c, shape));
      }
      expect(warned.mock.calls.filter(([, options]) => options?.code === 'RSQRT_OUT_RESIZED')).toEqual([]);
    });
    forEachOp('case 4: of another dtype, converted if that is safe, otherwise refused', (c) => {
      const values = [...new Set([...valuesOf('small', c.dtype), ...valuesOf('large', c.dtype)])];
      const wide = api.asTensor(arrayOf(c.dtype, values), { dtype: c.dtype, device });
      for (const x of [wide, ...sampleShapes.map((shape) => make(c, shape))]) {
        const expected = c.op(x);
        for (const dtype of dtypes) {
          const out = api.ones(x.shape, { dtype, device });
          if (kindOf(c.result) <= kindOf(dtype)) expectSame(c.op(x, { out }), expected.to(dtype));
          else {
            expectRefusal('ERR_DTYPE', () => c.op(x, { out }));
            expectSame(out, api.ones(x.shape, { dtype, device }));
          }
        }
      }
    });
    forEachOp('of another shape is resized', (c) => {
      for (const shape of sampleShapes) {
        const wrong = shape.length === 0 ? [2] : [...shape.slice(0, -1), shape[shape.length - 1] + 1];
        const out = api.ones(wrong, { dtype: c.result, device });
        expect(c.op(make(c, shape), { out })).toBe(out);
        expect([out.shape, out.strides, out.numel]).toEqual([shape, c.op(make(c, shape)).strides, product(shape)]);
        expectBits(out, expectedBits(c, shape));
      }
    });

    test('a warning when one with elements is resized, once for each copy of the package', () => {
      const fresh = load(configuration.name.endsWith('simulated') ? 'simulated' : 'local', configuration.isa);
      const x = fresh.tensor([4, 16, 25], { device });
      const out = fresh.ones(2, { device });
      fresh.rsqrt(x, { out: fresh.empty(0, { device }) });
      fresh.rsqrt(x, { out: fresh.ones(3, { device }) });
      expect(warned).not.toHaveBeenCalled();
      fresh.rsqrt(x, { out });
      expect(warned.mock.calls).toEqual([
        [
          'rsqrt: out of shape [2] was resized to [3]; give one of that shape',
          { type: 'RsqrtWarning', code: 'RSQRT_OUT_RESIZED' },
        ],
      ]);
      expect(out.toArray()).toEqual([0.5, 0.25, expect.closeTo(0.2)]);
      fresh.sqrt(x, { out: fresh.ones(1, { device }) });
      expect(warned).toHaveBeenCalledTimes(1);
    });

    const f = Math.fround;
    const inputs = {
      '3': [4, 16, 25],
      '2': [4, 16],
      scalar: 4,
      none: [],
      matrix: [
        [4, 16, 25],
        [1, 100, 64],
      ],
    };
    // Each as torch 2.13 leaves it; Tensor.fill_ and toArray hand no memory out, which could not grow then.
    const resized: [
      name: string,
      size: number,
      view: (base: Tensor) => Tensor,
      input: keyof typeof inputs,
      after: { shape: number[]; strides: number[]; offset: number; base: number[]; needs: number },
    ][] = [
      [
        'a part of a larger storage writes on into that',
        10,
        (base) => base.narrow(0, 2, 2),
        '3',
        { shape: [3], strides: [1], offset: 2, base: [0, 0, 0.5, 0.25, f(0.2), 0, 0, 0, 0, 0], needs: 10 },
      ],
      [
        'the end of a storage makes it grow',
        4,
        (base) => base.narrow(0, 2, 2),
        '3',
        { shape: [3], strides: [1], offset: 2, base: [0, 0, 0.5, 0.25], needs: 5 },
      ],
      [
        'a stepped one becomes dense',
        10,
        (base) => base.slice(0, null, null, 4),
        '2',
        { shape: [2], strides: [1], offset: 0, base: [0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0], needs: 10 },
      ],
      [
        'to no elements',
        5,
        (base) => base.index('...'),
        'none',
        { shape: [0], strides: [1], offset: 0, base: [0, 0, 0, 0, 0], needs: 5 },
      ],
      [
        'to no dimensions',
        5,
        (base) => base.narrow(0, 1, 3),
        'scalar',
        { shape: [], strides: [], offset: 1, base: [0, 0.5, 0, 0, 0], needs: 5 },
      ],
      [
        'a column for a row',
        3,
        (base) => base.view(3, 1),
        '3',
        { shape: [3], strides: [1], offset: 0, base: [0.5, 0.25, f(0.2)], needs: 3 },
      ],
      [
        'a matrix of one row for a row',
        3,
        (base) => base.view(1, 3),
        '3',
        { shape: [3], strides: [1], offset: 0, base: [0.5, 0.25, f(0.2)], needs: 3 },
      ],
      [
        'the strides follow a transposed input',
        5,
        (base) => base.view(5),
        'matrix',
        { shape: [3, 2], strides: [1, 3], offset: 0, base: [0.5, 0.25, f(0.2), 1, f(0.1)], needs: 6 },
      ],
      [
        'an empty one in the middle writes there',
        10,
        (base) => base.narrow(0, 4, 0),
        '3',
        { shape: [3], strides: [1], offset: 4, base: [0, 0, 0, 0, 0.5, 0.25, f(0.2), 0, 0, 0], needs: 10 },
      ],
      [
        'an empty one at the end makes the storage grow',
        4,
        (base) => base.narrow(0, 4, 0),
        '3',
        { shape: [3], strides: [1], offset: 4, base: [0, 0, 0, 0], needs: 7 },
      ],
    ];
    test.each(resized)('resized: %s', (_, size, view, which, after) => {
      const x = api.tensor(inputs[which], { device });
      const input = which === 'matrix' ? x.t() : x;
      const base = api.zeros(size, { device });
      const witness = base.narrow(0, 0, size);
      const out = view(base);
      api.rsqrt(input, { out });
      expect(out).toMatchObject({ shape: after.shape, strides: after.strides, storageOffset: after.offset });
      expect(out.toArray()).toEqual(api.rsqrt(input).toArray());
      expect([base.toArray(), witness.toArray()]).toEqual([after.base, after.base]);
      // The storage holds what is needed, and no more than torch's.
      base.asStrided([after.needs], [1], 0).fill_(2);
      expect([base.toArray(), out.toArray()].flat(3).every((value) => value === 2)).toBe(true);
      expect(() => base.asStrided([after.needs + 1], [1], 0)).toThrow(RangeError);
    });
    test('resized beside the input, in one storage', () => {
      const base = api.zeros(6, { device });
      api.rsqrt(base.narrow(0, 3, 3), { out: base.narrow(0, 0, 2) });
      expect(base.toArray()).toEqual([inf, inf, inf, 0, 0, 0]);
    });

    test.each<[string, RsqrtErrorCode, (base: Tensor, array: Tensor) => [input: Tensor, out: Tensor]]>([
      [
        'expanded, of the right shape',
        'ERR_OVERLAP',
        (base) => [api.ones(3, { device }), base.narrow(0, 0, 1).expand(3)],
      ],
      [
        'expanded, of another shape',
        'ERR_OVERLAP',
        (base) => [api.ones(3, { device }), base.narrow(0, 0, 1).expand(5)],
      ],
      ['windows', 'ERR_OVERLAP', (base) => [api.ones(4, 3, { device }), base.unfold(0, 3, 1)]],
      ['over the input until resized', 'ERR_OVERLAP', (base) => [base, base.narrow(0, 0, 2)]],
      ['the input as a column', 'ERR_OVERLAP', (base) => [base, base.view(6, 1)]],
      ['over the input before and after', 'ERR_OVERLAP', (base) => [base, base.narrow(0, 1, 5)]],
      // torch looks only before, and the result is undefined.
      ['over the input once resized', 'ERR_OVERLAP', (base) => [base.narrow(0, 2, 3), base.narrow(0, 0, 1)]],
      [
        'of another shape and an integer dtype',
        'ERR_DTYPE',
        () => [api.ones(3, { device }), api.ones(2, { dtype: 'int64', device })],
      ],
    ])('refused with nothing written: %s', (_, code, choose) => {
      const base = api.arange(1, 7, { device });
      const [input, out] = choose(base, base);
      const state = () => [out.shape, out.strides, out.toArray(), input.toArray(), base.toArray()];
      const before = state();
      expect(() => api.rsqrt(input, { out })).toThrow(refuses(code));
      expect(state()).toEqual(before);
    });

    if (device === 'cpu') {
      test.each<[string, (array: Float32Array) => Tensor]>([
        ['an array', (array) => api.asTensor(array)],
        ['a tensor, handed out', (array) => api.asTensor(api.tensor(array).data)],
      ])('on the memory of %s: resized within it, refused beyond', (_, make) => {
        const out = make(Float32Array.of(1, 2));
        expectRefusal('ERR_SHAPE', () => api.rsqrt(api.tensor([4, 16, 25]), { out }));
        expect([out.shape, out.toArray()]).toEqual([[2], [1, 2]]);
        api.rsqrt(api.tensor([[4], [16]]), { out });
        expect(out.toArray()).toEqual([[0.5], [0.25]]);
        api.rsqrt(api.tensor(16), { out });
        expect([out.shape, out.item()]).toEqual([[], 0.25]);
      });
      test('memory that was handed out is not exchanged for more', () => {
        const out = api.tensor([1, 2]);
        const { data } = out;
        expectRefusal('ERR_SHAPE', () => api.rsqrt(api.tensor([4, 16, 25]), { out }));
        expect([...data]).toEqual([1, 2]);
      });
    } else {
      const devices = (['cpu', 'cuda:0', 'cuda:1'] as const).slice(0, 1 + api.cuda.deviceCount());
      test.each(pairsOf(devices).filter(([a, b]) => a !== b))(
        'case 3: input on %s, out on %s is refused',
        (from, to) => {
          for (const shape of sampleShapes) {
            const out = api.ones(shape, { device: to });
            expectRefusal('ERR_DEVICE', () => api.rsqrt(api.ones(shape, { device: from }), { out }));
            expectSame(out, api.ones(shape, { device: to }));
          }
          const none = api.empty(0, { device: to });
          expectRefusal('ERR_DEVICE', () => api.rsqrt(api.ones(3, { device: from }), { out: none }));
          expect(none.shape).toEqual([0]);
        },
      );
    }

    forEachOp(
      'abs of complex into real and complex ones, of their size and resized',
      (c) => {
        const x = make(c, [60]);
        const expected = c.op(x);
        for (const dtype of [c.result, c.dtype]) {
          for (const size of [60, 1, 0]) {
            expectSame(c.op(x, { out: api.empty(size, { dtype, device }) }), expected.to(dtype));
          }
        }
        expectRefusal('ERR_DTYPE', () => c.op(x, { out: api.empty(0, { dtype: 'int64', device }) }));
        expectRefusal('ERR_DTYPE', () => c.inPlace(x));
      },
      ({ name, dtype }) => name === 'abs' && partOf(dtype) !== undefined,
    );
  });

  describe('variants', () => {
    const methodOf = (x: Tensor, name: string) => (x as unknown as Record<string, () => Tensor>)[name]();

    forEachOp('method = function', ({ name, op, dtype, result }) => {
      for (const shape of [[5, 5], ...sampleShapes]) {
        const x = make({ name, dtype }, shape);
        const made = methodOf(x, name);
        expect([made.dtype, made.device]).toEqual([result, device]);
        expectSame(made, op(x));
        expectBits(x, bitsOf(make({ name, dtype }, shape)));
      }
    });
    forEachOp(
      'in place = function, in the same memory, and gives the tensor itself',
      (c) => {
        for (const shape of [[5, 5], ...sampleShapes]) {
          const ways: [(x: Tensor) => Tensor, Tensor][] = [
            [c.inPlace, make(c, shape)],
            [(x) => methodOf(x, `${c.name}_`), apart(make(c, shape))],
          ];
          for (const [call, x] of ways) {
            const { strides, storageOffset } = x;
            const memory = x.index('...');
            expect(call(x)).toBe(x);
            expect([x.shape, x.strides, x.storageOffset]).toEqual([shape, strides, storageOffset]);
            expectBits(x, expectedBits(c, shape));
            expectSame(memory, x);
          }
        }
      },
      isSame,
    );
    forEachOp(
      'in place on a view writes through, and nothing beside it',
      (c) => {
        const x = make(c, [6, 8]);
        const expected = x.clone();
        const views = (of: Tensor) => [of.index(2), of.index([], [1, null, 3]), of.narrow(0, 3, 2).narrow(1, 4, 2).t()];
        views(x).forEach((view, i) => {
          views(expected)[i].copy_(c.op(views(expected)[i]));
          c.inPlace(view);
        });
        expectSame(x, expected);
      },
      isSame,
    );
    forEachOp(
      'in place where the result does not fit is refused, with nothing written',
      (c) => {
        for (const x of [make(c, [5, 5]), make(c, [0]), make(c, [])]) {
          const before = bitsOf(x);
          expectRefusal('ERR_DTYPE', () => c.inPlace(x));
          expectRefusal('ERR_DTYPE', () => methodOf(x, `${c.name}_`));
          expectBits(x, before);
        }
      },
      (c) => !isSame(c),
    );
  });

  describe('overlap', () => {
    forEachOp(
      'of out with the input: exact and none are fine, partial is refused',
      (c) => {
        const data = make(c, [6]);
        const start = data.clone();
        const [head, tail] = [data.narrow(0, 0, 3), data.narrow(0, 3, 3)];
        const expected = [c.op(head), c.op(tail)];
        const shifted = data.narrow(0, 1, 3);
        for (const [input, out] of [
          [head, shifted],
          [shifted, head],
        ]) {
          expectRefusal('ERR_OVERLAP', () => c.op(input, { out }));
        }
        expectSame(data, start);
        expectSame(c.op(tail, { out: head }), expected[1]);
        expectSame(tail, start.narrow(0, 3, 3));
        data.copy_(start);
        expectSame(c.op(head, { out: data.narrow(0, 0, 3) }), expected[0]);
        expectSame(tail, start.narrow(0, 3, 3));
      },
      isSame,
    );
    forEachOp(
      'of out with the input transposed is refused',
      (c) => {
        const x = make(c, [5, 5]);
        const before = bitsOf(x);
        expectRefusal('ERR_OVERLAP', () => c.op(x, { out: x.t() }));
        expectRefusal('ERR_OVERLAP', () => c.op(x.t(), { out: x }));
        expectBits(x, before);
        expectSame(c.op(x.t(), { out: x.t() }), c.op(make(c, [5, 5])).t());
      },
      isSame,
    );
    forEachOp(
      'of interleaved strides: everything is read before anything is written',
      (c) => {
        const pick = (of: Tensor, start: number, step: number) => of.slice(0, start, start + 20 * step, step);
        for (const [from, to] of [
          [
            [0, 2],
            [1, 2],
          ], // apart
          [
            [0, 1],
            [0, 2],
          ], // torch reads what it has written
          [
            [0, 2],
            [0, 1],
          ],
          [
            [3, 2],
            [0, 3],
          ],
        ]) {
          const data = make(c, [60]);
          const after = data.clone();
          pick(after, to[0], to[1]).copy_(c.op(pick(data, from[0], from[1])));
          c.op(pick(data, from[0], from[1]), { out: pick(data, to[0], to[1]) });
          expectSame(data, after);
        }
      },
      isSame,
    );
    forEachOp(
      'among the elements of what is written is refused',
      (c) => {
        const one = make(c, [1]);
        const before = bitsOf(one);
        for (const shared of [one.expand(3, 3), one.expand(3), make(c, [9]).unfold(0, 3, 1)]) {
          expectRefusal('ERR_OVERLAP', () => c.inPlace(shared));
          expectRefusal('ERR_OVERLAP', () => c.op(make(c, [...shared.shape]), { out: shared }));
          expectRefusal('ERR_OVERLAP', () => shared.copy_(make(c, [...shared.shape])));
        }
        expectBits(one, before);
        // Sizes of 1 and 0 share nothing.
        expectBits(c.inPlace(one.expand(1, 1, 1)), expectedBits(c, [1]));
        expect(c.inPlace(make(c, [1]).expand(0)).numel).toBe(0);
      },
      isSame,
    );
    test('of dtypes: elements of one size, and of different ones', () => {
      const x = api.tensor([4, -16, 25, 1], { dtype: 'int32', device });
      const expected = api.neg(x).to('float32');
      expectSame(api.neg(x.clone(), { out: x.clone().view('float32') }), expected);
      const same = x.clone();
      expectSame(api.neg(same, { out: same.view('float32') }), expected);
      const y = api.ones(4, { device });
      expectRefusal('ERR_OVERLAP', () => api.rsqrt(y.narrow(0, 0, 2), { out: y.view('float64') }));
      expect(y.toArray()).toEqual([1, 1, 1, 1]);
    });
  });

  describe('bools', () => {
    /** 0 and every other byte, all of which are true. */
    const bytes = Uint8Array.from({ length: 256 * 3 }, (_, i) => (i % 3 === 0 ? 0 : i % 256));
    const standard = bytes.map((byte) => Number(byte !== 0));
    const odd = () => api.asTensor(bytes.slice(), { dtype: 'bool', device });
    const even = () => api.asTensor(standard.slice(), { dtype: 'bool', device });

    forEachOp(
      'bytes that are neither 0 nor 1',
      ({ op }) => {
        const layouts = [
          (x: Tensor) => x,
          (x: Tensor) => x.slice(0, 1, null, 2),
          (x: Tensor) => x.view(24, 32).t(),
          (x: Tensor) => x.narrow(0, 255, 1).expand(3, 5),
          ...sampleShapes.map((shape) => (x: Tensor) => x.narrow(0, 251, product(shape)).view(shape)),
        ];
        for (const view of layouts) {
          expectSame(op(view(odd())), op(view(even())));
        }
      },
      ({ dtype }) => dtype === 'bool',
    );
    test.each(dtypes)('become the same %s', (to) => {
      expectSame(odd().to(to).to('int32'), even().to(to).to('int32'));
      expectSame(odd().view(24, 32).t().to(to).to('int32'), even().view(24, 32).t().to(to).to('int32'));
      const target = api.zeros(768, { dtype: to, device });
      expectSame(target.copy_(odd()).to('int32'), even().to('int32'));
      expectSame(
        target
          .slice(0, 0, 3)
          .copy_(odd().narrow(0, 3, 3))
          .to('int32'),
        even().narrow(0, 3, 3).to('int32'),
      );
    });
    test('read as true', () => {
      const values = [...standard].map(Boolean);
      expect(odd().toArray()).toEqual(values);
      expect([...odd()]).toEqual(values);
      expect([odd().at(2), odd().narrow(0, 254, 1).item(), odd().select(0, 3).item()]).toEqual([true, true, false]);
      expect(String(odd().narrow(0, 250, 6))).toBe(String(even().narrow(0, 250, 6)));
      expect(JSON.stringify(odd().view(24, 32).t().toArray())).toBe(JSON.stringify(even().view(24, 32).t().toArray()));
    });
  });

  describe('length and layout do not show', () => {
    const small = (c: Case) => c.dtype === 'float16' || c.dtype === 'bfloat16';

    forEachOp(
      'the start, the end and the middle of a tensor as in the whole',
      (c) => {
        const x = make(c, [100]);
        const whole = bitsOf(c.op(x));
        const { itemSize } = c.op(x);
        for (let n = 0; n <= 40; n++) {
          for (const start of [0, 3, 100 - n]) {
            expectBits(c.op(x.narrow(0, start, n)), whole.subarray(start * itemSize, (start + n) * itemSize));
          }
        }
      },
      small,
    );
    forEachOp(
      'one number is the same everywhere',
      (c) => {
        for (const value of [0.1, 3, 6e-8]) {
          const one = bitsOf(c.op(api.tensor(value, { dtype: c.dtype, device })));
          for (const n of [7, 33, 127]) {
            const x = api.full([n], value, { dtype: c.dtype, device });
            for (const input of [x, apart(x), x.expand(3, n).t()]) {
              expectBits(c.op(input), repeated(one, input.numel * c.op(input).itemSize));
            }
          }
        }
      },
      (c) => isFloat(c.dtype),
    );
    forEachOp(
      'the sign of zero',
      ({ name, op, dtype }) => {
        const array = arrayOf(
          dtype,
          Array.from({ length: 37 * 3 }, (_, i) => (i % 5 < 2 ? -0 : 0)),
        );
        const expected = expectedOf(name, dtype, array);
        const x = api.asTensor(array.slice(), { dtype, device });
        const y = api.asTensor(expected, { dtype, device });
        for (const view of [
          (of: Tensor) => of,
          (of: Tensor) => of.slice(0, null, null, 2),
          (of: Tensor) => of.view(37, 3).t(),
          (of: Tensor) => of.view(37, 3).select(1, 2),
          (of: Tensor) => of.narrow(0, 3, 5),
        ]) {
          expectSame(op(view(x)), view(y));
        }
      },
      (c) => isFloat(c.dtype),
    );
  });

  describe('copy_, fill_, zero_', () => {
    const places = [...new Set(['cpu', device] as const)];
    const routes = pairsOf(places);
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const neg = { name: 'neg' as const };

    test.each(dtypes)('copy_ from %s into every dtype is to()', (from) => {
      api.tidy(() => {
        const x = make({ ...neg, dtype: from }, [7, 11]);
        for (const to of dtypes) {
          const expected = x.to(to);
          const targets = [
            api.ones(7, 11, { dtype: to, device }),
            api.ones(11, 7, { dtype: to, device }).t(),
            apart(api.ones(7, 11, { dtype: to, device })),
            api.ones(9, 16, { dtype: to, device }).index([1, 8], [2, 13]),
          ];
          for (const target of targets) {
            expect(target.copy_(x)).toBe(target);
            expectSame(target, expected);
            target.fill_(1);
            target.copy_(x.select(0, 3)); // broadcast
            expectSame(target, expected.select(0, 3).expand(7, 11));
          }
        }
      });
    });
    test.each(routes)('copy_ from %s to %s: broadcast, transposed, between other elements', (from, to) => {
      const source = api
        .arange(100 * 100, { device: from })
        .view(100, 100)
        .t();
      for (const dtype of ['float32', 'float64', 'complex64', 'float16', 'int32'] as const) {
        const target = api.empty(100, 100, { dtype, device: to });
        target.copy_(source);
        const real = target.to({ dtype: 'float64', device: 'cpu' });
        expect(real.select(1, 0).toArray()).toEqual(range(0, 100));
        const rounded = (value: number) => (dtype === 'float16' ? nearest('float16', value) : value);
        expect(real.select(1, 40).toArray()).toEqual(range(4000, 4100).map(rounded));
      }

      const x = api.tensor([1.5, 2.5, 3.5, 4.5, 5.5, 6.5], { device: from });
      const y = api.zeros(6, { dtype: 'int64', device: to });
      y.slice(0, null, null, 2).copy_(x.slice(0, null, null, 2));
      expect(y.toArray()).toEqual([1n, 0n, 3n, 0n, 5n, 0n]);

      const rows = api.zeros(10, 6, { device: to }).copy_(x);
      expect(rows.select(0, 3).toArray()).toEqual(x.toArray());
      expectRefusal('ERR_SHAPE', () => rows.copy_(api.zeros(30, { device: from })));
      expectRefusal('ERR_SHAPE', () => rows.copy_(api.zeros(1, 10, 6, { device: from })));
      expect(rows.copy_(api.full([], 7, { device: from })).toArray()).toEqual(Array(10).fill(Array(6).fill(7)));
      for (const shape of emptyShapes) {
        const none = api.empty(shape, { device: to });
        expect(none.copy_(api.empty(shape, { device: from })).shape).toEqual(shape);
      }
      const spread = api.zeros(1, 6, { device: to }).expand(5, 6);
      expectRefusal('ERR_OVERLAP', () => spread.copy_(api.ones(5, 6, { device: from })));
      expect(spread.toArray()).toEqual(Array(5).fill(Array(6).fill(0)));
    });
    test.each(dtypes)('copy_ of %s onto itself, and where the two overlap', (dtype) => {
      const data = make({ ...neg, dtype }, [6]);
      const before = bitsOf(data);
      expectBits(data.copy_(data), before);
      expectBits(data.narrow(0, 1, 3).copy_(data.narrow(0, 1, 3)), before.subarray(data.itemSize, 4 * data.itemSize));
      expectRefusal('ERR_OVERLAP', () => data.narrow(0, 0, 3).copy_(data.narrow(0, 1, 3)));
      const square = data.narrow(0, 0, 4).view(2, 2);
      expectRefusal('ERR_OVERLAP', () => square.copy_(square.t()));
      expectBits(data, before);
      const after = data.clone();
      after.slice(0, 0, 6, 2).copy_(data.narrow(0, 0, 3));
      data.slice(0, 0, 6, 2).copy_(data.narrow(0, 0, 3));
      expectSame(data, after);
      const [head, tail] = [data.narrow(0, 0, 3), data.narrow(0, 3, 3)];
      expectSame(head.copy_(tail), tail);
    });

    test.each(dtypes)('fill_ and zero_ of %s', (dtype) => {
      api.tidy(() => {
        const bound = dtype === 'int8' || dtype === 'uint8' ? 100 : 2000;
        const large = api.empty(10000, { dtype, device });
        const two = api.tensor([10, 10], { dtype, device });
        const matrix = api.empty(6, 10, { dtype, device });
        const inner = matrix.index([1, 5], [2, null, 3]).t();
        for (let n = dtype === 'uint8' ? 0 : -bound; n < bound; n += bound / 10) {
          const element = bytesOf(arrayOf(dtype, [elementOf(dtype, n)]));
          for (const x of [two, large]) {
            expect(x.fill_(n)).toBe(x);
            expectBits(x, repeated(Buffer.from(element), x.numel * x.itemSize));
          }
          matrix.zero_();
          inner.fill_(api.full([], n, { dtype: 'int32', device }));
          expectBits(inner, repeated(Buffer.from(element), inner.numel * inner.itemSize));
          inner.zero_();
          expectBits(matrix, Buffer.alloc(60 * matrix.itemSize));
        }
        expect(large.zero_()).toBe(large);
        expectBits(large, Buffer.alloc(large.numel * large.itemSize));
        for (const shape of emptyShapes)
          expect(api.empty(shape, { dtype, device }).fill_(1).zero_().shape).toEqual(shape);
        expectBits(api.empty([], { dtype, device }).fill_(1), bitsOf(api.ones([], { dtype, device })));
      });
    });
    test.each<[string, (x: Tensor) => unknown, unknown]>([
      ['a tensor with dimensions', (x) => x.fill_(api.ones(1, { device })), TypeError],
      ['a complex number into reals', (x) => x.fill_({ re: 0, im: 1 }), TypeError],
      ['300 into int8', (x) => x.to('int8').fill_(300), RangeError],
      ['an expanded tensor', (x) => x.narrow(0, 0, 1).expand(3).fill_(1), refuses('ERR_OVERLAP')],
      ['an expanded tensor with 0', (x) => x.narrow(0, 0, 1).expand(3).zero_(), refuses('ERR_OVERLAP')],
    ])('fill_ refuses %s', (_, call, error) => {
      const x = api.tensor([4, 16], { device });
      expect(() => call(x)).toThrow(error as Error);
      expect(x.toArray()).toEqual([4, 16]);
    });
  });
});
