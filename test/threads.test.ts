/** Threads on the CPU: how many by default and by request, the same bits whatever their number, and clean ends. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import * as path from 'node:path';
import { cpuQuota, usableCpus } from '../src/system/cpus';
import { node, root } from './support/command';
import { configurations, load } from './support/configurations';
import { covered, skip } from './support/coverage';

const linux = process.platform === 'linux';

/** Runs a program of the built package with so many threads; what it prints, if it ended well. */
function program(text: string, threads: number | string = 3, args: string[] = []): string {
  const start = Date.now();
  const outcome = node(['-e', text, ...args], { env: { RSQRT_NUM_THREADS: String(threads) } });
  if (outcome.code !== 0) {
    throw new Error(`ended with ${outcome.code} after ${Date.now() - start} ms\n${outcome.stdout}${outcome.stderr}`);
  }
  return outcome.stdout.trim();
}

// ---------------------------------------------------------------- how many

describe('the number of threads', () => {
  const printed = 'console.log(require("rsqrt").getNumThreads(), require("rsqrt").info().threads)';

  test('is at first that of the CPUs this process may use', () => {
    const expected = usableCpus();
    expect(expected).toBeLessThanOrEqual(availableParallelism());
    expect(program(printed, '')).toBe(`${expected} ${expected}`);
    covered('threads', `default ${expected}`);
  });

  test('follows the affinity mask', () => {
    const { status, stdout, error } = spawnSync('taskset', ['-c', '0', process.execPath, '-e', printed], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, RSQRT_NUM_THREADS: '' },
    });
    if (error !== undefined) return skip('threads under an affinity mask', 'taskset was not found');
    if (status !== 0) return skip('threads under an affinity mask', 'this process may not use CPU 0');
    expect(stdout).toBe('1 1\n');
    covered('threads', 'affinity mask');
  });

  test.each(['1', '7', '1024', '07'])('is RSQRT_NUM_THREADS=%s', (text) => {
    expect(program(printed, text)).toBe(`${Number(text)} ${Number(text)}`);
  });

  test.each(['0', '1025', '-1', '2.5', '2 ', 'two', '1e2', '99999999999999999999'])(
    "is never RSQRT_NUM_THREADS='%s'",
    (text) => {
      const { code, stdout, stderr } = node([path.join('dist', 'cli.js'), '4'], { env: { RSQRT_NUM_THREADS: text } });
      const message = `rsqrt: RSQRT_NUM_THREADS must be an integer from 1 to 1024; received '${text}'\n`;
      expect([code, stdout, stderr]).toEqual([2, '', message]);
    },
  );

  test('belongs to a copy of the package', () => {
    const [one, other] = [load('local'), load('local')];
    const before = other.getNumThreads();
    for (const n of [1, 2, 1024, 5]) {
      one.setNumThreads(n);
      expect([one.getNumThreads(), one.info().threads, other.getNumThreads()]).toEqual([n, n, before]);
    }
  });

  test('stays as it was after a wrong call', () => {
    const rsqrt = load('local');
    rsqrt.setNumThreads(3);
    expect(() => rsqrt.setNumThreads(0)).toThrow(RangeError);
    expect(rsqrt.getNumThreads()).toBe(3);
  });
});

