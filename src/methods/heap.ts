/**
 * Limits on how many JavaScript values are made at once. V8 ends the process when its heap is full,
 * so a call that would need too much of the heap is refused before it starts.
 */

import { getHeapStatistics } from 'node:v8';
import { type DType, kindOf } from '../dtype/dtype';
import type { Sizes } from '../layout/layout';
import { rangeError } from '../support/errors';

const MIB = 2 ** 20;

/** A quarter of the heap that V8 allows itself by default on a machine with 2 GiB of memory. */
const MAX_BYTES = 256 * MIB;

// Calls below this size skip the query. If this were a quarter of the heap, the package would not
// load.
const ALWAYS_FITS = 2 * MIB;

// Bytes in V8 without pointer compression, as measured.
const SLOT = 8;
const ARRAY = 48; // the array, and the list of its slots
const BIGINT = 24;
const COMPLEX = 72; // the object, and two numbers outside of it
const TENSOR = 240;

/** About how many bytes nested arrays of the elements of a tensor take. */
export function bytesOfNested(shape: Sizes, dtype: DType): number {
  let bytes = 0;
  let count = 1; // the number of arrays in one dimension, and finally of elements
  for (const size of shape) {
    bytes += count * (ARRAY + size * SLOT);
    count *= size;
  }
  if (kindOf(dtype) === 'complex') return bytes + count * COMPLEX;
  return dtype === 'int64' ? bytes + count * BIGINT : bytes;
}

/** About how many bytes `count` views of `ndim` dimensions take. */
export const bytesOfViews = (count: number, ndim: number): number => count * (SLOT + TENSOR + ndim * 2 * SLOT);

/**
 * Throws `RangeError` if values of `bytes` bytes exceed 256 MiB, or a quarter of the heap limit of
 * this process. `what` names the values, and `instead` says what to do.
 */
export function checkFitsHeap(bytes: number, where: string, what: string, instead: string): void {
  if (bytes <= ALWAYS_FITS) return;
  // The heap limit is that of this worker. It is 0 in a runtime that does not know it.
  const max = Math.min(MAX_BYTES, getHeapStatistics().heap_size_limit / 4 || MAX_BYTES);
  if (bytes <= max) return;
  throw rangeError(
    `${where}: ${what} would take about ${mib(bytes)} MiB of the JavaScript heap, more than the ${mib(max)} allowed; ${instead}`,
  );
}

const mib = (bytes: number): number => Math.ceil(bytes / MIB);
