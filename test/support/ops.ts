/**
 * The table of operations. The suites, README.md's list and the names that the package must export
 * come from it; test/ops.test.ts compares it with what the addon publishes. A new operation is a
 * row here.
 *
 * Results are computed slowly and obviously, and share no code with src/ or native/. reference.ts
 * applies a row to elements of a dtype.
 */

import type { Complex, DType } from '../../src/index';
import type { Rsqrt } from './configurations';
import {
  complexRoot,
  difference,
  type Exact,
  type ExactComplex,
  exactly,
  exactParts,
  isLess,
  nearestFloat64,
  negated,
  norm,
  ONE,
  product,
  quotient,
  root,
  sum,
  TWO,
  ZERO,
} from './exact';

/**
 * How the dtype of a result follows from that of the inputs (for several: the dtype that they are
 * promoted to).
 *
 * same: kept. float: kept, but integers and bool give the default dtype. real: kept, but complex
 * dtypes give that of their parts. number: kept, but bool gives int64. bool: always bool.
 */
export type ResultRule = 'same' | 'float' | 'real' | 'number' | 'bool';

export interface Op {
  /** How many tensors or numbers it takes. The functions below take as many. */
  arity: 1 | 2 | 3;
  result: ResultRule;
  /** Dtypes of the inputs for which a call throws ERR_DTYPE. */
  refuses: readonly DType[];
  /**
   * What the addon uses it for, where the package does not export it. All other operations are
   * functions and methods of Tensor.
   */
  nativeOnly?: string;
  /** False if there is no form in place (`rsqrt_`), neither as a function nor as a method. */
  inPlace?: false;

  /** The exact result for integers and bools; it is then wrapped. Not for the rule `float`. */
  integer?: (...x: bigint[]) => bigint | boolean;
  /**
   * The result for floats, in double arithmetic. Must round to the right number of every dtype up
   * to float32.
   */
  real: (...x: number[]) => number | boolean;
  /** The right float64, if that is not what `real` gives. */
  float64?: (...x: number[]) => number;
  /**
   * Whether the exact result for positive numbers is above a positive number y. The suites check
   * `real` against this where it is given.
   */
  isAbove?: (y: Exact, ...x: Exact[]) => boolean;
  /** Not for operations that refuse complex dtypes. */
  complex?: {
    /** The result for finite numbers by the textbook's formula. A real result has the part 0. */
    exact: (...z: Complex[]) => ExactComplex;
    /**
     * The largest error in units in the last place: for complex64 in those of each part, for
     * complex128 in those of the larger part.
     */
    ulps: Readonly<Record<'complex64' | 'complex128', number>>;
    /**
     * What torch gives for each pair of inf, −inf and NaN, in this order, the second varying
     * faster.
     */
    extremals?: readonly (number | readonly [re: number, im: number])[];
  };

