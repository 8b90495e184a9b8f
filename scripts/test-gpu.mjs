#!/usr/bin/env node
// Tests on the GPUs of this machine. Any failure, difference, finding or unexpected skip fails.
//
//   node scripts/test-gpu.mjs [--only suites,comparison,sanitizer] [--quick] [--json FILE] [--simulated]
//
// suites: every suite that uses test/support/configurations.ts, on the CPU's widest instruction set and every real GPU, but those
// named in LEFT_OUT. comparison: rsqrt on each GPU against the CPU, bit for bit: all bit patterns of 16 and 32 bits and
// 10⁸ float64s (scripts/compare-devices.mjs). sanitizer: scripts/exercise-device.mjs by itself, and under NVIDIA's
// compute-sanitizer where that is installed.
//
// --quick thins the comparison out. --simulated does the very same on the simulated device, which tests this script and
// nothing else. Results go to bench/results/gpu-test-<date>-<device>.json, with --simulated only to the file of --json.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeGpus, describeMachine, gpuSlugOf } from '../bench/machine.mjs';
import { compareWithCpu, describe } from './compare-devices.mjs';
import { findSanitizer, runSanitizer, TOOLS } from './compute-sanitizer.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const PARTS = ['suites', 'comparison', 'sanitizer'];
const FLOAT64 = 100_000_000;
const THIN = 257; // of --quick; a prime, so that all bits vary
const FEWEST_TESTS = 2000; // fewer mean that suites were not found

/** Suites that are not about a GPU. `unless` tells of the devices whether a suite can run after all. */
const LEFT_OUT = {
  simulated: { reason: 'is about the simulated device itself' },
  cli: { reason: 'compares what the command prints of the simulated device' },
  docs: { reason: 'compiles and runs the documentation, on two simulated devices' },
  examples: { reason: 'runs the examples without a driver, too' },
  package: { reason: 'is about the built package, not about devices' },
  threads: { reason: 'is about the CPU alone' },
  'float-environment': { reason: 'is about the CPU alone' },
  'wrong-calls': { reason: 'is written for two devices', unless: ({ length }) => length === 2 },
  'addon-wrong-calls': { reason: 'is written for two addons, one of them simulated' },
};

/** Skips that say nothing of a GPU, by what is skipped. */
const NOT_ABOUT_GPUS = {
  Float16Array: 'this Node has none; Node 24 has',
  'two GPUs': 'there is one',
  'wrong calls without a GPU': 'there is one',
  'corrupt calls without a GPU': 'there is one',
};

class Unfit extends Error {}

function parseOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: PARTS.join(',') },
      quick: { type: 'boolean', default: false },
      simulated: { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  const parts = values.only.split(',');
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Unfit(`--only must name parts of ${PARTS.join(', ')}; received '${unknown}'`);
  return { ...values, parts };
}

/** What rsqrt says of itself and the devices; throws if there is nothing to test on. */
function look({ simulated }) {
  // Node's MODULE_NOT_FOUND would not tell: it may be about something else than dist/.
  if (!existsSync(path.join(root, 'dist', 'index.js'))) throw new Unfit('dist/ is missing: "npm run build" makes it');
  let info;
  try {
    info = require('..').info();
  } catch (error) {
    throw new Unfit(`rsqrt does not load: ${error.message}`);
  }
  const { build, unavailableReason } = info.cuda;
  const wanted = simulated ? 'simulated' : 'cuda';
  if (build !== wanted) {
    const found = build === 'none' ? 'was built without CUDA' : `is a build of kind '${build}'`;
    throw new Unfit(`the addon ${found}; "npm run build" where nvcc is installed makes one with CUDA`);
  }
  if (unavailableReason !== null) {
    throw new Unfit(`there is no GPU to test on: ${unavailableReason}; --simulated tests this script without one`);
  }
  return info;
}

