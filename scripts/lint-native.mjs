#!/usr/bin/env node
// Checks the C++ and CUDA sources: their formatting with clang-format, then the code with
// clang-tidy.
//
//   node scripts/lint-native.mjs          check
//   node scripts/lint-native.mjs --fix    format; no clang-tidy
//
// A tool that is missing or of another version is a printed skip. If the environment variable CI is
// set, it is a failure.

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inParallel } from './in-parallel.mjs';

// Debian 12's version. Each major version formats some code differently and has other checks.
const clangVersion = 14;

// A file is checked as the first of these builds compiles it. The second has the CUDA code as plain
// C++, and the third the native tests.
const builds = ['build', 'build-simulated', 'build-sanitize/address'];

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { fix: { type: 'boolean', default: false } } });
let failed = false;

function fail(sentence) {
  console.error(`lint-native: ${sentence}`);
  failed = true;
}

function skipOrFail(sentence) {
  if (process.env.CI) fail(sentence);
  else console.log(`lint-native: skipped: ${sentence}`);
}

/** The major version of a clang tool, or null if it cannot be run. */
function majorVersion(command) {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  const version = status === 0 ? /version (\d+)\./.exec(stdout) : null;
  return version === null ? null : Number(version[1]);
}

/** The command that runs a clang tool in the required version, or null. */
function findTool(name) {
  const found = [`${name}-${clangVersion}`, name].map((command) => ({ command, version: majorVersion(command) }));
  const right = found.find(({ version }) => version === clangVersion);
  if (right !== undefined) return right.command;
  const other = found.find(({ version }) => version !== null);
  const what = other === undefined ? 'was not found' : `is needed, ${other.command} is ${other.version}`;
  skipOrFail(
    `${name} ${clangVersion} ${what}: install the Debian package ${name} (Debian 12) or ${name}-${clangVersion}.`,
  );
  return null;
}

function sourceFiles() {
  return readdirSync(path.join(root, 'native'), { recursive: true })
    .filter((file) => /\.(h|cpp|cu)$/.test(file))
    .map((file) => path.join('native', file))
    .sort();
}

function format(files) {
  const tool = findTool('clang-format');
  if (tool === null) return;
  const mode = values.fix ? ['-i'] : ['--dry-run', '--Werror'];
  const { status, stderr } = spawnSync(tool, [...mode, ...files], { cwd: root, encoding: 'utf8' });
  const first = new Map(); // by file: the first line whose formatting differs
  for (const [, file, line] of stderr.matchAll(/^(.+?):(\d+):\d+: error: /gm)) {
    if (!first.has(file)) first.set(file, line);
  }
  for (const [file, line] of first) console.error(`${file}:${line}: clang-format would write this otherwise`);
  if (first.size > 0) fail(`${first.size} files are not laid out by clang-format: "npm run format" does it.`);
  else if (status !== 0) fail(`${tool} stopped: ${stderr.trim()}`);
  else console.log(`lint-native: ${tool}: ${files.length} files ${values.fix ? 'laid out' : 'checked'}.`);
}

/** clang may not know one of gcc's warnings that a build switches off. */
const GCC_ONLY = ['--extra-arg=-Wno-unknown-warning-option'];

/** The sources that a build compiles as C++, because clang-tidy does not know nvcc's options. */
function compiledBy(build) {
  const database = path.join(root, build, 'compile_commands.json');
  if (!existsSync(database)) return [];
  return JSON.parse(readFileSync(database, 'utf8'))
    .filter(({ command }) => !/^\S*nvcc\b/.test(command))
    .map(({ file }) => path.relative(root, file));
}

/**
 * Pairs of a file and the build in which it is checked. Prints the files that no build compiles.
 */
function tidyJobs(files) {
  const compiled = builds.map((build) => ({ build, files: new Set(compiledBy(build)) }));
  const jobs = files
    .filter((file) => !file.endsWith('.h'))
    .map((file) => ({ file, build: compiled.find((each) => each.files.has(file))?.build }));
  const without = jobs.filter(({ build }) => build === undefined).map(({ file }) => file);
  // A build has only one of none.cpp and its twin files.
  if (without.length > 0) {
    console.log(
      `lint-native: clang-tidy skipped for what ${builds.join(' and ')} do not compile: ${without.join(', ')}.`,
    );
  }
  return jobs.filter(({ build }) => build !== undefined);
}

const run = (command, args) =>
  new Promise((resolve) => {
    execFile(command, args, { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ error, stdout, stderr }),
    );
  });

async function tidy(files) {
  const tool = findTool('clang-tidy');
  if (tool === null) return;
  const jobs = tidyJobs(files);
  if (jobs.length === 0)
    return fail(`clang-tidy needs ${builds[0]}/compile_commands.json of this folder: run "npm run build".`);
  const findings = new Set(); // every file that includes a header reports the header's findings
  await inParallel(jobs, async ({ file, build }) => {
    const { error, stdout, stderr } = await run(tool, ['-p', build, '--quiet', ...GCC_ONLY, file]);
    const blocks = stdout.split(/^(?=\/.*?:\d+:\d+: (?:error|warning): )/m).filter((block) => block.trim() !== '');
    for (const block of blocks) findings.add(block.trimEnd().replaceAll(root, ''));
    if (error && blocks.length === 0) findings.add(`${tool} stopped at ${file}: ${stderr.trim() || error.message}`);
  });
  for (const finding of [...findings].sort()) console.error(`${finding}\n`);
  if (findings.size > 0) fail(`clang-tidy has ${findings.size} findings.`);
  else console.log(`lint-native: ${tool}: ${jobs.length} files checked.`);
}

const files = sourceFiles();
format(files);
if (!values.fix) await tidy(files);
process.exitCode = failed ? 1 : 0;
