// The table for reading and the JSON for keeping.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { slugOf } from './machine.mjs';

const RESULTS = fileURLToPath(new URL('results', import.meta.url));

export const FORMS = {
  new: 'new output, left to the collector: y = rsqrt(x)',
  disposed: 'new output, disposed at once: rsqrt(x).dispose()',
  out: 'into a given output: rsqrt(x, { out })',
  inPlace: 'in place: rsqrt_(x)',
};

const UNITS = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
];

/** '1.24 µs (1.20-1.31)': the unit of the median holds for all three. */
function timeCell(time) {
  if (time === undefined) return '';
  const [unit, ns] = UNITS.findLast(([, size]) => time.median >= size) ?? UNITS[0];
  const [median, lowest, highest] = [time.median, time.lowest, time.highest].map((value) => threeDigits(value / ns));
  return `${median} ${unit} ${`(${lowest}-${highest})`.padStart(13)}`;
}

function threeDigits(value) {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

export function printTable(form, rows, contenders) {
  const names = contenders.map(({ name }) => name);
  const header = ['elements', ...names, 'torch / rsqrt'];
  const lines = rows.map(({ size, times, torchOverRsqrt }) => [
    size.toLocaleString('en'),
    ...names.map((name) => timeCell(times[name])),
    torchOverRsqrt?.toFixed(2) ?? '',
  ]);
  console.log(`\n${FORMS[form]}\n`);
  for (const line of alignRight([header, ...lines])) console.log(line);
}

function alignRight(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  return table.map((line) => line.map((cell, i) => cell.padStart(widths[i])).join('   '));
}

export function printMachine({ cpu, cores, platform, node, rsqrt, torch, load }, skipped) {
  console.log(`\n${cpu}, ${cores} cores, ${platform}, Node ${node}; load before the run ${load}`);
  console.log(`rsqrt ${rsqrt.version}, ${rsqrt.isa}, threads: ${rsqrt.threads}`);
  if (torch !== null) {
    const { version, capability, threads, python } = torch;
    console.log(`torch ${version}, ${capability}, threads: ${threads}, Python ${python}`);
  }
  for (const [name, reason] of Object.entries(skipped)) console.log(`${name}: skipped: ${reason}`);
}

/** Writes to `json`, or to a file of its own in bench/results. Times are nanoseconds per call. */
export function saveJson({ json, rounds, sampleNs }, machine, results) {
  const date = new Date().toISOString().slice(0, 10);
  const file = json ?? path.join(RESULTS, `${date}-${slugOf(machine)}.json`);
  mkdirSync(path.dirname(file), { recursive: true });
  const report = { date, machine, rounds, sampleNs, unit: 'ns per call', results };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nwritten: ${path.relative('', file)}`);
}
