#!/usr/bin/env node
// Checks the C++ and CUDA sources: their formatting with clang-format, then the code with
// clang-tidy.
//
//   node scripts/lint-native.mjs              check
//   node scripts/lint-native.mjs --analyze    check, also with clang's static analyzer, every night
//   node scripts/lint-native.mjs --fix        format; no clang-tidy
//
// clang-tidy spends most of its time on the headers of other projects, and the analyzer takes long
// for the kernels. So for every commit sources that are compiled alike are checked as one, without
// the analyzer; --analyze checks each by itself. What was clean is noted in the user's cache folder,
// and is not checked again until something that it consists of changes.
//
// A tool that is missing or of another version is a printed skip. If the environment variable CI is
// set, it is a failure.

import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheFolder } from './cache-folder.mjs';
import { inParallel } from './in-parallel.mjs';
import { configureNativeTest } from './native-test.mjs';

// Debian 12's version. Each major version formats some code differently and has other checks.
const clangVersion = 14;

// A file is checked as the first of these builds compiles it. The second has the CUDA code as plain
// C++, and the third, which need not be built for this, the native tests.
const builds = ['build', 'build-simulated', 'build-native'];

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
 * The largest number of sources that are checked as one. cmake/native-test.cmake also compiles so
 * many as one, in the same order, so that names that clash are noticed there.
 */
const GROUP = values.analyze ? 1 : 10;

/** What CMake records of a build. */
const databaseOf = (build) => path.join(root, build, 'compile_commands.json');

/**
 * What a build compiles as C++, because clang-tidy does not know nvcc's options: by source, how it
 * is compiled. The CPU kernels are compiled in several ways, of which each is checked.
 */
function compiledBy(build) {
  const database = databaseOf(build);
  const units = new Map();
  if (!existsSync(database)) return units;
  for (const { file, directory, command } of JSON.parse(readFileSync(database, 'utf8'))) {
    if (/^\S*nvcc\b/.test(command)) continue;
    const source = path.relative(root, file);
    const options = command.replace(/ -o \S+ -c \S+$/, '');
    units.set(source, [...(units.get(source) ?? []), { file: source, directory, options }]);
  }
  return units;
}

/**
 * The CPU kernels as they are compiled for arm64, made from how another processor's are, or none if
 * that processor's headers are missing.
 */
function unitsForArm64(units) {
  const baseline = units.filter(({ options }) => options.includes('-DRSQRT_TARGET=baseline '));
  if (baseline.length === 0) return []; // this is arm64
  const headers = '/usr/aarch64-linux-gnu/include/c++/12';
  if (!existsSync(headers)) {
    skipOrFail(
      `the code for arm64: ${headers} was not found: install the Debian package libstdc++-12-dev-arm64-cross.`,
    );
    return [];
  }
  const compiled = ({ options }) =>
    options
      .replace(/^\S+/, `clang++-${clangVersion} --target=aarch64-linux-gnu`)
      .replace('-DRSQRT_TARGET=baseline', '-DRSQRT_TARGET=neon')
      .replace('cpu/simd/baseline.h', 'cpu/simd/neon.h');
  return baseline.map((unit) => ({ ...unit, options: compiled(unit) }));
}

