#!/usr/bin/env node
// Checks the code that nvcc generates for the GPU kernels, for every architecture and with the
// flags of the build in build/.
//
//   node scripts/check-kernels.mjs
//
//   1. No kernel spills registers to memory or uses local memory, and none has more shared memory
//      than a block may have. An interpreter has no more registers than its tier allows.
//   2. Nothing can be contracted: the PTX is the same with and without -fmad, so every fma in it was
//      written explicitly.
//   3. The direct kernels for contiguous memory read and write 16 bytes at once, on every side whose
//      packs have 16 bytes, and read four packs before they compute. The interpreters read and write
//      16 bytes at once for elements as wide as their slots.
//   4. The interpreters and the transposing kernels have no division, and no 64-bit index arithmetic
//      that would need one.
//   5. clang's own backend for NVIDIA GPUs also compiles the kernels (native/test/clang_cuda): all of
//      them, without local memory. If ptxas is present, it accepts the output. (This says nothing
//      about contraction. clang treats the intrinsics that name their rounding as ordinary sums and
//      products, and contracts them or not as its options say.)
//
// Prints the interpreters with their registers on every architecture, and the direct kernels.
//
// Needs no GPU. Without nvcc, only check 5 remains; a missing nvcc and a missing clang are printed
// skips. Takes some seconds with ccache, if the build used it, and a minute on two cores without.

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inParallel } from './in-parallel.mjs';

/** The bytes of shared memory that a block may have without requesting more. */
const SHARED_MEMORY = 49152;

/** The registers that an interpreter may have, by its tier (native/cuda/kernels/interpreter.h). */
const TIERS = { light: 64, full: 128 };

const root = fileURLToPath(new URL('..', import.meta.url));
let failed = false;

function fail(sentence) {
  console.error(`check-kernels: ${sentence}`);
  failed = true;
}

/**
 * How the build compiles the kernels, or null without nvcc. Read from what CMake recorded, so that
 * only cmake/cuda.cmake knows where nvcc is, the flags and the architectures.
 *
 * - command: nvcc's, without architectures and outputs; folder: where it runs
 * - whole: as the build calls nvcc, through ccache if that is used, without the outputs
 * - architectures
 */
function buildOfKernels() {
  const database = path.join(root, 'build/compile_commands.json');
  if (!existsSync(database)) throw new Error('build/compile_commands.json does not exist: run "npm run build".');
  const entry = JSON.parse(readFileSync(database, 'utf8')).find(
    ({ file, command }) => file.endsWith('native/cuda/kernels.cu') && /^\S*nvcc\b/.test(command),
  );
  if (entry === undefined) return null;
  const generate = / --generate-code=arch=compute_(\w+),\S+/g;
  const [, object] = / -o (\S+)/.exec(entry.command);
  const launcher = process.env.CMAKE_CUDA_COMPILER_LAUNCHER ?? '';
  const report = entry.command.includes(' -Xptxas=-v') ? '' : ' -Xptxas=-v';
  return {
    architectures: [...entry.command.matchAll(generate)].map(([, architecture]) => architecture),
    command: entry.command.replace(generate, '').replace(/ -fmad=\S+| --threads=\S+| -o \S+| -c(?= )/g, ''),
    whole: `${launcher} ${entry.command.replace(/ -o \S+/, '')}${report} -MD -MT ${object}`,
    folder: entry.directory,
  };
}

/** Resolves to the output of a command, and the error that it ended with, if any. */
const execute = (command, args, cwd) =>
  new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ error, output: stdout + stderr }),
    );
  });

/** Resolves to what a command prints. Throws if it fails. */
async function outputOf(command, folder) {
  const { error, output } = await execute('/bin/sh', ['-c', command], folder);
  if (error) throw new Error(`nvcc stopped at ${command}:\n${output}`);
  return output;
}

/** The demangled names of functions. */
function demangled(names) {
  const { status, stdout } = spawnSync('c++filt', [], { encoding: 'utf8', input: names.join('\n') });
  return status === 0 ? stdout.trimEnd().split('\n') : names;
}

/**
 * What ptxas reports about the functions of an architecture: the name of each, the bytes of spills,
 * stack and shared memory, and the registers if it is a kernel.
 */
function functionsIn(report) {
  return report
    .split('Function properties for ')
    .slice(1)
    .map((text) => ({
      name: /^\S+/.exec(text)[0],
      spills: Number(/(\d+) bytes spill stores/.exec(text)[1]) + Number(/(\d+) bytes spill loads/.exec(text)[1]),
      stack: Number(/(\d+) bytes stack frame/.exec(text)?.[1] ?? 0),
      registers: Number(/Used (\d+) registers/.exec(text)?.[1] ?? 0),
      shared: Number(/(\d+) bytes smem/.exec(text)?.[1] ?? 0),
    }));
}

