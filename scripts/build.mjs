#!/usr/bin/env node
// Builds the addon (with cmake-js) and the TypeScript, in the repository. Says in one sentence what
// is missing on this machine. Users build the addon with `rsqrt build` (from-source/build.mjs).
//
//   node scripts/build.mjs [--cuda=auto|on|off|simulated] [--werror]
//
// --cuda=simulated builds only the addon with the simulated device, for tests, into build-simulated/.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BuildError } from './from-source/failures.mjs';
import { checkMachine, parallelJobs } from './from-source/machine.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { CMAKE_BUILD_PARALLEL_LEVEL: String(parallelJobs()), ...process.env },
  });
  if (status !== 0) {
    throw new BuildError(`the build stopped in ${path.basename(script)}; what it needs is in CONTRIBUTING.md.`);
  }
}

function build(values) {
  const cuda = values.cuda.toUpperCase();
  if (!['AUTO', 'ON', 'OFF', 'SIMULATED'].includes(cuda)) {
    throw new BuildError(`--cuda must be auto, on, off or simulated; received '${values.cuda}'.`);
  }
  checkMachine();
  const simulated = cuda === 'SIMULATED';
  const cmakeArguments = [
    '--log-level=warn',
    `--out=${simulated ? 'build-simulated' : 'build'}`,
    `--CDCUDA=${cuda}`,
    // Once given, it applies to that build folder.
    ...(values.werror ? ['--CDWERROR=ON'] : []),
  ];
  // `build` by itself would keep the configuration of the folder.
  for (const step of ['configure', 'build']) run(require.resolve('cmake-js/bin/cmake-js'), [step, ...cmakeArguments]);
  if (!simulated) run(path.join(root, 'scripts', 'compile.mjs'), []);
}

const { values } = parseArgs({
  options: { cuda: { type: 'string', default: 'auto' }, werror: { type: 'boolean', default: false } },
});
try {
  build(values);
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`rsqrt: ${error.message}`);
  process.exitCode = 1;
}
