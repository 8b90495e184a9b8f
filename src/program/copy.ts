/** Copies tensors on one device, and converts between dtypes. */

import { type DType, infoOf } from '../dtype/dtype';
import { copyStrides, Layout, type Sizes } from '../layout/layout';
import { allocateTensorOf } from '../tensor/memory';
import { dtypeInfoOf, layoutOf, storageOf, type Tensor } from '../tensor/tensor';
import { launch, launchBetween } from './launch';
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
  const from = storageOf(source, 'copy');
  const own = layoutOf(source);
  const layout = strides === own.strides ? own : new Layout(own.shape, Object.freeze(strides));
  const info = infoOf(dtype);
  const copy = allocateTensorOf(info, layout, from.device, pinned);
  // As in `written`, but without a closure.
  try {
    launchBetween(copyProgram(dtypeInfoOf(source).code, info.code), source, from, copy, storageOf(copy, 'copy'));
  } catch (error) {
    copy.dispose();
    throw error;
  }
  return copy as Tensor<D>;
}

/**
 * Runs a program on a copy of its input, so that everything is read before anything is written.
 */
export function launchFromCopy(program: number, input: Tensor, output: Tensor): void {
  using copy = copyOf(input, copyStrides(input.shape, input.strides));
  launch(program, copy, output);
}
