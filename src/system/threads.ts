/** How many threads an operation on the CPU uses. */

import { binding } from '../load/binding';
import { checkWhole } from '../support/checks';
import { rangeError, show } from '../support/errors';
import { usableCpus } from './cpus';

const { maxThreads } = binding.limits;

let threads: number;
use(defaultThreads());

/**
 * The largest number of threads that an operation on the CPU uses, including the calling one.
 *
 * Initially this is the environment variable `RSQRT_NUM_THREADS` or, if that is not set, the number
 * of CPUs that this process may use: those of its affinity mask, and no more than the CPU quota of
 * its container.
 *
 * @example
 * ```ts
 * setNumThreads(1);
 * console.log(getNumThreads()); // 1
 * ```
 */
export function getNumThreads(): number {
  return threads;
}

/**
 * Sets the largest number of threads that an operation on the CPU uses, including the calling one.
 * Results do not depend on it. Small tensors are computed by the calling thread alone.
 *
 * The setting applies to this copy of the package in this worker, so a worker that sets 1 does not
 * slow the others down. All workers of the process share the threads. They start when they are
 * first needed and sleep when idle. There are as many as the largest setting in use needs, not that
 * many per worker.
 *
 * @param n a whole number from 1 to 1024
 * @throws TypeError if `n` is not a number
 * @throws RangeError if `n` is not a whole number from 1 to 1024
 */
export function setNumThreads(n: number): void {
  use(checkWhole(n, 'setNumThreads: n', 1, maxThreads));
}

function use(n: number): void {
  binding.setNumThreads(n);
  threads = n;
}

function defaultThreads(): number {
  const text = process.env.RSQRT_NUM_THREADS;
  if (!text) return Math.min(usableCpus(), maxThreads);
  const n = /^\d+$/.test(text) ? Number(text) : 0;
  if (n >= 1 && n <= maxThreads) return n;
  throw rangeError(`RSQRT_NUM_THREADS must be an integer from 1 to ${maxThreads}; received ${show(text)}`);
}
