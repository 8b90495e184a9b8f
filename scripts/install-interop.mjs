#!/usr/bin/env node
// Installs the libraries that test/interop.test.ts exchanges tensors with, unless they are there in the versions of the lock.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../test/interop', import.meta.url));

/** The version of each package that a lock names, by where it is installed. */
function versions(lock) {
  if (!existsSync(`${folder}/${lock}`)) return {};
  const { packages } = JSON.parse(readFileSync(`${folder}/${lock}`, 'utf8'));
  return Object.fromEntries(Object.entries(packages).map(([place, { version }]) => [place, version]));
}

const wanted = versions('package-lock.json');
const installed = versions('node_modules/.package-lock.json'); // npm's own note
const { dependencies } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
const places = Object.keys(dependencies).map((name) => `node_modules/${name}`);
if (!places.every((place) => installed[place] === wanted[place])) {
  console.log('installing what test/interop.test.ts needs (390 MB on disk) …');
  const { status } = spawnSync('npm', ['--prefix', folder, 'ci'], { stdio: 'inherit' });
  process.exit(status ?? 1);
}
