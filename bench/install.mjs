// npm run bench:install: measures what it takes to install and load rsqrt and its peers. README.md
// explains the results.

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { npm } from '../scripts/npm.mjs';
import { describeMachine, loadNow, slugOf } from './machine.mjs';
import { summary } from './measure.mjs';
import { wholeNumber } from './options.mjs';
import { alignRight, duration, printMachine, printWritten, saveJson } from './report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const { version } = read(path.join(root, 'package.json'));
const benchmarked = read(path.join(root, 'bench', 'package.json')).dependencies;

/** The target: the time of a cold `require` beyond Node's own start. */
const REQUIRE_NS = 15e6;

const PEERS = {
  'onnxruntime-node': benchmarked['onnxruntime-node'],
  '@tensorflow/tfjs-node': '4.22.0',
  sharp: '0.35.5',
};

const HELP = `Usage: npm run bench:install -- [options]

  --tarball FILE   the packed rsqrt (default rsqrt-${version}.tgz, which "npm run pack" makes)
  --rounds N       rounds of loading (default 31)
  --quick          5 rounds: a glance, not a result
  --save           write bench/results/<date>-install-<machine>.json
  --json FILE      write the same to FILE
  -h, --help       print this

Needs npm's registry. Installs ${Object.keys(PEERS).join(', ')} into a temporary folder (some 500 MB) without running their scripts.`;

function parseOptions() {
  const flag = { type: 'boolean', default: false };
  const text = { type: 'string' };
  const options = { tarball: text, rounds: text, quick: flag, save: flag, json: text, help: { ...flag, short: 'h' } };
  const { values } = parseArgs({ options });
  const { tarball = path.join(root, `rsqrt-${version}.tgz`), rounds, quick } = values;
  if (!values.help && !existsSync(tarball)) throw new Error(`${tarball} is missing; "npm run pack" makes it`);
  return {
    ...values,
    tarball: path.resolve(tarball),
    rounds: rounds === undefined ? (quick ? 5 : 31) : wholeNumber(rounds, '--rounds'),
  };
}

/** Installs one package by itself, as a user does who runs no install scripts. */
function install(folder, spec) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  npm([
    'install',
    spec,
    '--prefix',
    folder,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--install-strategy=hoisted',
  ]);
}

/**
 * The packages that npm installed: folder, name, version, and the scripts that npm would have run.
 */
function installed(folder) {
  const { packages } = read(path.join(folder, 'node_modules', '.package-lock.json'));
  return Object.keys(packages)
    .filter((place) => existsSync(path.join(folder, place, 'package.json'))) // optional ones are for other platforms
    .map((place) => {
      const manifest = read(path.join(folder, place, 'package.json'));
      const scripts = ['preinstall', 'install', 'postinstall'].filter((name) => name in (manifest.scripts ?? {}));
      return {
        name: manifest.name,
        version: manifest.version,
        scripts: scripts.map((script) => `${script}: ${manifest.scripts[script]}`),
      };
    });
}

/**
 * The bytes that are downloaded: the archives in the registry of a package and all its
 * dependencies.
 */
function packedSize(folder, packages, { name, tarball }) {
  const others = packages.filter((each) => tarball === undefined || each.name !== name);
  const specs = [...new Set(others.map((each) => `${each.name}@${each.version}`))];
  const reports = npm(['pack', ...specs, '--pack-destination', folder]);
  const sizes = Object.values(reports).map(({ size }) => size);
  return (tarball === undefined ? 0 : statSync(tarball).size) + sizes.reduce((sum, size) => sum + size, 0);
}

/** The files that were installed, without npm's own records and links. */
function unpackedFiles(folder) {
  const modules = path.join(folder, 'node_modules');
  return readdirSync(modules, { recursive: true })
    .map((name) => ({ name, stat: lstatSync(path.join(modules, name)) }))
    .filter(({ name, stat }) => stat.isFile() && name !== '.package-lock.json');
}

