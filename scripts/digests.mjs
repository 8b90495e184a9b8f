#!/usr/bin/env node
// Prints a digest of the bits of every operation, conversion, creation and random draw, by dtype and layout: one line
// 'case digest' each. The same on every system; scripts/test-arm64.mjs compares. Plain Node: what is run is the built package.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const rsqrt = require('..');

/** Elements of each input: every pattern of 16 bits, and more than the smallest job that goes to several threads. */
const COUNT = 2 ** 17;

/** Ways to look at so many elements; what the kernels' loops and the ways through memory differ by. */
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
const operations = ['rsqrt', 'sqrt', 'reciprocal', 'neg', 'abs', 'square'];

/** Random bits, before them all patterns of 16 bits, upper half of the word first: of every exponent and class. */
function inputs(itemSize) {
  const bytes = Buffer.alloc(COUNT * itemSize);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  let state = 0x2545f491; // xorshift, Marsaglia 2003
  for (let i = 0; i < halves.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    halves[i] = state;
  }
  const step = Math.max(itemSize / 2, 1);
  for (let i = 0; i < 2 ** 16 && (i + 1) * step <= halves.length; i++) halves[(i + 1) * step - 1] = i;
  // Of every second of them, nothing but these 16 bits.
  for (let i = 0; i < 2 ** 16; i += 2) halves.fill(0, i * step, (i + 1) * step - 1);
  return bytes;
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 32);

function print(name, compute) {
  rsqrt.tidy(() => {
    const { buffer, byteOffset, byteLength } = compute().cpu().contiguous().data;
    console.log(`${name} ${digest(new Uint8Array(buffer, byteOffset, byteLength))}`);
  });
}

/** Whether a call is one that the dtype takes: what is refused is refused everywhere. */
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
  const { itemSize } = rsqrt.empty([0], { dtype });
  const x = rsqrt.asTensor(inputs(itemSize), { dtype, device });
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
