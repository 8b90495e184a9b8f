/** Memory of ours that was detached by others, in tensors and in the caches. */

import * as path from 'node:path';
import { emptyCache, full, rsqrt, zeros } from '../src/index';
import { AbandonedBuffers } from '../src/memory/abandoned-buffers';
import { allocateBytes, freeBytes, setCacheLimit } from '../src/memory/cpu-memory';
import { Spares } from '../src/memory/spares';
import { storageOf } from '../src/tensor/tensor';
import { node } from './support/command';
import { covered } from './support/coverage';

covered('suite', 'lost memory: slabs, spares, abandoned buffers');

/** Takes the memory of a buffer away, however it was marked. */
function detach(buffer: ArrayBuffer): void {
  new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(new Uint8Array(buffer)) });
}

test('tensors go on after others took the memory of some', () => {
  const { code, stdout, stderr } = node([path.join(__dirname, 'support', 'lost-memory.js')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  // Not all ways are in every Node; these two are.
  expect(stdout).toContain('a byte stream');
  expect(stdout).toContain('structuredClone');
});

test('spares: a buffer that was lost is neither kept, nor given out, nor freed', () => {
  const freed: ArrayBuffer[] = [];
  const spares = new Spares(10_000, (buffer) => freed.push(buffer));
  const [first, second, third] = [new ArrayBuffer(1000), new ArrayBuffer(1000), new ArrayBuffer(3000)];
  for (const buffer of [first, second, third]) spares.keep(buffer);
  detach(second);
  expect(spares.take(1000)).toBe(first);
  expect(spares.bytes).toBe(3000);
  detach(third);
  spares.keep(first);
  spares.clear();
  expect(freed).toEqual([first]);
  spares.keep(second);
  expect([spares.bytes, spares.take(1)]).toEqual([0, undefined]);
});

test('abandoned buffers: one that was lost is forgotten, and counted as it was', () => {
  const abandoned = new AbandonedBuffers();
  const owner = {};
  const buffer = new ArrayBuffer(1000);
  const watched = abandoned.watch(owner, buffer, 1000);
  detach(buffer);
  expect(abandoned.watch({}, new ArrayBuffer(8), 1000)).toBeNull(); // as much as the limit is watched
  if (watched !== null) abandoned.release(watched);
  expect(abandoned.watch({}, new ArrayBuffer(8), 1000)).not.toBeNull();
  expect(owner).toBeDefined();
});

test.each([10, 20_000, 100_000, 40_000_000])('%d bytes that are given back after they were lost', (bytes) => {
  emptyCache();
  setCacheLimit(2 ** 28);
  const { buffer, byteOffset } = allocateBytes(bytes);
  try {
    detach(buffer);
  } catch {
    // Node 24 refuses it for slabs.
  }
  freeBytes(buffer, byteOffset, bytes);
  const next = allocateBytes(bytes);
  expect(next.buffer.byteLength).toBeGreaterThanOrEqual(next.byteOffset + bytes);
});

test('a tensor whose private memory is lost can be disposed', () => {
  const x = zeros(100_000);
  const { owner } = storageOf(x, 'test');
  detach(owner as ArrayBuffer);
  expect(() => rsqrt(x)).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
  x.dispose();
  expect(full([100_000], 4).rsqrt().at(99_999)).toBe(0.5);
});
