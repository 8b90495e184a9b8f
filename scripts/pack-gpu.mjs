#!/usr/bin/env node
// Packs what is needed to verify and measure rsqrt on a GPU machine that has Node, the NVIDIA
// driver and perhaps Python with torch, and nothing else: no network, no compiler, no git.
// docs/gpu-verification.md tells how it is used.
//
//   node scripts/pack-gpu.mjs [--node] [--simulated] [--out=FOLDER]
//
// Makes FOLDER (default: gpu-pack/) with rsqrt.tar.xz and run.sh. --node adds this Node, for
// machines without one. --simulated adds the addon with the simulated device, to try the pack
// without a GPU; where build/ was made without nvcc, it is the only addon in the pack.
//
// The suites are translated to JavaScript here, so that nothing is compiled on the GPU machine.

import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ON_GPUS } from './gpu-suites.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const transform = require('../test/support/transform.js');
const addon = (build) => path.join(build, 'Release', 'rsqrt.node');

/** What the suites and scripts load; with all that these depend on. */
const MODULES = ['jest', 'fast-check'];
/** As they are. */
const FILES = ['package.json', 'dist', 'scripts', 'bench', 'test'];
const NOT_TRANSLATED = /^test\/(install|interop|nodes|types)(\/|$)/;
/** Of these: what is translated, what only other suites need, and results from other machines. */
const LEFT_OUT = [/^test\/.*\.ts$/, NOT_TRANSLATED, /(^|\/)node_modules$/, /^bench\/results(\/|$)/];
/** Of the modules: what nothing loads. */
const NOT_LOADED = /\.([cm]?ts|map|md|markdown|flow)$/;
/** Of all files together: as much as is carried to a GPU machine in one go. */
const LARGEST_MIB = 30;

const { values: options } = parseArgs({
  options: {
    node: { type: 'boolean', default: false },
    simulated: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const target = path.resolve(options.out ?? path.join(root, 'gpu-pack'));

function fail(sentence) {
  throw new Error(sentence);
}

function run(command, args, settings = {}) {
  const { status, error, stderr } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'pipe'], ...settings });
  if (status !== 0) fail(`${path.basename(command)} failed: ${error?.message ?? stderr.toString().trim()}`);
}

/** The folders of the addons to pack. Ends with a sentence if what has to be there is missing. */
function checkBuilds() {
  const there = (build) => existsSync(path.join(root, addon(build)));
  if (!existsSync(path.join(root, 'dist', 'index.js'))) fail('dist/ is missing: "npm run build" makes it');
  if (options.simulated && !there('build-simulated')) {
    fail(`${addon('build-simulated')} is missing: "node scripts/build.mjs --cuda=simulated" makes it`);
  }
  const kind = there('build') ? kindOf('build') : 'missing';
  if (kind === 'cuda') return ['build', ...(options.simulated ? ['build-simulated'] : [])];
  const sentence =
    kind === 'missing' ? `${addon('build')} is missing: "npm run build" makes it` : 'build/ was made without nvcc';
  if (!options.simulated) {
    fail(`${sentence}; what a GPU verifies is made where nvcc is, by "npm run build -- --cuda=on"`);
  }
  console.log(`${sentence}: this pack has the simulated device only`);
  return ['build-simulated'];
}

/** How the CUDA code of an addon was built: 'cuda', 'simulated' or 'none'. */
function kindOf(build) {
  process.env.RSQRT_BINARY = path.join(root, addon(build));
  return require('..').info().cuda.build;
}

/** The folders of modules and of all that they depend on, from npm's list of what it installed. */
function modules(names) {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'node_modules', '.package-lock.json'), 'utf8'));
  const found = new Set();
  const add = (place) => {
    if (place === undefined || found.has(place) || !existsSync(path.join(root, place))) return;
    found.add(place);
    const { dependencies, optionalDependencies } = packages[place];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) add(placeOf(name, place));
  };
  /** As Node looks for it: within, then further and further up. */
  const placeOf = (name, from) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const place = path.posix.join(at, 'node_modules', name);
      if (place in packages) return place;
      if (at === '') return undefined; // optional, and for another platform
    }
  };
  for (const name of names) add(placeOf(name, ''));
  return [...found];
}

