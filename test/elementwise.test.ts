/**
 * Every operation on every device and instruction set, dtype, layout and edge size: the bits of the reference (of complex
 * dtypes, those of the first configuration), in a new tensor, in place and through `out`, and nothing written beside them.
 */

import { type DType, dtypes, type Tensor } from '../src/index';
import { type Configuration, configurations } from './support/configurations';
import { covered } from './support/coverage';
import { thinned } from './support/emulation';
import { expectedOf } from './support/expected';
import { type UnaryName, unaryNames, unaryOf } from './support/ops';
import { resultDType } from './support/reference';
import { type AnyArray, arrayFor, bytesOf, dataOf, inputs, positions, rawOf, wordsOf } from './support/values';

interface Layout {
  name: string;
  shape: number[];
  strides: number[];
  offset: number;
}

const lengths = thinned(
  'elementwise: lengths',
  [...Array(130).keys(), 4095, 4096, 4097],
  (n) => n < 36 || (n < 4096 && (n + 1) % 64 < 3) || n === 4097,
);
const POOL = 4096 * 3;

/** One dimension of n elements, in every way that it can lie in memory. */
const line = (n: number): Layout[] => [
  { name: 'contiguous', shape: [n], strides: [1], offset: 0 },
  { name: 'contiguous at an odd offset', shape: [n], strides: [1], offset: 3 },
  { name: 'every second', shape: [n], strides: [2], offset: 1 },
];

const shapes: Layout[] = [
  { name: '0-d', shape: [], strides: [], offset: 5 },
  { name: 'empty in the middle', shape: [3, 0, 2], strides: [2, 2, 1], offset: 0 },
  { name: 'matrix', shape: [31, 17], strides: [17, 1], offset: 2 },
  { name: 'transposed', shape: [17, 31], strides: [1, 17], offset: 0 },
  { name: 'transposed with a gap', shape: [40, 33], strides: [1, 41], offset: 1 },
  { name: 'rows with a gap', shape: [9, 70], strides: [75, 1], offset: 4 },
  { name: 'columns of a wide matrix', shape: [100, 3], strides: [32, 1], offset: 7 },
  { name: 'permuted 3-d', shape: [5, 7, 9], strides: [1, 45, 5], offset: 0 },
  { name: 'channels last', shape: [2, 3, 4, 5], strides: [60, 1, 15, 3], offset: 0 },
  { name: '5-d without order', shape: [2, 3, 2, 4, 3], strides: [1, 100, 2, 7, 30], offset: 6 },
  { name: 'size-1 dimensions with wild strides', shape: [1, 6, 1, 5, 1], strides: [999, 5, 777, 1, 555], offset: 0 },
  {
    name: '12-d',
    shape: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
    strides: [9, 64, 9, 32, 9, 16, 9, 8, 9, 4, 9, 1],
    offset: 0,
  },
  { name: 'long inner runs', shape: [3, 1500], strides: [1600, 1], offset: 0 },
  { name: 'transposed, several tiles', shape: [70, 67], strides: [1, 75], offset: 0 },
  { name: 'batch of transposed', shape: [2, 33, 40], strides: [2000, 1, 41], offset: 3 },
  { name: 'transposed, tall tiles with ragged edges', shape: [129, 90], strides: [1, 131], offset: 2 },
  { name: 'transposed, wide tiles with ragged edges', shape: [90, 131], strides: [1, 91], offset: 5 },
  { name: 'every second element transposed', shape: [40, 35], strides: [2, 81], offset: 1 },
  { name: 'batches of transposed', shape: [3, 2, 33, 34], strides: [3400, 1650, 1, 48], offset: 7 },
  { name: 'channels last, many channels', shape: [2, 48, 9, 8], strides: [3456, 1, 384, 48], offset: 0 },
  { name: 'short rows with a gap', shape: [1500, 3], strides: [4, 1], offset: 0 },
];
// Elements that share memory: to read only.
const readOnly: Layout[] = [
  { name: 'expanded rows', shape: [33, 20], strides: [0, 1], offset: 3 },
  { name: 'expanded columns', shape: [33, 20], strides: [1, 0], offset: 3 },
  { name: 'expanded batches of transposed', shape: [3, 20, 40], strides: [0, 1, 21], offset: 1 },
  { name: 'a scalar expanded', shape: [4, 5], strides: [0, 0], offset: 11 },
  { name: 'sliding windows', shape: [30, 8], strides: [1, 1], offset: 0 },
];

type Words = ReturnType<typeof wordsOf>;

/** Where the elements of a layout lie. */
interface Places {
  at: number[];
  /** The elements of memory that has them all, and a few after them. */
  length: number;
}

const known = new Map<string, Places>();

/** The same for every operation and dtype. */
function places(shape: readonly number[], strides: readonly number[], offset: number): Places {
  const key = `${shape};${strides};${offset}`;
  let found = known.get(key);
  if (found === undefined) {
    const at = positions(shape, strides, offset);
    found = { at, length: at.reduce((most, position) => Math.max(most, position), 0) + 3 };
    known.set(key, found);
  }
  return found;
}

