/** Tensors on memory that is already there: typed arrays, buffers, tensors of other libraries. */

import { isAnyArrayBuffer, isTypedArray } from 'node:util/types';
import { checkShape } from './checks';
import { converted } from './copy';
import { checkOptions, copied, share, type TensorData, type TensorOptions } from './create';
import { deviceName } from './device';
import { type DType, dtypes, isArrayOf, isDType, itemSizeOf, nameOfArray } from './dtype';
import { RsqrtError, rangeError, show, typeError } from './errors';
import { numelOf, type Sizes } from './layout';
import { checkArray, checkAttached } from './literal';
import { isTensor, type Tensor } from './tensor';

/** A tensor of another library, recognised by what it has: `data`, `dims` or `shape`, `type` or `dtype`. */
export interface TensorLike {
  /** The elements, row by row. */
  readonly data: NodeJS.TypedArray;
  /** The size of each dimension. */
  readonly dims?: Sizes;
  /** Another name for `dims`, which wins. */
  readonly shape?: Sizes;
  /** The dtype; by default that of the array. */
  readonly type?: string;
  /** Another name for `type`, which wins. */
  readonly dtype?: string;
}

/** What {@link asTensor} shares memory with. */
export type Shareable = NodeJS.TypedArray | ArrayBufferLike | TensorLike;

/**
 * A tensor on memory that is already there, without a copy: writing to one changes the other.
 *
 * Takes a typed array, a Buffer at any byte offset, an ArrayBuffer or SharedArrayBuffer, or a `{ data, dims, type }`
 * object such as a tensor of ONNX Runtime or transformers.js. `dtype` tells what memory holds where that is open:
 *
 * - a Uint8Array, Buffer or ArrayBuffer: bytes of any dtype (default uint8)
 * - a Uint16Array: bits of float16 or bfloat16 (no default; a Float16Array is float16)
 * - a Float32Array or Float64Array: real numbers, or complex64 or complex128, half as many, each a real and an imaginary
 *   part
 *
 * `shape` defaults to that of the object, or one dimension. With a GPU as `device` the elements are copied there; plain
 * numbers and arrays are copied as by {@link tensor}.
 *
 * Throws `TypeError` for what is no memory or of another element type than `dtype`, `RangeError` if memory ends within an
 * element, `ERR_SHAPE` if `shape` does not match the length.
 *
 * @example
 * ```ts
 * const memory = new Float32Array([1, 4, 9, 16]);
 * asTensor(memory, { shape: [2, 2] }).rsqrt_();
 * memory[3]; // 0.25
 * asTensor(Buffer.from([0, 0, 128, 63]), { dtype: 'float32' }); // tensor([1.])
 * asTensor(new Float32Array([3, 4, -1, 0]), { dtype: 'complex64' }); // tensor([ 3.+4.j, -1.+0.j])
 * ```
 */
export function asTensor<D extends DType = DType>(
  source: Shareable | TensorData | Tensor,
  options?: TensorOptions<D> & { shape?: Sizes },
): Tensor<D>;
export function asTensor(source: unknown, options: TensorOptions & { shape?: Sizes } = {}): Tensor {
  const where = 'asTensor';
  const { dtype, device } = checkOptions(options, where, ['dtype', 'device', 'shape']);
  const shape = options.shape === undefined ? undefined : checkShape(options.shape, `${where}: shape`);
  if (isTensor(source)) {
    const moved = converted(source, options, where);
    return shape === undefined ? moved : fitted(moved, shape, where);
  }
  if (isAnyArrayBuffer(source)) checkAttached(source, where);
  const like = tensorLike(source, where);
  const memory = like?.data ?? source;
  const array = isAnyArrayBuffer(memory) ? new Uint8Array(memory) : memory;
  if (!isTypedArray(array)) {
    const values = copied(source, dtype, device, where);
    return shape === undefined ? values : fitted(values, shape, where);
  }
  const own = checkArray(array, dtype ?? like?.type ?? like?.dtype, where);
  const named = dtype ?? (like === undefined ? own : dtypeOfLike(like, own, where));
  if (own !== 'uint8' && !isArrayOf(named, array)) {
    const name = nameOfArray(array);
    const possible = dtypes.filter((each) => isArrayOf(each, array)).join(' or ');
    throw typeError(`${where}: a ${name} can be shared as ${possible}, not as ${named}; use tensor() to convert`);
  }
  const length = array.byteLength / itemSizeOf(named);
  if (!Number.isInteger(length)) {
    throw rangeError(`${where}: ${array.byteLength} bytes are not a whole number of ${named} elements`);
  }
  const dims = shape ?? (like === undefined ? [length] : checkShape(like.dims ?? like.shape, `${where}: dims`));
  checkCount(length, dims, where);
  return share(array, named, dims).to(deviceName(device));
}

/** A contiguous tensor in another shape of as many elements. */
function fitted(values: Tensor, shape: Sizes, where: string): Tensor {
  checkCount(values.numel, shape, where);
  return values.reshape(shape);
}

function checkCount(numel: number, shape: Sizes, where: string): void {
  if (numelOf(shape) === numel) return;
  throw new RsqrtError('ERR_SHAPE', `${where}: ${numel} elements do not fit the shape [${shape}]`);
}

/** A tensor of another library; undefined for what cannot be meant as one. */
function tensorLike(value: unknown, where: string): TensorLike | undefined {
  if (typeof value !== 'object' || value === null || !('data' in value)) return undefined;
  const { data, dims, shape } = value as TensorLike;
  if (isTypedArray(data) && Array.isArray(dims ?? shape)) return value as TensorLike;
  throw typeError(
    `${where}: a tensor object must have data in a typed array and dims or shape in a list; received ${show(data)} and ${show(dims ?? shape)}`,
  );
}

/** The dtype that a foreign tensor names, which its array must hold. */
function dtypeOfLike(like: TensorLike, own: DType, where: string): DType {
  const name = like.type ?? like.dtype ?? own;
  if (isDType(name) && isArrayOf(name, like.data)) return name;
  throw typeError(`${where}: a tensor object of type ${show(name)} cannot be shared from a ${nameOfArray(like.data)}`);
}
