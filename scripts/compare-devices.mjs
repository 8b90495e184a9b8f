// rsqrt on a device against the CPU of the same addon, bit for bit, over every bit pattern of the dtypes of 16 and 32 bits
// and many float64s. Plain Node: what is compared is the built package.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const CHUNK = 2 ** 20;
const FIRST_DIFFERENCES = 5;
const EVEN_EXPONENTS = 1023n; // 0 to 2044: 1/√x has the same significand for each

/** `patterns` is how many inputs there are; float64 has as many as are asked for. `fill` writes a chunk of them as bits. */
const dtypes = {
  float16: { words: Uint16Array, values: Uint16Array, patterns: 2 ** 16, fill: countUp },
  bfloat16: { words: Uint16Array, values: Uint16Array, patterns: 2 ** 16, fill: countUp },
  float32: { words: Uint32Array, values: Float32Array, patterns: 2 ** 32, fill: countUp },
  float64: { words: BigUint64Array, values: Float64Array, fill: fillFloat64 },
};

function countUp(words, { start, thin }) {
  for (let i = 0; i < words.length; i++) words[i] = (start + i) * thin;
}

/**
 * First every published hard case with every even exponent; then by turns random bits, and numbers just below powers of four,
 * where 1/√x is close to the middle of two floats.
 */
function fillFloat64(words, { start, thin }) {
  const hard = hardInputs();
  const cases = hard.length * Number(EVEN_EXPONENTS);
  const random = randomBits(start / CHUNK + 1);
  const halves = new Uint32Array(words.buffer); // quicker than bigints
  const nearPowers = (start / CHUNK) % 2 === 1;
  for (let i = 0; i < words.length; i++) {
    const place = (start + i) * thin;
    if (place < cases) {
      const input = hard[place % hard.length];
      const exponent = BigInt(Math.floor(place / hard.length)) * 2n + ((input >> 52n) & 1n);
      words[i] = (exponent << 52n) | (input & (2n ** 52n - 1n));
    } else if (nearPowers) {
      const exponent = BigInt(random()) % EVEN_EXPONENTS;
      words[i] = ((exponent * 2n + 1n) << 52n) - 2n * BigInt((random() >>> (random() % 32)) | 1);
    } else {
      halves[2 * i] = random();
      halves[2 * i + 1] = random();
    }
  }
}

let hardInputsRead;
function hardInputs() {
  const file = new URL('../test/vectors/rsqrt-float64-hard.tsv', import.meta.url);
  hardInputsRead ??= readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => BigInt(`0x${line.split('\t')[0]}`));
  return hardInputsRead;
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

const bytesOf = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength);

/** Compares one stripe of chunks; `report` is told of each what was compared in it and what differs. */
function compareStripe({ device, dtype, inputs, thin, stripe, stripes }, report) {
  const { asTensor, rsqrt } = require('..');
  const { words: Words, values: Values, fill } = dtypes[dtype];
  const bitsOf = ({ data }) => new Words(data.buffer, data.byteOffset, data.length);
  for (let start = stripe * CHUNK; start < inputs; start += stripes * CHUNK) {
    const bits = new Words(Math.min(CHUNK, inputs - start));
    fill(bits, { start, thin });
    const values = new Values(bits.buffer);
    const onHost = rsqrt(asTensor(values, { dtype }));
    const input = asTensor(values, { dtype, device });
    const onDevice = rsqrt(input);
    const copy = onDevice.cpu();
    const expected = bitsOf(onHost);
    const actual = bitsOf(copy);
    let differences = 0;
    const first = [];
    if (Buffer.compare(bytesOf(expected), bytesOf(actual)) !== 0) {
      for (let i = 0; i < bits.length; i++) {
        if (actual[i] === expected[i]) continue;
        differences++;
        if (first.length < FIRST_DIFFERENCES)
          first.push([bits[i], actual[i], expected[i]].map((each) => hex(each, Words)));
      }
    }
    for (const tensor of [onHost, input, onDevice, copy]) tensor.dispose();
    report({ inputs: bits.length, differences, first });
  }
}

const hex = (bits, Words) => `0x${bits.toString(16).padStart(2 * Words.BYTES_PER_ELEMENT, '0')}`;

function inWorker(task, env, report) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { compareStripe: task }, env });
    worker.on('message', report);
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
}

export const DTYPES = Object.keys(dtypes);

/**
 * Compares all, on so many threads. `float64` is the number of float64s; of all inputs only every
 * `thin`-th is taken. `progress` is called with lines to print, `compared` with a dtype and its
 * result as soon as that dtype is done.
 *
 * Returns, by dtype, { inputs, differences, first, seconds }; `first` are [input, on the device, on the CPU], as bits.
 */
export async function compareWithCpu({
  device,
  env = {},
  threads,
  float64,
  thin = 1,
  progress = () => {},
  compared = () => {},
}) {
  const results = {};
  for (const [dtype, { patterns = float64 }] of Object.entries(dtypes)) {
    const inputs = Math.ceil(patterns / (patterns === 2 ** 16 ? 1 : thin)); // those of 16 bits never are too many
    const task = { device, dtype, inputs, thin: patterns === 2 ** 16 ? 1 : thin };
    const stripes = Math.min(threads, Math.ceil(inputs / CHUNK));
    const total = { inputs: 0, differences: 0, first: [], seconds: 0 };
    const begin = Date.now();
    let tenths = 0;
    const report = ({ inputs: done, differences, first }) => {
      total.inputs += done;
      total.differences += differences;
      total.first = [...total.first, ...first].slice(0, FIRST_DIFFERENCES);
      if (Math.floor((10 * total.inputs) / inputs) <= tenths) return;
      tenths = Math.floor((10 * total.inputs) / inputs);
      progress(`  ${dtype} ${10 * tenths} %: ${total.inputs} inputs, ${total.differences} different`);
    };
    const work = (_, stripe) => inWorker({ ...task, stripe, stripes }, { ...process.env, ...env }, report);
    await Promise.all(Array.from({ length: stripes }, work));
    if (total.inputs !== inputs) throw new Error(`${dtype}: ${total.inputs} of ${inputs} inputs were compared`);
    results[dtype] = { ...total, seconds: (Date.now() - begin) / 1000 };
    compared(dtype, results[dtype]);
  }
  return results;
}

/** Lines that tell a result of the above: how many, how long, and the first differences. */
export function describe(name, { inputs, differences, first, seconds }) {
  return [
    `${name}: ${inputs} inputs, ${differences} wrong (${seconds.toFixed(1)} s)`,
    ...first.map(([input, actual, expected]) => `  rsqrt(${input}) is ${actual}, on the CPU ${expected}`),
  ];
}

if (!isMainThread && workerData?.compareStripe) {
  compareStripe(workerData.compareStripe, (part) => parentPort.postMessage(part));
}
