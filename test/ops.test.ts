/**
 * The table of operations (test/support/ops.ts) against what the addon publishes, what the package
 * exports, and what the documents and scripts list. A new operation without a row fails here.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type DType, dtypes, type Tensor } from '../src/index';
import { root } from './support/command';
import { binaries, loadWatched } from './support/configurations';
import { covered } from './support/coverage';
import { formsOf, nativeOps, type Op, opNamed, opNames, unaryNames } from './support/ops';
import { partOf, type Real, reference, resultDType } from './support/reference';

const { rsqrt, binding } = loadWatched('local');
const TABLE = 'test/support/ops.ts';

type Names = ReadonlySet<string>;
interface Found {
  /** The operations that the addon publishes. */
  published: Names;
  /** The names of functions that the package exports, and of methods of Tensor. */
  exported: Names;
  methods: Names;
}

/** What is wrong with a table, a sentence for each fault. */
function faultsOf(table: ReadonlyMap<string, Op>, { published, exported, methods }: Found): string[] {
  const missing = [...published].filter((name) => !table.has(name));
  const rows = [...table].flatMap(([name, { nativeOnly, inPlace }]) => {
    if (!published.has(name)) return [`${TABLE} has a row ${name}, and the addon has no such operation`];
    const forms = [name, `${name}_`];
    if (nativeOnly !== undefined) {
      return forms
        .filter((form) => exported.has(form))
        .map((form) => `the package exports ${form}, and ${TABLE} says that ${name} is native only`);
    }
    const wanted = inPlace === false ? [name] : forms;
    return [
      ...wanted.filter((form) => !exported.has(form)).map((form) => `the package does not export ${form}`),
      ...wanted.filter((form) => !methods.has(form)).map((form) => `Tensor has no method ${form}`),
      ...forms
        .filter((form) => !wanted.includes(form) && (exported.has(form) || methods.has(form)))
        .map((form) => `there is ${form}, and ${TABLE} says that ${name} has no form in place`),
    ];
  });
  return [
    ...missing.map((name) => `the addon has the operation ${name}: add a row to ${TABLE}, nativeOnly if not exported`),
    ...rows,
  ];
}

const found: Found = {
  published: new Set(binding.ops.map(({ name }) => name)),
  exported: new Set(Object.keys(rsqrt)),
  methods: new Set(Object.getOwnPropertyNames(rsqrt.Tensor.prototype)),
};
/** By dtype, the code of the result's dtype; −1 if the operation refuses it. */
const resultsOf = (op: string): readonly number[] => binding.ops.find(({ name }) => name === op)?.results ?? [];

/** The operations that the package exports: from the addon and not from the table. */
const exportedOps = [...found.published].filter((name) => found.exported.has(name));

test('the table has the operations of the addon, and the package exports those that are public', () => {
  expect(faultsOf(nativeOps, found)).toEqual([]);
  expect([...nativeOps.keys()]).toEqual(binding.ops.map(({ name }) => name));
  covered('op', ...opNames);
});

// Rows of kinds that the addon may not have.
const common = { refuses: [], example: { inputs: [], result: [] } };
const negate: Op = { ...common, arity: 1, result: 'same', integer: (x) => -x, real: (x) => -x };
const add: Op = { ...common, arity: 2, result: 'same', integer: (x, y) => x + y, real: (x, y) => x + y };
const lt: Op = { ...common, arity: 2, result: 'bool', integer: (x, y) => x < y, real: (x, y) => x < y };
const where: Op = {
  ...common,
  arity: 3,
  result: 'same',
  integer: (condition, x, y) => (condition !== 0n ? x : y),
  real: (condition, x, y) => (condition !== 0 ? x : y),
};

describe('a fault of a table', () => {
  const hidden: Op = { ...negate, nativeOnly: 'differences' };
  const names = (...more: string[]): Names => new Set(['minus', 'minus_', ...more]);
  const right: Found = { published: new Set(['minus', 'hidden']), exported: names(), methods: names() };

  test('none', () => {
    expect(faultsOf(new Map(Object.entries({ minus: negate, hidden })), right)).toEqual([]);
  });

  test.each<[fault: string, sentence: string, table: Record<string, Op>, found: Partial<Found>]>([
    [
      'an operation without a row',
      `the addon has the operation hidden: add a row to ${TABLE}, nativeOnly if not exported`,
      { minus: negate },
      {},
    ],
    [
      'a row without an operation',
      `${TABLE} has a row add, and the addon has no such operation`,
      { minus: negate, hidden, add },
      {},
    ],
    [
      'a row that is native only, of a function that is exported',
      `the package exports hidden_, and ${TABLE} says that hidden is native only`,
      { minus: negate, hidden },
      { exported: names('hidden_') },
    ],
    [
      'a public row, of an operation that is not exported',
      'the package does not export minus_',
      { minus: negate, hidden },
      { exported: new Set(['minus']) },
    ],
    [
      'a method that is missing',
      'Tensor has no method minus',
      { minus: negate, hidden },
      { methods: new Set(['minus_']) },
    ],
    [
      'a form in place that should not be there',
      `there is minus_, and ${TABLE} says that minus has no form in place`,
      { minus: { ...negate, inPlace: false }, hidden },
      {},
    ],
  ])('%s', (_, sentence, table, having) => {
    expect(faultsOf(new Map(Object.entries(table)), { ...right, ...having })).toEqual([sentence]);
  });
});

