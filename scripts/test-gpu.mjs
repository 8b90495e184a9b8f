#!/usr/bin/env node
// Tests on the GPUs of this machine. Any failure, difference, finding or unexpected skip fails.
//
//   node scripts/test-gpu.mjs [--only comparison,sanitizer,suites] [--suites NAME,...] [--quick]
//                             [--limit SECONDS] [--results FOLDER] [--json FILE] [--simulated]
//
// The parts run in this order, as time on a GPU may be short:
//
// comparison: rsqrt on each GPU against the CPU, bit for bit: all bit patterns of 16 and 32 bits
// and 10⁸ float64s (scripts/compare-gpus.mjs).
// sanitizer: scripts/exercise-device.mjs by itself, and under NVIDIA's compute-sanitizer where that
// is installed.
// suites: those that scripts/gpu-suites.mjs lists, on the CPU's widest instruction set and every
// real GPU.
//
// Each part has a time limit (LIMITS, or --limit for every part). A part that reaches it is ended
// and has failed; the next one runs.
//
// Results go to gpu-test-<date>-<device>.json in FOLDER (default: bench/results/) or to FILE, after
// each part. A file beside it, with the ending .jsonl, gets a line for each dtype, tool and suite
// as soon as that is done, so that a run that is killed leaves what it has found out.
//
// --quick compares only some of the inputs. --simulated runs everything on the simulated device,
// with even fewer inputs: it tests this script and nothing else, so it keeps results only if
// --results or --json is given.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeGpus, describeMachine, gpuSlugOf } from '../bench/machine.mjs';
import { DTYPES } from './compare-devices.mjs';
import { findSanitizer, runSanitizer, TOOLS } from './compute-sanitizer.mjs';
import { chooseSuites, ON_GPUS } from './gpu-suites.mjs';
import { runLimited } from './run-limited.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
/** In seconds. Together they leave some of the 15 minutes for which a GPU may be lent. */
const LIMITS = { comparison: 240, sanitizer: 240, suites: 300 };
/** How many times as long everything may take on the simulated device. */
const SIMULATED_SLOWNESS = 2;
const PARTS = Object.keys(LIMITS);
/** The comparison takes every n-th input; primes, so that all bits vary. */
const THIN = { quick: 257, simulated: 4099 };
const FEWEST_TESTS = 2000; // fewer mean that suites were not found

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
      suites: { type: 'string' },
      quick: { type: 'boolean', default: false },
      limit: { type: 'string' },
      simulated: { type: 'boolean', default: false },
      results: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const named = values.only.split(',');
  const unknown = named.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Unfit(`--only must name parts of ${PARTS.join(', ')}; received '${unknown}'`);
  if (values.limit !== undefined && !(Number(values.limit) > 0)) {
    throw new Unfit(`--limit must be a number of seconds above 0; received '${values.limit}'`);
  }
  const suites = values.suites?.split(',');
  const other = suites?.find((name) => !ON_GPUS.includes(name));
  if (other !== undefined) throw new Unfit(`--suites must name some of ${ON_GPUS.join(', ')}; received '${other}'`);
  return { ...values, suites, parts: PARTS.filter((part) => named.includes(part)) };
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

