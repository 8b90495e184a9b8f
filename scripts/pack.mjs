#!/usr/bin/env node
// Packs the package that users install, rsqrt-<version>.tgz, and checks it
// (scripts/check-package.mjs).
//
//   npm run pack -- [--targets=LIST] [--out=DIR]
//
// --targets names the prebuilds that the package must have, as scripts/targets.mjs takes them. The
// default is RSQRT_TARGETS, or all. The same sources, prebuilds and versions of Node and npm give
// the same bytes, whoever packs them and wherever.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { clearAway, layOut, packInto, refuse, root } from './packing.mjs';
import { readTarball } from './read-tarball.mjs';
import { targetsNamed } from './targets.mjs';

const kilobytes = (bytes) => `${(bytes / 1e3).toFixed(1).padStart(8)} kB`;

async function pack() {
  const { values } = parseArgs({
    options: { targets: { type: 'string', default: process.env.RSQRT_TARGETS || 'all' }, out: { type: 'string' } },
  });
  const wanted = targetsNamed(values.targets);
  const out = path.resolve(values.out ?? root);
  const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  rmSync(path.join(out, `${name}-${version}.tgz`), { force: true });
  mkdirSync(out, { recursive: true });
  try {
    layOut(wanted);
    report(await packInto(out, wanted));
  } finally {
    clearAway();
  }
}

function report(file) {
  const tarball = readFileSync(file);
  const files = readTarball(tarball).map((each) => ({ path: each.path, size: each.content.length }));
  const unpacked = files.reduce((sum, { size }) => sum + size, 0);
  console.log(
    `${file}\n${kilobytes(tarball.length)} packed\n${kilobytes(unpacked)} unpacked, ${files.length} files; the largest:`,
  );
  for (const { path: name, size } of files.toSorted((a, b) => b.size - a.size).slice(0, 10)) {
    console.log(`${kilobytes(size)}   ${name}`);
  }
}

try {
  await pack();
} catch (error) {
  refuse(error);
}
