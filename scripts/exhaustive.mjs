#!/usr/bin/env node
// Every result that can be checked in minutes. Any mismatch fails.
//
//   node scripts/exhaustive.mjs [--only NAME] [--threads N] [--float64 N]
//
// cpu: on every instruction set of this CPU, against exact integers (native/test): rsqrt of all float16, bfloat16 and
// float32 bit patterns, of 300 million float64s (random, sparse, near powers of two and four, near the middle of two results,
// subnormal, and every published hard case with every exponent) and of integers; conversions between all pairs of dtypes.
//
// cuda:0, simulated if it is built and on hardware if there is some: the same bits as the CPU, for all bit patterns of
// the dtypes of 16 and 32 bits and 10 million float64s.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { buildNativeTest, runNativeTest } from './native-test.mjs';

const require = createRequire(import.meta.url);
const CHUNK = 2 ** 20;

/** How the inputs of a dtype are made: `fill` writes a chunk of them as bits. */
const dtypes = {
  float16: { words: Uint16Array, values: Uint16Array, chunks: 1, fill: (words) => words.forEach(countUp) },
  bfloat16: { words: Uint16Array, values: Uint16Array, chunks: 1, fill: (words) => words.forEach(countUp) },
  float32: { words: Uint32Array, values: Float32Array, chunks: 2 ** 32 / CHUNK, fill: fillFloat32 },
  float64: { words: BigUint64Array, values: Float64Array, chunks: 10, fill: fillFloat64 },
};

function countUp(_, i, words) {
  words[i] = i;
}

function fillFloat32(words, chunk) {
  const start = chunk * CHUNK;
  for (let i = 0; i < CHUNK; i++) words[i] = start + i;
}

/** By turns: random bits; just below powers of four, where 1/√x is close to the middle of two floats; hard cases. */
function fillFloat64(words, chunk) {
  const random = randomBits(chunk + 1);
  const fraction = 2n ** 52n - 1n;
  const hard = hardInputs();
  for (let i = 0; i < CHUNK; i++) {
    const exponent = BigInt(random() % 1023) * 2n; // an even one, 0 to 2044
    if (chunk % 3 === 0) {
      words[i] = (BigInt(random()) << 32n) | BigInt(random());
    } else if (chunk % 3 === 1) {
      words[i] = ((exponent + 1n) << 52n) - 2n * BigInt((random() >>> (random() % 32)) | 1);
    } else {
      const input = hard[random() % hard.length];
      words[i] = ((exponent + ((input >> 52n) & 1n)) << 52n) | (input & fraction);
    }
  }
}

function hardInputs() {
  const lines = readFileSync(new URL('../test/vectors/rsqrt-float64-hard.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => BigInt(`0x${line.split('\t')[0]}`));
}

/** A seeded generator of 32 random bits (xorshift, Marsaglia 2003). */
function randomBits(seed) {
  let state = Math.imul(seed, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** The mismatches of one stripe of chunks: how many, and the first. */
function checkStripe({ device, dtype, stripe, stripes }) {
  const { asTensor, rsqrt } = require('..');
  const { words: Words, values: Values, chunks, fill } = dtypes[dtype];
  const bits = new Words(Math.min(CHUNK, 2 ** (8 * Words.BYTES_PER_ELEMENT)));
  const values = new Values(bits.buffer);
  const bitsOf = ({ data }) => new Words(data.buffer, data.byteOffset, data.length);
  let wrong = 0;
  let first = null;
  for (let chunk = stripe; chunk < chunks; chunk += stripes) {
    fill(bits, chunk);
    const onHost = rsqrt(asTensor(values, { dtype }));
    const input = asTensor(values, { dtype, device });
    const onDevice = rsqrt(input);
    const copy = onDevice.cpu();
    const expected = bitsOf(onHost);
    const actual = bitsOf(copy);
    if (
      Buffer.compare(
        Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength),
        Buffer.from(actual.buffer, actual.byteOffset, actual.byteLength),
      ) !== 0
    ) {
      for (let i = 0; i < bits.length; i++) {
        if (actual[i] === expected[i]) continue;
        wrong++;
        first ??= { input: bits[i], actual: actual[i], expected: expected[i] };
      }
    }
    for (const tensor of [onHost, input, onDevice, copy]) tensor.dispose();
  }
  return { inputs: Math.ceil((chunks - stripe) / stripes) * bits.length, wrong, first };
}

function inWorker(target, dtype, stripe, stripes) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { device: target.device, dtype, stripe, stripes },
      env: { ...process.env, ...target.env },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function checkDevice(target, threads) {
  let right = true;
  const known = require('..').dtypes;
  for (const [dtype, { words, chunks }] of Object.entries(dtypes)) {
    if (!known.includes(dtype)) continue;
    const start = Date.now();
    const stripes = Math.min(threads, chunks);
    const results = await Promise.all(Array.from({ length: stripes }, (_, i) => inWorker(target, dtype, i, stripes)));
    const sum = (name) => results.reduce((total, result) => total + result[name], 0);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${dtype}, ${target.name}: ${sum('inputs')} inputs, ${sum('wrong')} wrong (${seconds} s)`);
    const hex = (bits) => `0x${bits.toString(16).padStart(2 * words.BYTES_PER_ELEMENT, '0')}`;
    const found = results.map(({ first }) => first).find((first) => first !== null);
    if (found) console.log(`  rsqrt(${hex(found.input)}) is ${hex(found.actual)}, on the CPU ${hex(found.expected)}`);
    right = right && sum('wrong') === 0;
  }
  return right;
}

/** What there is to check on this machine; says what is left out and why. */
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

if (isMainThread) await main();
else parentPort.postMessage(checkStripe(workerData));
