/** Copies of the package that are loaded one after the other, as test runners do: none is kept. */

import { rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { node, root } from './support/command';
import { binaries } from './support/configurations';
import { makeConsumer } from './support/consumer';
import { covered } from './support/coverage';
import { sampled } from './support/emulation';

const MiB = 2 ** 20;

interface Memory {
  heapUsed: number;
  rss: number;
  arrayBuffers: number;
}

test('200 copies, each with memory that it keeps for reuse: the heap and the process do not grow', () => {
  const copies = sampled('copies of the package', 200, 20);
  const { code, stdout, stderr } = node(
    ['--expose-gc', path.join(__dirname, 'support', 'reset-registry.js'), String(copies)],
    { env: { RSQRT_BINARY: binaries.simulated }, timeout: 110_000 },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [early, late] = JSON.parse(stdout) as Memory[];
  // A copy that stayed would be 0.6 MB of heap and 8 MiB of kept memory.
  expect(late.heapUsed - early.heapUsed).toBeLessThan(4 * MiB);
  expect(late.arrayBuffers - early.arrayBuffers).toBeLessThan(32 * MiB);
  expect(late.rss - early.rss).toBeLessThan(128 * MiB);
  covered('copies of the package', String(copies));
});

test('jest --logHeapUsage of 16 files that load the package: the heap does not grow', () => {
  const files = sampled('test files', 16, 4);
  const folder = makeConsumer();
  try {
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }');
    writeFileSync(path.join(folder, 'jest.config.json'), '{ "testEnvironment": "node", "transform": {} }');
    for (let i = 1; i <= files; i++) {
      const text = "test('a copy of its own', () => expect(require('rsqrt').tensor([4]).rsqrt().item()).toBe(0.5));\n";
      writeFileSync(path.join(folder, `file-${i}.test.js`), text);
    }
    const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const { code, stderr } = node(['--expose-gc', jest, '--ci', '--runInBand', '--logHeapUsage'], {
      cwd: folder,
      env: { RSQRT_BINARY: binaries.local, RSQRT_TEST_COVERAGE: undefined },
      timeout: 110_000,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^Tests: +\d+ passed, \d+ total$/m) });
    const heaps = [...stderr.matchAll(/\((?:[\d.]+ s, )?(\d+) MB heap size\)/g)].map(([, size]) => Number(size));
    expect(heaps.length).toBe(files);
    // A file that stayed would be 2.5 MB: all of jest's environment for it hangs on the copy.
    expect(heaps[files - 1] - heaps[1]).toBeLessThan(10);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/**
 * Runs the body of an async function with the addon on the simulated device; returns the JSON that
 * it printed.
 */
function withAddon(body: string): unknown {
  const program = `
    const addon = require(process.env.RSQRT_BINARY);
    const createError = () => (code, message) => Object.assign(new Error(message), { code });
    const codeOf = (call) => { try { call(); } catch ({ code }) { return code; } };
    const collect = async () => {
      for (let i = 0; i < 4; i++) { global.gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
    };
    (async () => { ${body} })().then((result) => console.log(JSON.stringify(result)));`;
  const { code, stdout, stderr } = node(['--expose-gc', '-e', program], { env: { RSQRT_BINARY: binaries.simulated } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('a binding of the addon', () => {
  test('is collected with what it was opened with, though that leads back to it', () => {
    const collected = withAddon(`
      const made = [];
      const open = (kept) => {
        const own = { createError: createError() };
        own.binding = addon.open('', own.createError);
        own.createError.own = own;
        own.memory = own.binding.allocate(0, 1000);
        own.pinned = own.binding.allocatePinned(1000);
        own.event = own.binding.createEvent(0);
        made.push(new WeakRef(own.createError));
        return kept(own);
      };
      const kept = [open(() => {}), open(({ memory }) => memory), open(({ pinned }) => pinned), open(({ event }) => event),
        open(({ binding }) => binding), open(({ binding }) => binding.run), open(({ binding }) => binding.launchGraph)];
      await collect();
      return made.map((each, i) => [each.deref() === undefined, typeof kept[i]]);`);
    expect(collected).toEqual([
      [true, 'undefined'],
      [true, 'object'],
      [true, 'object'],
      [true, 'object'],
      [false, 'object'],
      [false, 'function'],
      [false, 'function'],
    ]);
  });

  test('leaves its functions usable', () => {
    const result = withAddon(`
      const { copy, allocate, run, setNumThreads } = addon.open('', createError());
      await collect();
      setNumThreads(2);
      const memory = allocate(1, 8);
      const host = new Float64Array([7, 8]);
      copy(host.buffer, 0, memory, 0, 8, false);
      copy(memory, 0, host.buffer, 8, 8, false);
      return [[...host], codeOf(() => run(999)), codeOf(() => allocate(99, 8))];`);
    expect(result).toEqual([[7, 7], 'ERR_OUT_OF_RANGE', 'ERR_OUT_OF_RANGE']);
  });

  test('lives while it waits for a copy', () => {
    const result = withAddon(`
      const start = () => {
        const { allocate, allocatePinned, copy, whenSettled } = addon.open('', createError());
        const pinned = allocatePinned(8);
        copy(allocate(0, 8), 0, pinned, 0, 8, true);
        return new Promise((resolve) => whenSettled(pinned, (error) => resolve(error === undefined)));
      };
      const promises = Array.from({ length: 5 }, start);
      global.gc();
      return Promise.all(promises);`);
    expect(result).toEqual([true, true, true, true, true]);
  });

  test('gives its errors the code even where createError throws or is taken away', () => {
    const result = withAddon(`
      const { run } = addon.open('', () => { throw new Error('mine'); });
      const [symbol] = Object.getOwnPropertySymbols(run);
      const holder = run[symbol];
      const message = (() => { try { run(999); } catch ({ message }) { return message; } })();
      return [message, Reflect.deleteProperty(run, symbol), Reflect.deleteProperty(holder, 'createError'),
        Reflect.set(holder, 'createError', null), Object.keys(run)];`);
    expect(result).toEqual(['mine', false, false, false, []]);
  });

  test('tells who waits, or throws, when a call of CUDA fails and createError does, too', () => {
    const result = withAddon(`
      const { allocate, allocatePinned, copy, whenSettled } = addon.open('', () => { throw new Error('mine'); });
      const [memory, pinned] = [allocate(0, 8), allocatePinned(8)];
      const outcome = (nth) => new Promise((resolve) => {
        copy(memory, 0, pinned, 0, 8, true);
        process.env.RSQRT_SIMULATED_FAIL = nth + ':' + nth;
        try {
          whenSettled(pinned, (error) => resolve(error === undefined ? 'done' : 'told ' + error.message));
        } catch ({ message }) { resolve('thrown ' + message); }
      });
      const outcomes = [];
      for (let nth = 1; outcomes.at(-1) !== 'done'; nth++) outcomes.push(await outcome(nth));
      return [...new Set(outcomes)];`);
    expect(result).toEqual(['thrown mine', 'told mine', 'done']);
  });

  test('ends with a worker that waits for copies', () => {
    const result = withAddon(`
      const { Worker } = require('node:worker_threads');
      const text = \`
        const addon = require(process.env.RSQRT_BINARY);
        const { parentPort } = require('node:worker_threads');
        const { allocate, allocatePinned, copy, whenSettled } = addon.open('', (code, message) => new Error(message));
        for (let i = 0; i < 20; i++) {
          const pinned = allocatePinned(8);
          copy(allocate(0, 8), 0, pinned, 0, 8, true);
          whenSettled(pinned, () => {});
        }
        parentPort.postMessage('');\`;
      const codes = [];
      for (let i = 0; i < 5; i++) {
        const worker = new Worker(text, { eval: true });
        await new Promise((resolve) => worker.once('message', resolve));
        codes.push(await worker.terminate());
      }
      return codes;`);
    expect(result).toEqual([1, 1, 1, 1, 1]);
  });
});
