/**
 * The pack for GPU machines as it is received there: outside the repository, with a PATH of its
 * own, on the simulated device. With a few suites; scripts/test-gpu-pack.mjs runs all of them, every
 * night (nightly.yml).
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { node, root } from './support/command';
import { covered, skip } from './support/coverage';
import { slowness, testUnlessEmulated } from './support/emulation';

/** What a command says of itself; nothing if it is missing. */
const versionOf = (command: string): string => spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? '';
const canPack = process.platform === 'linux' && versionOf('tar').includes('GNU') && versionOf('xz') !== '';
const received = (name: string, body: () => Promise<void>) =>
  canPack
    ? testUnlessEmulated('gpu-pack', 'packing would take too long')(name, body, 300_000 * slowness)
    : skip(`gpu-pack: ${name}`, 'packing takes Linux, GNU tar and xz');

let folder: string;
let results: string;
/** Where run.sh is to unpack; by default, in a temporary folder. */
let unpacked: string | undefined;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-gpu-pack-'));
  results = path.join(folder, 'results');
});
beforeEach(() => {
  unpacked = undefined;
});
afterEach(() => rmSync(results, { recursive: true, force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

/** Packs, for the first test that needs it. */
function prepare() {
  if (existsSync(path.join(folder, 'pack'))) return;
  const script = path.join(root, 'scripts', 'test-gpu-pack.mjs');
  const { code, stderr } = node([script, `--prepare=${folder}`], { timeout: 240_000 });
  expect([code, stderr]).toEqual([0, '']);
}

/** Starts run.sh in a process group of its own. */
function start(...options: string[]) {
  prepare();
  return spawn('./run.sh', ['test', '--simulated', ...options], {
    cwd: path.join(folder, 'pack'),
    env: { PATH: path.join(folder, 'bin'), OUT: results, TMPDIR: folder, UNPACK_TO: unpacked },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
}

const resultFile = (ending: string) => {
  const names = existsSync(results) ? readdirSync(results).filter((name) => name.endsWith(ending)) : [];
  return names.length === 0 ? '' : readFileSync(path.join(results, names[0]), 'utf8');
};
const report = () => JSON.parse(resultFile('.json'));
const lines = () =>
  resultFile('.jsonl')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

test('every suite that uses devices is known to scripts/gpu-suites.mjs', () => {
  const module = JSON.stringify(path.join(root, 'scripts', 'gpu-suites.mjs'));
  const program = `const { faultsOfLists } = await import(${module});
    console.log(faultsOfLists(${JSON.stringify(path.join(root, 'test'))}).join('\\n'));`;
  expect(node(['--input-type=module', '-e', program])).toEqual({ code: 0, stdout: '\n', stderr: '' });
});

test('a program that is ended at its time limit is ended with everything that it has started', () => {
  if (process.platform !== 'linux') return skip('gpu-pack: descendants at a time limit', 'takes /proc');
  const module = JSON.stringify(path.join(root, 'scripts', 'run-limited.mjs'));
  const program = `const { runLimited } = await import(${module});
    const shell = 'sleep 300 & echo $!; wait';
    const { timedOut, signal, stdout } = await runLimited('sh', ['-c', shell], { seconds: 2, capture: true });
    console.log(timedOut, signal, stdout.trim());`;
  const { stdout } = node(['--input-type=module', '-e', program]);
  expect(stdout).toMatch(/^true SIGKILL \d+\n$/);
  const sleeping = `/proc/${stdout.trim().split(' ')[2]}/cmdline`;
  expect(existsSync(sleeping) && readFileSync(sleeping, 'latin1').startsWith('sleep')).toBe(false);
});

received('it passes, and the comparison comes first', async () => {
  expect(await once(start('--suites=cuda-memory,out-dtype'), 'close')).toEqual([0, null]);
  const { passed, simulated, comparison, sanitizer, suites } = report();
  expect([passed, simulated]).toEqual([true, true]);
  expect(Object.keys(comparison.results['cuda:0'])).toEqual(['float16', 'bfloat16', 'float32', 'float64']);
  expect(sanitizer.exercise.passed).toBe(true);
  expect(Object.keys(suites.suites).sort()).toEqual(['cuda-memory', 'out-dtype']);
  expect(lines().map(({ part }) => part)).toEqual([
    ...Array(4).fill('comparison'),
    ...lines().flatMap(({ part }) => (part === 'sanitizer' ? [part] : [])),
    ...Array(2).fill('suites'),
  ]);
  expect(resultFile('test.log')).toContain('test-gpu: everything passed (SIMULATED)\n');
  covered('GPU pack', 'passes');
});

received('every suite finds what it loads', async () => {
  unpacked = path.join(folder, 'unpacked');
  expect(await once(start('--only=sanitizer'), 'close')).toEqual([0, null]);
  const suites = readdirSync(path.join(unpacked, 'test')).filter((name) => name.endsWith('.test.js'));
  expect(suites.length).toBeGreaterThan(15);
  const jest = path.join('node_modules', 'jest', 'bin', 'jest.js');
  const addon = path.join(unpacked, 'build-simulated', 'Release', 'rsqrt.node');
  const env = { RSQRT_BINARY: addon, RSQRT_SIMULATED_DEVICES: '1', RSQRT_TEST_DEVICE: 'simulated' };
  const { code, stderr } = node([jest, '--testNamePattern=^$', '--runInBand'], {
    cwd: unpacked,
    env,
    timeout: 240_000,
  });
  expect([code, stderr.match(/^Test Suites: .*$/m)?.[0]]).toEqual([
    0,
    `Test Suites: ${suites.length} skipped, 0 of ${suites.length} total`,
  ]);
  covered('GPU pack', 'every suite loads');
});

received('a run that is killed leaves the results of the suites that have ended', async () => {
  const killed = start('--only=suites', '--suites=out-dtype,torch-tests');
  while (killed.exitCode === null && lines().length === 0) await setTimeout(50);
  process.kill(-(killed.pid as number), 'SIGKILL');
  await once(killed, 'close');
  expect(lines()).toMatchObject([{ part: 'suites', passed: expect.any(Number), failed: 0 }]);
  expect(report()).toMatchObject({ passed: false, simulated: true });
  covered('GPU pack', 'killed');
});

received('a part that reaches its time limit fails, and the next one runs', async () => {
  expect(await once(start('--limit=0.01'), 'close')).toEqual([1, null]);
  const late = report();
  expect(late.comparison).toMatchObject({ passed: false, unfinished: 'its time of 0.01 s was up' });
  expect(late.sanitizer).toMatchObject({ passed: false, exercise: { output: 'its time of 0.01 s was up' } });
  expect(late.suites).toMatchObject({ passed: false, unfinished: 'its time of 0.01 s was up', suites: {} });
  expect(late.suites.missing).toContain('elementwise');
  covered('GPU pack', 'time limits');
});