/**
 * The reports of ptxas by architecture, or null if they are mixed up: nvcc compiles for several
 * architectures at once, and each writes when it likes.
 */
function reportsIn(output, architectures) {
  const parts = output.split(/^(?=ptxas info +: Compiling entry function)/m);
  const reports = architectures.map((architecture) => {
    const own = parts.filter((part) => /^[^\n]* for 'sm_(\w+)'/.exec(part)?.[1] === architecture);
    const whole = own.every((part) => part.split('Function properties for ').length >= 2 && / registers/.test(part));
    return whole ? own.join('') : null;
  });
  const count = (report) => report?.match(/ registers/g)?.length;
  return reports.every((report) => report !== null && count(report) === count(reports[0])) ? reports : null;
}

function checkFunctions(functions, where) {
  const wrong = functions.filter(({ spills, stack, shared }) => spills + stack > 0 || shared > SHARED_MEMORY);
  const names = demangled(wrong.map(({ name }) => name));
  wrong.forEach(({ spills, stack, shared }, i) => {
    fail(`${where}: ${spills} bytes of spills, ${stack} of stack, ${shared} of shared memory in ${names[i]}`);
  });
}

/** What an interpreter is for: { width, tier, slots }, or null for the name of another kernel. */
function interpreterOf(name) {
  const found = /\binterpreter<(\d+), .*?\bTier\)(\d), .*?\b(Register|Shared)Slots</.exec(name);
  return found && { width: Number(found[1]), tier: Object.keys(TIERS)[found[2]], slots: found[3].toLowerCase() };
}

function checkTiers(kernels, where) {
  for (const { name, registers } of kernels) {
    const interpreter = interpreterOf(name);
    if (interpreter !== null && registers > TIERS[interpreter.tier])
      fail(`${where}: ${registers} registers in ${name}, of the ${interpreter.tier} tier`);
  }
}

/**
 * Compiles the kernels as the build does, which ccache answers if it compiled them there. Resolves to
 * the report of every architecture.
 */
async function compileAll({ whole, folder, architectures }, temporary) {
  const outputs = `-MF ${path.join(temporary, 'kernels.d')} -o ${path.join(temporary, 'kernels.o')}`;
  const found = reportsIn(await outputOf(`${whole} ${outputs}`, folder), architectures);
  if (found !== null) return found;
  const oneByOne = `${whole.replace(/ --threads=\S+/, '')} --threads=1 ${outputs}`;
  const again = reportsIn(await outputOf(oneByOne, folder), architectures);
  if (again === null) throw new Error('what ptxas reports is not understood.');
  return again;
}

/** Returns { architecture, kernels: [{ name, registers }, …] }. */
function checkSpills(report, architecture) {
  const functions = functionsIn(report);
  const found = functions.filter(({ registers }) => registers > 0);
  const where = `sm_${architecture}`;
  if (found.length === 0) fail(`ptxas reports no kernels for ${where}.`);
  checkFunctions(functions, where);
  const names = demangled(found.map(({ name }) => name));
  const kernels = found.map(({ registers }, i) => ({ name: names[i], registers }));
  checkTiers(kernels, where);
  const most = Math.max(...kernels.map(({ registers }) => registers));
  console.log(`${where}: ${kernels.length} kernels, at most ${most} registers`);
  return { architecture, kernels };
}

/** Prints every interpreter with its registers on each architecture, and the direct kernels. */
function printKernels(reports) {
  const interpreters = new Map();
  for (const { kernels } of reports) {
    for (const { name, registers } of kernels) {
      const interpreter = interpreterOf(name);
      if (interpreter === null) continue;
      const slots = interpreter.slots === 'shared' ? 'shared memory' : 'registers';
      const words = `${interpreter.width} bytes, ${interpreter.tier}, slots in ${slots}`;
      interpreters.set(words, [...(interpreters.get(words) ?? []), registers]);
    }
  }
  const architectures = reports.map(({ architecture }) => architecture).join(' ');
  for (const [words, registers] of [...interpreters].sort()) {
    console.log(`interpreter, ${words}: ${registers.join(' ')} registers for ${architectures}`);
  }
  const direct = new Map();
  for (const { name } of reports[0].kernels) {
    const [operation, type] = parametersOf('dense', name) ?? [];
    if (operation !== undefined) direct.set(operation, [...(direct.get(operation) ?? []), type]);
  }
  for (const [operation, types] of [...direct].sort()) {
    const short = types.map((type) => type.replaceAll('rsqrt_native::', ''));
    console.log(`direct, ${operation}: ${short.sort().join(', ')}`);
  }
}

