#!/usr/bin/env node
// Checks the addon that the compiler and the linker produced. Needs binutils.
//
//   node scripts/check-binary.mjs [--target=TARGET] [FILE...]     default build/Release/rsqrt.node
//
//   1. The addon exports its Node-API entry points and nothing else, because other addons in the
//      process bring their own libstdc++.
//   2. Code that is compiled for a wider instruction set is named after that set, and none of it
//      runs at load. Otherwise two object files could define one symbol, the linker could keep
//      either, and the addon would fail on a CPU without the set.
//   3. Prints the size, the glibc that the addon needs and the libraries that it loads.
//   4. With --target, a prebuilt addon: it is for that system, needs no other libraries and no newer
//      glibc than allowed, has no run-path, is bound at load and never unloaded, and is stripped.
//
// For addons for macOS and Windows, only the exports are checked, by llvm-nm if there is one.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { targets } from './targets.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const entryPoints = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];

// Object libraries whose code runs on every CPU of their architecture.
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

/** Demangled names, one per line. */
const demangled = (names) => lines('c++filt', [], `${names.join('\n')}\n`).map((name) => `  ${name}`);

function checkExports(file, exported) {
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
  const inNamespace = `${set.length}${set}`; // its form in a mangled name
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
  if (sets.length === 0 && !existsSync(path.join(folder, 'rsqrt_neon.dir'))) {
    fail(`${folder} has no object files of wider instruction sets: has CMakeLists.txt named them otherwise?`);
  }
  return sets;
}

const newerFirst = (a, b) => b.localeCompare(a, 'en', { numeric: true });

/** The matches of a regular expression in lines. */
const found = (lines, expression) =>
  lines.map((line) => expression.exec(line)?.[1]).filter((text) => text !== undefined);

/** The newest version of glibc that a symbol needs. Undefined if there is none, as on musl. */
const neededGlibc = (file) =>
  found(lines('readelf', ['--dyn-syms', '--wide', file]), /@GLIBC_([\d.]+)/).sort(newerFirst)[0];

/** The libraries that Node loads anyway: the C library in all its parts. */
const allowedLibraries = {
  glibc: /^(lib(c|m)\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-.*)$/,
  musl: /^libc\.so$/,
};
const machines = { x64: /X86-64/, arm64: /AArch64/ };
// As scripts/prebuild.mjs and docs/installing.md promise.
const newestGlibc = '2.28';

function checkPrebuilt(file, target, glibc, libraries, dynamic) {
  const machine = found(lines('readelf', ['--file-header', file]), /Machine:\s+(.*)/)[0];
  if (!machines[target.arch].test(machine)) fail(`${file} is for ${machine}, not for ${target.name}.`);
  const foreign = libraries.filter((library) => !allowedLibraries[target.libc].test(library));
  if (foreign.length > 0) fail(`${file} needs ${foreign.join(', ')}, which a user may not have.`);
  if (target.libc === 'musl' && glibc !== undefined) fail(`${file} needs glibc ${glibc}, but is for musl.`);
  if (target.libc === 'glibc' && newerFirst(glibc, newestGlibc) < 0) {
    fail(`${file} needs glibc ${glibc}; it must do with ${newestGlibc}.`);
  }
  if (dynamic.some((line) => /\((RPATH|RUNPATH)\)/.test(line))) fail(`${file} has a run-path.`);
  for (const flag of ['NOW', 'NODELETE']) {
    if (!dynamic.some((line) => /FLAGS_1/.test(line) && line.includes(flag)))
      fail(`${file} is linked without ${flag}.`);
  }
  if (lines('readelf', ['--sections', '--wide', file]).some((line) => line.includes(' .symtab '))) {
    fail(`${file} is not stripped.`);
  }
}

/** Whether the file begins like an ELF file. */
const isElf = (file) => readFileSync(file).subarray(0, 4).toString('latin1') === '\x7fELF';

function checkElf(file, target) {
  checkExports(file, symbols(['--dynamic', '--defined-only', file]));
  // The object files are beside it, or one folder up (<build>/Release/rsqrt.node). A prebuilt addon
  // comes without them.
  const build = [path.dirname(file), path.dirname(path.dirname(file))].find((folder) =>
    existsSync(path.join(folder, 'CMakeFiles')),
  );
  const sets = build === undefined ? null : checkInstructionSets(build);
  const glibc = neededGlibc(file);
  const dynamic = lines('readelf', ['--dynamic', file]);
  const libraries = found(dynamic, /\(NEEDED\).*\[(.*)\]/);
  if (target !== undefined) checkPrebuilt(file, target, glibc, libraries, dynamic);
  console.log(`  needs ${glibc === undefined ? 'no glibc' : `glibc ${glibc} or newer`}, and ${libraries.join(', ')}`);
  console.log(
    `  instruction sets checked: ${sets === null ? 'skipped, no object files beside it' : sets.join(', ') || 'none to check'}`,
  );
}

/**
 * The names that an addon for macOS or Windows exports, which binutils cannot read. Null if LLVM's
 * tools are missing.
 */
function otherExports(file) {
  if (spawnSync('llvm-readobj', ['--version']).status !== 0) return null;
  const windows = found(lines('llvm-readobj', ['--coff-exports', file]), /^ {2}Name: (.*)$/);
  if (windows.length > 0) return windows;
  return lines('llvm-nm', ['--extern-only', '--defined-only', '--format=just-symbols', file]).map((name) =>
    name.replace(/^_/, ''),
  );
}

function checkOther(file, target) {
  const exported = otherExports(file);
  if (exported === null) return console.log('  exports: skipped, llvm-readobj was not found (on Debian in llvm)');
  // An addon built on another system is a trial. Its run-time library has symbols that that
  // system's linker cannot hide.
  const trial = target !== undefined && target.platform !== process.platform;
  checkExports(file, trial ? exported.filter((name) => entryPoints.includes(name)) : exported);
  return console.log(`  exports: ${trial ? 'entry points are there' : 'checked'}`);
}

function check(file, target) {
  if (!existsSync(file)) return fail(`${file} does not exist: run "npm run build".`);
  console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(2)} MiB`);
  if (isElf(file)) checkElf(file, target);
  else checkOther(file, target);
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { target: { type: 'string' } } });
const target = targets.find(({ name }) => name === values.target);
if (values.target !== undefined && target === undefined) fail(`'${values.target}' is no target.`);
const files = positionals.length > 0 ? positionals : [path.join(root, 'build/Release/rsqrt.node')];
for (const file of files) {
  try {
    check(path.relative('', path.resolve(file)), target);
  } catch (error) {
    fail(error.message);
  }
}
process.exitCode = failed ? 1 : 0;
