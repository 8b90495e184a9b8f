/** Allocates the memory of tensors, and reads it as typed arrays. */

import { constants } from 'node:buffer';
import { arrayOf, type DType, type DTypeInfo, entriesOf, infoOf, type TypedArrayOf } from '../dtype/dtype';
import { Layout, type Sizes } from '../layout/layout';
import { allocate } from '../memory/storage';
import { rangeError } from '../support/errors';
import { createTensorOf, storageOf, type Tensor } from './tensor';

/** A new uninitialised tensor, in page-locked memory if `pinned`. */
export function allocateTensor<D extends DType>(
  dtype: D,
  shape: Sizes,
  strides: Sizes,
  device: number,
  pinned = false,
): Tensor<D> {
  return allocateTensorOf(infoOf(dtype), new Layout(shape, strides), device, pinned) as Tensor<D>;
}

/** The same, for a dense layout. */
export function allocateTensorOf(info: DTypeInfo, layout: Layout, device: number, pinned = false): Tensor {
  return createTensorOf(allocate(layout.numel * info.itemSize, device, pinned), info, layout, 0);
}

/** Writes a new tensor and returns it. If writing fails, its memory is released at once. */
export function written<T extends Tensor>(result: T, write: (result: T) => void): T {
  try {
    write(result);
    return result;
  } catch (error) {
    result.dispose();
    throw error;
  }
}

/** The elements of a contiguous CPU tensor. Callers must not hand the array out. */
export function elementsOf<D extends DType>(tensor: Tensor<D>): TypedArrayOf<D> {
  const storage = storageOf(tensor, 'data');
  storage.settle();
  const start = storage.byteOffset + tensor.storageOffset * tensor.itemSize;
  const length = tensor.numel * entriesOf(tensor.dtype);
  if (length > constants.MAX_LENGTH) {
    throw rangeError(`data: ${length} entries are more than a typed array can have here (${constants.MAX_LENGTH})`);
  }
  return new (arrayOf(tensor.dtype))(storage.owner as ArrayBuffer, start, length) as TypedArrayOf<D>;
}
