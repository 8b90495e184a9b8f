/**
 * Programs of several steps and operands, made and run as src/ does it: broadcasting, overlap,
 * order of steps, and random expressions against the same steps in JavaScript.
 */

import type { DType, Tensor } from '../src/index';
import type { Value } from '../src/program/program';
import { configurations, loadPrograms } from './support/configurations';
import { covered } from './support/coverage';

covered('suite', 'programs of several operands');

const suites = configurations.map(({ name, device, isa }) => ({
  name,
  device,
  ...loadPrograms(device === 'cpu' || !name.includes('simulated') ? 'local' : 'simulated', isa),
}));
type Suite = (typeof suites)[number];
const [host] = suites;

const opsOf = ({ binding }: Suite) => binding.ops.map(({ name }) => name);
const codeOf = ({ binding }: Suite, dtype: DType) => binding.dtypes.indexOf(dtype);

/** The program that applies an op of two inputs, all operands of one dtype. */
function binary(suite: Suite, name: string, dtype: DType): number {
  const builder = new suite.ProgramBuilder();
  const of = codeOf(suite, dtype);
  builder.store(builder.apply(opsOf(suite).indexOf(name), builder.load(of), builder.load(of)));
  return builder.make();
}

/** Runs such a program into a new tensor, or `out`. */
function applied(suite: Suite, name: string, a: Tensor, b: Tensor, out?: Tensor): Tensor {
  const { empty } = suite.rsqrt;
  const ndim = Math.max(a.ndim, b.ndim);
  const sizes = ({ shape }: Tensor) => [...Array<number>(ndim - shape.length).fill(1), ...shape];
  const other = sizes(b);
  const shape = sizes(a).map((size, dim) => (size === 1 ? other[dim] : size));
  const result = out ?? empty(shape, { dtype: a.dtype, device: a.device });
  suite.computeInto(binary(suite, name, a.dtype), [a, b], [result], [`${name}: out`], name);
  return result;
}

/** The elements of a tensor repeated to a shape, in order. */
const spread = (x: Tensor, shape: readonly number[]): unknown[] => [x.expand([...shape]).toArray()].flat(9);