async function ptxOf(build, architecture, fmad, temporary) {
  const ptx = path.join(temporary, `${fmad}.ptx`);
  await outputOf(`${build.command} -fmad=${fmad} -ptx -arch=compute_${architecture} -o ${ptx}`, build.folder);
  return readFileSync(ptx, 'utf8');
}

const countFma = (ptx) => ptx.match(/^\s*fma\./gm)?.length ?? 0;

/** Counting fma is not enough: `mul.f32` in place of `mul.rn.f32` lets ptxas contract later. */
function checkContraction(separate, contracted) {
  const lines = separate.split('\n');
  const others = contracted.split('\n');
  const i = others.findIndex((line, at) => line !== lines[at]);
  if (i < 0) return;
  fail(
    `-fmad=true changes the PTX, first from "${lines[i]?.trim()}" to "${others[i].trim()}": ` +
      'write the operation with its rounding, as in native/cuda/lane.h.',
  );
}

/** The text of every kernel by its demangled name. */
function kernelsIn(ptx) {
  const kernels = [...ptx.matchAll(/\.entry (\w+)\([\s\S]*?^}/gm)];
  const names = demangled(kernels.map(([, name]) => name));
  return new Map(kernels.map(([text], i) => [names[i], text]));
}

/** The C++ name of an element type in a demangled name, and its bytes. */
const SIZES = {
  'unsigned char': 1,
  'unsigned short': 2,
  'rsqrt_native::Half': 2,
  'rsqrt_native::BFloat16': 2,
  'unsigned int': 4,
  float: 4,
  'unsigned long': 8,
  double: 8,
  'rsqrt_native::Complex<float>': 8,
  'rsqrt_native::Complex<double>': 16,
};

/**
 * The operation and the input's dtype of a kernel with that name: [operation, C++ type], or null.
 */
function parametersOf(kernel, name) {
  const found = new RegExp(`\\b${kernel}<([\\w:]+), (.+?) ?>\\(`).exec(name);
  return found && [found[1].split('::').at(-1), found[2]];
}

/** The bytes of a result: abs turns a complex number into a real one. */
const resultSize = (operation, type) =>
  operation === 'Abs' && type.includes('Complex') ? SIZES[type] / 2 : SIZES[type];

const WIDE = {
  ld: /^\s*ld\.global\S*\.v(?:4\.[bfu]32|2\.[bfu]64)\b/,
  st: /^\s*st\.global\S*\.v(?:4\.[bfu]32|2\.[bfu]64)\b/,
};
const NARROWER = { 8: /^\s*ld\.global\S*\.(?:v2\.[bfu]32|[bfu]64)\b/, 4: /^\s*ld\.global\S*\.[bfu]32\b/ };

/** Returns the number of kernels checked. */
function checkVectorAccess(kernels) {
  let checked = 0;
  for (const [name, text] of kernels) {
    const parameters = parametersOf('dense', name);
    if (parameters === null) continue;
    const [operation, type] = parameters;
    const from = SIZES[type];
    const to = resultSize(operation, type);
    if (from === undefined) {
      fail(`the size of ${type} is not known, of ${name}`);
      continue;
    }
    checked++;
    const lines = text.split('\n');
    if (to >= from && !lines.some((line) => WIDE.st.test(line))) fail(`no 16-byte st.global in ${name}`);
    // Four loads with nothing between them but instructions that move and add addresses.
    const load = from >= to ? WIDE.ld : NARROWER[(16 / to) * from];
    if (load !== undefined && longestRun(lines, load) < 4) fail(`no four loads of whole packs in a row in ${name}`);
  }
  return checked;
}

/** Returns the number of kernels checked. */
function checkInterpreters(kernels) {
  const checked = [...kernels].filter(([name]) => interpreterOf(name) !== null);
  for (const [name, text] of checked) {
    const lines = text.split('\n');
    for (const pattern of Object.values(WIDE)) {
      if (!lines.some((line) => pattern.test(line))) fail(`no line matches ${pattern} in ${name}`);
    }
  }
  return checked.length;
}

