/** The methods of Tensor that pass it to other libraries and other threads. */

import { tensorOn } from '../create/create';
import { describeArray } from '../dtype/arrays';
import { arrayOf, checkDType, type DType, type TypedArrayOf } from '../dtype/dtype';
import { allocateBuffer } from '../memory/cpu-memory';
import { cpuStorageOf, dataOf } from '../methods/reading';
import { launchCopy } from '../program/copy';
import { RsqrtError } from '../support/errors';
import { elementsOf } from '../tensor/memory';
import { extend, layoutOf, type Tensor } from '../tensor/tensor';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Interop<D> {}
}

/**
 * A tensor as a plain object, like those of ONNX Runtime and transformers.js. {@link asTensor}
 * takes it.
 */
export interface TensorObject<D extends DType = DType> {
  /** The elements, row by row, as in {@link Tensor.data}. */
  data: TypedArrayOf<D>;
  /** The size of each dimension. */
  dims: number[];
  /** The dtype. */
  type: D;
}

/** A {@link TensorObject} whose buffer can be transferred. */
export interface TransferableObject<D extends DType = DType> extends TensorObject<D> {
  /** The elements, row by row, in a buffer that nothing else uses. */
  data: TypedArrayOf<D> & WithBuffer;
}

/** An object on an ArrayBuffer, as opposed to a SharedArrayBuffer. */
export interface WithBuffer {
  /** The buffer that is transferred. */
  readonly buffer: ArrayBuffer;
}

/**
 * Converts tensors to plain objects, for code that does not know Tensor. The methods throw
 * `ERR_DEVICE` for a tensor on a GPU.
 */
export abstract class Interop<D extends DType> {
  /**
   * This tensor as `{ data, dims, type }`. The constructors of ONNX Runtime and transformers.js
   * take these parts. Unlike a tensor, the object can be cloned and posted. `data` shares memory
   * with the tensor if {@link Tensor.data} does.
   *
   * @example
   * ```ts
   * const { data, dims, type } = tensor([[4, 16]]).rsqrt().toObject();
   * console.log(data, dims, type); // Float32Array(2) [ 0.5, 0.25 ] [ 1, 2 ] float32
   * ```
   *
   * If the compiler does not know the dtype, pass it as `dtype`, and the types of `data` and `type`
   * follow from it. Nothing is converted: if the tensor has another dtype, `ERR_DTYPE` is thrown.
   *
   * @example
   * ```ts
   * const read: Tensor = fromJSON('{"dtype":"float32","shape":[2],"data":[4,16]}');
   * const { data } = read.toObject('float32');
   * data satisfies Float32Array;
   * ```
   */
  toObject(this: Tensor<D>): TensorObject<D>;
  toObject<E extends DType>(this: Tensor<D>, dtype: E): TensorObject<E>;
  toObject(this: Tensor<D>, dtype?: DType): TensorObject {
    if (dtype !== undefined && checkDType(dtype, 'toObject') !== this.dtype) {
      throw new RsqrtError(
        'ERR_DTYPE',
        `toObject: expected a tensor of dtype ${dtype}, received one of ${this.dtype}; x.to('${dtype}') converts it`,
      );
    }
    return { data: dataOf(this, 'toObject'), dims: [...this.shape], type: this.dtype };
  }

  /**
   * Disposes this tensor, as {@link Tensor.dispose} does, and returns it as `{ data, dims, type }`
   * in a buffer that nothing else uses. The buffer can be transferred to another thread, where
   * {@link asTensor} takes the object.
   *
   * The buffer is the tensor's own memory if the tensor is contiguous and larger than 32 KiB, and
   * its memory
   *
   * - was allocated by this package and is not page-locked,
   * - is not used by another tensor that has not been disposed, such as a view, and
   * - was not handed out by `data` or `toObject`.
   *
   * Otherwise the buffer is a copy. A buffer that is not a copy may be larger than `data`.
   *
   * @example
   * ```ts
   * const x = full([1000, 1000], 4);
   * const message = x.transfer();
   * new MessageChannel().port1.postMessage(message, [message.data.buffer]);
   * ```
   */
  transfer(this: Tensor<D>): TransferableObject<D> {
    const { shape, dtype } = this;
    const data = detached(this, 'transfer');
    this.dispose();
    return { data, dims: [...shape], type: dtype };
  }
}

extend(Interop);

/** The elements in a buffer that only the caller will see once the tensor is disposed. */
function detached<D extends DType>(tensor: Tensor<D>, where: string): TransferableObject<D>['data'] {
  const storage = cpuStorageOf(tensor, where);
  const bytes = tensor.numel * tensor.itemSize;
  if (storage.detachable && storage.byteLength === bytes && layoutOf(tensor).isContiguous) {
    storage.handOut();
    return elementsOf(tensor) as TransferableObject<D>['data'];
  }
  const data = new (arrayOf(tensor.dtype))(allocateBuffer(bytes)) as TransferableObject<D>['data'];
  using copy = tensorOn(describeArray(data, where), tensor.dtype, tensor.shape);
  launchCopy(tensor, copy);
  return data;
}