describe.each(suites)('$name', (suite) => {
  const { arange, tensor, zeros } = suite.rsqrt;
  const { device } = suite;
  const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const numbers = (shape: readonly number[], from = 1): Tensor =>
    arange(from, from + count(shape), { dtype: 'float32', device }).view(...shape);

  test.each([
    [[4], [4], [4]],
    [[2, 3], [3], [2, 3]],
    [
      [3, 1],
      [1, 4],
      [3, 4],
    ],
    [[], [2, 2], [2, 2]],
    [[1], [], [1]],
    [
      [5, 1, 7],
      [6, 1],
      [5, 6, 7],
    ],
    [
      [1, 1, 1],
      [2, 3, 4],
      [2, 3, 4],
    ],
    [
      [300, 1],
      [1, 70],
      [300, 70],
    ],
    [[2, 0], [1], [2, 0]],
    [[0], [1], [0]],
  ])('add and mul of shapes %j and %j broadcast to %j', (one, other, shape) => {
    for (const [name, of] of [
      ['add', (x: number, y: number) => Math.fround(x + y)],
      ['mul', (x: number, y: number) => Math.fround(x * y)],
    ] as const) {
      const [a, b] = [numbers(one), numbers(other, 9)];
      const [x, y] = [spread(a, shape), spread(b, shape)] as number[][];
      const expected = x.map((value, i) => of(value, y[i]));
      const result = applied(suite, name, a, b);
      expect([result.shape, spread(result, shape)]).toEqual([shape, expected]);
      // The same elements in another order, into strides of another order.
      const out = zeros(...[...shape].reverse(), { device });
      const t = (each: Tensor) => each.permute(...each.shape.map((_, dim) => each.ndim - 1 - dim));
      const flipped = t(t(a).contiguous());
      expect(spread(applied(suite, name, flipped, b, t(out)), shape)).toEqual(expected);
    }
  });

  test.each([
    [[3], [4], 'sizes 3 and 4 of dimension -1'],
    [[2, 3], [3, 3], 'sizes 2 and 3 of dimension -2'],
    [[2, 3], [2], 'sizes 3 and 2 of dimension -1'],
    [[0], [2], 'sizes 0 and 2 of dimension -1'],
  ])('shapes %j and %j are refused by name', (one, other, sizes) => {
    const out = zeros(4, { device });
    expect(() => applied(suite, 'add', numbers(one), numbers(other), out)).toThrow(
      expect.objectContaining({
        code: 'ERR_SHAPE',
        message: `add: shapes [${one}] and [${other}] do not broadcast: ${sizes} differ, and neither is 1`,
      }),
    );
    expect(out.toArray()).toEqual([0, 0, 0, 0]);
  });

  test('an output of another shape is refused', () => {
    for (const shape of [[3], [1, 4], [2, 4]]) {
      expect(() => applied(suite, 'add', numbers([4]), numbers([4]), zeros(...shape, { device }))).toThrow(
        expect.objectContaining({ code: 'ERR_SHAPE', message: `add: out must have the shape [4]; it has [${shape}]` }),
      );
    }
  });

  test('an output may be an input, or both', () => {
    const [a, b] = [numbers([2, 3]), numbers([2, 3], 10)];
    applied(suite, 'add', a, b, a);
    expect(spread(a, [2, 3])).toEqual([11, 13, 15, 17, 19, 21]);
    applied(suite, 'add', a, b, b);
    expect(spread(b, [2, 3])).toEqual([21, 24, 27, 30, 33, 36]);
    applied(suite, 'mul', b, b, b);
    expect(spread(b, [2, 3])).toEqual([441, 576, 729, 900, 1089, 1296]);
    applied(suite, 'add', a.t(), a.t(), a.t());
    expect(spread(a, [2, 3])).toEqual([22, 26, 30, 34, 38, 42]);
    const row = numbers([3]);
    applied(suite, 'mul', a, row, a); // beside one that is repeated
    expect(spread(a, [2, 3])).toEqual([22, 52, 90, 34, 76, 126]);
  });

  test('an output that overlaps an input otherwise is refused, and nothing is written', () => {
    const x = numbers([16]);
    const square = x.narrow(0, 0, 9).view(3, 3);
    const four = x.narrow(0, 0, 4);
    const refused: [Tensor, Tensor, Tensor][] = [
      [four, numbers([4]), x.narrow(0, 1, 4)],
      [numbers([4]), x.narrow(0, 3, 4), four],
      [square, square.t(), square], // one is the output, the other overlaps it
      [square.t(), numbers([3, 3]), square],
    ];
    for (const [a, b, out] of refused) {
      expect(() => applied(suite, 'add', a, b, out)).toThrow(
        expect.objectContaining({
          code: 'ERR_OVERLAP',
          message: 'add: out overlaps an input in part; it must be one of the inputs itself or apart',
        }),
      );
    }
    expect(() => applied(suite, 'add', four, numbers([4]), x.asStrided([4], [0], 0))).toThrow(/share memory/);
    expect(spread(x, [16])).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
  });

  test('inputs that interleave with the output, or are repeated over it, are copied first', () => {
    const x = numbers([12]);
    const copy = x.clone();
    const [a, b, out] = [
      [0, 2],
      [0, 3],
      [1, 2],
    ].map(
      ([start, step]) =>
        (each: Tensor) =>
          each.slice(0, start, start + 4 * step, step),
    );
    const expected = spread(applied(suite, 'add', a(copy), b(copy)), [4]);
    applied(suite, 'add', a(x), b(x), out(x));
    expect(spread(out(x), [4])).toEqual(expected);
    const matrix = numbers([3, 4]);
    const row = matrix.select(0, 1);
    applied(suite, 'mul', matrix, row.clone(), matrix); // what it should be
    const other = numbers([3, 4]);
    applied(suite, 'mul', other, other.select(0, 1).expand(3, 4), other);
    expect(spread(other, [3, 4])).toEqual(spread(matrix, [3, 4]));
  });

  test('two outputs of one program, which must share no memory', () => {
    const builder = new suite.ProgramBuilder();
    const of = codeOf(suite, 'float32');
    const [x, y] = [builder.load(of), builder.load(of)];
    const sum = builder.apply(opsOf(suite).indexOf('add'), x, y);
    builder.store(sum);
    builder.store(builder.apply(opsOf(suite).indexOf('mul'), sum, x));
    const program = builder.make();
    const compute = (a: Tensor, b: Tensor, ...outs: Tensor[]) =>
      suite.computeInto(program, [a, b], outs, ['first', 'second'], 'both');
    const [a, b] = [numbers([2, 2]), numbers([2], 10)];
    const [one, two] = [zeros(2, 2, { device }), zeros(2, 2, { device })];
    compute(a, b, one, two);
    expect([spread(one, [2, 2]), spread(two, [2, 2])]).toEqual([
      [11, 13, 13, 15],
      [11, 26, 39, 60],
    ]);
    compute(a, b, a, one); // the first replaces the input that the second uses
    expect([spread(a, [2, 2]), spread(one, [2, 2])]).toEqual([
      [11, 13, 13, 15],
      [11, 26, 39, 60],
    ]);
    const before = spread(two, [2, 2]);
    expect(() => compute(a, b, two, two)).toThrow(
      expect.objectContaining({ code: 'ERR_OVERLAP', message: 'second overlaps first; outputs must share no memory' }),
    );
    expect(() => compute(a, b, two, two.t())).toThrow(/outputs must share no memory/);
    expect(spread(two, [2, 2])).toEqual(before);
  });

  test('integers wrap, complex numbers add, 16-bit floats round once', () => {
    const of = (data: never, dtype: DType) => tensor(data, { dtype, device });
    const bytes = of([127, 100, -128] as never, 'int8');
    expect(applied(suite, 'add', bytes, bytes).toArray()).toEqual([-2, -56, 0]);
    expect(applied(suite, 'mul', bytes, bytes).toArray()).toEqual([1, 16, 0]);
    const z = of([{ re: 1, im: 2 }] as never, 'complex64');
    expect(applied(suite, 'add', z, z).toArray()).toEqual([{ re: 2, im: 4 }]);
    const half = of([2049, 0.1] as never, 'float16');
    expect(applied(suite, 'add', half, half).toArray()).toEqual([4096, 0.199951171875]);
  });

  test('random expressions have the bits of their steps in JavaScript', () => {
    let state = 7;
    const below = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return Math.floor((state / 2 ** 31) * n);
    };
    const unary: [string, (x: number) => number][] = [
      ['neg', (x) => -x],
      ['abs', Math.abs],
      ['square', (x) => x * x],
      ['sqrt', Math.sqrt],
      ['reciprocal', (x) => 1 / x],
    ];
    const binaries: [string, (x: number, y: number) => number][] = [
      ['add', (x, y) => x + y],
      ['mul', (x, y) => x * y],
    ];
    const shapes = [[7, 13], [13], [7, 1], [1], [1, 13], []];
    const rounds = suite.device === 'cpu' ? 150 : 60;
    for (let round = 0; round < rounds; round++) {
      const dtype = round % 3 === 0 ? 'float64' : 'float32';
      const rounded = dtype === 'float64' ? Number : Math.fround;
      const of = codeOf(suite, dtype);
      const builder = new suite.ProgramBuilder();
      const inputs = [...Array(1 + below(5)).keys()].map((i) => {
        const shape = i === 0 ? [7, 13] : shapes[below(shapes.length)];
        const data = Float64Array.from({ length: count(shape) }, () => rounded(below(2000) / 8 - 100));
        const x = tensor(data, { dtype, device }).view(...shape);
        return below(3) > 0 || shape.length < 2 ? x : x.t().contiguous().t();
      });
      const values: [Value, number[]][] = inputs.map((x) => [builder.load(of), spread(x, [7, 13]) as number[]]);
      for (let step = 1 + below(20); step > 0; step--) {
        // Late values, so that few are alive at a time.
        const pick = () => values[Math.max(0, values.length - 1 - below(5))];
        const [x, y] = [pick(), pick()];
        const [one, two] = [unary[below(unary.length)], binaries[below(2)]];
        const code = (name: string) => opsOf(suite).indexOf(name);
        if (below(2) === 0) values.push([builder.apply(code(one[0]), x[0]), x[1].map((v) => rounded(one[1](v)))]);
        else values.push([builder.apply(code(two[0]), x[0], y[0]), x[1].map((v, i) => rounded(two[1](v, y[1][i])))]);
      }
      // Every input has to be used.
      const add = opsOf(suite).indexOf('add');
      const [result, expected] = inputs.reduce<[Value, number[]]>(
        ([value, sum], _, i) => [
          builder.apply(add, value, values[i][0]),
          sum.map((v, j) => rounded(v + values[i][1][j])),
        ],
        values.at(-1) as [Value, number[]],
      );
      builder.store(result);
      const out = zeros(13, 7, { dtype, device }).t();
      suite.computeInto(builder.make(), inputs, [out], ['out'], 'random');
      expect([round, spread(out, [7, 13])]).toEqual([round, expected]);
    }
  });
});