/** Lines of JSON as objects. A last line that was cut off is left out. */
function readLines(file) {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const sum = (table, name) => Object.values(table).reduce((total, row) => total + row[name], 0);

/** Why a process did not run to its end, or null. */
const cutShort = ({ timedOut, signal }, seconds) =>
  timedOut ? `its time of ${seconds} s was up` : signal === null ? null : `it was ended by ${signal}`;

async function compare({ cuda }, { quick, simulated }, { lines, seconds }) {
  const thin = simulated ? THIN.simulated : quick ? THIN.quick : 1;
  const program = path.join(root, 'scripts', 'compare-gpus.mjs');
  const outcome = await runLimited(process.execPath, [program, lines, String(thin)], { seconds, cwd: root });
  const results = Object.fromEntries(cuda.devices.map((_, i) => [`cuda:${i}`, {}]));
  for (const { part, device, dtype, ...result } of readLines(lines)) {
    if (part === 'comparison') results[device][dtype] = result;
  }
  const missing = Object.entries(results).flatMap(([device, byDtype]) =>
    DTYPES.filter((dtype) => !(dtype in byDtype)).map((dtype) => `${dtype} on ${device}`),
  );
  const unfinished = cutShort(outcome, seconds);
  if (missing.length > 0)
    console.log(`FAILED: not compared: ${missing.join(', ')}${unfinished ? `: ${unfinished}` : ''}`);
  const same = Object.values(results).every((byDtype) => sum(byDtype, 'differences') === 0);
  return {
    passed: outcome.status === 0 && missing.length === 0 && same,
    thinnedOut: thin === 1 ? null : thin,
    ...(unfinished ? { unfinished } : {}),
    results,
  };
}

async function sanitize(_info, _options, { note, seconds }) {
  const program = [path.join(root, 'scripts', 'exercise-device.mjs')];
  const until = Date.now() + 1000 * seconds;
  const left = () => (until - Date.now()) / 1000;
  const { status, stdout, stderr, ...how } = await runLimited(process.execPath, program, { seconds, capture: true });
  const output = (status === 0 ? stdout : (cutShort(how, seconds) ?? stderr)).trim();
  console.log(`exercise: ${status === 0 ? '' : 'FAILED: '}${output}`);
  const exercise = { passed: status === 0, exitCode: status, output };
  note({ tool: null, ...exercise });
  const sanitizer = findSanitizer();
  if (sanitizer === null) {
    console.log('compute-sanitizer: not on PATH nor in /usr/local/cuda*/bin, so nothing ran under it');
    return { passed: exercise.passed, exercise, tools: null };
  }
  const tools = {};
  for (const [i, tool] of TOOLS.entries()) {
    const share = left() / (TOOLS.length - i); // so that one that hangs leaves time for the others
    const result = await runSanitizer(sanitizer, tool, program, share);
    tools[tool] = result;
    note({ tool, ...result });
    console.log(
      `${tool}: ${result.summary ?? `no summary; it ended ${result.ended}`} (${result.seconds.toFixed(0)} s)`,
    );
    for (const line of result.findings) console.log(`  ${line}`);
  }
  return { passed: exercise.passed && Object.values(tools).every(({ clean }) => clean), exercise, tools };
}

async function testSuites({ cuda }, { simulated, suites: only }, { lines, seconds }) {
  const { files, leftOut } = chooseSuites(root, cuda.devices.length, only);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-test-gpu-'));
  const coverage = path.join(folder, 'coverage.jsonl');
  writeFileSync(coverage, '');
  const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
  const reporter = path.join(root, 'test', 'support', 'suite-lines.js');
  const begin = Date.now();
  const ended = await runLimited(process.execPath, [jest, `--reporters=${reporter}`, '--runTestsByPath', ...files], {
    seconds,
    cwd: root,
    env: {
      ...process.env,
      RSQRT_TEST_DEVICE: simulated ? 'simulated' : 'cuda',
      RSQRT_TEST_COVERAGE: coverage, // see test/support/coverage.ts
      RSQRT_TEST_SUITES: lines,
    },
  });
  const seen = readLines(lines).filter(({ part }) => part === 'suites');
  const outcome = outcomeOf(seen, readLines(coverage));
  rmSync(folder, { recursive: true });
  const nameOf = (file) => path.basename(file).replace(/\.test\.[jt]s$/, '');
  const missing = files.map(nameOf).filter((name) => !(name in outcome.suites));
  const unfinished = cutShort(ended, seconds);
  const enough = only !== undefined || outcome.tests.passed >= FEWEST_TESTS;
  return {
    passed:
      ended.status === 0 &&
      missing.length === 0 &&
      enough &&
      outcome.tests.failed === 0 &&
      outcome.skipped.length === 0,
    ...outcome,
    ...(enough ? {} : { tooFew: `at least ${FEWEST_TESTS} tests were expected to pass` }),
    ...(missing.length > 0 ? { missing } : {}),
    ...(unfinished ? { unfinished } : {}),
    leftOut,
    seconds: (Date.now() - begin) / 1000,
  };
}

/** What of the suites is reported: counts, failures, and each skip with its reason. */
function outcomeOf(seen, coverage) {
  const suites = {};
  const failures = [];
  const skips = new Map(coverage.filter((each) => each.skipped).map(({ skipped, reason }) => [skipped, reason]));
  for (const { suite, passed, failed, seconds, skipped, failures: own } of seen) {
    suites[suite] = { passed, failed, seconds };
    failures.push(...own.map((failure) => ({ suite, ...failure })));
    for (const name of skipped) skips.set(name, 'skipped by the suite');
  }
  const allowed = ([what]) => Object.keys(NOT_ABOUT_GPUS).some((known) => what.includes(known));
  const all = [...skips];
  return {
    tests: { passed: sum(suites, 'passed'), failed: sum(suites, 'failed'), skipped: all.length },
    suites,
    failures,
    skipped: all.filter((each) => !allowed(each)).map(([what, reason]) => ({ what, reason })),
    notAboutGpus: all.filter(allowed).map(([what, reason]) => ({ what, reason })),
  };
}

function printSuites({ tests, skipped, notAboutGpus, leftOut, tooFew, missing, unfinished, seconds }) {
  for (const { what, reason } of skipped) console.log(`SKIPPED, which counts as a failure: ${what}: ${reason}`);
  for (const { what, reason } of notAboutGpus) console.log(`not about a GPU: ${what}: ${reason}`);
  for (const [suite, reason] of Object.entries(leftOut)) console.log(`left out: ${suite} ${reason}`);
  if (missing) console.log(`FAILED: without a result: ${missing.join(', ')}${unfinished ? `: ${unfinished}` : ''}`);
  if (tooFew) console.log(`FAILED: ${tooFew}`);
  console.log(
    `suites: ${tests.passed} passed, ${tests.failed} failed, ${skipped.length} skipped (${seconds.toFixed(0)} s)`,
  );
}

/** The file for the report; null: it is not kept. */
function fileFor(report, { simulated, results, json }) {
  if (json !== undefined) return json;
  if (simulated && results === undefined) return null;
  const folder = results ?? path.join(root, 'bench', 'results');
  return path.join(folder, `gpu-test-${report.date}-${gpuSlugOf(report)}.json`);
}

/** In one step, so that there is a whole file at any time. */
function writeReport(file, report) {
  if (file === null) return;
  writeFileSync(`${file}.new`, `${JSON.stringify(report, null, 1)}\n`);
  renameSync(`${file}.new`, file);
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
  const work = { comparison: compare, sanitizer: sanitize, suites: testSuites };
  const file = fileFor(report, options);
  const folder = file === null ? mkdtempSync(path.join(os.tmpdir(), 'rsqrt-test-gpu-')) : path.dirname(file);
  mkdirSync(folder, { recursive: true });
  const lines = path.join(folder, `${path.basename(file ?? 'results', '.json')}.jsonl`);
  writeFileSync(lines, '');
  writeReport(file, report);
  for (const part of options.parts) {
    console.log(`\n${part}`);
    const note = (result) => appendFileSync(lines, `${JSON.stringify({ part, ...result })}\n`);
    const seconds = Number(options.limit ?? LIMITS[part] * (options.simulated ? SIMULATED_SLOWNESS : 1));
    report[part] = await work[part](info, options, { lines, note, seconds });
    if (part === 'suites') printSuites(report.suites);
    report.passed = options.parts.every((each) => report[each]?.passed);
    writeReport(file, report);
  }
  if (file === null) rmSync(folder, { recursive: true });
  else console.log(`\nwritten: ${path.relative('', file)}`);
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