/** What clang-tidy is to check. Prints the files that no build compiles. */
function unitsOf(files) {
  const compiled = builds.map(compiledBy);
  const sources = files.filter((file) => !file.endsWith('.h'));
  const units = sources.map((file) => compiled.find((each) => each.has(file))?.get(file));
  const without = sources.filter((_, i) => units[i] === undefined);
  // A build has only one of none.cpp and its twin files.
  if (without.length > 0) {
    console.log(
      `lint-native: clang-tidy skipped for what ${builds.join(' and ')} do not compile: ${without.join(', ')}.`,
    );
  }
  const found = units.filter(Boolean).flat();
  return [...found, ...unitsForArm64(found)];
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
 * A name for everything that the findings in a unit follow from: the tool and its configuration, how
 * the source is compiled, and what it and its headers contain. Null if the compiler cannot tell the
 * headers.
 */
async function fingerprint({ file, directory, options }, tool) {
  const hash = createHash('sha256').update(JSON.stringify([tool, options.replaceAll(root, '')]));
  const { error, stdout } = await run('/bin/sh', ['-c', `${options} -M '${path.join(root, file)}'`], directory);
  if (error) return null;
  for (const [input] of stdout.slice(stdout.indexOf(':') + 1).matchAll(/(?:\\ |[^\s\\])+/g)) {
    hash.update(contentOf(path.resolve(directory, input.replaceAll('\\ ', ' '))));
  }
  return hash.digest('hex');
}

/** Lists of units that are compiled alike, of GROUP at most. */
function grouped(units) {
  const groups = [];
  const nameOf = ({ directory, options }) => `${directory} ${options}`;
  for (const name of new Set(units.map(nameOf))) {
    const alike = units.filter((unit) => nameOf(unit) === name);
    for (let first = 0; first < alike.length; first += GROUP) groups.push(alike.slice(first, first + GROUP));
  }
  return groups;
}

/** Runs clang-tidy on units that are compiled alike. Returns its findings. */
async function tidyGroup(group, tool) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-tidy-'));
  const [{ directory, options }] = group;
  const sources = group.map(({ file }) => path.join(root, file));
  const source = group.length === 1 ? sources[0] : path.join(folder, 'group.cpp');
  const include = (each) => `#include "${each}" // NOLINT(bugprone-suspicious-include)\n`;
  if (group.length > 1) writeFileSync(source, sources.map(include).join(''));
  const entry = { directory, file: source, command: `${options} -c ${source}` };
  writeFileSync(path.join(folder, 'compile_commands.json'), JSON.stringify([entry]));
  const args = ['-p', folder, '--quiet', ...tool.options, `--config-file=${path.join(root, '.clang-tidy')}`, source];
  const { error, stdout, stderr } = await run(tool.command, args);
  rmSync(folder, { recursive: true });
  const blocks = stdout.split(/^(?=\/.*?:\d+:\d+: (?:error|warning): )/m).filter((block) => block.trim() !== '');
  if (error && blocks.length === 0) return [`${tool.command} stopped at ${source}: ${stderr.trim() || error.message}`];
  // Two of them may give one name to two things.
  if (group.length > 1 && blocks.some((block) => block.includes('[clang-diagnostic-error]'))) {
    const half = Math.ceil(group.length / 2);
    return [...(await tidyGroup(group.slice(0, half), tool)), ...(await tidyGroup(group.slice(half), tool))];
  }
  return blocks.map((block) => block.trimEnd().replaceAll(root, ''));
}

async function tidy(files) {
  const command = findTool('clang-tidy');
  if (command === null) return;
  if (!existsSync(databaseOf(builds[0])))
    return fail(`clang-tidy needs ${builds[0]}/compile_commands.json of this folder: run "npm run build".`);
  configureNativeTest(builds[2]);
  const units = unitsOf(files);
  const configuration = readFileSync(path.join(root, '.clang-tidy'), 'utf8');
  const [, headers] = /^HeaderFilterRegex: "(.*)"$/m.exec(configuration);
  const tool = {
    command,
    version: spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout,
    configuration,
    options: [
      // In a group, two sources may declare one thing, and one may use the name of another's
      // constant.
      ...(values.analyze
        ? []
        : ['--checks=-clang-analyzer-*,-readability-redundant-declaration', '--extra-arg=-Wno-shadow']),
      ...GCC_ONLY,
      `--header-filter=${headers}|\\.(cpp|cu)$`, // sources that are checked as one are included
    ],
  };
  const folder = cacheFolder('clang-tidy');
  mkdirSync(folder, { recursive: true });
  const notes = await inParallel(units, async (unit) => path.join(folder, String(await fingerprint(unit, tool))));
  const changed = units.filter((_, i) => !existsSync(notes[i]));
  const findings = new Set(); // every source that includes a header reports the header's findings
  await inParallel(grouped(changed), async (group) => {
    const found = await tidyGroup(group, tool);
    for (const finding of found) findings.add(finding);
    if (found.length > 0) return;
    for (const unit of group) {
      const note = notes[units.indexOf(unit)];
      if (path.basename(note) !== 'null') writeFileSync(note, '');
    }
  });
  for (const finding of [...findings].sort()) console.error(`${finding}\n`);
  if (findings.size > 0) fail(`clang-tidy has ${findings.size} findings.`);
  else console.log(`lint-native: ${command}: ${units.length} checked, ${units.length - changed.length} unchanged.`);
}

const files = sourceFiles();
format(files);
if (!values.fix) await tidy(files);
process.exitCode = failed ? 1 : 0;
