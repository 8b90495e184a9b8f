#!/usr/bin/env node
// The package as its users receive it: packs it, publishes it to a registry on the loopback interface, and has it installed
// and used by many package managers, runtimes and tools, each in an empty folder. See README.md.
//   npm run test:install [-- --quick] [-- --only=REGEX] [-- --package=FILE.tgz] [-- --keep]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inParallel } from '../../scripts/in-parallel.mjs';
import { readTarball } from '../../scripts/read-tarball.mjs';
import { createContext } from './support/context.mjs';
import { killAll } from './support/processes.mjs';
import { publish } from './support/registry.mjs';
import { installTools } from './support/tools.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const scenarios = new URL('scenarios/', import.meta.url);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, // only the scenarios marked so
    only: { type: 'string', default: '' }, // only those whose 'group: name' matches
    package: { type: 'string' }, // instead of packing
    keep: { type: 'boolean', default: false }, // leave the folders
  },
});

/** The scenarios of all files, as { group, name, run, … }. A file that has not as many as it declares is an error. */
async function collect() {
  const files = readdirSync(scenarios).filter((file) => file.endsWith('.mjs'));
  const groups = files.sort().map(async (file) => {
    const { default: list, rows } = await import(new URL(file, scenarios));
    if (list.length !== rows) throw new Error(`scenarios/${file} declares ${rows} rows and has ${list.length}`);
    return list.map((scenario) => ({ group: path.basename(file, '.mjs'), ...scenario }));
  });
  const all = (await Promise.all(groups)).flat();
  const title = ({ group, name }) => `${group}: ${name}`;
  if (new Set(all.map(title)).size !== all.length) throw new Error('two scenarios of a group have the same name');
  return all.filter((each) => (each.quick || !options.quick) && new RegExp(options.only, 'i').test(title(each)));
}

/** The packed package to test: the one given, or one packed now into a new folder, with the prebuilds that are here. */
function packed(folder) {
  if (options.package) return path.resolve(options.package);
  const here = readdirSync(path.join(repository, 'prebuilds')).map((file) => path.basename(file, '.node'));
  const pack = ['run', 'pack', '--', `--targets=${here}`, `--out=${folder}`];
  const { status } = spawnSync('npm', pack, { cwd: repository, stdio: 'inherit' });
  if (status !== 0) process.exit(1); // it said why
  return path.join(folder, readdirSync(folder)[0]);
}

/** Version and prebuilds of a packed package. */
function contents(file) {
  const files = readTarball(readFileSync(file));
  const { version } = JSON.parse(files.find(({ path }) => path === 'package.json').content);
  const targets = files
    .map(({ path }) => /^prebuilds\/(.+)\.node$/.exec(path)?.[1])
    .filter((name) => name !== undefined);
  return { version, targets };
}

async function runScenario(scenario, context) {
  const begin = performance.now();
  const row = { group: scenario.group, name: scenario.name };
  try {
    const reason = scenario.skip?.(context);
    const detail = reason ? null : await scenario.run(context);
    row.result = reason ? `skipped: ${reason}` : `ok${detail ? ` (${detail})` : ''}`;
  } catch (error) {
    row.result = 'FAILED';
    row.error = error;
  }
  row.seconds = (performance.now() - begin) / 1000;
  console.log(`${row.group}: ${row.name}: ${row.result}`);
  if (row.error) console.log(row.error instanceof Error ? row.error.stack : row.error);
  return row;
}

function print(rows) {
  const lines = [
    ['group', 'scenario', 'seconds', 'result'],
    ...rows.map(({ group, name, seconds, result }) => [group, name, seconds.toFixed(1).padStart(7), result]),
  ];
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const text = (line) => line.map((cell, i) => cell.padEnd(widths[i])).join('  ');
  console.log(`\n${lines.map((line) => text(line).trimEnd()).join('\n')}`);
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    'test/install runs on Linux x64; the job "install" of .github/workflows/packages.yml covers other systems',
  );
  process.exit(1);
}
const selected = await collect();
if (selected.length === 0) throw new Error('no scenario is selected');
installTools({ foreign: !options.quick });

// Not a link: what the scenarios compare are the paths that processes see.
const root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'rsqrt-install-')));
process.on('exit', () => {
  killAll();
  if (options.keep) console.log(`kept ${root}`);
  else rmSync(root, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const file = packed(path.join(root, 'packed'));
const registry = await publish(file, path.join(root, 'registry'));
const published = { registry, ...contents(file) };
const rows = await inParallel(selected, (each, i) => runScenario(each, createContext(root, String(i), published)), 2);
print(rows);
const count = (word) => rows.filter(({ result }) => result.startsWith(word)).length;
const [ok, skipped, failed] = [count('ok'), count('skipped'), count('FAILED')];
console.log(`\n${rows.length} scenarios of ${path.basename(file)}: ${ok} ok, ${skipped} skipped, ${failed} failed`);
// A row that is missing counts as a failure, too.
process.exit(ok + skipped === selected.length ? 0 : 1);
