#!/usr/bin/env node
// Checks every result that can be checked in minutes. Any mismatch is a failure.
//
//   node scripts/exhaustive.mjs [--only NAME] [--threads N] [--float64 N]
//
// cpu: on every instruction set of this CPU, against exact integers (native/test). Checks rsqrt of
// all float16, bfloat16 and float32 bit patterns, of integers, and of 300 million float64s: random,
// sparse, near powers of two and four, near the middle of two results, subnormal, and every
// published hard case with every exponent. Also checks conversions between all pairs of dtypes.
//
// cuda:0, simulated if that is built and on hardware if there is a GPU: compares the bits with the
// CPU's, for all bit patterns of the 16-bit and 32-bit dtypes and 10 million float64s.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareWithCpu, describe } from './compare-devices.mjs';
import { buildNativeTest, runNativeTest } from './native-test.mjs';

const require = createRequire(import.meta.url);

/** The number of float64s that the devices are compared on. */
const FLOAT64_ON_DEVICES = 10_000_000;

async function checkDevice(target, threads) {
  const results = await compareWithCpu({ ...target, threads, float64: FLOAT64_ON_DEVICES });
  for (const [dtype, result] of Object.entries(results)) {
    console.log(describe(`${dtype}, ${target.name}`, result).join('\n'));
  }
  return Object.values(results).every(({ differences }) => differences === 0);
}

/** The checks that this machine can run. Prints what is left out and why. */
function targets({ threads, float64 }) {
  const parts = ['float16', 'bfloat16', 'float32', 'seeds', 'float64', 'integers', 'conversions'];
  const cpu = () =>
    runNativeTest(buildNativeTest('build-native'), [...parts, `--threads=${threads}`, `--float64=${float64}`]);
  const list = [{ name: 'cpu', check: cpu }];
  const { cuda } = require('..');
  const simulated = fileURLToPath(new URL('../build-simulated/Release/rsqrt.node', import.meta.url));
  const add = (name, env) => {
    const target = { name, device: 'cuda:0', env };
    list.push({ name, check: () => checkDevice(target, threads) });
  };
  if (existsSync(simulated)) add('cuda:0 simulated', { RSQRT_BINARY: simulated });
  else console.log('skipped: cuda:0 simulated (not built: npm test builds it)');
  if (cuda.isAvailable()) add(`cuda:0 ${cuda.getDeviceName(0)}`, {});
  else console.log(`skipped: cuda:0 on hardware (${cuda.unavailableReason()})`);
  return list;
}

async function main() {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, threads: { type: 'string' }, float64: { type: 'string' } },
  });
  const options = {
    threads: Number(values.threads ?? os.availableParallelism()),
    float64: Number(values.float64 ?? 300_000_000),
  };
  const chosen = targets(options).filter(({ name }) => values.only === undefined || name.includes(values.only));
  if (chosen.length === 0) throw new Error(`no target is called '${values.only}'`);
  let right = true;
  for (const { check } of chosen) right = (await check()) && right;
  console.log(right ? 'exhaustive: everything is right' : 'exhaustive: FAILED');
  process.exitCode = right ? 0 : 1;
}

await main();
