// Compares the time of programs in cache with that of the same expressions as loops fused by hand in
// C++ (native/test/speed.cpp). Below Node, because no public operation is such a program yet.

import { spawnSync } from 'node:child_process';
import { buildNativeTest } from '../scripts/native-test.mjs';
import { alignRight, duration } from './report.mjs';

/**
 * How much longer a program may take than the fused loop, on the widest instruction set. Not for
 * 3,072 elements, where what each row costs shows (decision 57).
 */
const LIMIT = 1.15;
const SMALLEST = 4096;

/**
 * Measures and prints. Returns the cases: expression, isa, size (elements), and the medians of
 * `program` and `fused` in nanoseconds of processor time per call.
 */
export function comparePrograms() {
  const { status, stdout, stderr } = spawnSync(buildNativeTest('build-native'), ['speed'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`native-test speed ended with ${status}: ${stderr}`);
  const cases = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const rows = cases.map(({ expression, isa, size, program, fused }) => [
    `${expression}, ${isa}`,
    size.toLocaleString('en'),
    duration(program),
    duration(fused),
    (program / fused).toFixed(2),
  ]);
  console.log('\nPrograms in cache, one thread: processor time, and that divided by that of a loop fused by hand\n');
  for (const line of alignRight([['expression', 'elements', 'program', 'fused', 'ratio'], ...rows])) console.log(line);
  const widest = cases.filter(({ isa, size }) => isa === cases[0].isa && size >= SMALLEST);
  const highest = Math.max(...widest.map(({ program, fused }) => program / fused));
  const verdict = highest <= LIMIT ? 'met' : 'NOT MET';
  console.log(
    `\nTarget on ${cases[0].isa}, from 4,096 elements: at most ${LIMIT}, measured ${highest.toFixed(2)}: ${verdict}`,
  );
  return cases;
}
