#!/usr/bin/env node
// Runs the native test program under sanitizers. Any finding is a failure.
//
//   node scripts/sanitize.mjs [--only address|thread] [--quick]
//
// address: all quick parts under AddressSanitizer and UndefinedBehaviorSanitizer. User memory may
// start at any byte, so the parts also run on misaligned elements. Tries 100,000 random programs and
// a million corrupt ones. Nothing is suppressed.
// thread: jobs with several threads, random programs, and the simulated device with one stream per
// thread, under ThreadSanitizer.
//
// --quick, for every commit, tries fewer float64s, layouts and programs, lets every sixth call of the
// CUDA runtime fail, and looks for races with one instruction set: threads share work in the same way
// with each. The search for races leaves out the tests of single GPU kernels.

import { parseArgs } from 'node:util';
import { buildNativeTest, runNativeTest } from './native-test.mjs';

const { values } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const amounts = values.quick
  ? ['--float64=200000', '--layouts=4', '--programs=500', '--corrupt=20000', '--thin=6']
  : ['--programs=100000', '--corrupt=1000000'];
const runs = [
  {
    name: 'address',
    sanitize: 'address,undefined,float-cast-overflow',
    options: [],
    parts: amounts, // all quick ones
    env: { ASAN_OPTIONS: 'detect_stack_use_after_return=1', UBSAN_OPTIONS: 'print_stacktrace=1' },
  },
  {
    name: 'thread',
    sanitize: 'thread',
    options: [`-DONE_INSTRUCTION_SET=${values.quick ? 'ON' : 'OFF'}`],
    parts: [
      'concurrent',
      'device',
      'backend',
      'barriers',
      'programs',
      ...(values.quick ? [] : ['gpu-dense', 'gpu-draws']),
      ...amounts,
      `--programs=${values.quick ? 300 : 2000}`,
    ],
    env: {},
  },
];

const chosen = runs.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) throw new Error(`--only must be address or thread; received '${values.only}'`);
let clean = true;
for (const { name, sanitize, options, parts, env } of chosen) {
  console.log(`sanitize: ${sanitize}`);
  const program = buildNativeTest(`build-sanitize/${name}`, [`-DSANITIZE=${sanitize}`, ...options]);
  clean = runNativeTest(program, parts, env) && clean;
}
console.log(`sanitize: ${clean ? 'clean' : 'FAILED'}`);
process.exitCode = clean ? 0 : 1;
