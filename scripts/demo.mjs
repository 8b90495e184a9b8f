#!/usr/bin/env node
// Runs the examples, the five ways of using rsqrt last.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [first, ...ways] = readdirSync(path.join(root, 'examples'))
  .filter((name) => name.endsWith('.mjs'))
  .sort()
  .reverse();

function run(title, script, args = []) {
  console.log(`\n── ${title}`);
  const { status } = spawnSync(process.execPath, [path.join(root, script), ...args], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run('rsqrt info', path.join('dist', 'cli.js'), ['info']);
for (const name of [first, ...ways.reverse()]) run(`examples/${name}`, path.join('examples', name));