/** The names of the suites to run, and why the others that use configurations are left out. */
function chooseSuites(devices) {
  const suites = [];
  const leftOut = {};
  const folder = path.join(root, 'test');
  // Plain JavaScript where scripts/pack-gpu.mjs has translated them.
  for (const file of readdirSync(folder).filter((name) => /\.test\.[jt]s$/.test(name))) {
    const source = readFileSync(path.join(folder, file), 'utf8');
    const delays = source.includes('./support/simulated');
    if (!delays && !source.includes('./support/configurations')) continue;
    const name = file.replace(/\.test\.[jt]s$/, '');
    const exception = delays ? { reason: 'needs the delays of the simulated device' } : LEFT_OUT[name];
    if (exception === undefined || exception.unless?.(devices)) suites.push(`test/${file}`);
    else leftOut[name] = exception.reason;
  }
  return { suites, leftOut };
}

function testSuites({ cuda }, { simulated }) {
  const { suites, leftOut } = chooseSuites(cuda.devices);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-test-gpu-'));
  const [output, notes] = ['jest.json', 'coverage.jsonl'].map((name) => path.join(folder, name));
  writeFileSync(notes, '');
  const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
  const begin = Date.now();
  const { status } = spawnSync(
    process.execPath,
    [jest, '--reporters=default', '--json', `--outputFile=${output}`, '--runTestsByPath', ...suites],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'], // what --json prints is in the file as well
      env: {
        ...process.env,
        RSQRT_TEST_DEVICE: simulated ? 'simulated' : 'cuda',
        RSQRT_TEST_COVERAGE: notes, // see test/support/coverage.ts
      },
    },
  );
  if (!existsSync(output)) throw new Unfit(`jest ended with code ${status} before it had run a suite`);
  const outcome = suitesOutcome(JSON.parse(readFileSync(output, 'utf8')), readNotes(notes));
  rmSync(folder, { recursive: true });
  const enough = outcome.tests.passed >= FEWEST_TESTS;
  return {
    passed: status === 0 && enough && outcome.tests.failed === 0 && outcome.skipped.length === 0,
    ...outcome,
    ...(enough ? {} : { tooFew: `at least ${FEWEST_TESTS} tests were expected to pass` }),
    leftOut,
    seconds: (Date.now() - begin) / 1000,
  };
}

const readNotes = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** What of a run is reported: counts, failures, and each skip with its reason. */
function suitesOutcome({ testResults }, notes) {
  const suites = {};
  const failures = [];
  const skips = new Map(notes.filter((note) => note.skipped).map(({ skipped, reason }) => [skipped, reason]));
  for (const { name, message, assertionResults, startTime, endTime } of testResults) {
    const suite = path.basename(name).replace(/\.test\.[jt]s$/, '');
    const of = (...states) => assertionResults.filter(({ status }) => states.includes(status));
    suites[suite] = { passed: of('passed').length, failed: of('failed').length, seconds: (endTime - startTime) / 1000 };
    const fail = (title, text) => failures.push({ suite, title, message: text.slice(0, 2000) });
    for (const { fullName, failureMessages } of of('failed')) fail(fullName, failureMessages.join('\n'));
    if (assertionResults.length === 0) fail('the suite itself', message);
    for (const { fullName } of of('pending', 'todo', 'disabled', 'skipped'))
      skips.set(fullName, 'skipped by the suite');
  }
  const allowed = ([what]) => Object.keys(NOT_ABOUT_GPUS).some((known) => what.includes(known));
  const all = [...skips];
  return {
    tests: { passed: sum(suites, 'passed'), failed: failures.length, skipped: all.length },
    suites,
    failures,
    skipped: all.filter((each) => !allowed(each)).map(([what, reason]) => ({ what, reason })),
    notAboutGpus: all.filter(allowed).map(([what, reason]) => ({ what, reason })),
  };
}

const sum = (table, name) => Object.values(table).reduce((total, row) => total + row[name], 0);

function printSuites({ tests, failures, skipped, notAboutGpus, leftOut, tooFew, seconds }) {
  for (const { suite, title, message } of failures) console.log(`FAILED ${suite}: ${title}\n${message}\n`);
  for (const { what, reason } of skipped) console.log(`SKIPPED, which counts as a failure: ${what}: ${reason}`);
  for (const { what, reason } of notAboutGpus) console.log(`not about a GPU: ${what}: ${reason}`);
  for (const [suite, reason] of Object.entries(leftOut)) console.log(`left out: ${suite} ${reason}`);
  if (tooFew) console.log(tooFew);
  console.log(
    `suites: ${tests.passed} passed, ${tests.failed} failed, ${skipped.length} skipped (${seconds.toFixed(0)} s)`,
  );
}

