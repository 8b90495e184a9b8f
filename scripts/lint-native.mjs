#!/usr/bin/env node
// Checks the C++ and CUDA sources: their formatting with clang-format, then the code with
// clang-tidy.
//
//   node scripts/lint-native.mjs              check
//   node scripts/lint-native.mjs --analyze    check, also with clang's static analyzer, every night
//   node scripts/lint-native.mjs --fix        format; no clang-tidy
//
// The analyzer takes most of clang-tidy's time. What clang-tidy found to be clean is noted in the
// user's cache folder, and is not checked again until something that it consists of changes.
//
// A tool that is missing or of another version is a printed skip. If the environment variable CI is
// set, it is a failure.

import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder } from './cache-folder.mjs';
import { inParallel } from './in-parallel.mjs';

// Debian 12's version. Each major version formats some code differently and has other checks.
const clangVersion = 14;

// A file is checked as the first of these builds compiles it. The second has the CUDA code as plain
// C++, and the third the native tests.
const builds = ['build', 'build-simulated', 'build-sanitize/address'];

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { fix: { type: 'boolean', default: false }, analyze: { type: 'boolean', default: false } },
});
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

/**
 * The ways in which a build compiles each source as C++: several for the CPU kernels, of which
 * clang-tidy checks each. It does not know nvcc's options.
 */
function compiledBy(build) {
  const database = path.join(root, build, 'compile_commands.json');
  const ways = new Map();
  if (!existsSync(database)) return ways;
  for (const { file, ...way } of JSON.parse(readFileSync(database, 'utf8'))) {
    if (/^\S*nvcc\b/.test(way.command)) continue;
    const source = path.relative(root, file);
    ways.set(source, [...(ways.get(source) ?? []), way]);
  }
  return ways;
}

/**
 * What clang-tidy is to check: { file, build, ways }. Prints the files that no build
 * compiles.
 */
function tidyJobs(files) {
  const compiled = builds.map((build) => ({ build, waysOf: compiledBy(build) }));
  const jobs = files
    .filter((file) => !file.endsWith('.h'))
    .map((file) => {
      const found = compiled.find(({ waysOf }) => waysOf.has(file));
      return { file, build: found?.build, ways: found?.waysOf.get(file) };
    });
  const without = jobs.filter(({ build }) => build === undefined).map(({ file }) => file);
  // A build has only one of none.cpp and its twin files.
  if (without.length > 0) {
    console.log(
      `lint-native: clang-tidy skipped for what ${builds.join(' and ')} do not compile: ${without.join(', ')}.`,
    );
  }
  return jobs.filter(({ build }) => build !== undefined);
}

const run = (command, args, cwd = root) =>
  new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
  });

/** The hash of a file's content. Headers are asked for many times. */
const contents = new Map();
function contentOf(file) {
  if (!contents.has(file)) contents.set(file, createHash('sha256').update(readFileSync(file)).digest('hex'));
  return contents.get(file);
}

/**
 * A name for everything that the findings in a source follow from: the tool and its configuration,
 * how the source is compiled, and what it and its headers contain. Null if the compiler cannot tell
 * the headers.
 */
async function fingerprint({ ways }, tool) {
  const hash = createHash('sha256').update(JSON.stringify(tool));
  for (const { command, directory } of ways) {
    const { error, stdout } = await run('/bin/sh', ['-c', command.replace(/ -o \S+ -c /, ' -M ')], directory);
    if (error) return null;
    hash.update(command.replaceAll(root, ''));
    for (const [input] of stdout.slice(stdout.indexOf(':') + 1).matchAll(/(?:\\ |[^\s\\])+/g)) {
      hash.update(contentOf(path.resolve(directory, input.replaceAll('\\ ', ' '))));
    }
  }
  return hash.digest('hex');
}

/** Runs clang-tidy on a source and adds what it finds. Returns whether it found nothing. */
async function tidySource({ file, build }, { command, checks }, findings) {
  const { error, stdout, stderr } = await run(command, ['-p', build, '--quiet', checks, ...GCC_ONLY, file]);
  const blocks = stdout.split(/^(?=\/.*?:\d+:\d+: (?:error|warning): )/m).filter((block) => block.trim() !== '');
  for (const block of blocks) findings.add(block.trimEnd().replaceAll(root, ''));
  if (error && blocks.length === 0) findings.add(`${command} stopped at ${file}: ${stderr.trim() || error.message}`);
  return !error && blocks.length === 0;
}

async function tidy(files) {
  const command = findTool('clang-tidy');
  if (command === null) return;
  const jobs = tidyJobs(files);
  if (jobs.length === 0)
    return fail(`clang-tidy needs ${builds[0]}/compile_commands.json of this folder: run "npm run build".`);
  const tool = {
    command,
    checks: `--checks=${values.analyze ? '' : '-clang-analyzer-*'}`,
    version: spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout,
    configuration: readFileSync(path.join(root, '.clang-tidy'), 'utf8'),
  };
  const clean = cacheFolder('clang-tidy');
  mkdirSync(clean, { recursive: true });
  const findings = new Set(); // every file that includes a header reports the header's findings
  let unchanged = 0;
  await inParallel(jobs, async (job) => {
    const key = await fingerprint(job, tool);
    const note = path.join(clean, key ?? 'none');
    if (existsSync(note)) unchanged++;
    else if ((await tidySource(job, tool, findings)) && key !== null) writeFileSync(note, '');
  });
  for (const finding of [...findings].sort()) console.error(`${finding}\n`);
  if (findings.size > 0) fail(`clang-tidy has ${findings.size} findings.`);
  else console.log(`lint-native: ${command}: ${jobs.length} files checked, ${unchanged} of them unchanged.`);
}

const files = sourceFiles();
format(files);
if (!values.fix) await tidy(files);
process.exitCode = failed ? 1 : 0;
