/** Writing where others read: once per element, and not over what is still to be read. */

import { copyOf, launch } from './copy';
import type { DType } from './dtype';
import { RsqrtError } from './errors';
import type { Geometry } from './geometry';
import { copyStrides, extentOf, isDense, sameLayout, sameSizes, sharesElements } from './layout';
import type { Storage } from './storage';
import { storageOf, type Tensor } from './tensor';

/** A geometry on a storage, and the bytes of an element there. */
export interface Place extends Geometry {
  readonly storage: Storage;
  readonly itemSize: number;
}

/** Where a tensor's elements lie, or would with another shape and strides. */
export function placeOf(tensor: Tensor, { shape, strides }: Pick<Geometry, 'shape' | 'strides'> = tensor): Place {
  const { itemSize, storageOffset } = tensor;
  return { storage: storageOf(tensor, 'overlap'), itemSize, shape, strides, storageOffset };
}

/** Throws `ERR_OVERLAP` if elements of a tensor share memory, as in an expanded one: which is written last would win. */
export function checkWritable(target: Tensor, where: string): void {
  if (!target.isContiguous() && sharesElements(target.shape, target.strides)) {
    throw new RsqrtError(
      'ERR_OVERLAP',
      `${where}: elements of a tensor of shape [${target.shape}] and strides [${target.strides}] share memory; clone it before writing`,
    );
  }
}

/**
 * Whether the input must be copied before an output is written: for interleaved strides, perhaps without a common element.
 * Throws `ERR_OVERLAP` if they overlap in part.
 */
export function mustCopyFirst(input: Tensor, output: Place, where: string): boolean {
  const how = overlap(placeOf(input), output);
  if (how === 'partial') {
    throw new RsqrtError('ERR_OVERLAP', `${where} overlaps the input in part; it must be the input itself or apart`);
  }
  return how === 'unknown';
}

/**
 * Whether one of several inputs must be copied before an output is written, as its strides are
 * interleaved with the output's. Throws `ERR_OVERLAP` if they overlap.
 */
export function mustCopyAside(input: Tensor, output: Place, where: string): boolean {
  const how = overlap(placeOf(input), output);
  if (how === 'exact' || how === 'partial') {
    throw new RsqrtError('ERR_OVERLAP', `${where} overlaps one of the tensors; it must share no memory with them`);
  }
  return how === 'unknown';
}

/** Runs an operation on a copy of the input, perhaps of another dtype: everything is read before anything is written. */
export function launchFromCopy(op: number, input: Tensor, output: Tensor, dtype: DType = input.dtype): void {
  using copy = copyOf(input, copyStrides(input.shape, input.strides), dtype);
  launch(op, copy, output);
}

/** How the memory of two places overlaps. */
function overlap(a: Place, b: Place): 'none' | 'exact' | 'partial' | 'unknown' {
  if (areApart(a.storage, b.storage)) return 'none';
  const first = span(a);
  const second = span(b);
  // Without elements there is nothing to overlap, wherever it lies.
  if (first.start === first.end || second.start === second.end) return 'none';
  if (first.end <= second.start || second.end <= first.start) return 'none';
  const alike = sameSizes(a.shape, b.shape) && sameLayout(a.shape, a.strides, b.strides);
  if (first.start === second.start && a.itemSize === b.itemSize && alike) return 'exact';
  return isDense(a.shape, a.strides) && isDense(b.shape, b.strides) ? 'partial' : 'unknown';
}

/** Whether two storages have no byte in common. */
const areApart = (a: Storage, b: Storage): boolean =>
  a.owner !== b.owner || a.byteOffset + a.byteLength <= b.byteOffset || b.byteOffset + b.byteLength <= a.byteOffset;

/** The bytes of the underlying buffer that elements lie in. */
function span({ storage, storageOffset, itemSize, shape, strides }: Place): { start: number; end: number } {
  const start = storage.byteOffset + storageOffset * itemSize;
  return { start, end: start + extentOf(shape, strides) * itemSize };
}
