// Tensors to and from other threads: cloned, transferred, in memory that is shared. What is copied: test/transfer.test.ts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { asTensor, full, tensor, zeros } from '../../dist/index.js';

const package_ = JSON.stringify(fileURLToPath(new URL('../../dist/index.js', import.meta.url)));

/** What a worker answers that runs `code` with `message` at hand. */
async function answer(code, message, transferList = []) {
  const source = `
    const { parentPort } = require('node:worker_threads');
    const { asTensor } = require(${package_});
    parentPort.once('message', (message) => { ${code} });`;
  const worker = new Worker(source, { eval: true });
  worker.postMessage(message, transferList);
  const [received] = await once(worker, 'message');
  await worker.terminate();
  return received;
}

/** What arrives of a message, after which it is gone here. */
function sent(message) {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message, [message.data.buffer]);
  const { message: received } = receiveMessageOnPort(port2);
  port1.close();
  return received;
}

const LARGE = 100_000; // elements of float32: a buffer of its own

const disposed = { code: 'ERR_DISPOSED' };

test('a tensor itself is refused, not cloned into nothing', () => {
  const message = /^Symbol\(a Tensor, which is sent as x\.toObject\(\) or x\.transfer\(\) and\) could not be cloned\.$/;
  const { port1 } = new MessageChannel();
  for (const send of [structuredClone, (x) => port1.postMessage(x)]) {
    assert.throws(() => send(tensor([4])), { name: 'DataCloneError', message });
    assert.throws(() => send({ inner: [tensor([4])] }), { name: 'DataCloneError', message });
  }
  port1.close();
});

for (const dtype of ['float16', 'bfloat16', 'float64', 'complex64', 'complex128', 'int8', 'int64', 'bool']) {
  test(`${dtype}: structuredClone of toObject(), and of transfer()`, () => {
    const x = tensor([[1, 0, 1]], { dtype });
    const values = x.toArray();
    const clone = asTensor(structuredClone(x.toObject()));
    assert.deepEqual([clone.dtype, clone.shape, clone.toArray()], [dtype, [1, 3], values]);
    clone.zero_();
    assert.deepEqual(x.toArray(), values);
    const moved = asTensor(sent(x.transfer()));
    assert.deepEqual([moved.dtype, moved.shape, moved.toArray()], [dtype, [1, 3], values]);
    assert.throws(() => x.toArray(), disposed);
  });
}

test('to a worker and back, cloned', async () => {
  const x = tensor([[4, 16]]);
  const back = asTensor(await answer('parentPort.postMessage(asTensor(message).rsqrt().toObject())', x.toObject()));
  assert.deepEqual([back.shape, back.toArray()], [[1, 2], [[0.5, 0.25]]]);
  assert.deepEqual(x.toArray(), [[4, 16]]);
});

test('to a worker and back, transferred', async () => {
  const x = full([LARGE], 4);
  const message = x.transfer();
  const work = `
    const result = asTensor(message).rsqrt().transfer();
    parentPort.postMessage(result, [result.data.buffer]);`;
  const back = asTensor(await answer(work, message, [message.data.buffer]));
  assert.equal(message.data.length, 0);
  assert.ok(back.data.every((value) => value === 0.5));
  assert.equal(back.numel, LARGE);
});

test('SharedArrayBuffers are shared between threads', async () => {
  const shared = new Float32Array(new SharedArrayBuffer(16)).fill(4);
  const x = asTensor(shared, { shape: [2, 2] });
  const object = x.toObject();
  assert.equal(object.data.buffer, shared.buffer);
  await answer('asTensor(message).select(0, 1).rsqrt_(); parentPort.postMessage(null)', object);
  assert.deepEqual(x.toArray(), [
    [4, 4],
    [0.5, 0.5],
  ]);
  const alone = x.transfer(); // a copy
  assert.ok(alone.data.buffer instanceof ArrayBuffer);
  assert.deepEqual([...shared], [4, 4, 0.5, 0.5]);
});

test('memory that went away does not come back with the next tensor', () => {
  const { data } = full([LARGE], 4).transfer();
  const next = zeros(LARGE);
  assert.notEqual(next.data.buffer, data.buffer);
  assert.ok(data.every((value) => value === 4));
});

test('tensors without elements', () => {
  const received = sent(zeros(0, 3).transfer());
  assert.deepEqual([asTensor(received).shape, received.data.length], [[0, 3], 0]);
});
