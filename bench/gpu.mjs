// npm run bench:gpu: compares rsqrt on a GPU with torch and bare copies on the same GPU, in one
// run. README.md explains the results.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge } from './acceptance.mjs';
import { nameOf } from './cases.mjs';
import { startContenders } from './contenders.mjs';
import { gpuCases } from './gpu-cases.mjs';
import { GPU_CONTENDERS, GPU_NAMES } from './gpu-contenders.mjs';
import { describeGpus, describeMachine, gpuSlugOf, loadNow } from './machine.mjs';
import { compare } from './measure.mjs';
import { wholeNumber } from './options.mjs';
import { drawCharts, printAcceptance, printMachine, printTable, printWritten, saveJson } from './report.mjs';

const require = createRequire(import.meta.url);

/** The targets are for this version of torch or newer. */
const TORCH = [2, 11];
/** The number of elements of a case on the simulated device. */
const SIMULATED_LARGEST = 4096;

const HELP = `Usage: npm run bench:gpu -- [options]

  --acceptance     only the cases of the targets
  --filter WORDS   only the cases whose names have all these words, such as 'float64 out'
  --list           print the names of the cases and exit
  --only A,B       only these contenders, of ${GPU_NAMES.join(',')}
  --rounds N       rounds of every measurement (default 9)
  --quick          3 short rounds: a quick look, not a result
  --json FILE      write to FILE, without charts; otherwise bench/results/<date>-gpu-<device>.json, unless the
                   run is quick or filtered
  --charts FILE    measure nothing; draw the charts of the result FILE
  --simulated      tiny sizes on the simulated device, torch on the CPU: tests the benchmark, measures nothing
  -h, --help       print this

RSQRT_BENCH_PYTHON names the Python that has torch (default python3).`;

function parseOptions() {
  const flag = { type: 'boolean', default: false };
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: {
      ...{ acceptance: flag, list: flag, quick: flag, simulated: flag, help: { ...flag, short: 'h' } },
      ...{ filter: text, only: text, rounds: text, json: text, charts: text },
    },
  });
  const { quick, filter = '', rounds, only } = values;
  const names = only?.split(',') ?? GPU_NAMES;
  const unknown = names.find((name) => !GPU_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new Error(`--only must name contenders of ${GPU_NAMES.join(', ')}; received '${unknown}'`);
  }
  return {
    ...values,
    names,
    words: filter.split(/[\s,]+/).filter((word) => word !== ''),
    rounds: rounds === undefined ? (quick ? 3 : 9) : wholeNumber(rounds, '--rounds'),
    sampleNs: quick ? 4e6 : 20e6,
  };
}

/** The properties of the GPU that rsqrt reports. Throws a sentence if there is none. */
function look({ simulated }) {
  const info = require('..').info();
  const { build, unavailableReason } = info.cuda;
  if (unavailableReason !== null) {
    throw new Error(`there is no GPU to measure: ${unavailableReason}; --simulated tests the benchmark without one`);
  }
  if ((build === 'simulated') !== simulated)
    throw new Error(`the addon is a build of kind '${build}', which does not measure anything`);
  return info;
}

function tablesOf({ tables, acceptanceTables }, { acceptance, words }) {
  const wanted = (each) => words.every((word) => nameOf(each).split(' ').includes(word));
  const some = (acceptance ? acceptanceTables : tables)
    .map((table) => ({ ...table, cases: table.cases.filter(wanted) }))
    .filter(({ cases }) => cases.length > 0);
  if (some.length === 0) throw new Error(`--filter must leave a case of those that --list prints; received '${words}'`);
  return some;
}

/**
 * Measures everything. `keep` is called with the results so far after each table, in case a later
 * one never ends.
 */
async function measure(tables, options, keep) {
  const { contenders, skipped, stop } = await startContenders({ threads: 1, isa: null }, options.names, GPU_CONTENDERS);
  const about = Object.fromEntries(contenders.map(({ name, about }) => [name, about]));
  const results = [];
  try {
    for (const table of tables) {
      const rows = [];
      for (const each of table.cases) rows.push(await compare(contenders, each, options));
      printTable(table, rows, GPU_NAMES);
      results.push(...rows);
      keep({ contenders: about, results });
    }
  } finally {
    stop();
  }
  return { results, skipped, about };
}

/** The contenders that were left out, by reason. */
function absentees(skipped, results) {
  const names = new Map();
  for (const reasons of [skipped, ...results.map((result) => result.skipped)]) {
    for (const [name, reason] of Object.entries(reasons)) names.set(reason, (names.get(reason) ?? new Set()).add(name));
  }
  return names;
}

function printTorch({ torch }, { torch: reason }) {
  if (torch === undefined) {
    console.log(`\nno ratio to torch: ${reason ?? 'it was not asked for'}`);
  } else {
    const [major, minor] = torch.version.split('.').map(Number);
    if (major < TORCH[0] || (major === TORCH[0] && minor < TORCH[1])) {
      console.log(`\ntorch ${torch.version} is older than ${TORCH.join('.')}, for which the targets are meant`);
    }
  }
}

async function main() {
  const options = parseOptions();
  if (options.help) return console.log(HELP);
  if (options.charts !== undefined) return drawCharts(options.charts);
  const { simulated } = options;
  if (simulated) {
    console.log('SIMULATED: this tests the benchmark; no time below is a measurement\n');
    process.env.RSQRT_BINARY = fileURLToPath(new URL('../build-simulated/Release/rsqrt.node', import.meta.url));
    process.env.RSQRT_BENCH_SIMULATED = '1';
  }
  const info = look(options);
  const cases = gpuCases({
    memory: info.cuda.devices[0].totalMemory,
    largest: simulated ? SIMULATED_LARGEST : Infinity,
    contenders: options.names.length,
  });
  const tables = tablesOf(cases, options);
  if (options.list) return console.log(tables.flatMap((table) => table.cases.map(nameOf)).join('\n'));

  const load = loadNow();
  console.log(`Time of a call: median of ${options.rounds} rounds, and that divided by rsqrt's; ~ marks unsteady ones`);
  const machine = { ...describeMachine(), load };
  const gpu = describeGpus(info);
  const keep = saving(options, { simulated, machine, ...gpu }, gpuSlugOf(gpu));
  const { results, skipped, about } = await measure(tables, options, keep);
  const acceptance = judge(results, cases.acceptance);
  if (options.words.length === 0) printAcceptance(acceptance);
  if (simulated) console.log('\nSIMULATED: none of this is a measurement');
  printMachine(machine, about, absentees(skipped, results));
  const { runtime, driver } = gpu.cuda;
  console.log(`cuda:0 ${gpu.gpus[0].name}, CUDA ${runtime}, driver ${driver ?? 'unknown: no nvidia-smi'}`);
  printTorch(about, skipped);
  const file = keep({ contenders: about, acceptance, results });
  if (file === null) return;
  printWritten(file);
  if (options.json !== undefined) return;
  await drawCharts(file).catch((error) => console.log(`no charts: ${error.message}`));
}

/** Writes the results so far to the file and returns its path. Null if nothing is to be saved. */
function saving(options, about, device) {
  const { json, quick, simulated, words, acceptance } = options;
  const result = !simulated && !quick && words.length === 0;
  if (json === undefined && !result) return () => null;
  const name = `gpu-${device}${acceptance ? '-acceptance' : ''}`;
  return (measured) => saveJson(options, { ...about, ...measured }, name);
}

main().catch((error) => {
  console.error(`bench:gpu: ${error.message}`);
  process.exitCode = 1;
});