describe('the CPU quota', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-quota-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const v1 = (quota: string, period = '100000') => ({
    'cpu.cfs_quota_us': `${quota}\n`,
    'cpu.cfs_period_us': `${period}\n`,
  });
  const v2 = (text: string) => ({ 'cpu.max': `${text}\n` });
  const lines = (...text: string[]) => `${text.join('\n')}\n`;
  /** A folder of sys/fs/cgroup, and the files in it. */
  type Groups = Record<string, Record<string, string>>;

  test.each<[string, string | null, Groups, number]>([
    ['no files at all', null, {}, Infinity],
    ['an empty list of groups', '', {}, Infinity],
    ['garbage for a list', '\0\xff:::\n0\n::\n0:/x\n-1:cpu:/x\n', { '': v2('100000 100000') }, Infinity],
    ['version 2, no quota', '0::/\n', { '': v2('max 100000') }, Infinity],
    ['version 2, the root has no cpu.max', '0::/\n', { '': {} }, Infinity],
    ['version 2 in a container', '0::/\n', { '': v2('250000 100000') }, 2.5],
    ['version 2, another period', '0::/\n', { '': v2('30000 10000') }, 3],
    ['version 2, its own group', '0::/a/b\n', { 'a/b': v2('150000 100000') }, 1.5],
    ['version 2, a group above', '0::/a/b/c\n', { 'a/b/c': v2('max 100000'), a: v2('200000 100000') }, 2],
    [
      'version 2, the least of all',
      '0::/a/b\n',
      { '': v2('700000 100000'), a: v2('50000 100000'), 'a/b': v2('300000 100000') },
      0.5,
    ],
    ['version 2, a neighbour', '0::/a\n', { b: v2('100000 100000'), 'a/b': v2('100000 100000') }, Infinity],
    ['version 2, the path of the host', '0::/docker/4f\n', { '': v2('400000 100000') }, 4],
    [
      'version 2, outside of the namespace',
      '0::/../../other\n',
      { '': v2('400000 100000'), '../../other': v2('100000 100000') },
      4,
    ],
    ['version 2, a name with a colon', '0::/a:b\n', { 'a:b': v2('600000 100000') }, 6],
    ['version 2, without a period', '0::/\n', { '': v2('400000') }, Infinity],
    ['version 2, a period of 0', '0::/\n', { '': v2('400000 0') }, Infinity],
    ['version 2, a quota of 0', '0::/\n', { '': v2('0 100000') }, Infinity],
    ['version 2, a negative quota', '0::/\n', { '': v2('-5 100000') }, Infinity],
    ['version 2, garbage', '0::/a\n', { '': v2('300000 100000'), a: v2('lots and lots') }, 3],
    ['version 2, an empty file', '0::/\n', { '': { 'cpu.max': '' } }, Infinity],
    ['version 1, no quota', '3:cpu:/\n', { cpu: v1('-1') }, Infinity],
    ['version 1', lines('12:pids:/x', '3:cpu,cpuacct:/'), { 'cpu,cpuacct': v1('350000') }, 3.5],
    ['version 1, by the link', '3:cpuacct,cpu:/a\n', { 'cpu/a': v1('200000', '50000') }, 4],
    ['version 1, nested', '3:cpu:/a/b\n', { 'cpu/a/b': v1('-1'), 'cpu/a': v1('300000'), cpu: v1('800000') }, 3],
    ['version 1, the path of the host', '3:cpu:/docker/4f\n', { cpu: v1('100000') }, 1],
    ['version 1, no period', '3:cpu:/\n', { cpu: { 'cpu.cfs_quota_us': '100000\n' } }, Infinity],
    ['version 1, garbage', '3:cpu:/\n', { cpu: v1('many') }, Infinity],
    [
      'version 1, of other controllers',
      lines('3:cpuset:/', '4:cpuacct:/'),
      { cpuset: v1('100000'), cpuacct: v1('100000') },
      Infinity,
    ],
    ['both versions', lines('3:cpu:/', '0::/a'), { cpu: v1('500000'), a: v2('200000 100000') }, 2],
    ['both versions, version 1 is less', lines('3:cpu:/', '0::/a'), { cpu: v1('150000'), a: v2('max 100000') }, 1.5],
  ])('%s', (_name, groups, tree, quota) => {
    if (groups !== null) {
      mkdirSync(path.join(folder, 'proc', 'self'), { recursive: true });
      writeFileSync(path.join(folder, 'proc', 'self', 'cgroup'), groups, 'latin1');
    }
    for (const [group, files] of Object.entries(tree)) {
      const at = path.join(folder, 'sys', 'fs', 'cgroup', group);
      mkdirSync(at, { recursive: true });
      for (const [name, text] of Object.entries(files)) writeFileSync(path.join(at, name), text);
    }
    expect(cpuQuota(folder)).toBe(quota);
  });

  test.each([
    ['50000 100000', 8, 1],
    ['250000 100000', 8, 2],
    ['299999 100000', 8, 2],
    ['800000 100000', 4, 4],
    ['max 100000', 4, 4],
  ])('of %s and %i CPUs make %i threads', (text, allowed, threads) => {
    mkdirSync(path.join(folder, 'proc', 'self'), { recursive: true });
    writeFileSync(path.join(folder, 'proc', 'self', 'cgroup'), '0::/\n');
    mkdirSync(path.join(folder, 'sys', 'fs', 'cgroup'), { recursive: true });
    writeFileSync(path.join(folder, 'sys', 'fs', 'cgroup', 'cpu.max'), text);
    expect(usableCpus(folder, allowed)).toBe(threads);
  });

  test('that is a folder, or a file where a folder should be, is none', () => {
    mkdirSync(path.join(folder, 'proc', 'self'), { recursive: true });
    mkdirSync(path.join(folder, 'sys', 'fs', 'cgroup', 'cpu.max'), { recursive: true });
    writeFileSync(path.join(folder, 'sys', 'fs', 'cgroup', 'a'), '');
    writeFileSync(path.join(folder, 'proc', 'self', 'cgroup'), '0::/a/b\n');
    expect(cpuQuota(folder)).toBe(Infinity);
  });
});

