#!/usr/bin/env node
// Runs a little of everything on a device, in one process and within seconds, so that a tool such
// as compute-sanitizer can watch it: every operation × dtype × layout, every conversion, copies of
// every kind, random numbers, streams, events and graphs. The results are compared with the CPU,
// byte for byte.
//
//   node scripts/exercise-device.mjs      RSQRT_BINARY chooses the addon

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { publicOps } from './ops.mjs';

const require = createRequire(import.meta.url);
const rsqrt = require('..');

const { asTensor, cuda, dtypes, empty, full, manualSeed, rand, randn, tidy, zeros } = rsqrt;

// One thread, a block and its neighbours, 16-byte accesses with a remainder, several blocks.
const LENGTHS = [0, 1, 7, 33, 256, 1025, 70_001];
const LARGEST = LENGTHS.at(-1);

let compared = 0;

/** Compares a tensor on a device with one on the CPU. */
function same(actual, expected, what) {
  const bytesOf = (x) => {
    const { data } = x.cpu().contiguous();
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  };
  assert.deepEqual([actual.dtype, actual.shape], [expected.dtype, expected.shape], what);
  assert.ok(bytesOf(actual).equals(bytesOf(expected)), `${what}: other bytes than on the CPU`);
  compared++;
}

/** Numbers from −64 to 64 in a random-looking order, as the dtype represents them; on the CPU. */
function numbers(length, dtype) {
  const values = Float64Array.from({ length }, (_, i) => (((i * 40_503) >>> 6) & 1023) / 8 - 64);
  return asTensor(values).to(dtype);
}

/** Views of a one-dimensional tensor. */
const layouts = {
  contiguous: (x) => x,
  'one element on': (x) => x.narrow(0, 1, x.numel - 1),
  'every third': (x) => x.slice(0, 0, x.numel, 3),
  transposed: (x) => square(x).t(),
  'every second column': (x) => square(x).slice(1, 0, square(x).shape[1], 2),
  expanded: (x) => x.narrow(0, 0, 1).expand(33, 5),
  'three dimensions permuted': (x) => square(x).unsqueeze(1).permute(2, 1, 0),
};

function square(x) {
  const side = Math.floor(Math.sqrt(x.numel));
  return x.narrow(0, 0, side * side).view(side, side);
}

function operations(device) {
  for (const { name, dtypes: accepted } of publicOps(rsqrt)) {
    for (const dtype of accepted) {
      for (const length of LENGTHS) tidy(() => operation(name, numbers(length, dtype), device, { length }));
      for (const [layout, view] of Object.entries(layouts)) {
        tidy(() => operation(name, numbers(1025, dtype), device, { layout, view }));
      }
    }
  }
}

function operation(name, memory, device, { layout = 'contiguous', view = layouts[layout], length = memory.numel }) {
  const what = `${name} ${memory.dtype} ${layout} ${length}`;
  const x = view(memory);
  const y = view(memory.to(device));
  const expected = rsqrt[name](x);
  same(rsqrt[name](y), expected, what);
  const out = () =>
    empty(x.shape.toReversed(), { dtype: expected.dtype, device }).permute(x.shape.map((_, i) => i).reverse());
  same(rsqrt[name](y, { out: out() }), expected, `${what}, out`);
  if (expected.dtype === memory.dtype && layout !== 'expanded')
    same(rsqrt[`${name}_`](y), expected, `${what}, in place`);
}

function conversions(device) {
  for (const from of dtypes) {
    for (const to of dtypes) {
      tidy(() => {
        const x = numbers(1025, from);
        const y = x.to(device);
        same(y.to(to), x.to(to), `${from} to ${to}`);
        same(square(y).t().to(to), square(x).t().to(to), `${from} to ${to}, transposed`);
      });
    }
  }
}

