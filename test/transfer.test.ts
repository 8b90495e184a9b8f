/** Whether `transfer()` copies, and that what it returns can be sent and is whole. Between threads: test/interop/threads.mjs. */

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { asTensor, full, type Tensor, type TransferableObject, tidy } from '../src/index';
import { storageOf } from '../src/tensor/tensor';
import { covered } from './support/coverage';

covered('suite', 'transfer: what is copied');

const LARGE = 100_000; // elements of float32: a buffer of its own
const MAPPED = 2 ** 23; // one that begins at the border of a huge page

/** What arrives of a message, after which it is gone here. */
function sent(message: TransferableObject): TransferableObject {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message, [message.data.buffer]);
  const received = receiveMessageOnPort(port2);
  port1.close();
  return received?.message as TransferableObject;
}

/** Transfers a tensor of fours. Whether that copied them; its own buffer is only seen from inside. */
function copies(x: Tensor): boolean {
  const { numel, itemSize } = x;
  const { owner } = storageOf(x, 'test');
  const message = x.transfer();
  const copied = message.data.buffer !== owner;
  expect(() => x.data).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
  expect(message.data.byteLength).toBe(numel * itemSize);
  const received = sent(message);
  expect(message.data.buffer.byteLength).toBe(0);
  expect(received.data).toHaveLength(numel);
  expect(new Set<number | bigint>(asTensor(received).data)).toEqual(new Set([4]));
  return copied;
}

const transfers: [string, copied: boolean, () => Tensor][] = [
  ['a few elements, which lie beside others', true, () => full([10], 4)],
  ['a large tensor', false, () => full([LARGE], 4)],
  ['a large result', false, () => full([LARGE], 16).sqrt()],
  ['a very large tensor', false, () => full([MAPPED], 4)],
  [
    'a tensor of which all views were disposed',
    false,
    () => {
      const x = full([LARGE], 4);
      x.reshape(2, -1).dispose();
      return x;
    },
  ],
  ['the last view of a tensor, of all of it', false, () => tidy(() => full([LARGE], 4).reshape(100, -1))],
  ['a view of a part', true, () => tidy(() => full([2 * LARGE], 4).narrow(0, 0, LARGE))],
  ['a transposed view', true, () => tidy(() => full([100, LARGE / 100], 4).t())],
  ['the memory of an array', true, () => asTensor(new Float32Array(LARGE).fill(4))],
  [
    'bytes that are not aligned',
    true,
    () => {
      const bytes = new Uint8Array(4 * LARGE + 1);
      bytes.set(new Uint8Array(new Float32Array(LARGE).fill(4).buffer), 1);
      return asTensor(bytes.subarray(1), { dtype: 'float32' });
    },
  ],
];

test.each(transfers)('%s: copied %s', (_name, copied, make) => {
  expect(copies(make())).toBe(copied);
});

test.each<[string, (x: Tensor) => Tensor]>([
  ['a view', (x) => x.reshape(2, -1).select(0, 0)],
  ['data', (x) => asTensor(x.data)],
  ['toObject()', (x) => asTensor(x.toObject())],
])('%s keeps the memory', (_name, hold) => {
  const x = full([LARGE], 4);
  const held = hold(x);
  expect(copies(x)).toBe(true);
  const first = held.asStrided([], []);
  expect(first.item()).toBe(4);
  held.fill_(9);
  expect(first.item()).toBe(9);
});
