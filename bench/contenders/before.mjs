// Another version of this package: the built checkout that RSQRT_BENCH_BEFORE names.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { openPackage } from './rsqrt.mjs';

const folder = process.env.RSQRT_BENCH_BEFORE;

export function open(threads) {
  if (!folder) throw new Error('RSQRT_BENCH_BEFORE names no other version');
  return openPackage(createRequire(import.meta.url)(resolve(folder)), threads);
}
