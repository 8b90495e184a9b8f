#!/usr/bin/env node
// Checks what the compiler and the linker made of the addon. Needs binutils.
//
//   node scripts/check-binary.mjs [FILE...]     default build/Release/rsqrt.node
//
//   1. It exports its N-API entry points and nothing else: other addons in the process bring their own libstdc++.
//   2. What is compiled for a wider instruction set is named after that set, and nothing of it runs at load. Otherwise
//      two object files could define one symbol, the linker would keep either, and the addon would fail on a CPU
//      without the set.
//   3. It prints the size, the glibc it needs and the libraries it loads.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const entryPoints = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

// Object libraries whose code runs on every CPU of its architecture.
const runsEverywhere = ['baseline', 'neon', 'cuda'];

let failed = false;

function fail(sentence) {
  console.error(`check-binary: ${sentence}`);
  failed = true;
}

/** The lines that a tool of binutils prints. */
function lines(tool, args, input) {
  const { status, error, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', input, maxBuffer: 2 ** 26 });
  if (error?.code === 'ENOENT') {
    throw new Error(`${tool} was not found: install it, on Debian with "apt-get install binutils".`);
  }
  if (status !== 0) throw new Error(`${tool} ${args.join(' ')} failed: ${stderr.trim() || error?.message}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/** The names that nm lists. */
const symbols = (args) => lines('nm', args).map((line) => line.split(' ').at(-1));

/** Names as a reader of the source knows them, one a line. */
const demangled = (names) => lines('c++filt', [], `${names.join('\n')}\n`).map((name) => `  ${name}`);

function checkExports(file) {
  const exported = symbols(['--dynamic', '--defined-only', file]);
  const leaked = exported.filter((name) => !entryPoints.includes(name));
  const absent = entryPoints.filter((name) => !exported.includes(name));
  if (absent.length > 0) fail(`${file} does not export ${absent.join(', ')}.`);
  if (leaked.length === 0) return;
  fail(`${file} exports ${leaked.length} symbols besides its entry points:`);
  console.error(demangled(leaked).join('\n'));
}

function objectFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.o'))
    .map((file) => path.join(folder, file));
}

function checkObjectFile(object, set) {
  const inNamespace = `${set.length}${set}`; // as it is written in a mangled name
  // DW.ref.… is a pointer to the exception handler, the same in every copy.
  const shared = symbols(['--defined-only', '--extern-only', object]).filter(
    (name) => !name.includes(inNamespace) && !name.startsWith('DW.ref.'),
  );
  if (shared.length > 0) {
    fail(`${object} defines ${shared.length} symbols outside the namespace ${set}; other code may run its copy:`);
    console.error(demangled(shared).join('\n'));
  }
  if (lines('readelf', ['--sections', '--wide', object]).some((line) => line.includes('.init_array'))) {
    fail(`${object} initialises a variable at load, on any CPU: make it constexpr.`);
  }
}

/** Returns the sets checked. */
function checkInstructionSets(build) {
  const folder = path.join(build, 'CMakeFiles');
  const sets = readdirSync(folder)
    .map((name) => /^rsqrt_(\w+)\.dir$/.exec(name)?.[1])
    .filter((set) => set !== undefined && !runsEverywhere.includes(set));
  for (const set of sets) {
    for (const object of objectFiles(path.join(folder, `rsqrt_${set}.dir`))) checkObjectFile(object, set);
  }
  if (sets.length === 0 && process.arch === 'x64') {
    fail(`${folder} has no object files of wider instruction sets: has CMakeLists.txt named them otherwise?`);
  }
  return sets;
}

const newerFirst = (a, b) => b.localeCompare(a, 'en', { numeric: true });

/** The newest version of glibc that a symbol asks for. */
function neededGlibc(file) {
  return lines('objdump', ['--dynamic-syms', file])
    .map((line) => /\bGLIBC_([\d.]+)/.exec(line)?.[1])
    .filter((version) => version !== undefined)
    .sort(newerFirst)[0];
}

function neededLibraries(file) {
  return lines('readelf', ['--dynamic', file])
    .map((line) => /\(NEEDED\).*\[(.*)\]/.exec(line)?.[1])
    .filter((library) => library !== undefined);
}

function check(file) {
  if (!existsSync(file)) return fail(`${file} does not exist: run "npm run build".`);
  checkExports(file);
  // <build>/Release/rsqrt.node: the object files lie beside it. A prebuilt addon comes without.
  const build = path.dirname(path.dirname(file));
  const sets = existsSync(path.join(build, 'CMakeFiles')) ? checkInstructionSets(build) : null;
  console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(2)} MiB`);
  console.log(`  needs glibc ${neededGlibc(file)} or newer, and ${neededLibraries(file).join(', ')}`);
  console.log(`  instruction sets checked: ${sets === null ? 'skipped, no object files beside it' : sets.join(', ')}`);
}

const files = process.argv.length > 2 ? process.argv.slice(2) : [path.join(root, 'build/Release/rsqrt.node')];
for (const file of files) {
  try {
    check(path.relative('', path.resolve(file)));
  } catch (error) {
    fail(error.message);
  }
}
process.exitCode = failed ? 1 : 0;