/** By device and dtype. */
async function compare({ cuda }, { quick }) {
  const results = {};
  for (let i = 0; i < cuda.devices.length; i++) {
    const device = `cuda:${i}`;
    results[device] = await compareWithCpu({
      device,
      threads: os.availableParallelism(),
      float64: FLOAT64,
      thin: quick ? THIN : 1,
      progress: console.log,
    });
    for (const [dtype, result] of Object.entries(results[device])) {
      console.log(describe(`${dtype}, ${device} against the CPU`, result).join('\n'));
    }
  }
  const same = Object.values(results).every((result) => sum(result, 'differences') === 0);
  return { passed: same, thinnedOut: quick ? THIN : null, results };
}

function sanitize() {
  const program = [path.join(root, 'scripts', 'exercise-device.mjs')];
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8' });
  const output = (status === 0 ? stdout : stderr).trim();
  console.log(`exercise: ${status === 0 ? '' : 'FAILED: '}${output}`);
  const exercise = { passed: status === 0, exitCode: status, output };
  const sanitizer = findSanitizer();
  if (sanitizer === null) {
    console.log('compute-sanitizer: not on PATH nor in /usr/local/cuda*/bin, so nothing ran under it');
    return { passed: exercise.passed, exercise, tools: null };
  }
  const tools = {};
  for (const tool of TOOLS) {
    const result = runSanitizer(sanitizer, tool, program);
    tools[tool] = result;
    console.log(
      `${tool}: ${result.summary ?? `no summary; it ended ${result.ended}`} (${result.seconds.toFixed(0)} s)`,
    );
    for (const line of result.findings) console.log(`  ${line}`);
  }
  return { passed: exercise.passed && Object.values(tools).every(({ clean }) => clean), exercise, tools };
}

/** Where results go; null: nowhere. */
function fileFor(report, { simulated, json }) {
  if (simulated || json !== undefined) return json ?? null;
  return path.join(root, 'bench', 'results', `gpu-test-${report.date}-${gpuSlugOf(report)}.json`);
}

async function main() {
  const options = parseOptions();
  // The simulated device has one GPU here, as most machines have, unless it is told otherwise.
  if (options.simulated) {
    console.log('SIMULATED: this tests the script, on no GPU; nothing here says anything about hardware\n');
    process.env.RSQRT_BINARY = path.join(root, 'build-simulated', 'Release', 'rsqrt.node');
    process.env.RSQRT_SIMULATED_DEVICES ??= '1';
  }
  const info = look(options);
  const report = {
    date: new Date().toISOString().slice(0, 10),
    simulated: options.simulated,
    passed: false,
    machine: describeMachine(),
    ...describeGpus(info),
    rsqrt: { version: info.version, isa: info.isa },
  };
  console.log(report.gpus.map(({ name }, i) => `cuda:${i} ${name}`).join(', '));
  const work = { suites: testSuites, comparison: compare, sanitizer: sanitize };
  const file = fileFor(report, options);
  for (const part of options.parts) {
    console.log(`\n${part}`);
    report[part] = await work[part](info, options);
    if (part === 'suites') printSuites(report.suites);
    report.passed = options.parts.every((each) => report[each]?.passed);
    if (file === null) continue;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`); // after each part, in case a later one never ends
  }
  if (file !== null) console.log(`\nwritten: ${path.relative('', file)}`);
  console.log(
    `\ntest-gpu: ${report.passed ? 'everything passed' : 'FAILED'}${options.simulated ? ' (SIMULATED)' : ''}`,
  );
  process.exitCode = report.passed ? 0 : 1;
}

main().catch((error) => {
  const expected = error instanceof Unfit || error.code?.startsWith('ERR_PARSE_ARGS');
  console.error(`test-gpu: ${expected ? error.message : error.stack}`);
  process.exitCode = 1;
});