/** The largest number of matching lines with no jump, label or store between them. */
function longestRun(lines, pattern) {
  let [run, longest] = [0, 0];
  for (const line of lines) {
    if (pattern.test(line)) longest = Math.max(longest, ++run);
    else if (/^\s*(?:@?\S*\s*bra|\$L|st\.)/.test(line)) run = 0;
  }
  return longest;
}

/** Returns the number of kernels checked. */
function checkDivision(kernels) {
  const checked = [...kernels].filter(([name]) => /\b(?:interpreter|transposed)</.test(name));
  for (const [name, text] of checked) {
    const division = /^\s*(?:div|rem)\.[us]\d+.*$/m.exec(text);
    if (division) fail(`"${division[0].trim()}" in ${name}`);
  }
  return checked.length;
}

function checkLocalMemory(kernels) {
  for (const [name, text] of kernels) {
    if (/\.local\b/.test(text)) fail(`local memory is used by ${name}`);
  }
}

/** A second compiler: clang, of a version that supports C++20, without a toolkit's headers. */
async function checkClang(build, temporary) {
  const clang = ['clang++', 'clang++-14'].find((command) => spawnSync(command, ['--version']).status === 0);
  if (clang === undefined) {
    console.log(
      'check-kernels: skipped for clang: it was not found: install it, on Debian with "apt-get install clang".',
    );
    return;
  }
  const architecture = 'sm_75'; // every clang that supports C++20 knows it
  const language = ['-x', 'cuda', '--cuda-device-only', '-nocudainc', '-nocudalib', `--cuda-gpu-arch=${architecture}`];
  const options = [
    ...['-std=c++20', '-O3', '-ffp-contract=off', '-fdeclspec', '-Wno-unknown-cuda-version', '-D__CUDACC__'],
    ...['-mllvm', '-inline-threshold=100000', '-DRSQRT_TARGET=device', '-Inative/test/clang_cuda', '-Inative'],
  ];
  const ptx = path.join(temporary, 'clang.ptx');
  const made = await execute(clang, [...language, ...options, '-S', '-o', ptx, 'native/cuda/kernels.cu'], root);
  if (made.error) return fail(`${clang} cannot compile the kernels:\n${made.output}`);
  const kernels = kernelsIn(readFileSync(ptx, 'utf8'));
  if (kernels.size === 0) fail(`${clang} makes no kernels.`);
  checkLocalMemory(kernels);
  if (build !== null) {
    const cubin = path.join(temporary, 'clang.cubin');
    const assembled = await execute(ptxasOf(build), [`-arch=${architecture}`, '-o', cubin, ptx], root);
    if (assembled.error) return fail(`ptxas stopped at what ${clang} made:\n${assembled.output}`);
  }
  console.log(`${clang}: ${kernels.size} kernels for ${architecture}`);
}

/** The assembler beside nvcc. */
function ptxasOf(build) {
  const nvcc = /^\S+/.exec(build.command)[0];
  const dryrun = spawnSync(nvcc, ['--dryrun', '-cubin', '-x', 'cu', '/dev/null'], { encoding: 'utf8' }).stderr;
  return path.join(/^#\$ _HERE_=(.*)$/m.exec(dryrun)[1], 'ptxas');
}

async function check(build, temporary) {
  const reports = await compileAll(build, temporary);
  printKernels(build.architectures.map((each, i) => checkSpills(reports[i], each)));
  const shipped = build.architectures.at(-1); // PTX of the last one is in the addon
  const [separate, contracted] = await inParallel(['false', 'true'], (fmad) => ptxOf(build, shipped, fmad, temporary));
  checkContraction(separate, contracted);
  const kernels = kernelsIn(separate);
  checkLocalMemory(kernels);
  const dense = checkVectorAccess(kernels);
  const interpreters = checkInterpreters(kernels);
  const divided = checkDivision(kernels);
  for (const [what, count] of Object.entries({
    dense,
    interpreter: interpreters,
    'interpreter or transposed': divided,
  })) {
    if (count === 0) fail(`no kernel is ${what}.`);
  }
  console.log(
    `PTX for ${shipped}: ${countFma(separate)} fma; ${dense + interpreters} kernels checked for 16-byte access, ` +
      `${divided} for division`,
  );
}

const temporary = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-kernels-'));
try {
  const build = buildOfKernels();
  if (build === null)
    console.log('check-kernels: skipped for nvcc: build/ was made without it, so it has no GPU code.');
  else await check(build, temporary);
  await checkClang(build, temporary);
} catch (error) {
  fail(error.message);
} finally {
  rmSync(temporary, { recursive: true });
}
process.exitCode = failed ? 1 : 0;
