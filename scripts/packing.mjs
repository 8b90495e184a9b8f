// How the package is laid out and packed, for pack.mjs and for npm's own prepack.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { HEADERS, modeOf, problemsOf } from './check-package.mjs';
import { compile } from './compile.mjs';
import { npm } from './npm.mjs';
import { targets } from './targets.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const include = path.join(root, 'native', 'include');

/** Makes dist/ anew, so that nothing of a former build is in it, and native/include/, and gives all files the same modes everywhere. */
export function layOut() {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  compile();
  clearAway();
  mkdirSync(include);
  for (const { from, to } of HEADERS) copyFileSync(path.join(root, 'node_modules', from), path.join(include, to));
  // npm keeps the modes it finds, which depend on the umask of whoever made the files.
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const { path: file } of npmPack(['--dry-run']).files) chmodSync(path.join(root, file), modeOf(file, manifest));
}

/** Takes away what only the package has. dist/ stays: the repository uses it, too. */
export function clearAway() {
  rmSync(include, { recursive: true, force: true });
}

/** Packs into a folder, checks, and returns the path. Leaves no file and throws, one sentence a line, if anything is wrong. */
export async function packInto(folder, wanted) {
  const { filename } = npmPack(['--no-dry-run', '--pack-destination', folder]);
  const file = path.join(folder, filename);
  const problems = await problemsOf(readFileSync(file), wanted);
  if (problems.length > 0) {
    rmSync(file);
    throw new Error(problems.map((sentence) => `${sentence}.`).join('\n'));
  }
  const left = targets.filter((target) => !wanted.includes(target));
  if (left.length > 0) console.log(`pack: without ${left.map(({ name }) => name).join(', ')}, on purpose`);
  return file;
}

/** What npm says of the package it packs, or with --dry-run would pack. Without scripts: they call this. */
const npmPack = (options) => Object.values(npm(['pack', '--ignore-scripts', ...options]))[0]; // a list; from npm 12 on by name

/** Says why there is no package. */
export function refuse({ message }) {
  for (const line of message.split('\n')) console.error(`pack: ${line}`);
  process.exitCode = 1;
}
