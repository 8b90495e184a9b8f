/**
 * A failure of every allocation of the addon in turn, on the simulated device: what comes of it is
 * the right result or `ERR_OUT_OF_MEMORY`, never an abort, a hang or a leak.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { node } from './support/command';
import { compileShared } from './support/compiled';
import { binaries } from './support/configurations';
import { covered, skip } from './support/coverage';

const SUITE = 'failed allocations';
const program = path.join(__dirname, 'support', 'failing-allocations.js');
const folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-allocations-'));
const [control, report] = ['failing_malloc.node', 'report'].map((name) => path.join(folder, name));
afterAll(() => rmSync(folder, { recursive: true }));

/** Why this suite cannot run here; null if it can. */
function obstacle(): string | null {
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined) return 'the stand-in for malloc is written for the GNU C library';
  if (process.env.RSQRT_TEST_EMULATED) return 'the processor is emulated; it would take too long';
  if (process.env.RSQRT_TEST_DEVICE === 'cuda') return 'the CUDA runtime itself ends the process';
  return null;
}

const reason = obstacle();
if (reason !== null) skip(SUITE, reason);
const possible = reason === null && compileShared('failing_malloc.c', control, SUITE);
const testOrSkip = possible ? test : test.skip;

/**
 * Runs Node with the stand-in, to its end and without a word on stderr; returns the JSON that it
 * printed.
 */
function run(args: string[], where: string, env: Record<string, string> = {}): unknown {
  const { code, stdout, stderr } = node(['--expose-gc', ...args], {
    env: { RSQRT_BINARY: binaries.simulated, RSQRT_SIMULATED_REPORT: report, LD_PRELOAD: control, ...env },
  });
  expect({ where, code, stderr }).toEqual({ where, code: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** What the simulated device says that was left behind, by kind. */
function leftBehind(): string[] {
  const text = readFileSync(report, 'utf8');
  rmSync(report);
  return text.match(/[1-9]\d* (allocations|pinned|streams|events|graphs|execs|pools|reserved)/g) ?? [];
}

const scenarios = JSON.parse(node([program], { env: { RSQRT_BINARY: binaries.simulated } }).stdout) as string[];
let failures = 0;
let thrown = 0;

interface Round {
  failures: number;
  thrown: number;
}

testOrSkip.each(scenarios)('%s', (scenario) => {
  const { first, second, left } = run([program, control, scenario], scenario) as Record<'first' | 'second', Round> & {
    left: number;
  };
  expect(leftBehind()).toEqual([]);
  // Caches may grow by a few, and a leak would be one block for each of the failures or so.
  expect(left).toBeLessThanOrEqual(4);
  for (const round of [first, second]) {
    failures += round.failures;
    thrown += round.thrown;
  }
});

testOrSkip.each(['once', 'from then on'])('the first work for threads: %s', (mode) => {
  for (let nth = 1; ; nth++) {
    const args = [program, control, 'an operation in several threads', String(nth), mode];
    const { failures: failed } = run(args, `allocation ${nth}`) as { failures: number };
    expect(leftBehind()).toEqual([]);
    if (failed > 0) continue;
    expect(nth).toBeGreaterThan(3);
    return;
  }
});

// Each in a process of its own: what is static is set up once. The first allocation is that of the
// memory that exceptions have when there is no other; without it and any other nothing can be
// thrown.
testOrSkip.each([
  ['once', '', 1],
  ['from then on', '+', 2],
] as const)('loading the addon in a process of its own: %s', (_, persistent, first) => {
  const text = `let outcome = 'loaded';
    const loaded = { exports: {} };
    try {
      process.dlopen(loaded, process.env.RSQRT_BINARY);
      loaded.exports.open('', (code, message) => Object.assign(new Error(message), { code }));
    } catch ({ code, message }) { outcome = code ?? message; }
    console.log(JSON.stringify({ outcome, failures: require(process.argv[1]).failed() }));`;
  const outcomes = new Set<string>();
  for (let nth: number = first; ; nth++) {
    const env = { FAILING_MALLOC: `${nth}${persistent}` };
    const { outcome, failures: failed } = run(['-e', text, control], `allocation ${nth}`, env) as Record<string, never>;
    if (failed === 0) break;
    expect({ nth, outcome }).toEqual({ nth, outcome: expect.stringMatching(/^(loaded|ERR_OUT_OF_MEMORY)$/) });
    outcomes.add(outcome);
    failures += failed;
  }
  expect(outcomes).toContain('ERR_OUT_OF_MEMORY');
});

testOrSkip('an addon that cannot be loaded for want of memory is a load error', () => {
  const text = `let outcome = 'loaded';
    try { require('rsqrt'); } catch ({ code, message }) { outcome = { code, message }; }
    console.log(JSON.stringify(outcome));`;
  const outcomes = [2, 3, 4].map((nth) => run(['-e', text], `allocation ${nth}`, { FAILING_MALLOC: String(nth) }));
  expect(outcomes).toContainEqual({
    code: 'ERR_LOAD',
    message: expect.stringContaining('out of memory as the addon is loaded'),
  });
  expect(outcomes).toContainEqual({ code: 'ERR_OUT_OF_MEMORY', message: 'out of memory in the addon' });
});

testOrSkip('there were many', () => {
  expect(thrown).toBeGreaterThan(400);
  covered(SUITE, `${failures} failed`, `${thrown} thrown`);
});
