#!/usr/bin/env node
// rsqrt on every GPU against the CPU, bit for bit. scripts/test-gpu.mjs runs this as a process of
// its own, which it can end.
//
//   node scripts/compare-gpus.mjs FILE THIN
//
// Appends to FILE a line of JSON for each device and dtype once that is compared. Takes every
// THIN-th input.

import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { compareWithCpu, describe } from './compare-devices.mjs';

const FLOAT64 = 100_000_000;
const { cuda } = createRequire(import.meta.url)('..');

const [file, thin] = process.argv.slice(2);
for (let i = 0; i < cuda.deviceCount(); i++) {
  const device = `cuda:${i}`;
  await compareWithCpu({
    device,
    threads: os.availableParallelism(),
    float64: FLOAT64,
    thin: Number(thin),
    progress: console.log,
    compared: (dtype, result) => {
      console.log(describe(`${dtype}, ${device} against the CPU`, result).join('\n'));
      appendFileSync(file, `${JSON.stringify({ part: 'comparison', device, dtype, ...result })}\n`);
    },
  });
}