test('the suites call every operation: those of more inputs need rows in elementwise.test.ts first', () => {
  expect(opNames).toEqual(unaryNames);
});

describe.each([...nativeOps].filter(([name]) => found.published.has(name)))('%s', (name, op) => {
  test.each(dtypes)('of %s has the dtype that the addon publishes', (dtype) => {
    const published = binding.dtypes[resultsOf(name)[binding.dtypes.indexOf(dtype)]] ?? null;
    expect(published).toBe(resultDType(op, dtype));
  });

  test('the row is complete', () => {
    const accepted = dtypes.filter((dtype) => resultDType(op, dtype) !== null);
    const isComplex = accepted.some((dtype) => partOf(dtype) !== undefined);
    const isWhole = accepted.some((dtype) => /int|bool/.test(resultDType(op, dtype) as DType));
    expect({ complex: op.complex !== undefined, integer: op.integer !== undefined }).toEqual({
      complex: isComplex,
      integer: isWhole && op.result !== 'bool',
    });
    if (isComplex && op.nativeOnly === undefined) expect(op.complex?.extremals).toHaveLength(3 ** (2 * op.arity));
    const functions = [op.integer, op.real, op.float64, op.complex?.exact].filter((each) => each !== undefined);
    expect(functions.map(({ length }) => length)).toEqual(functions.map(() => op.arity));
    expect(op.example.inputs).toHaveLength(op.arity);
  });

  const { inputs, result } = op.example;
  test('the reference gives the example', () => {
    const given = result.map((_, i) => reference(op, 'float32', ...inputs.map((values) => values[i])));
    expect(given).toEqual(result);
  });
});

describe.each(opNames.filter((name) => found.exported.has(name)).map((name) => [name, opNamed(name)] as const))(
  '%s',
  (name, op) => {
    const { inputs, result } = op.example;
    type Functions = Record<string, (...args: unknown[]) => Tensor>;
    const make = () => inputs.map((values) => rsqrt.tensor([...values], { dtype: 'float32' }));
    const calls: Record<string, (form: string, tensors: Tensor[]) => Tensor> = {
      function: (form, tensors) => (rsqrt as unknown as Functions)[form](...tensors),
      method: (form, [first, ...others]) => (first as unknown as Functions)[form](...others),
    };
    test.each(formsOf(name).flatMap((form) => Object.keys(calls).map((how) => [form, how] as const)))(
      '%s as a %s gives the example',
      (form, how) => {
        // In place, the dtype stays float32.
        expect(calls[how](form, make()).toArray()).toEqual(form === name ? result : result.map(Number));
      },
    );
  },
);

describe('the reference takes several inputs', () => {
  test.each<[title: string, op: Op, dtype: DType, values: Real[], result: [DType, Real]]>([
    ['add of int8 wraps', add, 'int8', [127, 1], ['int8', -128]],
    ['add of int64 is exact', add, 'int64', [2n ** 53n, 1n], ['int64', 2n ** 53n + 1n]],
    ['add of float16 is rounded once', add, 'float16', [2048, 1], ['float16', 2048]],
    ['lt of float32 is a bool', lt, 'float32', [1, 2], ['bool', true]],
    ['lt of NaN is false', lt, 'float64', [Number.NaN, 2], ['bool', false]],
    ['lt of int64 is exact', lt, 'int64', [2n ** 53n, 2n ** 53n + 1n], ['bool', true]],
    ['where of int64', where, 'int64', [true, 2n ** 60n + 1n, 5n], ['int64', 2n ** 60n + 1n]],
    ['where of bfloat16', where, 'bfloat16', [0, -1, 1.5], ['bfloat16', 1.5]],
  ])('%s', (_, op, dtype, values, result) => {
    expect([resultDType(op, dtype), reference(op, dtype, ...values)]).toEqual(result);
  });
});

test('README.md lists the operations', () => {
  const text = readFileSync(path.join(root, 'README.md'), 'utf8');
  const [, listed] = /^\| operations \| `([^`]*)`/m.exec(text) ?? [];
  expect(listed?.split(' ')).toEqual(exportedOps);
});

test('scripts/ops.mjs finds the operations and their dtypes', () => {
  const module = pathToFileURL(path.join(root, 'scripts', 'ops.mjs')).href;
  const program = `import { createRequire } from 'node:module';
    import { publicOps } from '${module}';
    console.log(JSON.stringify(publicOps(createRequire('${module}')('..'))));`;
  const text = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, RSQRT_BINARY: binaries.local },
    encoding: 'utf8',
  });
  const acceptedBy = (name: string) => binding.dtypes.filter((_, code) => resultsOf(name)[code] >= 0);
  expect(JSON.parse(text)).toEqual(exportedOps.map((name) => ({ name, dtypes: acceptedBy(name) })));
});
