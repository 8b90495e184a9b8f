// Installs a packed package in an empty folder, as a user does, and uses it there; throws unless it
// brought the addon of this system.
//
//   node .github/scripts/install-package.mjs FILE.tgz
//
// For systems on which `npm run test:install` does not run. Needs nothing but Node and npm.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { targets } from '../../scripts/targets.mjs';

const file = path.resolve(process.argv[2]);
const check = fileURLToPath(new URL('../../test/install/fixtures/check.cjs', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'rsqrt install ')));

const glibc = process.report.getReport().header.glibcVersionRuntime !== undefined;
const libc = process.platform === 'linux' ? (glibc ? 'glibc' : 'musl') : null;
const target = targets.find(
  (each) => each.platform === process.platform && each.arch === process.arch && each.libc === libc,
).name;

function run(command, ...args) {
  // npm is a script of cmd.exe on Windows.
  const shell = process.platform === 'win32' && command !== process.execPath;
  const words = shell ? args.map((arg) => `"${arg}"`) : args;
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd: folder, shell, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error ?? ''}${stdout}${stderr}`);
  return stdout;
}

const use = `check(rsqrt, { version: '${version}' });
console.log(rsqrt.info().addon.path);
`;

writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
writeFileSync(
  path.join(folder, 'use.cjs'),
  `const rsqrt = require('rsqrt');\nconst check = require('./check.cjs');\n${use}`,
);
writeFileSync(
  path.join(folder, 'use.mjs'),
  `import * as rsqrt from 'rsqrt';\nimport check from './check.cjs';\n${use}`,
);
cpSync(check, path.join(folder, 'check.cjs'));
run('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', file);
const addon = path.join(folder, 'node_modules', 'rsqrt', 'prebuilds', `${target}.node`);
for (const program of ['use.cjs', 'use.mjs']) assert.equal(run(process.execPath, program), `${addon}\n`);
assert.equal(run('npx', 'rsqrt', '4', '16', '25'), 'tensor([0.5000, 0.2500, 0.2000])\n');
console.log(run('npx', 'rsqrt', 'info'));
rmSync(folder, { recursive: true });
