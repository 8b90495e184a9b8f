// Prints the tables and writes the JSON.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NAMES } from './contenders.mjs';
import { slugOf } from './machine.mjs';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));

const UNITS = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
];

/** A time is marked if its quartiles are further apart than this fraction of the median. */
const UNSTEADY = 0.15;

export function printTable({ title }, results, contenders = NAMES) {
  const names = contenders.filter((name) => results.some(({ times }) => name in times));
  const labels = labelsOf(results);
  const lines = results.map(({ times }, i) => [labels[i], ...names.map((name) => cell(times[name], times.rsqrt))]);
  console.log(`\n${title}\n`);
  for (const line of alignRight([['elements', ...names], ...lines])) console.log(line);
}

/** The properties that differ between rows, and the size. */
function labelsOf(results) {
  const different = ['op', 'dtype', 'layout', 'form'].filter((name) => new Set(results.map((r) => r[name])).size > 1);
  return results.map((result) => [...different.map((name) => result[name]), count(result.size)].join(' '));
}

const count = (size) => size.toLocaleString('en');

/** '31.5 ms 2.41': the median, followed by the median divided by rsqrt's. */
function cell(time, ours) {
  if (time === undefined) return '';
  const mark = time.upperQuartile - time.lowerQuartile > UNSTEADY * time.median ? '~' : '';
  const ratio = ours === undefined || time === ours ? '' : threeDigits(time.median / ours.median);
  return `${mark}${duration(time.median)} ${ratio.padStart(4)}`;
}

export function duration(nanoseconds) {
  const [unit, ns] = UNITS.findLast(([, size]) => nanoseconds >= size) ?? UNITS[0];
  return `${threeDigits(nanoseconds / ns)} ${unit}`;
}

function threeDigits(value) {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

export function alignRight(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table.map((line) => line.map((each, i) => each.padStart(widths[i])).join('   '));
}

export function printAcceptance(lines) {
  const rows = lines.map(({ title, checks }) => [
    title,
    checks
      .map(({ required, over }) => `${required}${over === 'torch' ? '' : ` of ${[over].flat().join(' or ')}`}`)
      .join(' / '),
    checks.map(({ measured }) => measured?.toFixed(2) ?? 'not measured').join(' / '),
    checks.map(({ measured, met }) => (measured === null ? '-' : met ? 'met' : 'NOT MET')).join(' / '),
  ]);
  console.log('\nTargets: time of torch divided by that of rsqrt, the lowest of the cases of a line\n');
  const header = ['case', 'at least', 'measured', ''];
  const table = alignRight([header, ...rows]);
  const width = Math.max(...[header, ...rows].map(([title]) => title.length));
  table.forEach((line, i) => {
    console.log([header, ...rows][i][0].padEnd(width) + line.slice(width));
  });
}

export function printMachine({ cpu, cores, memoryGiB, platform, node, load }, contenders, absent) {
  console.log(`\n${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}, Node ${node}; load before the run ${load}`);
  for (const [name, about] of Object.entries(contenders)) {
    const facts = Object.entries(about).map(([key, value]) => `${key} ${value}`);
    console.log(`${name}: ${facts.join(', ')}`);
  }
  for (const [reason, names] of absent) console.log(`skipped: ${[...names].join(', ')}: ${reason}`);
}

/**
 * Writes to `json`, or to a file in bench/results named after the machine, and returns the path.
 * Times are in nanoseconds per call.
 */
export function saveJson({ json, rounds, sampleNs }, report, machine = slugOf(report.machine)) {
  const date = new Date().toISOString().slice(0, 10);
  const file = json ?? path.join(RESULTS, `${date}-${machine}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const content = { date, unit: 'ns per call', rounds, sampleNs, ...report };
  writeFileSync(file, `${JSON.stringify(content, null, 1)}\n`);
  return file;
}

export const printWritten = (file) => console.log(`\nwritten: ${path.relative('', file)}`);

/** Draws the charts of a result file. Throws if its times mean nothing. */
export async function drawCharts(file) {
  const { draw } = await import('./charts.mjs').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('the charts need a library that is not installed; npm --prefix bench ci installs it');
  });
  const report = JSON.parse(readFileSync(file));
  if (report.simulated) throw new Error(`${path.basename(file)} is from the simulated device: it has no measurements`);
  for (const written of draw(report)) console.log(`written: ${path.relative('', written)}`);
}