/** The pool of inputs of a dtype and what an operation makes of each, as they lie in memory. */
interface Case {
  pool: AnyArray;
  expected: Words;
  result: DType;
}

function prepare(op: UnaryName, dtype: DType, result: DType): Case {
  const pool = inputs(dtype, POOL);
  return { pool, expected: wordsOf(expectedOf(op, dtype, pool)), result };
}

/** The memory that should result: what was there, and the results at their places. Overwrites `memory`. */
function place(memory: Words, at: number[], expected: Words, from: number[], width: number): Words {
  for (let i = 0; i < at.length; i++) {
    for (let word = 0; word < width; word++) memory[at[i] * width + word] = expected[from[i] * width + word];
  }
  return memory;
}

/** Fails with the first word that differs. */
function compare(what: string, actual: Words, wanted: Words, at: number[], width: number) {
  if (bytesOf(actual).equals(bytesOf(wanted))) return;
  const word = wanted.findIndex((want, i) => want !== actual[i]);
  if (word < 0) throw new Error(`${what}: ${actual.length} words, expected ${wanted.length}`);
  const position = Math.floor(word / width);
  const element = at.indexOf(position);
  const which = element < 0 ? `what lies beside the view, at ${position},` : `element ${element}, word ${word % width}`;
  throw new Error(`${what}: ${which} is ${actual[word].toString(16)}, expected ${wanted[word].toString(16)}`);
}

function run({ rsqrt, device }: Configuration, op: UnaryName, dtype: DType, { pool, expected, result }: Case) {
  // A copy that keeps every byte: tensor() would make bools 0 or 1.
  const onDevice = (array: AnyArray, type: DType) => rsqrt.asTensor(array.slice(), { dtype: type, device });
  using base = onDevice(pool, dtype);
  const apply = unaryOf(rsqrt, op);
  const applyInPlace = rsqrt[`${op}_`];
  const width = expected.length / POOL; // words per element

  const check = (layout: Layout, writable: boolean) => {
    const { name, shape, strides, offset } = layout;
    const what = `${op} of ${dtype}, ${name} [${shape}]`;
    using view = base.asStrided(shape, strides, offset);
    const { at: from, length } = places(shape, strides, offset);
    const expectDense = (where: string, dense: Tensor) => {
      const { at } = places(shape, dense.strides, dense.storageOffset);
      const wanted = place(wordsOf(arrayFor(result, at.length)), at, expected, from, width);
      compare(where, wordsOf(rawOf(dense)), wanted, at, width);
    };

    using made = apply(view);
    if (made.dtype !== result || made.device !== device || String(made.shape) !== String(shape)) {
      throw new Error(`${what}: got ${made.dtype} [${made.shape}] on ${made.device}`);
    }
    expectDense(what, made);

    if (shape.length > 1) {
      using dense = rsqrt.empty(shape, { dtype: result, device });
      apply(view, { out: dense });
      expectDense(`${what} into rows`, dense);
    }
    if (!writable) return;

    // Into `out` of the same layout: the gaps must stay as they were.
    const before = arrayFor(result, length).fill((result === 'int64' ? 77n : 77) as never) as AnyArray;
    using out = onDevice(before, result);
    using outView = out.asStrided(shape, strides, offset);
    apply(view, { out: outView });
    compare(`${what} into out`, wordsOf(dataOf(out)), place(wordsOf(before), from, expected, from, width), from, width);

    if (result !== dtype) return;
    const start = pool.slice(0, (length * pool.length) / POOL) as AnyArray;
    using target = onDevice(start, dtype);
    using targetView = target.asStrided(shape, strides, offset);
    if (applyInPlace(targetView) !== targetView) throw new Error(`${what} in place: not the same tensor`);
    compare(
      `${what} in place`,
      wordsOf(dataOf(target)),
      place(wordsOf(start), from, expected, from, width),
      from,
      width,
    );
  };

  for (const n of lengths) for (const layout of line(n)) check(layout, true);
  for (const layout of shapes) check(layout, true);
  for (const layout of readOnly) check(layout, false);
}

const cases = unaryNames.flatMap((op) => dtypes.map((dtype) => [op, dtype] as const));
const prepared = new Map<string, Case>();

describe.each(configurations)('$name', (configuration) => {
  covered('device × instruction set', configuration.name);
  test.each(cases)('%s of %s', (op, dtype) => {
    const result = resultDType(op, dtype);
    if (result === null) {
      const x = configuration.rsqrt.tensor([true], { dtype, device: configuration.device });
      expect(() => unaryOf(configuration.rsqrt, op)(x)).toThrow(`${op} is not defined for ${dtype} tensors`);
      return;
    }
    const key = `${op} ${dtype}`;
    const inputsAndResults = prepared.get(key) ?? prepare(op, dtype, result);
    prepared.set(key, inputsAndResults);
    run(configuration, op, dtype, inputsAndResults);
    covered('op', op);
    covered('dtype', dtype);
  });
});

covered('layout', ...[...line(1), ...shapes, ...readOnly].map(({ name }) => name));
covered('length', `0 to ${lengths.findIndex((n, i) => n !== i) - 1}, ${lengths.filter((n, i) => n !== i).join(', ')}`);