// ---------------------------------------------------------------- the same bits

describe('1, 2 and 7 threads give the same bits', () => {
  const GRAIN = 16384; // native/cpu/run.cpp
  const around = (n: number) => [n - 1, n, n + 1];
  const sizes = [1, 1000, ...[1, 2, 3, 7, 16].flatMap((grains) => around(grains * GRAIN)), 300_007];
  const most = 300_007;
  const bits = new Uint32Array(2 * most + 2);
  let state = 1;
  for (let i = 0; i < bits.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bits[i] = state ^ (state >>> 15);
  }

  const cpus = configurations.filter(({ device }) => device === 'cpu');
  test.each(cpus.map(({ isa, rsqrt }) => [isa, rsqrt] as const))('%s', (isa, rsqrt) => {
    const before = rsqrt.getNumThreads();
    for (const dtype of ['float32', 'float64'] as const) {
      const [FloatArray, width] = dtype === 'float32' ? [Float32Array, 1] : [Float64Array, 2];
      for (const n of sizes) {
        // One element past the start, and one more behind: what lies around the result must stay.
        const x = rsqrt.asTensor(new FloatArray(bits.buffer, width * 4, n));
        const compute = (threads: number) => {
          const memory = new FloatArray(n + 2).fill(-7); // no result is negative but −inf
          rsqrt.setNumThreads(threads);
          rsqrt.rsqrt(x, { out: rsqrt.asTensor(memory.subarray(1, n + 1)) });
          return Buffer.from(memory.buffer);
        };
        const alone = compute(1);
        const values = new FloatArray(alone.buffer, alone.byteOffset, n + 2);
        expect([values[0], values[n + 1], values.indexOf(-7, 1)]).toEqual([-7, -7, n + 1]);
        for (const threads of [2, 7]) {
          if (!compute(threads).equals(alone)) throw new Error(`${n} × ${dtype} differ with ${threads} threads`);
        }
      }
    }
    rsqrt.setNumThreads(before);
    covered('threads', `1, 2 and 7 agree (${isa})`);
  });
});

// ---------------------------------------------------------------- many callers, and clean ends

/** What the programs below start with: the package, x with known results, and the helper threads there are. */
const prelude = `
  const fs = require('node:fs');
  const { Worker, isMainThread, parentPort } = require('node:worker_threads');
  const helpers = () => fs.readdirSync('/proc/self/task')
    .map((task) => { try { return fs.readFileSync('/proc/self/task/' + task + '/comm', 'utf8').trim(); } catch { return ''; } })
    .filter((name) => name.startsWith('rsqrt-')).sort().join();
  function compute(times, n = 300_000) {
    const { asTensor, rsqrt } = require('rsqrt');
    const x = asTensor(Float32Array.from({ length: n }, (_, i) => 1 + (i % 97)));
    const expected = Float32Array.from({ length: n }, (_, i) => 1 / Math.sqrt(1 + (i % 97)));
    for (let i = 0; i < times; i++) {
      const out = new Float32Array(n);
      rsqrt(x, { out: asTensor(out) });
      if (Buffer.compare(Buffer.from(out.buffer), Buffer.from(expected.buffer)) !== 0) throw new Error('a wrong result');
    }
  }
  /** Runs a function in a worker. */
  const start = (body) => new Worker(prelude + '(' + body + ')()', { eval: true });
  const ended = (worker) => new Promise((resolve, reject) => worker.on('error', reject).on('exit', resolve));
`;
const withPrelude = (text: string) => `const prelude = ${JSON.stringify(prelude)}; ${prelude} ${text}`;

