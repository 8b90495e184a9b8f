/** Copies tensors between devices. */

import { type DType, itemSizeOf } from '../dtype/dtype';
import { expanded } from '../layout/geometry';
import { copyStrides, isDense, type Sizes, sameLayout } from '../layout/layout';
import { CPU } from '../memory/device';
import { copyBytes } from '../memory/storage';
import type { RsqrtError } from '../support/errors';
import { allocateTensor, written } from '../tensor/memory';
import { createTensor, storageOf, type Tensor } from '../tensor/tensor';
import { copyOf, launchCopy } from './copy';

/**
 * A copy on another device, converted if the dtype differs. Elements that are repeated are sent
 * once.
 */
export function transferred(source: Tensor, dtype: DType, device: number, nonBlocking: boolean): Tensor {
  if (nonBlocking && device === CPU) return sent(source, dtype, device, nonBlocking);
  using part = withoutRepeats(source);
  const arrived = sent(part, transferDType(source.dtype, dtype), device, nonBlocking);
  if (arrived.dtype === dtype && arrived.numel === source.numel) return arrived;
  using ended = arrived;
  using whole = repeated(ended, source.shape);
  return copyOf(whole, copyStrides(source.shape, source.strides), dtype);
}

/**
 * Copies every element to a tensor of the same shape on another device, converting it if the dtype
 * differs.
 */
export function copyBetweenDevices(source: Tensor, target: Tensor, nonBlocking: boolean): void {
  if (source.numel === 0) return;
  const to = storageOf(target, 'copy_');
  using part = withoutRepeats(source);
  // If nothing waits for the copy, the CPU cannot work on the elements after they arrive.
  const later = nonBlocking && to.pinned;
  const dtype = later ? target.dtype : transferDType(source.dtype, target.dtype);
  const fits = dtype === target.dtype && (later || part.numel === source.numel);
  if (fits && isDense(target.shape, target.strides)) {
    if (dtype === source.dtype && sameLayout(target.shape, source.strides, target.strides)) {
      copyElements(source, target, nonBlocking);
      return;
    }
    using packed = copyOf(source, target.strides, dtype);
    copyElements(packed, target, nonBlocking);
    return;
  }
  using arrived = sent(part, dtype, to.device, nonBlocking && to.device !== CPU);
  using whole = repeated(arrived, target.shape);
  launchCopy(whole, target);
}

/** A dense copy on another device. The elements are packed and converted before they are sent. */
function sent(source: Tensor, dtype: DType, device: number, nonBlocking: boolean): Tensor {
  const { shape, strides } = source;
  if (dtype !== source.dtype || !isDense(shape, strides)) {
    using packed = copyOf(source, copyStrides(shape, strides), dtype);
    return sent(packed, dtype, device, nonBlocking);
  }
  const result =
    nonBlocking && device === CPU
      ? allocateReceiver(dtype, shape, strides)
      : allocateTensor(dtype, shape, strides, device);
  return written(result, () => copyElements(source, result, nonBlocking));
}

/**
 * A new tensor that receives elements from a GPU. Its memory is page-locked, so that nothing waits
 * for the copy. Where the runtime does not allow page-locked memory, as in Electron, it is ordinary
 * memory.
 */
function allocateReceiver(dtype: DType, shape: Sizes, strides: Sizes): Tensor {
  try {
    return allocateTensor(dtype, shape, strides, CPU, true);
  } catch (error) {
    // If the cause is a failure of CUDA itself, the copy will fail too.
    if ((error as RsqrtError).code === 'ERR_CUDA') return allocateTensor(dtype, shape, strides, CPU);
    throw error;
  }
}

/** Copies the bytes of a dense tensor to another of the same layout and dtype. */
function copyElements(source: Tensor, target: Tensor, nonBlocking: boolean): void {
  const { itemSize, numel } = source;
  if (numel === 0) return; // the offset of an empty tensor may be past the end
  const [from, to] = [storageOf(source, 'to'), storageOf(target, 'to')];
  copyBytes(from, source.storageOffset * itemSize, to, target.storageOffset * itemSize, numel * itemSize, nonBlocking);
}

/**
 * The narrower of two dtypes, in which elements are sent. On a tie, they are converted before
 * sending.
 */
const transferDType = (from: DType, to: DType): DType => (itemSizeOf(from) < itemSizeOf(to) ? from : to);

/** A view in which the dimensions that repeat the same elements have size 1. */
function withoutRepeats(tensor: Tensor): Tensor {
  const { shape, strides, storageOffset, numel } = tensor;
  const sizes = shape.map((size, dim) => (strides[dim] === 0 && numel > 0 ? 1 : size));
  return createTensor(storageOf(tensor, 'to'), tensor.dtype, Object.freeze(sizes), strides, storageOffset);
}

/** Undoes {@link withoutRepeats}: a view in which those dimensions have their sizes again. */
function repeated(tensor: Tensor, shape: Sizes): Tensor {
  const { strides, storageOffset } = expanded(tensor, shape, 'to');
  return createTensor(storageOf(tensor, 'to'), tensor.dtype, shape, Object.freeze(strides), storageOffset);
}
