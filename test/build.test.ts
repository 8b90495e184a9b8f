/** What the build says on a machine that lacks something: one sentence, before anything is built. */

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { node, root } from './support/command';
import { covered, skip } from './support/coverage';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A command on the PATH of the build that only tells its version. */
function fake(name: string, version: string) {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '${name} version ${version}'\n`);
  chmodSync(file, 0o755);
}

const build = (args: string[] = [], preload: string[] = []) =>
  node([...preload, path.join(root, 'scripts', 'build.mjs'), ...args], { env: { PATH: folder, CXX: '' } });

test.each<[string, () => void, RegExp]>([
  [
    'CMake',
    () => {},
    /^rsqrt: building needs CMake 3\.18 or newer: install it, on Debian with "apt-get install cmake"\.\n$/,
  ],
  [
    'a newer CMake',
    () => fake('cmake', '3.16.3'),
    /^rsqrt: building needs CMake 3\.18 or newer, this is 3\.16\.3: install a newer one\.\n$/,
  ],
  [
    'a compiler',
    () => fake('cmake', '3.25.1'),
    /^rsqrt: building needs a C\+\+20 compiler \(c\+\+, g\+\+, clang\+\+ not found\): install one, .*\n$/,
  ],
  [
    'make or ninja',
    () => {
      fake('cmake', '3.25.1');
      fake('c++', '12.2.0');
    },
    /^rsqrt: building needs make or ninja: install one, on Debian with "apt-get install make"\.\n$/,
  ],
])('without %s', (_, prepare, sentence) => {
  prepare();
  const { code, stderr, stdout } = build();
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(sentence);
  covered('build', 'what is missing is named');
});

test('on a Node that is too old', () => {
  const preload = path.join(folder, 'old.cjs');
  writeFileSync(
    preload,
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } });",
  );
  const { code, stderr } = build([], ['--require', preload]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^rsqrt: building needs Node 20\.17\.0 or newer, this is v.*: install a newer one from .*\n$/);
});

test('with a value of --cuda that there is not', () => {
  const { code, stderr } = build(['--cuda=maybe']);
  expect([code, stderr]).toEqual([1, "rsqrt: --cuda must be auto, on, off or simulated; received 'maybe'.\n"]);
});

test('CUDA=ON without nvcc fails, and names what to do', () => {
  // Hides every place where cmake/cuda.cmake looks; the compilers lie elsewhere.
  const hidden = ['/usr/local', '/opt', '/usr/lib/nvidia-cuda-toolkit'].join(';');
  const args = [
    '-S',
    root,
    '-B',
    folder,
    '-DCUDA=ON',
    `-DCMAKE_IGNORE_PREFIX_PATH=${hidden}`,
    `-DCMAKE_IGNORE_PATH=${nvccFolders()}`,
  ];
  let output = '';
  try {
    execFileSync('cmake', args, {
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, CUDACXX: '', CUDA_HOME: '', CUDA_PATH: '' },
    });
  } catch (error) {
    output = (error as { stderr: string }).stderr.replace(/\s+/g, ' ');
  }
  if (/CMAKE_IGNORE_PREFIX_PATH/.test(output)) return skip('CUDA=ON without nvcc', 'this CMake cannot hide a folder');
  expect(output).toContain('CUDA=ON, but nvcc was not found: install the CUDA toolkit (12.0 or newer)');
  covered('build', 'CUDA=ON without nvcc');
});

/** The folders in which a toolkit's nvcc may lie. */
function nvccFolders(): string {
  const toolkits = ['/usr/local', '/opt'].flatMap((parent) =>
    existsSync(parent) ? readdirSync(parent).map((name) => path.join(parent, name, 'bin')) : [],
  );
  return ['/usr/local/bin', ...toolkits.filter((name) => name.includes('cuda'))].join(';');
}
