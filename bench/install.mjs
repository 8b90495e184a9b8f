// npm run bench:install: what it takes to install and to load rsqrt and its peers. README.md tells how to read it.

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

/** What is to be reached: the time of a cold `require` over Node's own start. */
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

/** Installs one package by itself, as a user would who lets no scripts run. */
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

/** What npm installed: of each package its place, name, version and scripts that npm would have run. */
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

/** Bytes that are downloaded: the archives, as the registry has them, of a package and all that it depends on. */
function packedSize(folder, packages, { name, tarball }) {
  const others = packages.filter((each) => tarball === undefined || each.name !== name);
  const specs = [...new Set(others.map((each) => `${each.name}@${each.version}`))];
  const reports = npm(['pack', ...specs, '--pack-destination', folder]);
  const sizes = Object.values(reports).map(({ size }) => size);
  return (tarball === undefined ? 0 : statSync(tarball).size) + sizes.reduce((sum, size) => sum + size, 0);
}

/** Files that were installed, without npm's own notes and links. */
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

/** Nanoseconds that a process takes which runs the code; throws with the first line that says what is wrong. */
function timeOf(code, cwd) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const time = Number(process.hrtime.bigint() - start);
  if (status === 0) return time;
  throw new Error(/^\w*Error: (.*)$/m.exec(stderr.toString())?.[1] ?? 'its process failed');
}

/** Adds the times of loading to the rows, or why there are none. They take turns with a Node that loads nothing. */
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
      timeOf(code, folderOf(row)); // reads its files into the system's cache, too
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
