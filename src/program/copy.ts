/** Copies tensors on one device, and converts between dtypes. */

import type { DType } from '../dtype/dtype';
import { copyStrides, type Sizes } from '../layout/layout';
import { allocateTensor, written } from '../tensor/memory';
import { dtypeInfoOf, storageOf, type Tensor } from '../tensor/tensor';
import { launch } from './launch';
import { copyProgram } from './program';

/**
 * Copies every element to a tensor of the same shape on the same device, converting it if the dtype
 * differs.
 */
export function launchCopy(source: Tensor, target: Tensor): void {
  launch(copyProgram(dtypeInfoOf(source).code, dtypeInfoOf(target).code), source, target);
}

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

/**
 * Runs a program on a copy of its input, so that everything is read before anything is written.
 */
export function launchFromCopy(program: number, input: Tensor, output: Tensor): void {
  using copy = copyOf(input, copyStrides(input.shape, input.strides));
  launch(program, copy, output);
}
