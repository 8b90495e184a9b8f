// Builds and runs the native test program (native/test), for npm run exhaustive, scripts/sanitize.mjs
// and others.

import { spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a command and passes its output on. Throws if it cannot be run or fails, unless the caller
 * asked for the status.
 */
function run(command, args, env = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) throw new Error(`${command} cannot be run (${error.code}): ${path.basename(command)} is needed`);
  return signal ?? status;
}

/** Configures a build of the program in a folder, with more options of CMake. */
export function configureNativeTest(folder, options = []) {
  const generator = spawnSync('ninja', ['--version']).status === 0 ? ['-G', 'Ninja'] : [];
  const configured = run('cmake', [
    ...['-S', '.', '-B', folder, ...generator, '--log-level=WARNING'],
    ...['-DCUDA=SIMULATED', '-DNATIVE_TEST=ON', ...options],
  ]);
  if (configured !== 0) throw new Error('the native test program could not be configured');
}

/** Builds the program in a folder, with more options of CMake, and returns its path. */
export function buildNativeTest(folder, options = []) {
  configureNativeTest(folder, options);
  const jobs = String(os.availableParallelism());
  if (run('cmake', ['--build', folder, '--target', 'native-test', '-j', jobs]) !== 0) {
    throw new Error('the native test program could not be built');
  }
  return path.join(root, folder, 'native-test');
}

/** Runs parts of the program. Returns whether everything was right. */
export function runNativeTest(program, args, env) {
  const status = run(program, [...args, '--hard-inputs=test/vectors/rsqrt-float64-hard.tsv'], env);
  if (status !== 0 && status !== 1) console.error(`native-test ended with ${status}`);
  return status === 0;
}
