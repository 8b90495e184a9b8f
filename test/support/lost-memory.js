/**
 * Detaches the buffers of tensors in every way that this version of Node has, and checks that all
 * other tensors still work. It is a program, so that other versions of Node can run it: `node
 * test/support/lost-memory.js`. It prints the ways that detached a buffer.
 */
const assert = require('node:assert/strict');
const { MessageChannel } = require('node:worker_threads');
const { asTensor, emptyCache, full, rsqrt, tensor, zeros } = require('../..');

const ways = {
  'a byte stream': (array) => {
    new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(array) });
  },
  'a reader of a byte stream': (array) => {
    const stream = new ReadableStream({ type: 'bytes', pull() {} });
    stream
      .getReader({ mode: 'byob' })
      .read(array)
      .catch(() => {});
  },
  'ArrayBuffer.prototype.transfer': ({ buffer }) => buffer.transfer(),
  'ArrayBuffer.prototype.transferToFixedLength': ({ buffer }) => buffer.transferToFixedLength(),
  structuredClone: ({ buffer }) => structuredClone(buffer, { transfer: [buffer] }),
  postMessage: ({ buffer }) => {
    const { port1 } = new MessageChannel();
    port1.postMessage(buffer, [buffer]);
    port1.close();
  },
};

const disposed = {
  code: 'ERR_DISPOSED',
  message: /the ArrayBuffer of the tensor of shape \[.*\] was transferred or shrunk$/,
};
const last = (x) => x.slice(0, -1).item();

// One size for each kind of memory: the two slabs, a separate buffer, and a buffer in which the
// tensor begins at a huge page.
const sizes = [1, 4000, 50_000, 9_000_000];

const lost = new Set();
for (const [name, take] of Object.entries(ways)) {
  for (const size of sizes) {
    const neighbour = full([size], 25);
    const x = full([size], 4);
    const array = x.data;
    const view = x.slice(0, 0, 1);
    try {
      take(array);
    } catch {
      // Refused, or not in this version of Node.
    }
    if (array.byteLength === 0) {
      lost.add(name);
      for (const each of [x, view]) {
        assert.throws(() => rsqrt(each), disposed);
        assert.throws(() => each.data, disposed);
        assert.throws(() => each.fill_(1), disposed);
        assert.throws(() => rsqrt(zeros(each.numel), { out: each }), disposed);
      }
    } else {
      assert.equal(last(rsqrt(x)), 0.5);
    }
    // Tensors in the same buffer report the loss, and no other tensor has lost anything.
    let isThere = true;
    try {
      assert.equal(last(neighbour), 25);
    } catch (error) {
      assert.match(error.message, disposed.message);
      isThere = false;
    }
    assert(isThere || (array.byteLength === 0 && size < 10_000), `the neighbour of ${size} elements, after ${name}`);
    // New tensors of all sizes work, before and after these tensors are disposed.
    const dispose = () => {
      for (const each of [x, view, neighbour]) each.dispose();
    };
    for (const step of [() => {}, dispose, emptyCache]) {
      step();
      for (const count of [0, ...sizes]) {
        const y = full([count], 16);
        assert.equal(y.data.length, count);
        if (count > 0) assert.equal(last(rsqrt(y).fill_(2).square()), 4);
        y.dispose();
      }
      assert.deepEqual(tensor([[1, 2]]).toArray(), [[1, 2]]);
      assert.deepEqual(tensor([]).toArray(), []);
    }
  }
}

// The memory of an array that asTensor was given, also of an empty one.
for (const length of [0, 3]) {
  const array = new Float32Array(length);
  const x = asTensor(array);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  for (const use of [() => x.data, () => x.toArray(), () => rsqrt(x), () => x.clone(), () => x.toString()]) {
    assert.throws(use, disposed);
  }
  x.dispose();
}

console.log([...lost].join(', '));
