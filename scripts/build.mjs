#!/usr/bin/env node
// Builds the addon (cmake-js) and the TypeScript. Says in one sentence what is missing on this machine.
//
//   node scripts/build.mjs [--cuda=auto|on|off|simulated] [--werror]
//
// --cuda=simulated builds only the addon with the simulated device, for tests, into build-simulated/.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

const { values } = parseArgs({
  options: { cuda: { type: 'string', default: 'auto' }, werror: { type: 'boolean', default: false } },
});

function fail(sentence) {
  console.error(`rsqrt: ${sentence}`);
  process.exit(1);
}

/** What a command prints, or null if it cannot be run. */
function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

const atLeast = (version, least) =>
  version
    .split('.')
    .map(Number)
    .concat(0, 0)
    .slice(0, 3)
    .reduce((order, part, i) => order || part - (least[i] ?? 0), 0) >= 0;

function checkMachine() {
  const { engines } = require('../package.json');
  const node = /\d+(\.\d+)*/.exec(engines.node)[0];
  if (!atLeast(process.versions.node, node.split('.').map(Number))) {
    fail(
      `building needs Node ${node} or newer, this is ${process.version}: install a newer one from https://nodejs.org.`,
    );
  }
  const cmake = /\d+\.\d+(\.\d+)?/.exec(output('cmake', ['--version']) ?? '')?.[0];
  if (cmake === undefined)
    fail('building needs CMake 3.18 or newer: install it, on Debian with "apt-get install cmake".');
  if (!atLeast(cmake, [3, 18])) fail(`building needs CMake 3.18 or newer, this is ${cmake}: install a newer one.`);
  const compilers = process.env.CXX ? [process.env.CXX.split(' ')[0]] : ['c++', 'g++', 'clang++'];
  if (!compilers.some((compiler) => output(compiler, ['--version']) !== null)) {
    fail(
      `building needs a C++20 compiler (${compilers.join(', ')} not found): install one, on Debian with "apt-get install g++".`,
    );
  }
  if (output('ninja', ['--version']) === null && output('make', ['--version']) === null) {
    fail('building needs make or ninja: install one, on Debian with "apt-get install make".');
  }
}

function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { CMAKE_BUILD_PARALLEL_LEVEL: String(os.availableParallelism()), ...process.env },
  });
  if (status !== 0) fail(`the build stopped in ${path.basename(script)}; what it needs is in CONTRIBUTING.md.`);
}

const cuda = values.cuda.toUpperCase();
if (!['AUTO', 'ON', 'OFF', 'SIMULATED'].includes(cuda)) {
  fail(`--cuda must be auto, on, off or simulated; received '${values.cuda}'.`);
}
checkMachine();
const simulated = cuda === 'SIMULATED';
const cmakeArguments = [
  '--log-level=warn',
  `--out=${simulated ? 'build-simulated' : 'build'}`,
  `--CDCUDA=${cuda}`,
  // Once given it holds for that build folder.
  ...(values.werror ? ['--CDWERROR=ON'] : []),
];
// By itself `build` would keep to what the folder was configured for before.
for (const step of ['configure', 'build']) run(require.resolve('cmake-js/bin/cmake-js'), [step, ...cmakeArguments]);
if (!simulated) run(require.resolve('typescript/bin/tsc'), ['-p', '.']);
