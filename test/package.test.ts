/**
 * The built package as its users meet it: require and import, workers, an instruction set that is
 * not there.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { node, root } from './support/command';
import { binaries } from './support/configurations';
import { makeConsumer } from './support/consumer';
import { covered } from './support/coverage';
import { formsOf, opNames } from './support/ops';

let folder: string;
beforeAll(() => {
  folder = makeConsumer();
});
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, text: string, env: Record<string, string> = {}) {
  writeFileSync(path.join(folder, name), text);
  return node([path.join(folder, name)], { cwd: folder, env });
}

const NAMES = [
  'arange',
  'asTensor',
  'canCast',
  'cat',
  'cuda',
  'dtypes',
  'empty',
  'emptyCache',
  'emptyLike',
  'fromJSON',
  'full',
  'fullLike',
  'getCacheLimit',
  'getDefaultDtype',
  'getNumThreads',
  'getPrintOptions',
  'info',
  'linspace',
  'memoryStats',
  'initialSeed',
  'manualSeed',
  'ones',
  'rand',
  'randLike',
  'randn',
  'randnLike',
  'seed',
  'onesLike',
  'promoteTypes',
  'resultType',
  'setCacheLimit',
  'setDefaultDtype',
  'setNumThreads',
  'setPrintOptions',
  'stack',
  'tensor',
  'tidy',
  'zeros',
  'zerosLike',
  'Tensor',
  'RsqrtError',
];
const OPS = opNames.flatMap(formsOf);

test('require', () => {
  const text =
    "const rsqrt = require('rsqrt'); console.log(Object.keys(rsqrt).sort().join()); console.log(rsqrt.rsqrt(rsqrt.tensor([4])));";
  const { stdout, stderr } = program('user.cjs', text);
  expect([stdout, stderr]).toEqual([`${[...NAMES, ...OPS].sort().join()}\ntensor([0.5000])\n`, '']);
  covered('package', 'require');
});

test('the program is ASCII, which V8 keeps in one byte a character', () => {
  const sources = ['index.js', 'cli.js'].map((name) => readFileSync(path.join(root, 'dist', name), 'utf8'));
  expect(sources.map((source) => /[^\0-\x7f]/.exec(source)?.[0])).toEqual([undefined, undefined]);
});

test('messages call a tensor by the name of its class', () => {
  const text = "const { full, Tensor, tensor } = require('rsqrt'); console.log(Tensor.name); full([2], tensor([1]));";
  const { stdout, stderr } = program('name.cjs', text);
  expect([stdout, stderr]).toEqual(['Tensor\n', expect.stringContaining('received an instance of Tensor\n')]);
});

test('import: every name, and the same package as require', () => {
  const { stdout, stderr } = program(
    'user.mjs',
    `import { ${[...NAMES, ...OPS].join(', ')} } from 'rsqrt';
     import { createRequire } from 'node:module';
     console.log(rsqrt(tensor([4])), Tensor === createRequire(import.meta.url)('rsqrt').Tensor);`,
  );
  expect([stdout, stderr]).toEqual(['tensor([0.5000]) true\n', '']);
  covered('package', 'import');
});

test.each([
  ['cpu', {}],
  ['cuda', { RSQRT_BINARY: binaries.simulated }],
])('worker threads compute on the %s and end while work is queued', (device, env) => {
  const { code, stdout, stderr } = program(
    `workers-${device}.cjs`,
    `const { Worker, isMainThread, parentPort } = require('node:worker_threads');
     const { arange, rsqrt } = require('rsqrt');
     if (isMainThread) {
       let sum = 0, left = 6;
       for (let i = 0; i < left; i++) new Worker(__filename).on('message', (x) => (sum += x)).on('exit', () => --left || console.log(sum));
     } else {
       const x = arange(1, 1001, { dtype: 'float64', device: '${device}' });
       for (let i = 0; i < 50; i++) rsqrt(x);
       parentPort.postMessage(rsqrt(x).cpu().data[99]);
     }`,
    env,
  );
  expect([code, stdout, stderr]).toEqual([0, '0.6\n', '']);
  covered('package', `worker threads (${device})`);
});

test('an instruction set that is not there is refused by name', () => {
  const { stderr } = program('isa.cjs', "require('rsqrt')", { RSQRT_ISA: 'sse9' });
  expect(stderr).toMatch(/RSQRT_ISA must be one of the instruction sets of this CPU \([\w, ]+\), received 'sse9'/);
  expect(stderr).toMatch(/code: 'ERR_ISA'/);
});
