#!/usr/bin/env node
// Checks what nvcc makes of the GPU kernels, for every architecture and with the flags of the build in build/.
//
//   node scripts/check-kernels.mjs
//
//   1. No kernel spills registers to memory.
//   2. Nothing is left to contract: the PTX is the same with and without -fmad, so every fma in it is a written one.
//   3. The contiguous float32 kernels read and write 16 bytes at once.
//
// Needs no GPU. A build without nvcc is a printed skip. About 20 seconds on two cores.

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inParallel } from './in-parallel.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
let failed = false;

function fail(sentence) {
  console.error(`check-kernels: ${sentence}`);
  failed = true;
}

/**
 * How the build compiles the kernels: { nvcc command without its outputs, folder, architectures }, or null without
 * nvcc. CMake wrote it down, so that cmake/cuda.cmake alone knows where nvcc is, the flags and the architectures.
 */
function buildOfKernels() {
  const database = path.join(root, 'build/compile_commands.json');
  if (!existsSync(database)) throw new Error('build/compile_commands.json does not exist: run "npm run build".');
  const entry = JSON.parse(readFileSync(database, 'utf8')).find(
    ({ file, command }) => file.endsWith('native/cuda/kernels.cu') && /^\S*nvcc\b/.test(command),
  );
  if (entry === undefined) return null;
  const generate = / --generate-code=arch=compute_(\w+),\S+/g;
  return {
    architectures: [...entry.command.matchAll(generate)].map(([, architecture]) => architecture),
    command: entry.command.replace(generate, '').replace(/ -fmad=\S+| --threads=\S+| -o \S+| -c(?= )/g, ''),
    fmad: /-fmad=(\S+)/.exec(entry.command)?.[1] ?? 'true', // nvcc's default
    folder: entry.directory,
  };
}

/** Compiles the kernels with further options; resolves to what nvcc printed. */
function compile({ command, folder }, options) {
  return new Promise((resolve, reject) => {
    const shell = { cwd: folder, maxBuffer: 2 ** 26 };
    execFile('/bin/sh', ['-c', `${command} ${options.join(' ')}`], shell, (error, stdout, stderr) => {
      if (error) reject(new Error(`nvcc stopped with ${options.join(' ')}:\n${stderr}`));
      else resolve(stdout + stderr);
    });
  });
}

/** The names of functions as a reader of the source knows them. */
function demangled(names) {
  const { status, stdout } = spawnSync('c++filt', [], { encoding: 'utf8', input: names.join('\n') });
  return status === 0 ? stdout.trimEnd().split('\n') : names;
}

/** What ptxas says of every function: its name, its spills in bytes, and its registers if it is a kernel. */
function functionsIn(report) {
  return report
    .split('Function properties for ')
    .slice(1)
    .map((text) => ({
      name: /^\S+/.exec(text)[0],
      spills: Number(/(\d+) bytes spill stores/.exec(text)[1]) + Number(/(\d+) bytes spill loads/.exec(text)[1]),
      registers: Number(/Used (\d+) registers/.exec(text)?.[1] ?? 0),
    }));
}

async function checkSpills(build, architecture, temporary) {
  const cubin = path.join(temporary, `${architecture}.cubin`);
  const options = [`-fmad=${build.fmad}`, '-cubin', `-arch=sm_${architecture}`, '-Xptxas=-v', '-o', cubin];
  const functions = functionsIn(await compile(build, options));
  const kernels = functions.filter(({ registers }) => registers > 0);
  if (kernels.length === 0) fail(`ptxas reports no kernels for sm_${architecture}.`);
  const spilling = functions.filter(({ spills }) => spills > 0);
  const names = demangled(spilling.map(({ name }) => name));
  spilling.forEach(({ spills }, i) => {
    fail(`on sm_${architecture} this kernel spills ${spills} bytes: ${names[i]}`);
  });
  const most = Math.max(...kernels.map(({ registers }) => registers));
  return `sm_${architecture}: ${kernels.length} kernels, at most ${most} registers, ${statSync(cubin).size} bytes`;
}

async function ptxOf(build, architecture, fmad, temporary) {
  const ptx = path.join(temporary, `${fmad}.ptx`);
  await compile(build, [`-fmad=${fmad}`, '-ptx', `-arch=compute_${architecture}`, '-o', ptx]);
  return readFileSync(ptx, 'utf8');
}

const countFma = (ptx) => ptx.match(/^\s*fma\./gm)?.length ?? 0;

/** Counting fma would not do: `mul.f32` in place of `mul.rn.f32` lets ptxas contract later. */
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

/** Returns the number of kernels checked. */
function checkVectorAccess(ptx) {
  const dense = [...kernelsIn(ptx)].filter(([name]) => /\bdense<[\w:]+, float, float>/.test(name));
  if (!dense.some(([name]) => name.includes('Rsqrt'))) fail('no kernel is called dense<Rsqrt, float, float>.');
  for (const [name, text] of dense) {
    for (const access of ['ld.global', 'st.global']) {
      const wide = new RegExp(`\\b${access}\\S*\\.(v4\\.[bfu]32|v2\\.[bfu]64)\\b`);
      if (!wide.test(text)) fail(`no 16-byte ${access} in ${name}`);
    }
  }
  return dense.length;
}

async function check(build, temporary) {
  const report = await inParallel(build.architectures, (each) => checkSpills(build, each, temporary));
  for (const line of report) console.log(line);
  const shipped = build.architectures.at(-1); // PTX of the last one is in the addon
  const [separate, contracted] = await inParallel(['false', 'true'], (fmad) => ptxOf(build, shipped, fmad, temporary));
  checkContraction(separate, contracted);
  const wide = checkVectorAccess(separate);
  console.log(`PTX for ${shipped}: ${countFma(separate)} fma; ${wide} float32 kernels checked for 16-byte access`);
}

const temporary = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-kernels-'));
try {
  const build = buildOfKernels();
  if (build === null) console.log('check-kernels: skipped: build/ was made without nvcc, so it has no GPU code.');
  else await check(build, temporary);
} catch (error) {
  fail(error.message);
} finally {
  rmSync(temporary, { recursive: true });
}
process.exitCode = failed ? 1 : 0;
