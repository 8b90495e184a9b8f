// What building needs on a machine, for the repository (scripts/build.mjs) and for users (build.mjs
// in this folder).

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { BuildError } from './failures.mjs';

/** As in CMakeLists.txt. */
const LEAST_CMAKE = '3.18';

/**
 * Features that the sources need from the compiler and its library. The first compilers with
 * -std=c++20 lack them.
 */
const CXX20 = `#include <bit>
#include <concepts>
template <std::integral T> constexpr T twice(T x) { return x + x; }
static_assert(twice(std::bit_cast<int>(1.0f)) != 0);
`;

/** The largest number of bytes of memory that compiling one file takes: the kernels with nvcc. */
const MEMORY_PER_JOB = 2 ** 31;

/** The output of a command. Null if it cannot be run. */
function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

const atLeast = (version, least) => version.localeCompare(least, 'en', { numeric: true }) >= 0;

const words = (text = '') => text.split(/\s+/).filter((word) => word !== '');

function checkNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const least = /\d+(\.\d+)*/.exec(engines.node)[0];
  if (!atLeast(process.versions.node, least)) {
    throw new BuildError(
      `building needs Node ${least} or newer, this is ${process.version}: install a newer one from https://nodejs.org.`,
    );
  }
}

function checkCMake() {
  const version = /\d+\.\d+(\.\d+)?/.exec(output('cmake', ['--version']) ?? '')?.[0];
  if (version === undefined) {
    throw new BuildError(
      `building needs CMake ${LEAST_CMAKE} or newer: install it, on Debian with "apt-get install cmake".`,
    );
  }
  if (!atLeast(version, LEAST_CMAKE)) {
    throw new BuildError(`building needs CMake ${LEAST_CMAKE} or newer, this is ${version}: install a newer one.`);
  }
  return version;
}

/** The compilers that CMake would try, in its order; or CXX, which may include options. */
function compilers() {
  const [chosen, ...options] = words(process.env.CXX);
  if (chosen !== undefined) return [{ name: chosen, options }];
  const names = process.platform === 'win32' ? ['clang-cl'] : ['c++', 'g++', 'clang++'];
  return names.map((name) => ({ name, options: [] }));
}

function checkCompiler() {
  const tried = compilers();
  const found = tried.find(({ name }) => output(name, ['--version']) !== null);
  if (found === undefined) {
    const names = tried.map(({ name }) => name).join(', ');
    throw new BuildError(
      `building needs a C++20 compiler (${names} not found): install one, on Debian with "apt-get install g++".`,
    );
  }
  const options =
    process.platform === 'win32'
      ? ['/std:c++20', '/Zs', '/TP', '-']
      : [...words(process.env.CXXFLAGS), '-std=c++20', '-fsyntax-only', '-x', 'c++', '-'];
  const { status, stdout, stderr } = spawnSync(found.name, [...found.options, ...options], {
    input: CXX20,
    encoding: 'utf8',
  });
  if (status === 0) return;
  const complaint = `${stderr}\n${stdout}`.split('\n').find((line) => /error/.test(line)) ?? `ended with ${status}`;
  throw new BuildError(
    `building needs a C++20 compiler, and ${found.name} does not compile C++20 (${complaint.trim()}): install GCC 11, ` +
      'Clang 14 or newer, or name another compiler with CXX.',
  );
}

function checkMake() {
  const ninja = output('ninja', ['--version']) !== null;
  if (process.platform === 'win32' && !ninja) {
    throw new BuildError('building on Windows needs ninja: install it with "winget install Ninja-build.Ninja".');
  }
  if (!ninja && output('make', ['--version']) === null) {
    throw new BuildError('building needs make or ninja: install one, on Debian with "apt-get install make".');
  }
  return ninja ? 'Ninja' : 'Unix Makefiles';
}

/**
 * Throws for the first thing that is missing. Returns the version of CMake and the generator to
 * use.
 */
export function checkMachine() {
  checkNode();
  const cmake = checkCMake();
  checkCompiler();
  return { cmake, generator: checkMake() };
}

/**
 * How many files to compile at the same time: one per processor, as far as the memory that a
 * container may use allows.
 */
export const parallelJobs = () =>
  Math.max(1, Math.min(os.availableParallelism(), Math.floor(process.availableMemory() / MEMORY_PER_JOB)));
