/** docs/troubleshooting.md has all that can be thrown, and nothing that cannot. */

import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { root } from './support/command';
import { covered } from './support/coverage';

const text = readFileSync(path.join(root, 'docs', 'troubleshooting.md'), 'utf8');

/** The sources that users run: native/test and the simulated device are not among them. */
const sources = ['src', 'native', 'scripts/from-source']
  .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true }).map((name) => `${folder}/${name}`))
  .filter((file) => /\.(ts|mjs|cpp|h|cu)$/.test(file) && !/^native\/test\//.test(file))
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n');

/** What the groups of all matches are, each once. */
const found = (pattern: RegExp, within: string): string[] =>
  [...new Set([...within.matchAll(pattern)].map(([, group]) => group))].sort();

const section = (heading: string): string => text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';

// In quotes: a comment alone throws nothing.
const codes = found(/['"](ERR_[A-Z_]+)['"]/g, sources).filter((code) => code !== 'ERR_');

test('every code has a section and a row, and every section and row a code', () => {
  expect(codes.length).toBeGreaterThan(10);
  expect(found(/^## (ERR_\w+)$/gm, text)).toEqual(codes);
  expect(found(/^\| \[(ERR_\w+)\]/gm, text)).toEqual(codes);
  covered('error codes documented', ...codes);
});

test('rows lead to their sections', () => {
  const rows = [...text.matchAll(/^\| \[(ERR_\w+)\]\(#(\w+)\)/gm)];
  expect(rows.map(([, code]) => code.toLowerCase())).toEqual(rows.map(([, , anchor]) => anchor));
});

test('no code is mentioned that there is not', () => {
  expect(found(/\b(ERR_[A-Z_]+)\b/g, text)).toEqual(codes);
});

test.each(['ERR_LOAD', 'ERR_BUILD'])('what %s is said to say is said', (code) => {
  // Rows begin with what is said: several phrases, with … for what varies.
  const phrases = found(/^\| ([^|]*) \| .* \|$/gm, section(code))
    .filter((cell) => !['it says', '---'].includes(cell))
    .flatMap((cell) => cell.split(/, | … ?|; /));
  expect(phrases.length).toBeGreaterThan(8);
  const said = sources.toLowerCase();
  expect(phrases.filter((phrase) => !said.includes(phrase.replace('prebuild: ', '').trim().toLowerCase()))).toEqual([]);
});

test('every reason for there being no GPU has a section of its own', () => {
  // "no driver: no NVIDIA driver is …": what stands before the colon.
  const reasons = found(/"(?:CUDA is not available: )?((?:no|not|driver) [a-z ]+): /g, sources);
  expect(reasons).toHaveLength(5);
  expect(found(/^### (.*)$/gm, section('ERR_CUDA_UNAVAILABLE'))).toEqual(reasons);
});

test('every warning has a row, and every row a warning', () => {
  const warnings = found(/\bwarnOnce\(\s*'(RSQRT_\w+)'/g, sources);
  expect(warnings.length).toBeGreaterThan(1);
  expect(found(/^\| `(RSQRT_\w+)`/gm, section('Warnings'))).toEqual(warnings);
});
