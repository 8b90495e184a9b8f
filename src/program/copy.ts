/** Copies tensors on one device, and converts between dtypes. */

import type { DType } from '../dtype/dtype';
import type { Sizes } from '../layout/layout';
import { binding } from '../load/binding';
import { allocateTensor, written } from '../tensor/memory';
import { storageOf, type Tensor } from '../tensor/tensor';
import { launch } from './launch';

/** The code of the operation that copies and, if the dtypes differ, converts. */
export const copyCode = binding.ops.findIndex((op) => op.name === 'copy');

/**
 * Copies every element to a tensor of the same shape on the same device, converting it if the dtype
 * differs.
 */
export const launchCopy = (source: Tensor, target: Tensor): void => launch(copyCode, source, target);

/** A copy on the same device, converted if the dtype differs. */
export function copyOf<D extends DType>(
  source: Tensor,
  strides: Sizes,
  dtype = source.dtype as D,
  pinned = false,
): Tensor<D> {
  const device = storageOf(source, 'copy').device;
  const copy = allocateTensor(dtype, source.shape, Object.freeze(strides), device, pinned);
  return written(copy, () => launchCopy(source, copy));
}
