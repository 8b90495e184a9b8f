// Lays out and packs the package, for pack.mjs and for npm's own prepack.

import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectedFiles, HEADERS, missingPrebuilds, modeOf, problemsOf } from './check-package.mjs';
import { compile } from './compile.mjs';
import { npm } from './npm.mjs';
import { targets } from './targets.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const include = path.join(root, 'native', 'include');

/**
 * Makes dist/ anew, so that nothing of an earlier build is in it, and native/include/. Gives all
 * files the same modes on every machine. Throws before it does anything if a prebuild is missing.
 */
export function layOut(wanted) {
  refuseFor(missingPrebuilds(wanted));
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  compile();
  clearAway();
  mkdirSync(include);
  for (const { from, to } of HEADERS) copyFileSync(path.join(root, 'node_modules', from), path.join(include, to));
  // npm keeps the modes that it finds, which depend on the umask of the user who made the files.
  // Files that do not belong in the package keep theirs: packInto() refuses them.
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const file of expectedFiles(wanted)) {
    if (existsSync(path.join(root, file))) chmodSync(path.join(root, file), modeOf(file, manifest));
  }
}

/** Removes what only the package has. dist/ stays, because the repository uses it too. */
export function clearAway() {
  rmSync(include, { recursive: true, force: true });
}

/**
 * Packs into a folder, checks the package, and returns its path. If anything is wrong, leaves no
 * file and throws, with one sentence per line.
 */
export async function packInto(folder, wanted) {
  const { filename } = npmPack(['--no-dry-run', '--pack-destination', folder]);
  const file = path.join(folder, filename);
  try {
    refuseFor(await problemsOf(readFileSync(file), wanted));
  } catch (error) {
    rmSync(file);
    throw error;
  }
  const left = targets.filter((target) => !wanted.includes(target));
  if (left.length > 0) console.log(`pack: without ${left.map(({ name }) => name).join(', ')}, on purpose`);
  return file;
}

/** Throws if there are problems, with one sentence per line. */
function refuseFor(problems) {
  if (problems.length > 0) throw new Error(problems.map((sentence) => `${sentence}.`).join('\n'));
}

/**
 * What npm reports about the package that it packs, or would pack with --dry-run. Scripts are off,
 * because they call this.
 */
const npmPack = (options) => Object.values(npm(['pack', '--ignore-scripts', ...options]))[0]; // a list; from npm 12 on by name

/** The paths of the files that are packed, of those that exist. */
export const filesToPack = () => npmPack(['--dry-run']).files.map((file) => file.path);

/** Prints why there is no package. */
export function refuse({ message }) {
  for (const line of message.split('\n')) console.error(`pack: ${line}`);
  process.exitCode = 1;
}