// ---------------------------------------------------------------- what is made, and how often it runs

/** The steps of the program that a call makes, as [kind, code, dtype, inputs]. */
function stepsOf(make: () => unknown): number[][] {
  const made = jest.spyOn(host.binding, 'program');
  try {
    make();
    const bytes = [...made.mock.calls[0][0]];
    return Array.from({ length: bytes.length / 6 }, (_, i) => bytes.slice(6 * i, 6 * i + 6));
  } finally {
    made.mockRestore();
  }
}

test('values are computed when they are needed, the one that needs most slots first', () => {
  const of = codeOf(host, 'float32');
  const ops = opsOf(host);
  // a · (b · (c · (… g))): from the left, seven values would be alive at a time.
  const steps = stepsOf(() => {
    const builder = new host.ProgramBuilder();
    const loads = Array.from({ length: 7 }, () => builder.load(of));
    builder.store(loads.reduceRight((right, left) => builder.apply(ops.indexOf('mul'), left, right)));
    builder.make();
  });
  expect(steps.map(([kind]) => kind)).toEqual([0, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 3]);
});

test('a value that is used twice is computed once, and one that is not used never', () => {
  const of = codeOf(host, 'float32');
  const [add, sqrt] = ['add', 'sqrt'].map((name) => opsOf(host).indexOf(name));
  const steps = stepsOf(() => {
    const builder = new host.ProgramBuilder();
    const root = builder.apply(sqrt, builder.load(of));
    builder.apply(sqrt, root);
    builder.store(builder.convert(builder.apply(add, root, root), of));
    builder.make();
  });
  expect(steps).toEqual([
    [0, 0, of, 0, 0, 0],
    [2, sqrt, of, 0, 0, 0],
    [2, add, of, 1, 1, 0],
    [3, 1, of, 2, 0, 0],
  ]);
});

