/** The built package as its users meet it: require and import, workers, load failures. */

import { rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { node, root } from './support/command';
import { binaries } from './support/configurations';
import { makeConsumer } from './support/consumer';
import { covered } from './support/coverage';

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
  'tensor',
  'tidy',
  'zeros',
  'zerosLike',
  'Tensor',
  'RsqrtError',
];
const OPS = ['rsqrt', 'sqrt', 'reciprocal', 'neg', 'abs', 'square'].flatMap((op) => [op, `${op}_`]);

test('require', () => {
  const text =
    "const rsqrt = require('rsqrt'); console.log(Object.keys(rsqrt).sort().join()); console.log(rsqrt.rsqrt(rsqrt.tensor([4])));";
  const { stdout, stderr } = program('user.cjs', text);
  expect([stdout, stderr]).toEqual([`${[...NAMES, ...OPS].sort().join()}\ntensor([0.5000])\n`, '']);
  covered('package', 'require');
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

test('a missing addon: every path tried, and what to do', () => {
  // A copy of dist/ without build/ beside it.
  const { code, stderr } = program(
    'missing.cjs',
    `const fs = require('node:fs'), path = require('node:path');
     const copy = path.join(__dirname, 'copy');
     for (const name of ['dist', 'package.json']) fs.cpSync(path.join(${JSON.stringify(root)}, name), path.join(copy, name), { recursive: true });
     fs.symlinkSync(path.join(${JSON.stringify(root)}, 'node_modules'), path.join(copy, 'node_modules'));
     require(copy);`,
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/RsqrtError: rsqrt could not load its native addon for \w+-\w+ \(Node v[\d.]+\)\. Tried:/);
  expect(stderr).toMatch(
    /build.Release.rsqrt\.node: not found\n.*prebuilds.\w+-\w+\.node: not found\nBuild it with: npm --prefix '.*copy' run build/,
  );
  expect(stderr).toMatch(/code: 'ERR_LOAD'/);
});

test('a corrupt addon named by RSQRT_BINARY: its path, the reason and the remedy', () => {
  const file = path.join(folder, 'corrupt.node');
  writeFileSync(file, 'not an addon');
  const { stderr } = program('corrupt.cjs', "require('rsqrt')", { RSQRT_BINARY: file });
  expect(stderr).toContain(`${file}: ${file}: file too short`);
  expect(stderr).toContain('RSQRT_BINARY must be the path of an rsqrt addon; unset it to use the one of this package.');
});

test('an instruction set that is not there is refused by name', () => {
  const { stderr } = program('isa.cjs', "require('rsqrt')", { RSQRT_ISA: 'sse9' });
  expect(stderr).toMatch(/RSQRT_ISA must be one of the instruction sets of this CPU \([\w, ]+\), received 'sse9'/);
  expect(stderr).toMatch(/code: 'ERR_ISA'/);
});
