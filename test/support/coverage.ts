/**
 * Collects what the suites covered and skipped in all worker processes, for the summary at the end.
 */

import { appendFileSync } from 'node:fs';

export type Entry = { skipped: string; reason: string } | { covered: string; values: string[] };

/** A file that the reporter makes before the run and reads after it. */
const file = process.env.RSQRT_TEST_COVERAGE;

function write(entry: Entry): void {
  if (file) appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

/** Notes a test that cannot run here, with the reason. */
export const skip = (skipped: string, reason: string): void => write({ skipped, reason });

/** Notes values of a dimension of the test table that were tested: covered('dtype', 'float32'). */
export const covered = (dimension: string, ...values: string[]): void => write({ covered: dimension, values });