  /** The smallest number of the domain; −inf if it is left out. */
  min?: number;
  /** Elements of a float32 tensor for each input, and those of the result, without any rounding. */
  example: { inputs: readonly (readonly number[])[]; result: readonly (number | boolean)[] };
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** Complex results need not be correctly rounded. The parts of complex64 nearly are. */
const COMPLEX_ULPS = { complex64: 0.501, complex128: 4 } as const;
const NO_ERROR = { complex64: 0, complex128: 0 } as const;
const ALL_NAN = Array<readonly [number, number]>(9).fill([nan, nan]);

// One √, / or · of doubles is rounded correctly, and rounding its result again to float32 or to 16
// bits gives the right number, because 53 ≥ 2·24 + 2. 1/√x, of two roundings, is right for all 2^32
// floats and all numbers of 16 bits (accuracy.test.ts and `npm run exhaustive` check this).
const table = {
  copy: {
    arity: 1,
    result: 'same',
    refuses: [],
    nativeOnly: 'copies and conversions',
    integer: (x) => x,
    real: (x) => x,
    complex: { exact: exactParts, ulps: NO_ERROR },
    example: { inputs: [[4, -0.5, inf]], result: [4, -0.5, inf] },
  },
  rsqrt: {
    arity: 1,
    result: 'float',
    refuses: [],
    real: (x) => 1 / Math.sqrt(x),
    float64: rsqrtFloat64,
    isAbove: isRsqrtAbove,
    complex: {
      exact: (z) => {
        // The conjugate of √z, divided by |z|.
        const [u, v] = complexRoot(z);
        const modulus = root(norm(exactParts(z)));
        return [quotient(u, modulus), negated(quotient(v, modulus))];
      },
      ulps: COMPLEX_ULPS,
      extremals: ALL_NAN,
    },
    min: 0,
    example: { inputs: [[4, 16, 0.25]], result: [0.5, 0.25, 2] },
  },
  sqrt: {
    arity: 1,
    result: 'float',
    refuses: [],
    real: Math.sqrt,
    isAbove: (y, x) => isLess(product(y, y), x),
    complex: {
      exact: complexRoot,
      ulps: COMPLEX_ULPS,
      // biome-ignore format: a row for each real part
      extremals: [
        [inf, inf], [inf, -inf], [inf, nan],
        [inf, inf], [inf, -inf], [nan, inf],
        [inf, inf], [inf, -inf], [nan, nan],
      ],
    },
    min: 0,
    example: { inputs: [[4, 16, 0]], result: [2, 4, 0] },
  },
  reciprocal: {
    arity: 1,
    result: 'float',
    refuses: [],
    real: (x) => 1 / x,
    isAbove: (y, x) => isLess(product(y, x), ONE),
    complex: {
      exact: (z) => {
        const [x, y] = exactParts(z);
        return [quotient(x, norm([x, y])), negated(quotient(y, norm([x, y])))];
      },
      ulps: COMPLEX_ULPS,
      extremals: ALL_NAN,
    },
    example: { inputs: [[2, -4, 0]], result: [0.5, -0.25, inf] },
  },
  neg: {
    arity: 1,
    result: 'same',
    refuses: ['bool'],
    integer: (x) => -x,
    real: (x) => -x,
    complex: {
      exact: (z) => [negated(exactly(z.re)), negated(exactly(z.im))],
      ulps: NO_ERROR,
      // biome-ignore format: a row for each real part
      extremals: [
        [-inf, -inf], [-inf, inf], [-inf, nan],
        [inf, -inf], [inf, inf], [inf, nan],
        [nan, -inf], [nan, inf], [nan, nan],
      ],
    },
    example: { inputs: [[1, -2, inf]], result: [-1, 2, -inf] },
  },
  abs: {
    arity: 1,
    result: 'real',
    refuses: ['bool'],
    integer: (x) => (x < 0n ? -x : x),
    real: Math.abs,
    complex: {
      exact: (z) => [root(norm(exactParts(z))), ZERO],
      ulps: COMPLEX_ULPS,
      extremals: [...Array<number>(8).fill(inf), nan],
    },
    example: { inputs: [[1, -2, -inf]], result: [1, 2, inf] },
  },
  square: {
    arity: 1,
    result: 'number',
    refuses: [],
    integer: (x) => x * x,
    real: (x) => x * x,
    complex: {
      exact: (z) => {
        const [x, y] = exactParts(z);
        return [difference(product(x, x), product(y, y)), product(TWO, product(x, y))];
      },
      ulps: COMPLEX_ULPS,
      // biome-ignore format: a row for each real part
      extremals: [
        [nan, inf], [nan, -inf], [nan, nan],
        [nan, -inf], [nan, inf], [nan, nan],
        [nan, nan], [nan, nan], [nan, nan],
      ],
    },
    example: { inputs: [[1, -2, 3]], result: [1, 4, 9] },
  },
  add: {
    arity: 2,
    result: 'same',
    refuses: ['bool'],
    nativeOnly: 'steps of programs',
    integer: (x, y) => x + y,
    real: (x, y) => x + y,
    complex: {
      exact: (z, w) => {
        const [[a, b], [c, d]] = [exactParts(z), exactParts(w)];
        return [sum(a, c), sum(b, d)];
      },
      ulps: COMPLEX_ULPS,
    },
    example: {
      inputs: [
        [1, -2],
        [0.5, inf],
      ],
      result: [1.5, inf],
    },
  },
  mul: {
    arity: 2,
    result: 'same',
    refuses: ['bool', 'complex64', 'complex128'],
    nativeOnly: 'steps of programs',
    integer: (x, y) => x * y,
    real: (x, y) => x * y,
    example: {
      inputs: [
        [3, -2],
        [0.5, inf],
      ],
      result: [1.5, -inf],
    },
  },
} as const satisfies Record<string, Op>;

function isRsqrtAbove(y: Exact, x: Exact): boolean {
  return isLess(product(product(y, y), x), ONE);
}

/** The float64 nearest to 1/√x. */
function rsqrtFloat64(x: number): number {
  const rough = 1 / Math.sqrt(x);
  return x > 0 && x < inf ? nearestFloat64(rough, (y) => isRsqrtAbove(y, exactly(x))) : rough;
}

type Table = typeof table;
/** The name of any operation. */
export type NativeOpName = keyof Table;
/** The name of an operation that the package exports. */
export type OpName = {
  [K in NativeOpName]: Table[K] extends { nativeOnly: string } ? never : K;
}[NativeOpName];
/** One of a single input. */
export type UnaryName = { [K in OpName]: Table[K] extends { arity: 1 } ? K : never }[OpName];

const names = Object.keys(table) as NativeOpName[];

/** Every operation of the addon, in the order of its table. */
export const nativeOps: ReadonlyMap<string, Op> = new Map(Object.entries<Op>(table));

export const opNamed = (name: NativeOpName): Op => table[name];

/** The operations that the package exports, in the order of the addon's table. */
export const opNames: readonly OpName[] = names.filter(
  (name): name is OpName => opNamed(name).nativeOnly === undefined,
);

/** Those of a single input, which the suites call as `op(x)`. */
export const unaryNames: readonly UnaryName[] = opNames.filter((name): name is UnaryName => opNamed(name).arity === 1);

/** Those that a unary suite is interested in. */
export const unaryNamesWhere = (holds: (op: Op) => boolean): UnaryName[] =>
  unaryNames.filter((name) => holds(opNamed(name)));

/**
 * An operation of a copy of the package, as `op(x)`. All are typed as `neg`, because they differ in
 * the dtype of the result only.
 */
export const unaryOf = (rsqrt: Rsqrt, name: UnaryName): Rsqrt['neg'] => rsqrt[name] as Rsqrt['neg'];

/** The names under which an operation is exported, and under which it is a method. */
export const formsOf = (name: OpName): string[] => (opNamed(name).inPlace === false ? [name] : [name, `${name}_`]);

/** The rule of each, typed so that the compiler can compare it with the declaration of the operation. */
export const unaryRules = Object.fromEntries(unaryNames.map((name) => [name, table[name].result])) as {
  [K in UnaryName]: Table[K]['result'];
};
