// Another version of this package: the built checkout that RSQRT_BENCH_BEFORE names.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { openPackage } from './rsqrt.mjs';

const folder = process.env.RSQRT_BENCH_BEFORE;

export function open(threads) {
  if (!folder) throw new Error('RSQRT_BENCH_BEFORE names no other version');
  if (!existsSync(resolve(folder, 'dist', 'index.js'))) {
    throw new Error(`RSQRT_BENCH_BEFORE must name a built checkout; received '${folder}'`);
  }
  return openPackage(createRequire(import.meta.url)(resolve(folder)), threads);
}
