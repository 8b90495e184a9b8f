#!/usr/bin/env node
// Runs the native test program under sanitizers. Any finding is a failure.
//
//   node scripts/sanitize.mjs [--only address|thread]
//
// address: all quick parts under AddressSanitizer and UndefinedBehaviorSanitizer. User memory may
// start at any byte, so the parts also run on misaligned elements. A million corrupt programs are
// tried. Nothing is suppressed.
// thread: jobs with several threads, random programs, and the simulated device with one stream per thread, under
// ThreadSanitizer.

import { parseArgs } from 'node:util';
import { buildNativeTest, runNativeTest } from './native-test.mjs';

const runs = [
  {
    name: 'address',
    sanitize: 'address,undefined,float-cast-overflow',
    parts: ['--corrupt=1000000'], // all quick ones
    env: { ASAN_OPTIONS: 'detect_stack_use_after_return=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  },
  {
    name: 'thread',
    sanitize: 'thread',
    parts: ['concurrent', 'device', 'backend', 'gpu-dense', 'gpu-draws', 'barriers', 'programs', '--programs=2000'],
    env: {},
  },
];

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = runs.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`--only must be address or thread; received '${values.only}'`);
let clean = true;
for (const { name, sanitize, parts, env } of chosen) {
  console.log(`sanitize: ${sanitize}`);
  clean = runNativeTest(buildNativeTest(`build-sanitize/${name}`, sanitize), parts, env) && clean;
}
console.log(`sanitize: ${clean ? 'clean' : 'FAILED'}`);
process.exitCode = clean ? 0 : 1;
