#!/usr/bin/env node
// Checks, offline, under which licences everything comes that npm installs here, and that THIRD-PARTY-NOTICES.md is up to date.
//
//   npm run licences [-- --write]
//
// --write writes THIRD-PARTY-NOTICES.md anew.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { notices } from './third-party.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const NOTICES = path.join(root, 'THIRD-PARTY-NOTICES.md');

/** What users get with the package: they shall have to do no more than pass on a notice. */
const ALLOWED_FOR_USERS = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];
/** What only developers run, and nobody passes on. */
const ALLOWED_FOR_DEVELOPERS = [...ALLOWED_FOR_USERS, 'BlueOak-1.0.0', 'CC-BY-4.0', 'CC0-1.0', 'Python-2.0'];

/** Whether the choice that an SPDX expression leaves has something allowed in it. What is more complex than 'A OR B' is not. */
const allows = (list, licence) =>
  licence
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((each) => list.includes(each));

/** What lies in node_modules/, by the lock file: name, version, licence, and whether only developers have it. */
function installed() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .map(([place, { dev = false }]) => ({ manifest: path.join(root, place, 'package.json'), place, dev }))
    .filter(({ place, manifest }) => place !== '' && existsSync(manifest)) // optional ones are for other platforms
    .map(({ manifest, dev }) => {
      const { name, version, license } = JSON.parse(readFileSync(manifest, 'utf8'));
      return { name, version, licence: typeof license === 'string' ? license : 'none named', dev };
    });
}

/** Licences with those who have them, most frequent first; names only of a few. */
function table(packages) {
  if (packages.length === 0) return ['     0'];
  return [...new Set(packages.map(({ licence }) => licence))]
    .map((licence) => ({ licence, those: packages.filter((each) => each.licence === licence) }))
    .toSorted((a, b) => b.those.length - a.those.length)
    .map(({ licence, those }) => {
      const names = those.length > 4 ? '' : those.map(({ name, version }) => `${name} ${version}`).join(', ');
      return `  ${String(those.length).padStart(4)}  ${licence.padEnd(36)}${names}`.trimEnd();
    });
}

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
if (values.write) writeFileSync(NOTICES, notices());

const problems = [];
for (const [who, dev, list] of [
  ['users', false, ALLOWED_FOR_USERS],
  ['developers', true, ALLOWED_FOR_DEVELOPERS],
]) {
  const packages = installed().filter((each) => each.dev === dev);
  console.log(`Licences of what ${who} install:\n${table(packages).join('\n')}`);
  for (const { name, version, licence } of packages.filter((each) => !allows(list, each.licence))) {
    problems.push(`${name} ${version} comes under '${licence}', which is not among those allowed for ${who}`);
  }
}
if (readFileSync(NOTICES, 'utf8') !== notices()) {
  problems.push('THIRD-PARTY-NOTICES.md is not up to date: "npm run licences -- --write" writes it');
}
for (const sentence of problems) console.error(`licences: ${sentence}.`);
process.exitCode = problems.length > 0 ? 1 : 0;
