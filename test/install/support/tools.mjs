// The pinned programs of test/install/package.json, test/install/foreign/package.json and
// test/nodes/package.json.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installLocked } from '../../../scripts/install-locked.mjs';

export const home = fileURLToPath(new URL('..', import.meta.url));
const nodes = path.join(home, '..', 'nodes');

/** Installs what is missing; those of other systems only if `foreign`. */
export function installTools({ foreign }) {
  installLocked(home, 'runtimes, package managers and a registry for test/install (0.7 GB on disk)');
  installLocked(nodes, 'the Nodes of test/nodes (590 MB on disk)');
  // npm refuses the programs of another system unless forced.
  if (foreign) installLocked(path.join(home, 'foreign'), 'runtimes of other systems (280 MB on disk)', ['--force']);
}

// Packages of one platform's program have no `bin` of their own.
const binaries = {
  bun: '@oven/bun-linux-x64/bin/bun',
  deno: '@deno/linux-x64-glibc/deno',
  pnpm: '@pnpm/exe.linux-x64/pnpm',
  yarn: '@yarnpkg/cli-dist/bin/yarn.js',
};

/**
 * What to run of a tool, by its name in package.json: a JavaScript file, for which a Node must be
 * named, or, of bun, deno and pnpm, a program. `bin` chooses among the commands of a package that
 * has several.
 */
export function tool(name, bin = name) {
  const folder = path.join(home, 'node_modules', name);
  if (name in binaries) return path.join(home, 'node_modules', binaries[name]);
  if (!existsSync(folder)) throw new Error(`test/install/package.json has no '${name}'`);
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const files = typeof manifest.bin === 'string' ? { [name]: manifest.bin } : manifest.bin;
  return path.join(folder, files[bin] ?? files[manifest.name] ?? Object.values(files)[0]);
}

/** The Node of a release line ('24'), or the oldest one supported ('20-floor'). */
export const node = (line) =>
  path.join(line.startsWith('20') ? home : nodes, 'node_modules', `node-${line}`, 'bin', 'node');

/** A file of a package of foreign/package.json. */
export const foreign = (file) => path.join(home, 'foreign', 'node_modules', file);
