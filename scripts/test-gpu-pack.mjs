#!/usr/bin/env node
// Tries the pack for GPU machines as it is received there: outside the repository, with a PATH that
// has Node and the commands that run.sh calls, and nothing else.
//
//   node scripts/test-gpu-pack.mjs [-- OPTION...]      ./run.sh test --simulated OPTION...
//   node scripts/test-gpu-pack.mjs --prepare=FOLDER    makes FOLDER/pack and FOLDER/bin, for tests
//
// Takes about two minutes on two processors. The exit code is that of run.sh.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const packGpu = fileURLToPath(new URL('pack-gpu.mjs', import.meta.url));
const COMMANDS = 'cat chmod dirname find head ln mkdir mktemp rm sh tar tee xz'.split(' ');

/** The file of a command on PATH. */
function find(command) {
  const folders = process.env.PATH.split(path.delimiter);
  const file = folders.map((folder) => path.join(folder, command)).find((each) => existsSync(each));
  if (file === undefined) throw new Error(`${command} is missing`);
  return file;
}

function prepare(folder) {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const command of COMMANDS) symlinkSync(find(command), path.join(bin, command));
  symlinkSync(process.execPath, path.join(bin, 'node'));
  const args = [packGpu, '--simulated', `--out=${path.join(folder, 'pack')}`];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error('packing failed');
}

function tryPack(options) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rsqrt-gpu-pack-'));
  try {
    prepare(folder);
    const out = path.join(folder, 'results');
    const { status } = spawnSync('./run.sh', ['test', '--simulated', ...options], {
      cwd: path.join(folder, 'pack'),
      env: { PATH: path.join(folder, 'bin'), OUT: out },
      stdio: 'inherit',
    });
    if (status === 0) readFileSync(path.join(out, 'test.log')); // or it throws: results went elsewhere
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { prepare: { type: 'string' } } });
try {
  if (values.prepare !== undefined) prepare(path.resolve(values.prepare));
  else process.exitCode = tryPack(positionals);
} catch (error) {
  console.error(`test-gpu-pack: ${error.message}`);
  process.exitCode = 1;
}