/** Translates src/ and test/ to JavaScript, as jest has it done. "npm run lint" checks the types. */
function translate(folder) {
  const isWanted = (name) => name.endsWith('.ts') && !name.endsWith('.d.ts') && !NOT_TRANSLATED.test(name);
  const sources = ['src', 'test'].flatMap((name) =>
    readdirSync(path.join(root, name), { recursive: true }).map((file) => path.join(name, file)),
  );
  for (const source of sources.filter(isWanted)) {
    const file = path.join(folder, source.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(file), { recursive: true });
    const text = readFileSync(path.join(root, source), 'utf8');
    writeFileSync(file, transform.process(text, source).code);
  }
}

/** Copies everything into a folder as it is to lie on the other machine. */
function stage(folder, builds) {
  const copy = (name) => {
    const wanted = (file) => !LEFT_OUT.some((pattern) => pattern.test(path.relative(root, file)));
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true, filter: wanted });
  };
  for (const name of FILES) copy(name);
  for (const build of builds) copy(addon(build));
  for (const place of modules(MODULES)) {
    const filter = (file) => !NOT_LOADED.test(file);
    cpSync(path.join(root, place), path.join(folder, place), { recursive: true, dereference: true, filter });
  }
  translate(folder);
  for (const file of readdirSync(path.join(folder, 'test')).filter((name) => name.endsWith('.test.js'))) {
    if (!ON_GPUS.includes(file.slice(0, -'.test.js'.length))) rmSync(path.join(folder, 'test', file));
  }
  const { transform: _, reporters, ...config } = require('../jest.config.js');
  writeFileSync(
    path.join(folder, 'jest.config.js'),
    `module.exports = ${JSON.stringify({ ...config, transform: {} })};\n`,
  );
}

/** Empties the folder for the pack. One named on the command line must be empty. */
function prepareTarget() {
  if (options.out === undefined) rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  if (readdirSync(target).length > 0) fail(`--out must name a new or an empty folder; ${target} has files in it`);
}

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Makes the archive, and beside it run.sh and, if wanted, this Node. */
function pack(staging) {
  const [flag, suffix] = has('xz') ? ['--xz', 'xz'] : ['--gzip', 'gz'];
  const archive = path.join(target, `rsqrt.tar.${suffix}`);
  const quickly = options.simulated && !options.node; // to try it, not to carry it
  const settings = { env: { ...process.env, XZ_OPT: `-T0 -${quickly ? 1 : 6}` } };
  run('tar', ['--create', flag, '--file', archive, '--directory', staging, '.'], settings);
  copyFileSync(path.join(root, 'scripts', 'run-gpu.sh'), path.join(target, 'run.sh'));
  if (!options.node) return;
  if (!has('xz')) fail('--node needs xz: install it, on Debian with "apt-get install xz-utils"');
  const node = path.join(target, 'node');
  copyFileSync(process.execPath, node);
  if (has('strip')) run('strip', [node]); // of symbols, which only a debugger reads
  run('xz', ['-T0', '-6', node]);
}

/** Prints the sizes. */
function checkSizes() {
  const files = readdirSync(target).map((name) => path.join(target, name));
  for (const file of files) console.log(`${path.relative('', file)}  ${mebibytes(statSync(file).size)}`);
  const total = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (total > LARGEST_MIB * 2 ** 20) fail(`the pack has ${mebibytes(total)}; it must stay below ${LARGEST_MIB} MiB`);
}

const staging = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-pack-'));
try {
  const builds = checkBuilds();
  prepareTarget();
  stage(staging, builds);
  pack(staging);
  checkSizes();
} catch (error) {
  console.error(`pack-gpu: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true });
}