function look(folder, contender) {
  install(folder, contender.tarball ?? `${contender.name}@${contender.version}`);
  const packages = installed(folder);
  const files = unpackedFiles(folder);
  return {
    ...contender,
    tarball: undefined,
    version: packages.find(({ name }) => name === contender.name).version,
    packedBytes: packedSize(folder, packages, contender),
    unpackedBytes: files.reduce((sum, { stat }) => sum + stat.size, 0),
    files: files.length,
    packages: packages.length,
    scripts: packages.flatMap(({ name, scripts }) => scripts.map((script) => `${name} ${script}`)),
  };
}

/**
 * The nanoseconds that a process takes to run the code. Throws with the first line of its error.
 */
function timeOf(code, cwd) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const time = Number(process.hrtime.bigint() - start);
  if (status === 0) return time;
  throw new Error(/^\w*Error: (.*)$/m.exec(stderr.toString())?.[1] ?? 'its process failed');
}

/**
 * Adds the load times to the rows, or the reasons why there are none. The packages take turns with
 * a Node that loads nothing.
 */
function timeLoading(rows, folderOf, rounds) {
  const runs = rows.map((row) => ({ row, code: `require(${JSON.stringify(row.name)})`, over: [] }));
  const base = [];
  const turn = () => {
    const start = timeOf('0', os.tmpdir());
    const times = runs
      .filter(({ row }) => row.notLoaded === undefined)
      .map((run) => [run, timeOf(run.code, folderOf(run.row))]);
    return { start, times };
  };
  for (const { row, code } of runs) {
    try {
      timeOf(code, folderOf(row)); // this also reads its files into the system's cache
    } catch (error) {
      row.notLoaded = error.message.split(folderOf(row)).join('.');
    }
  }
  turn();
  for (let round = 0; round < rounds; round++) {
    const { start, times } = turn();
    base.push(start);
    for (const [run, time] of times) run.over.push(time - start);
  }
  for (const { row, over } of runs) if (over.length > 0) row.loading = summary(over);
  return summary(base);
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function printRows(rows, start, rounds) {
  console.log(`Installed from npm without scripts, each by itself; time of a cold require over Node's own start`);
  console.log(`(${duration(start.median)}), median of ${rounds} rounds in turns, files in the system's cache\n`);
  const head = ['', 'version', 'packed', 'unpacked', 'packages', 'files', 'scripts', 'require'];
  const lines = rows.map((row) => [
    row.name,
    row.version,
    megabytes(row.packedBytes),
    megabytes(row.unpackedBytes),
    String(row.packages),
    String(row.files),
    String(row.scripts.length),
    row.loading === undefined ? '-' : duration(row.loading.median),
  ]);
  for (const line of alignRight([head, ...lines])) console.log(line);
  const withScripts = rows.filter(({ scripts }) => scripts.length > 0);
  if (withScripts.length > 0)
    console.log('\nScripts that npm would run at installation, and what they download is not counted:');
  for (const { name, scripts } of withScripts) for (const script of scripts) console.log(`${name}: ${script}`);
  for (const { name, notLoaded } of rows.filter((row) => row.notLoaded !== undefined)) {
    console.log(`not measurable here: require of ${name}: ${notLoaded}`);
  }
  const [{ loading }] = rows;
  const met = loading.median < REQUIRE_NS ? 'met' : 'NOT MET';
  console.log(
    `\nTo be reached: rsqrt loads in less than ${duration(REQUIRE_NS)}; measured ${duration(loading.median)}: ${met}`,
  );
}

function main() {
  const options = parseOptions();
  if (options.help) return console.log(HELP);
  const load = loadNow();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-bench-install-'));
  const folderOf = ({ name }) => path.join(folder, name.replace('/', '+'));
  try {
    const contenders = [
      { name: 'rsqrt', tarball: options.tarball },
      ...Object.entries(PEERS).map(([name, pinned]) => ({ name, version: pinned })),
    ];
    const rows = contenders.map((contender) => look(folderOf(contender), contender));
    const start = timeLoading(rows, folderOf, options.rounds);
    printRows(rows, start, options.rounds);
    const machine = { ...describeMachine(), load };
    printMachine(machine, {}, []);
    if (options.save || options.json) {
      const report = { machine, unit: 'ns over the start of Node', start, requireNs: REQUIRE_NS, results: rows };
      printWritten(saveJson(options, report, `install-${slugOf(machine)}`));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

try {
  main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
