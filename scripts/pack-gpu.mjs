#!/usr/bin/env node
// Packs what is needed to verify and measure rsqrt on a GPU machine that has Node, the NVIDIA driver and perhaps Python with
// torch, and nothing else: no network, no compiler, no git. docs/gpu-verification.md tells the whole way.
//
//   node scripts/pack-gpu.mjs [--node] [--simulated]
//
// Makes gpu-pack/: rsqrt.tar.xz and run.sh. --node adds this Node for machines without one, --simulated the addon with the
// simulated device, to try the pack without a GPU.
//
// The suites are translated to JavaScript here, once, in place of shipping TypeScript and ts-jest: 5 MB in place of 10, and
// nothing is compiled on the GPU machine, whose time is dear.

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

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const target = path.join(root, 'gpu-pack');
const addon = (build) => path.join(build, 'Release', 'rsqrt.node');

/** What the suites and scripts load; with all that these depend on. */
const MODULES = ['jest', 'fast-check'];
/** As they are. */
const FILES = ['package.json', 'dist', 'scripts', 'bench', 'test'];
/** Of these: what is translated, what only other suites need, and what was measured elsewhere. */
const LEFT_OUT = [
  /^test\/.*\.ts$/,
  /^test\/interop\//,
  /^test\/types\//,
  /(^|\/)node_modules$/,
  /^bench\/results(\/|$)/,
];
const LARGEST_MIB = 40;

const { values: options } = parseArgs({
  options: { node: { type: 'boolean', default: false }, simulated: { type: 'boolean', default: false } },
});

function fail(sentence) {
  console.error(`pack-gpu: ${sentence}`);
  process.exit(1);
}

function run(command, args, settings = {}) {
  const { status, error, stderr } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'pipe'], ...settings });
  if (status !== 0) fail(`${path.basename(command)} failed: ${error?.message ?? stderr.toString().trim()}`);
}

function checkBuilds() {
  const builds = options.simulated ? ['build', 'build-simulated'] : ['build'];
  for (const build of builds) {
    if (!existsSync(path.join(root, addon(build)))) {
      const command = build === 'build' ? 'npm run build' : 'node scripts/build.mjs --cuda=simulated';
      fail(`${addon(build)} is missing: "${command}" makes it`);
    }
  }
  if (!existsSync(path.join(root, 'dist', 'index.js'))) fail('dist/ is missing: "npm run build" makes it');
  process.env.RSQRT_BINARY = path.join(root, addon('build'));
  const { build } = require('..').info().cuda;
  if (build !== 'cuda') {
    fail(
      `build/ was made without nvcc, so there is nothing to verify on a GPU; "npm run build -- --cuda=on" needs nvcc`,
    );
  }
  return builds;
}

/** Where the modules named lie, and all that they depend on, from npm's note of what it installed. */
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

/** Everything in a folder as it is to lie on the other machine. */
function stage(folder, builds) {
  const copy = (name) => {
    const wanted = (file) => !LEFT_OUT.some((pattern) => pattern.test(path.relative(root, file)));
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true, filter: wanted });
  };
  for (const name of FILES) copy(name);
  for (const build of builds) copy(addon(build));
  for (const place of modules(MODULES)) {
    cpSync(path.join(root, place), path.join(folder, place), { recursive: true, dereference: true });
  }
  const translation = ['--noEmit', 'false', '--outDir', folder, '--declaration', 'false', '--sourceMap', 'false'];
  run(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', path.join(root, 'test'), ...translation]);
  const { transform, reporters, ...config } = require('../jest.config.js');
  writeFileSync(
    path.join(folder, 'jest.config.js'),
    `module.exports = ${JSON.stringify({ ...config, transform: {} })};\n`,
  );
}

const has = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const builds = checkBuilds();
const staging = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-pack-'));
try {
  stage(staging, builds);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target);
  const [flag, suffix] = has('xz') ? ['--xz', 'xz'] : ['--gzip', 'gz'];
  const environment = { env: { ...process.env, XZ_OPT: '-T0 -6' } };
  run(
    'tar',
    ['--create', flag, '--file', path.join(target, `rsqrt.tar.${suffix}`), '--directory', staging, '.'],
    environment,
  );
  copyFileSync(path.join(root, 'scripts', 'run-gpu.sh'), path.join(target, 'run.sh'));
  const size = statSync(path.join(target, `rsqrt.tar.${suffix}`)).size;
  if (size > LARGEST_MIB * 2 ** 20) fail(`the archive is ${mebibytes(size)}; it must stay below ${LARGEST_MIB} MiB`);
  if (options.node) {
    if (!has('xz')) fail('--node needs xz: install it, on Debian with "apt-get install xz-utils"');
    copyFileSync(process.execPath, path.join(target, 'node'));
    run('xz', ['-T0', '-3', path.join(target, 'node')]);
  }
} finally {
  rmSync(staging, { recursive: true });
}
for (const name of readdirSync(target)) {
  console.log(`gpu-pack/${name}  ${mebibytes(statSync(path.join(target, name)).size)}`);
}