function copies(device) {
  for (const dtype of dtypes) {
    tidy(() => {
      const x = numbers(LARGEST, dtype);
      const y = x.to(device);
      same(y, x, `${dtype} there and back`);
      same(y.clone(), x, `${dtype} cloned`);
      same(zeros(LARGEST, { dtype, device }).copy_(x), x, `${dtype} copied from the CPU`);
      same(
        square(zeros(LARGEST, { dtype, device })).t().copy_(square(y)),
        square(x),
        `${dtype} copied into a transposed view`,
      );
      same(full([33], 1, { dtype, device }), full([33], 1, { dtype }), `${dtype} full`);
      assert.deepEqual(y.narrow(0, 5, 2).toArray(), x.narrow(0, 5, 2).toArray(), `${dtype} read`);
      for (let other = 0; other < cuda.deviceCount(); other++) {
        same(y.to({ device: `cuda:${other}`, copy: true }), x, `${dtype} to cuda:${other}`);
      }
    });
  }
}

function randomNumbers(device) {
  for (const draw of [rand, randn]) {
    for (const dtype of ['float16', 'bfloat16', 'float32', 'float64', 'complex64', 'complex128']) {
      tidy(() => {
        const [onDevice, onHost] = [device, 'cpu'].map((each) => {
          manualSeed(7);
          return draw([1025], { dtype, device: each });
        });
        same(onDevice, onHost, `${draw.name} ${dtype}`);
      });
    }
  }
}

function pageLocked(device) {
  tidy(() => {
    const x = numbers(LARGEST, 'float32').pinMemory();
    assert.ok(x.isPinned());
    const y = x.to({ device, nonBlocking: true });
    const back = zeros(LARGEST).pinMemory().copy_(y.neg(), { nonBlocking: true });
    same(back, x.neg(), 'page-locked there and back');
  });
}

function streams(device, index) {
  tidy(() => {
    const x = numbers(LARGEST, 'float32');
    const y = x.to(device);
    const [start, end] = [new cuda.Event({ device }), new cuda.Event({ device })];
    start.record();
    const onStream = cuda.stream(() => y.abs().sqrt(), index);
    const behind = onStream.neg(); // on the usual stream, after the other one
    y.dispose(); // the stream still reads it
    end.record();
    end.synchronize();
    assert.ok(end.query() && start.elapsedTime(end) >= 0);
    same(behind, x.abs().sqrt().neg(), 'streams');
    for (const event of [start, end]) event.dispose();
  });
}

function graphs(device, index) {
  tidy(() => {
    const y = empty(1025, { device });
    const out = zeros(1025, { device });
    const graph = cuda.graph(() => {
      rsqrt.rsqrt(y.sqrt().neg().abs(), { out });
    }, index);
    for (const value of [3, 5]) {
      y.fill_(value);
      graph.replay();
      same(out, full([1025], value).sqrt().rsqrt(), `graph of ${value}`);
    }
    graph.dispose();
  });
}

function memory(device, index) {
  cuda.synchronize(index);
  cuda.resetPeakMemoryStats(index);
  const before = cuda.memoryAllocated(index);
  const x = zeros(LARGEST, { device });
  assert.ok(cuda.memoryAllocated(index) > before && cuda.maxMemoryAllocated(index) > before);
  assert.ok(cuda.memoryReserved(index) >= cuda.memoryAllocated(index));
  x.dispose();
  assert.equal(cuda.memoryAllocated(index), before);
  assert.throws(() => empty(2 ** 40, { device }), { code: 'ERR_OUT_OF_MEMORY' });
  cuda.emptyCache();
  const { free, total } = cuda.memGetInfo(index);
  assert.ok(free > 0 && free <= total);
}

async function promises(device) {
  const x = numbers(LARGEST, 'float32');
  const y = x.to(device).neg();
  const expected = x.neg();
  assert.deepEqual(await y.dataAsync(), expected.data);
  assert.deepEqual(await y.narrow(0, 0, 9).toArrayAsync(), expected.narrow(0, 0, 9).toArray());
  same(await y.toAsync('cpu'), expected, 'toAsync');
}

for (let index = 0; index < Math.max(1, cuda.deviceCount()); index++) {
  const device = `cuda:${index}`;
  const parts = [operations, conversions, copies, randomNumbers, pageLocked, streams, graphs, memory, promises];
  for (const part of parts) await part(device, index);
  cuda.synchronize(index);
}
console.log(`exercised ${cuda.deviceCount()} device(s): ${compared} results are those of the CPU`);
