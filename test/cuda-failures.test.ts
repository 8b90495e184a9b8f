/** A failure of the CUDA runtime in every call in turn, through the public API, on the simulated device. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { node } from './support/command';
import { binaries } from './support/configurations';
import { covered } from './support/coverage';
import { LATE } from './support/simulated';

const [ALLOCATION, STICKY, UNKNOWN] = [2, 700, 999];
const FIRST = 'the first calls on two devices';

const program = path.join(__dirname, 'support', 'failing-calls.js');
const folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-failures-'));
const [log, report] = ['log', 'report'].map((name) => path.join(folder, name));
afterAll(() => rmSync(folder, { recursive: true }));

const thrown = new Map<string, number>();
const swallowed = new Map<string, number>();
const sum = (table: Iterable<number>): number => [...table].reduce((total, count) => total + count, 0);

/** Runs a scenario in a process of its own; returns how many calls failed, of which nothing may be left behind. */
function run(scenario: string, code: number, once: number | undefined, env: Record<string, string> = {}): number {
  const {
    code: status,
    stdout,
    stderr,
  } = node([program, scenario, String(code), ...(once === undefined ? [] : [String(once)])], {
    env: {
      RSQRT_BINARY: binaries.simulated,
      RSQRT_SIMULATED_DELAY: LATE,
      RSQRT_SIMULATED_FAIL_LOG: log,
      RSQRT_SIMULATED_REPORT: report,
      ...env,
    },
  });
  // Copies from a device that is lost may take the other with them.
  const told = code === STICKY ? /^(rsqrt simulated device \d failed: .*\n){0,2}$/ : /^$/;
  const where = `${scenario}, error ${code}, call ${once ?? 'by call'}`;
  expect({ where, status, stderr }).toEqual({ where, status: 0, stderr: expect.stringMatching(told) });
  const left = readFileSync(report, 'utf8')
    .replace(/; device .*/, '')
    .trim();
  rmSync(report);
  // The memory of a device that is lost cannot be freed.
  const allocations = code === STICKY ? /\d+ allocations \(\d+ bytes\)/ : /0 allocations \(0 bytes\)/;
  expect({ where, left }).toEqual({
    where,
    left: expect.stringMatching(RegExp(`${allocations.source}, 0 ${NOTHING}$`)),
  });
  const tally = JSON.parse(stdout) as Record<'thrown' | 'swallowed', Record<string, number>>;
  for (const [total, counts] of [
    [thrown, tally.thrown],
    [swallowed, tally.swallowed],
  ] as const) {
    for (const [name, count] of Object.entries(counts)) total.set(name, (total.get(name) ?? 0) + count);
  }
  return sum(Object.values(tally.thrown)) + sum(Object.values(tally.swallowed));
}
const NOTHING = 'reserved bytes, 0 pools, 0 pinned blocks, 0 streams, 0 events, 0 graphs, 0 execs';

const scenarios = JSON.parse(node([program], { env: { RSQRT_BINARY: binaries.simulated } }).stdout) as string[];

test.each(scenarios.filter((name) => name !== FIRST))('%s', (scenario) => {
  const calls = run(scenario, UNKNOWN, undefined);
  expect(calls).toBeGreaterThan(4);
  // Not as many to the call: a thread that waits for events has its own pace.
  expect(run(scenario, ALLOCATION, undefined)).toBeGreaterThan(4);
  run(scenario, STICKY, Math.ceil(calls / 2));
});

test.each(['creation on a device', 'to another device and dtype', 'memory statistics'])(
  '%s, without pools',
  (scenario) => {
    expect(run(scenario, UNKNOWN, undefined, { RSQRT_SIMULATED_POOLS: '0' })).toBeGreaterThan(4);
  },
);

test(FIRST, () => {
  let calls = 0;
  for (; run(FIRST, UNKNOWN, calls + 1) > 0; calls++) if (calls % 6 === 0) run(FIRST, STICKY, calls + 1);
  expect(calls).toBeGreaterThan(50);
});

test('all kinds of calls have failed', () => {
  expect([...thrown.keys()]).toEqual(
    expect.arrayContaining([
      'cudaMalloc',
      'cudaMallocFromPoolAsync',
      'cudaLaunchKernel',
      'cudaMemcpyAsync',
      'cudaMemcpyPeerAsync',
      'cudaEventRecord',
      'cudaStreamWaitEvent',
      'cudaEventSynchronize',
      'cudaHostAlloc',
      'cudaStreamBeginCapture',
      'cudaStreamEndCapture',
      'cudaGraphInstantiate',
      'cudaGraphLaunch',
      'cudaStreamCreateWithFlags',
      'cudaMemPoolCreate',
    ]),
  );
  // What releases something, or puts back the current device, has nobody to throw to; waiting that comes before it, neither.
  // Where memory cannot be page-locked of which nobody asked that, ordinary memory does.
  expect(
    [...swallowed.keys()].filter(
      (name) => !/Free|Destroy|SetDevice|EventRecord|WaitEvent|MallocFromPool|HostAlloc/.test(name),
    ),
  ).toEqual([]);
  const names = [...new Set([...thrown.keys(), ...swallowed.keys()])];
  covered('failures of CUDA', `${sum(thrown.values())} thrown`, `${sum(swallowed.values())} swallowed`);
  covered('CUDA functions that failed', ...names);
});