const onLinux = linux ? test : test.skip;
if (!linux) skip('helper threads counted', 'their names are read from /proc');

onLinux('helpers start when they are needed, no more than that, and are shared', () => {
  const text = withPrelude(`(async () => {
    const counts = [];
    const { asTensor, rsqrt, setNumThreads } = require('rsqrt');
    rsqrt(asTensor(new Float32Array(10_000)));
    counts.push(helpers());
    setNumThreads(1);
    compute(2, 2_000_000);
    counts.push(helpers());
    setNumThreads(3);
    compute(2, 2_000_000);
    counts.push(helpers());
    await Promise.all(Array.from({ length: 4 }, () => ended(start(() => compute(20)))));
    setNumThreads(2);
    compute(2, 2_000_000);
    counts.push(helpers());
    setNumThreads(4);
    compute(2, 2_000_000);
    counts.push(helpers());
    console.log(JSON.stringify(counts));
  })()`);
  expect(JSON.parse(program(text, 3))).toEqual([
    '',
    '',
    'rsqrt-0,rsqrt-1',
    'rsqrt-0,rsqrt-1',
    'rsqrt-0,rsqrt-1,rsqrt-2',
  ]);
  covered('threads', 'counted');
});

test('8 workers compute at a time, with 4 threads each', () => {
  const text = withPrelude(`
    Promise.all(Array.from({ length: 8 }, () => ended(start(() => { compute(40); compute(10, 40_000); }))))
      .then((codes) => console.log(codes.join()));`);
  expect(program(text, 4)).toBe('0,0,0,0,0,0,0,0');
  covered('threads', 'worker threads at a time');
});

// The main thread does not load the addon: Node closes it with every worker. It stays loaded all the same (cmake/link.cmake), but
// without threads.
test('workers that alone hold the addon end 20 times, and the process lives on', () => {
  const text = withPrelude(`(async () => {
    for (let i = 0; i < 20; i++) {
      await ended(start(() => compute(3)));
      if (fs.existsSync('/proc/self/task') && helpers() !== '') throw new Error('threads of the addon were left');
    }
    await Promise.all(Array.from({ length: 6 }, () => ended(start(() => compute(1)))));
    await new Promise((resolve) => setTimeout(resolve, 50));
    compute(3);
    console.log('alive');
  })()`);
  expect(program(text, 4)).toBe('alive');
  covered('threads', 'addon closed with its last worker');
});

test.each([
  ['that alone hold the addon', ''],
  ['beside a main thread that computes too', 'compute(2);'],
])('workers %s are terminated while they compute', (_name, main) => {
  const text = withPrelude(`(async () => {
    for (let i = 0; i < 12; i++) {
      const worker = start(() => { compute(1); parentPort.postMessage('ready'); for (;;) compute(5, 1_000_000); });
      await new Promise((resolve) => worker.once('message', resolve));
      ${main}
      await new Promise((resolve) => setTimeout(resolve, i % 5));
      await worker.terminate();
    }
    console.log('alive');
  })()`);
  expect(program(text, 4)).toBe('alive');
  covered('threads', 'worker.terminate()');
});

test.each<[string, string]>([
  ['right after a computation', 'compute(1); process.exit(7);'],
  ['in a callback', 'setImmediate(() => { compute(1); process.exit(7); });'],
  ['in a promise', 'Promise.resolve().then(() => { compute(1); process.exit(7); });'],
  ['while an "exit" listener computes', "compute(1); process.on('exit', () => compute(1)); process.exit(7);"],
  [
    'while workers compute',
    `let ready = 0;
     for (let i = 0; i < 3; i++) {
       start(() => { compute(1); parentPort.postMessage('ready'); for (;;) compute(5); })
         .once('message', () => { if (++ready === 3) { compute(1); process.exit(7); } });
     }`,
  ],
  [
    'after a worker that exits by itself',
    'compute(1); ended(start(() => { compute(1); process.exit(9); })).then((code) => process.exit(code - 2));',
  ],
])('process.exit() %s', (_name, body) => {
  const { code, stdout, stderr } = node(['-e', withPrelude(body)], { env: { RSQRT_NUM_THREADS: '4' } });
  expect([code, stdout, stderr]).toEqual([7, '', '']);
  covered('threads', 'process.exit()');
});
