/**
 * Tensors to and from other libraries and threads. The real libraries are installed in
 * test/interop, and run in processes of their own: jest's module registry has other typed arrays
 * than Node, and they use instanceof.
 */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { node, root } from './support/command';
import { covered, skip } from './support/coverage';
import { testUnlessEmulated } from './support/emulation';

const home = path.join(__dirname, 'interop');
const installed = path.join(home, 'node_modules');
const { dependencies } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));

/** A folder in which the libraries and this package are installed. */
let folder: string;
beforeAll(() => {
  if (!existsSync(path.join(installed, '.package-lock.json'))) {
    throw new Error('the libraries are not installed; run: node scripts/install-interop.mjs');
  }
  folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-interop-'));
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules);
  symlinkSync(root, path.join(modules, 'rsqrt'), 'dir');
  for (const name of new Set(Object.keys(dependencies).map((name) => name.split('/')[0]))) {
    symlinkSync(path.join(installed, name), path.join(modules, name), 'dir');
  }
});
afterAll(() => folder && rmSync(folder, { recursive: true }));

/**
 * Runs a program. TensorFlow.js greets on stderr, and Node 20.17 warns that transformers.js imports
 * JSON: no failures.
 */
function run(args: string[]) {
  const { code, stdout, stderr } = node(args, { cwd: folder });
  const greeting = /\n=+\nHi, looks like .*\n=+\n/;
  const experiment = /\(node:\d+\) ExperimentalWarning: Importing JSON modules .*\n\(Use `node --trace-warnings.*\n/;
  return { code, stdout, stderr: stderr.replace(greeting, '').replace(experiment, '') };
}

const withOnnx = testUnlessEmulated('interop', 'ONNX Runtime reads of the real one in /sys, and crashes');
/** How a library is tested; transformers.js runs on ONNX Runtime. */
const testOf = (library: string) => (/onnx|transformers/i.test(library) ? withOnnx : test);

const programs = { onnxruntime: 19, transformers: 12, tfjs: 5, arrow: 34, threads: 14 };
for (const [name, count] of Object.entries(programs))
  testOf(name)(`${name}: ${count} tests`, () => {
    const { code, stdout, stderr } = run(['--test-reporter=tap', path.join(home, `${name}.mjs`)]);
    const lines = stdout.split('\n');
    const failures = lines.flatMap((line, i) => (line.startsWith('not ok') ? lines.slice(i, i + 12).join('\n') : []));
    expect({ code, failures, stderr }).toEqual({ code: 0, failures: [], stderr: '' });
    const passed = lines
      .filter((line) => line.startsWith('ok '))
      .map((line) => / - (.*?)(?: # SKIP (.*))?$/.exec(line) ?? []);
    expect(passed).toHaveLength(count);
    for (const [, title, reason] of passed) if (reason !== undefined) skip(`${name}: ${title}`, reason);
    covered('interop', name);
  });

test('no program is left out', () => {
  const there = readdirSync(home).filter((name) => name.endsWith('.mjs') && name !== 'model.mjs');
  expect(there.sort()).toEqual(
    Object.keys(programs)
      .map((name) => `${name}.mjs`)
      .sort(),
  );
});

// ---------------------------------------------------------------- docs/interop.md

const documentation = readFileSync(path.join(root, 'docs', 'interop.md'), 'utf8');
const examples = [...documentation.matchAll(/^## ([^\n]*)\n\n```js interop\n(.*?)^```/gms)].map(
  ([, title, code]) => [title, code] as const,
);

/** What the comments behind `console.log`, and on the lines below it, say. */
function promised(code: string): string {
  const printed = [...code.matchAll(/^console\.log\(.*?; \/\/ (.*(?:\n\/\/ .*)*)/gm)];
  return printed.map(([, text]) => `${text.replace(/\n\/\/ */g, '\n')}\n`).join('');
}

test('docs/interop.md has an example of each library', () => {
  expect(examples.map(([title]) => title)).toEqual([
    'ONNX Runtime',
    'transformers.js',
    'TensorFlow.js',
    'Apache Arrow',
  ]);
});

for (const [title, code] of examples)
  testOf(title)(`docs/interop.md: ${title}`, () => {
    writeFileSync(path.join(folder, 'example.mjs'), code);
    const { code: status, stdout, stderr } = run(['example.mjs']);
    const plain = (text: string) => text.replace(/^ +/gm, '');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(plain(stdout)).toBe(plain(promised(code)));
    covered('docs/interop.md', title);
  });

// ---------------------------------------------------------------- types

const libraries = `
    import ort from 'onnxruntime-node';
    import { Tensor as Theirs } from '@huggingface/transformers';
    import * as tf from '@tensorflow/tfjs-core';
    import * as arrow from 'apache-arrow';
    import { asTensor, tensor, type Tensor, type TensorObject } from 'rsqrt';
    const x = tensor([4], { dtype: 'float32' });
    const { type, data, dims } = x.toObject();
    const one = new ort.Tensor(type, data, dims);
    const typed: Tensor<'float32'> = asTensor(one);
    const session = await ort.InferenceSession.create('model.onnx');
    const { y } = await session.run({ x: one });
    const untyped: Tensor = asTensor(y as ort.Tensor);
    declare const some: Tensor;
    const float = some.toObject('float32');
    const inputs = { float: new ort.Tensor(float.type, float.data, float.dims) };
    const long = some.toObject('int64');
    const double = some.double().toObject();
    const more = [
      new ort.Tensor(long.type, long.data, long.dims),
      new ort.Tensor(double.type, double.data, double.dims),
    ];
    const named: ort.TypedTensor<'float32'> = new ort.Tensor('float32', float.data, float.dims);
    const theirs = new Theirs(float.type, float.data, float.dims);
    // @ts-expect-error the dtype is not known
    new ort.Tensor(some.toObject().type, some.toObject().data, some.toObject().dims);
    // @ts-expect-error one output, not all of them
    asTensor(await session.run(inputs));
    const two: Tensor = asTensor(new Theirs(type, data, dims));
    const t = tf.tensor1d([4]);
    const three: Tensor = asTensor(t.dataSync(), { shape: t.shape });
    const back = tf.tensor(x.data, [...x.shape]);
    const four: Tensor = asTensor(arrow.vectorFromArray([1], new arrow.Float32()));
    const five: Tensor = asTensor(arrow.vectorFromArray([[1]], new arrow.FixedSizeList(1, new arrow.Field('x', new arrow.Int64()))));
    export { typed, untyped, two, three, back, four, five, more, named, theirs };`;

const dtypes = `
    import { MessageChannel } from 'node:worker_threads';
    import { asTensor, tensor, type DType, type Tensor, type TensorObject } from 'rsqrt';
    declare const some: DType, object: TensorObject<'int8'>;
    const a: Tensor<'float64'> = asTensor(new Float64Array(2), { shape: [2, 1] });
    const b: Tensor<'int64'> = asTensor(new BigInt64Array(2));
    const c: Tensor<'uint8'> = asTensor(Buffer.alloc(2));
    const d: Tensor<'uint8'> = asTensor(new SharedArrayBuffer(2));
    const e: Tensor<'complex64'> = asTensor(new Float32Array(2), { dtype: 'complex64' });
    const f: Tensor<DType> = asTensor(new Uint8Array(4), { dtype: some });
    const g: Tensor<'int8'> = asTensor(object);
    const h: Tensor<'int16'> = asTensor(tensor([1], { dtype: 'int16' }), { device: 'cuda' });
    const i: Tensor<'float16'> = asTensor(tensor([1], { dtype: 'float16' }).transfer());
    const message = h.transfer();
    new MessageChannel().port1.postMessage(message, [message.data.buffer]);
    // @ts-expect-error it is float64
    const j: Tensor<'float32'> = asTensor(new Float64Array(2));
    // @ts-expect-error no memory
    asTensor(new Map());
    // @ts-expect-error no such dtype
    asTensor(Buffer.alloc(8), { dtype: 'uint16' });
    export { a, b, c, d, e, f, g, h, i, j };`;

test('types: the tensors of the libraries fit ours, ours theirs, and the dtype follows from the source', () => {
  writeFileSync(path.join(folder, 'libraries.mts'), libraries);
  writeFileSync(path.join(folder, 'dtypes.mts'), dtypes);
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--module', 'Node16'];
  const types = ['--lib', 'es2022,dom,esnext.disposable', '--typeRoots', path.join(root, 'node_modules', '@types')];
  const tsc = require.resolve('typescript/bin/tsc');
  expect(run([tsc, ...flags, ...types, '--types', 'node', 'libraries.mts', 'dtypes.mts']).stdout).toBe('');
  covered('interop', 'types');
});
