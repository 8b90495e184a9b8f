/**
 * For runs on an emulated processor (scripts/test-arm64.mjs): everything takes 5 to 50 times as
 * long, and the system's numbers for a process are those of the emulator.
 */

import { skip } from './coverage';

/** How many times slower than usual this machine is, for time limits. */
export const slowness = Number(process.env.RSQRT_TEST_SLOWNESS ?? 1);

const emulated = process.env.RSQRT_TEST_EMULATED !== undefined;

/**
 * The number of cases to try: `all`, or fewer where the processor is emulated, which is then noted.
 */
export function sampled(what: string, all: number, few: number): number {
  if (!emulated) return all;
  skip(`${what}: ${all - few} of ${all}`, 'the processor is emulated; all would take too long');
  return few;
}

/** The same for a list. */
export function thinned<T>(what: string, all: T[], keep: (each: T) => boolean): T[] {
  const few = emulated ? all.filter(keep) : all;
  sampled(what, all.length, few.length);
  return few;
}

/** A test that only a real processor can pass. It is skipped, with a note, on an emulated one. */
export function testUnlessEmulated(suite: string, reason: string): jest.It {
  if (!emulated) return test;
  const note = (name: string) => skip(`${suite}: ${name}`, `the processor is emulated: ${reason}`);
  return note as unknown as jest.It;
}
