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
