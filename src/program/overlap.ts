/**
 * Checks that an output neither shares memory with itself nor overwrites input that is still to be
 * read.
 */

import type { Geometry } from '../layout/geometry';
import { extentOf, isDense, sameLayout, sameSizes, sharesElements } from '../layout/layout';
import { canSumTo, type Multiples, SEARCH_STEPS } from '../layout/sums';
import type { Storage } from '../memory/storage';
import { RsqrtError } from '../support/errors';
import { layoutOf, storageOf, type Tensor } from '../tensor/tensor';

/** A geometry in a storage, and the size of an element in bytes. */
export interface MemoryRegion extends Geometry {
  readonly storage: Storage;
  readonly itemSize: number;
}

/** Where a tensor's elements lie, or would lie with another shape and strides. */
export function regionOf(
  tensor: Tensor,
  { shape, strides }: Pick<Geometry, 'shape' | 'strides'> = tensor,
): MemoryRegion {
  const { itemSize, storageOffset } = tensor;
  return { storage: storageOf(tensor, 'overlap'), itemSize, shape, strides, storageOffset };
}

/**
 * Throws `ERR_OVERLAP` if elements of a tensor share memory, as in an expanded one, because the
 * result would depend on the order of writing. Also throws it if this cannot be ruled out in
 * reasonable time.
 */
export function checkWritable(target: Tensor, where: string): void {
  if (layoutOf(target).isContiguous) return;
  const shares = sharesElements(target.shape, target.strides);
  if (shares === false) return;
  throw new RsqrtError(
    'ERR_OVERLAP',
    `${where}: elements of a tensor of shape [${target.shape}] and strides [${target.strides}] ${shares ? 'share memory' : 'may share memory, which would take too long to find out'}; clone it before writing`,
  );
}

/**
 * Whether the only input must be copied before the output is written, because their strides
 * interleave and they have, or may have, bytes in common. Throws `ERR_OVERLAP` if both are dense and
 * overlap in part.
 */
export function mustCopyFirst(input: Tensor, output: MemoryRegion, where: string): boolean {
  const how = overlapOf(input, output, where);
  if (how === 'partial') {
    throw new RsqrtError('ERR_OVERLAP', `${where} overlaps the input in part; it must be the input itself or apart`);
  }
  return how === 'interleaved';
}

/**
 * The same for all inputs and outputs of a program: which inputs must be copied before anything is
 * written. An output may be one of the inputs. Throws `ERR_OVERLAP` if it overlaps an input in part,
 * or another output in any way. `names` are those of the outputs.
 */
export function copiedFirst(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  names: readonly string[],
): readonly boolean[] {
  const regions = outputs.map((output) => regionOf(output));
  regions.forEach((region, i) => {
    for (let j = 0; j < i; j++) {
      if (overlapOf(outputs[j], region, names[i]) === 'none') continue;
      throw new RsqrtError('ERR_OVERLAP', `${names[i]} overlaps ${names[j]}; outputs must share no memory`);
    }
  });
  const first = inputs.map((input) =>
    regions.map((region, i) => {
      const how = overlapOf(input, region, names[i]);
      if (how === 'partial') {
        throw new RsqrtError(
          'ERR_OVERLAP',
          `${names[i]} overlaps an input in part; it must be one of the inputs itself or apart`,
        );
      }
      return how === 'interleaved';
    }),
  );
  return first.map((each) => each.includes(true));
}

/**
 * Whether one of several inputs must be copied before the output is written, because their strides
 * interleave. Throws `ERR_OVERLAP` if they overlap in another way.
 */
export function mustCopyAside(input: Tensor, output: MemoryRegion, where: string): boolean {
  const how = overlapOf(input, output, where);
  if (how === 'exact' || how === 'partial') {
    throw new RsqrtError('ERR_OVERLAP', `${where} overlaps one of the tensors; it must share no memory with them`);
  }
  return how === 'interleaved';
}

/** {@link overlap} of a tensor and a region, perhaps in different storages. */
function overlapOf(input: Tensor, output: MemoryRegion, where: string): Overlap {
  const distance = distanceBetween(storageOf(input, where), output.storage);
  return distance === undefined ? 'none' : overlap(regionOf(input), output, distance);
}

/** Whether two storages may have bytes in common. */
export const mayOverlap = (a: Storage, b: Storage): boolean => distanceBetween(a, b) !== undefined;

type Overlap = 'none' | 'exact' | 'partial' | 'interleaved';

/**
 * How the memory of two regions overlaps. 'interleaved': bytes are shared, or may be, and at least
 * one region has gaps.
 */
function overlap(a: MemoryRegion, b: MemoryRegion, distance: number): Overlap {
  const first = span(a, 0);
  const second = span(b, distance);
  if (first.end <= second.start || second.end <= first.start) return 'none';
  if (first.end === first.start || second.end === second.start) return 'none'; // no elements
  const alike = sameSizes(a.shape, b.shape) && sameLayout(a.shape, a.strides, b.strides);
  if (first.start === second.start && a.itemSize === b.itemSize && alike) return 'exact';
  if (isDense(a.shape, a.strides) && isDense(b.shape, b.strides)) return 'partial';
  return haveCommonBytes(a, b, second.start - first.start) ? 'interleaved' : 'none';
}

/**
 * The distance in bytes from the memory of one storage to that of another; undefined if they have
 * no byte in common.
 */
function distanceBetween(a: Storage, b: Storage): number | undefined {
  let distance = 0;
  if (a.owner !== b.owner) {
    // Two objects can have the same memory: a SharedArrayBuffer and its clone, or one that was sent
    // to a worker and back.
    if (a.isPrivate || b.isPrivate) return undefined;
    distance = b.address - a.address;
  }
  const start = b.byteOffset + distance;
  return a.byteOffset + a.byteLength <= start || start + b.byteLength <= a.byteOffset ? undefined : distance;
}

/** The range of bytes that elements lie in, plus `distance`. */
function span({ storage, storageOffset, itemSize, shape, strides }: MemoryRegion, distance: number) {
  const start = distance + storage.byteOffset + storageOffset * itemSize;
  return { start, end: start + extentOf(shape, strides) * itemSize };
}

/**
 * Whether the elements of two regions share a byte. The second starts `apart` bytes after the first.
 * True if undecided.
 */
function haveCommonBytes(a: MemoryRegion, b: MemoryRegion, apart: number): boolean {
  const multiples: Multiples[] = [{ step: 1, low: 1 - b.itemSize, high: a.itemSize - 1 }]; // the bytes of an element
  for (const [{ shape, strides, itemSize }, sign] of [
    [a, 1],
    [b, -1],
  ] as const) {
    for (const [dim, size] of shape.entries()) {
      if (strides[dim] === 0) continue;
      const max = size - 1;
      multiples.push({ step: strides[dim] * itemSize, low: sign === 1 ? 0 : -max, high: sign === 1 ? max : 0 });
    }
  }
  return canSumTo(multiples, apart, { left: SEARCH_STEPS }) !== false;
}
