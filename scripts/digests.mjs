#!/usr/bin/env node
// Prints a digest of the bits of every operation, conversion, creation and random draw, by dtype
// and layout, as one line 'case digest' each. The digests are the same on every system;
// scripts/test-arm64.mjs compares them. It is plain Node, and runs the built package.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { publicOps } from './ops.mjs';

const require = createRequire(import.meta.url);
const rsqrt = require('..');

/**
 * The number of elements of each input: every pattern of 16 bits, and more than the smallest job
 * that goes to several threads.
 */
const COUNT = 2 ** 17;

/**
 * Views of so many elements, which take different loops of the kernels and different paths through
 * memory.
 */
const layouts = {
  contiguous: (x) => x,
  'odd offset and length': (x) => x.narrow(0, 3, COUNT - 10),
  'every second': (x) => x.slice(0, 1, COUNT, 2),
  transposed: (x) => x.view(512, 256).t(),
  'transposed with a gap': (x) => x.view(512, 256).narrow(1, 5, 201).t(),
  'channels last': (x) => x.view(8, 128, 128).permute(1, 2, 0),
  expanded: (x) => x.narrow(0, 0, 300).expand(40, 300),
  windows: (x) => x.narrow(0, 0, 4000).unfold(0, 8, 1),
};
const operations = publicOps(rsqrt).map(({ name }) => name);

/** 32 random bits (xorshift, Marsaglia 2003). */
function* randomBits() {
  for (let state = 0x2545f491; ; yield state >>> 0) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
}

/**
 * `count` words of `wordSize` bytes. First all patterns of 16 bits, with random bits or zeros below
 * them, which gives all exponents and classes. Then numbers beside the middle of two shorter
 * numbers, where rounding twice shows.
 */
function inputs(wordSize, count) {
  const random = randomBits();
  const bits = 8 * wordSize;
  const bytes = Buffer.alloc(count * wordSize);
  for (let i = 0; i < count; i++) {
    const high = i < 2 ** 16 ? BigInt(i) : BigInt(random.next().value & 0xffff);
    const low = (BigInt(random.next().value) << 32n) | BigInt(random.next().value);
    let word = (high << 48n) | (low & 0xffffffffffffn);
    if (i < 2 ** 16 && i % 2 === 0) word = high << 48n;
    if (i >= 2 ** 16) {
      const middle = 1n << (BigInt(64 - bits) + BigInt(i % (bits - 4))); // the last bit, or one above it
      word = ((word & ~(2n * middle - 1n)) | middle) + (BigInt((i >> 6) % 3) - 1n) * (1n << BigInt(64 - bits));
    }
    const value = BigInt.asUintN(bits, word >> BigInt(64 - bits));
    if (wordSize === 8) bytes.writeBigUInt64LE(value, 8 * i);
    else bytes.writeUIntLE(Number(value), wordSize * i, wordSize);
  }
  return bytes;
}

/** The same for a dtype. For a complex dtype the words are the parts. */
function inputsOf(dtype) {
  const { itemSize } = rsqrt.empty([0], { dtype });
  return dtype.startsWith('complex') ? inputs(itemSize / 2, 2 * COUNT) : inputs(itemSize, COUNT);
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 32);

function print(name, compute) {
  rsqrt.tidy(() => {
    const { buffer, byteOffset, byteLength } = compute().cpu().contiguous().data;
    console.log(`${name} ${digest(new Uint8Array(buffer, byteOffset, byteLength))}`);
  });
}

/** Whether a dtype supports a call. What is refused is refused everywhere. */
function takes(call) {
  try {
    rsqrt.tidy(call);
    return true;
  } catch (error) {
    if (error.code !== undefined) return false;
    throw error;
  }
}

function printOf(dtype, device) {
  const x = rsqrt.asTensor(inputsOf(dtype), { dtype, device });
  for (const [layout, look] of Object.entries(layouts)) {
    const view = look(x);
    const name = (what) => `${what}, ${dtype}, ${layout}, ${device}`;
    for (const operation of operations) {
      if (!takes(() => x.narrow(0, 0, 1)[operation]())) continue;
      print(name(operation), () => view[operation]());
      if (layout !== 'expanded' && layout !== 'windows' && takes(() => x.narrow(0, 0, 1).clone()[`${operation}_`]())) {
        print(name(`${operation} in place`), () => look(x.clone())[`${operation}_`]());
      }
    }
    for (const to of rsqrt.dtypes) {
      if (to !== dtype && takes(() => x.narrow(0, 0, 1).to(to))) print(name(`to ${to}`), () => view.to(to));
    }
  }
  const made = (what) => `${what}, ${dtype}, ${device}`;
  for (const draw of ['rand', 'randn']) {
    if (!takes(() => rsqrt[draw]([1], { dtype, device }))) continue;
    rsqrt.manualSeed(7);
    print(made(draw), () => rsqrt[draw]([COUNT + 3], { dtype, device }));
    print(made(`${draw} after that`), () => rsqrt[draw]([33, 65], { dtype, device }));
  }
  if (takes(() => rsqrt.arange(0, 1, 0.7, { dtype, device }))) {
    print(made('arange'), () => rsqrt.arange(0, 120, 0.7, { dtype, device }));
  }
  if (takes(() => rsqrt.linspace(0, 1, 5, { dtype, device }))) {
    print(made('linspace'), () => rsqrt.linspace(0, 17.1, 1001, { dtype, device }));
  }
  const text = rsqrt.tidy(() => [String(x.narrow(0, 0, 900)), JSON.stringify(x.narrow(0, 0, 900))].join());
  console.log(`${made('printed')} ${digest(text)}`);
  x.dispose();
}

const { devices } = rsqrt.info().cuda;
for (const device of ['cpu', ...devices.slice(0, 1).map(() => 'cuda:0')]) {
  for (const dtype of rsqrt.dtypes) printOf(dtype, device);
}
