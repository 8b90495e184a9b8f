#!/usr/bin/env node
// All 2^32 float32 bit patterns through rsqrt, on every instruction set of this CPU, the simulated device if it is
// built, and a GPU if there is one, against the correctly rounded reference. Any mismatch fails.
//
//   node scripts/exhaustive.mjs [--only NAME] [--threads N]
//
// Reference: Math.fround(1 / Math.sqrt(x)). Both operations are correctly rounded in double, and no float32 has a 1/√x so
// near the middle of two floats that their error would matter; test/accuracy.test.ts checks that with integers on the
// mantissas that come nearest.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const CHUNK = 2 ** 20;
const CHUNKS = 2 ** 32 / CHUNK;
const CANONICAL_NAN = 0x7fc00000;

/** The mismatches of one stripe of chunks: how many, and the first. */
function checkStripe({ device, stripe, stripes }) {
  const { asTensor, rsqrt } = require('..');
  const bits = new Uint32Array(CHUNK);
  const x = new Float32Array(bits.buffer);
  const expected = new Float32Array(CHUNK);
  const expectedBits = new Uint32Array(expected.buffer);
  let wrong = 0;
  let first = null;
  for (let chunk = stripe; chunk < CHUNKS; chunk += stripes) {
    const start = chunk * CHUNK;
    for (let i = 0; i < CHUNK; i++) bits[i] = start + i;
    const input = asTensor(x, { device });
    const result = rsqrt(input);
    const host = result.cpu();
    const { buffer, byteOffset } = host.data;
    const actual = new Uint32Array(buffer, byteOffset, CHUNK);
    for (let i = 0; i < CHUNK; i++) expected[i] = Math.fround(1 / Math.sqrt(x[i]));
    for (let i = 0; i < CHUNK; i++) {
      // The NaN that JavaScript stores is not specified.
      const nan = (expectedBits[i] & 0x7fffffff) > 0x7f800000;
      if (actual[i] === (nan ? CANONICAL_NAN : expectedBits[i])) continue;
      wrong++;
      first ??= { input: bits[i], actual: actual[i], expected: nan ? CANONICAL_NAN : expectedBits[i] };
    }
    for (const tensor of [input, result, host]) tensor.dispose();
  }
  return { wrong, first };
}

function inWorker(target, stripe, stripes) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { device: target.device, stripe, stripes },
      env: { ...process.env, ...target.env },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const hex = (bits) => `0x${bits.toString(16).padStart(8, '0')}`;

async function checkTarget(target, stripes) {
  const start = Date.now();
  const results = await Promise.all(Array.from({ length: stripes }, (_, i) => inWorker(target, i, stripes)));
  const wrong = results.reduce((sum, result) => sum + result.wrong, 0);
  const first = results.map((result) => result.first).find((found) => found !== null);
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  console.log(`${target.name}: ${2 ** 32} inputs, ${wrong} wrong (${seconds} s)`);
  if (first) {
    console.log(`  rsqrt(${hex(first.input)}) is ${hex(first.actual)}, expected ${hex(first.expected)}`);
  }
  return wrong;
}

/** What there is to check on this machine; says what is left out and why. */
function targets() {
  const { cuda, info } = require('..');
  const list = info().availableIsas.map((isa) => ({ name: `cpu ${isa}`, device: 'cpu', env: { RSQRT_ISA: isa } }));
  const simulated = fileURLToPath(new URL('../build-simulated/Release/rsqrt.node', import.meta.url));
  if (existsSync(simulated)) {
    list.push({ name: 'cuda:0 simulated', device: 'cuda:0', env: { RSQRT_BINARY: simulated } });
  } else {
    console.log('skipped: cuda:0 simulated (not built: npm test builds it)');
  }
  if (cuda.isAvailable()) list.push({ name: `cuda:0 ${cuda.getDeviceName(0)}`, device: 'cuda:0', env: {} });
  else console.log(`skipped: cuda:0 on hardware (${cuda.unavailableReason()})`);
  return list;
}

async function main() {
  const { values } = parseArgs({ options: { only: { type: 'string' }, threads: { type: 'string' } } });
  const threads = Number(values.threads ?? os.availableParallelism());
  const chosen = targets().filter(({ name }) => values.only === undefined || name.includes(values.only));
  if (chosen.length === 0) throw new Error(`no target is called '${values.only}'`);
  let wrong = 0;
  for (const target of chosen) wrong += await checkTarget(target, threads);
  process.exitCode = wrong === 0 ? 0 : 1;
}

if (isMainThread) await main();
else parentPort.postMessage(checkStripe(workerData));
