/** The methods of Tensor that hand it to other libraries and other threads. */

import { describeArray } from './arrays';
import { elementsOf, launchCopy } from './copy';
import { allocateBuffer } from './cpu-memory';
import { share } from './create';
import { arrayOf, checkDType, type DType, type TypedArrayOf } from './dtype';
import { RsqrtError } from './errors';
import { cpuStorageOf, dataOf } from './reading';
import { contiguousOf, extend, type Tensor } from './tensor';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Interop<D> {}
}

/** A tensor as a plain object, such as ONNX Runtime and transformers.js have; {@link asTensor} takes it. */
export interface TensorObject<D extends DType = DType> {
  /** The elements, row by row, as {@link Tensor.data} has them. */
  data: TypedArrayOf<D>;
  /** The size of each dimension. */
  dims: number[];
  /** The dtype. */
  type: D;
}

/** A {@link TensorObject} whose buffer may stand in a list of what is transferred. */
export interface TransferableObject<D extends DType = DType> extends TensorObject<D> {
  /** The elements, row by row, in a buffer of their own. */
  data: TypedArrayOf<D> & WithBuffer;
}

/** What has an ArrayBuffer, as opposed to a SharedArrayBuffer. */
export interface WithBuffer {
  /** The buffer that is transferred. */
  readonly buffer: ArrayBuffer;
}

/** Tensors as plain objects, for what knows no Tensor. Throw `ERR_DEVICE` on a GPU. */
export abstract class Interop<D extends DType> {
  /**
   * This tensor as `{ data, dims, type }`: what the constructors of ONNX Runtime and
   * transformers.js take, and what can be cloned and posted, as a tensor itself cannot. `data`
   * shares memory with the tensor where {@link Tensor.data} does.
   *
   * @example
   * ```ts
   * const { data, dims, type } = tensor([[4, 16]]).rsqrt().toObject();
   * console.log(data, dims, type); // Float32Array(2) [ 0.5, 0.25 ] [ 1, 2 ] float32
   * ```
   *
   * Where the compiler does not know the dtype, `dtype` names it, so that the types of `data` and
   * `type` follow; nothing is converted, and a tensor of another dtype throws `ERR_DTYPE`.
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
   * Ends this tensor as {@link Tensor.dispose} does, and returns it as `{ data, dims, type }` in a buffer that nobody else
   * uses, to be transferred to another thread, where {@link asTensor} takes it.
   *
   * The buffer is the tensor's own, without a copy, if the tensor is contiguous, has more than 32 KiB, and its memory was made here
   * and is seen by nobody else: no view of it that was not disposed, nothing from `data` or `toObject`, and not page-locked. Otherwise it is a copy. A
   * buffer that is not a copy may be larger than `data`.
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
  if (storage.detachable && storage.byteLength === bytes && contiguousOf(tensor)) {
    storage.handOut();
    return elementsOf(tensor) as TransferableObject<D>['data'];
  }
  const data = new (arrayOf(tensor.dtype))(allocateBuffer(bytes)) as TransferableObject<D>['data'];
  using copy = share(describeArray(data, where), tensor.dtype, tensor.shape);
  launchCopy(tensor, copy);
  return data;
}