test('a program that is too long, or needs too many slots, is an error that says so', () => {
  const of = codeOf(host, 'float32');
  const sqrt = opsOf(host).indexOf('sqrt');
  const builder = new host.ProgramBuilder();
  let value = builder.load(of);
  for (let i = 0; i < 63; i++) value = builder.apply(sqrt, value);
  builder.store(value);
  expect(() => builder.make()).toThrow(
    expect.objectContaining({
      code: 'ERR_OUT_OF_RANGE',
      message: 'a program must have from 1 to 64 steps of 6 bytes, received 390 bytes',
    }),
  );
});

test('an operation is one program and one run, whatever dtypes it converts', () => {
  const { rsqrt, tensor, empty, setDefaultDtype, zeros } = host.rsqrt;
  const x = tensor([4n, 16n]).to('int32');
  const out = empty(2, { dtype: 'float16' });
  setDefaultDtype('float64');
  const [made, run] = [jest.spyOn(host.binding, 'program'), jest.spyOn(host.binding, 'run')];
  try {
    for (let i = 0; i < 3; i++) rsqrt(x, { out });
    expect([made.mock.calls.length, run.mock.calls.length]).toEqual([1, 3]);
    x.to('float16').fill_(3);
    zeros(5, { dtype: 'float16' });
    expect(run.mock.calls.length).toBe(6);
  } finally {
    setDefaultDtype('float32');
    made.mockRestore();
    run.mockRestore();
  }
  expect(out.toArray()).toEqual([0.5, 0.25]);
});
