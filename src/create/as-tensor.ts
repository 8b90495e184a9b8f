/** Makes tensors on existing memory: typed arrays, buffers, tensors of other libraries. */

import { constants } from 'node:buffer';
import { isAnyArrayBuffer, isTypedArray } from 'node:util/types';
import { bytesOfAny, checkAttached, describeArray } from '../dtype/arrays';
import {
  type DType,
  type DTypeOfName,
  dtypes,
  isArrayOf,
  isDType,
  itemSizeOf,
  nameOfArray,
  type TypedArray,
} from '../dtype/dtype';
import { type ArrowVector, fromArrow } from '../foreign/arrow';
import { refuseSeveral } from '../foreign/foreign';
import { inferSize } from '../layout/geometry';
import type { Sizes } from '../layout/layout';
import { checkShape } from '../layout/shape-checks';
import { converted } from '../program/convert';
import { rangeError, show, typeError } from '../support/errors';
import { checkArray } from '../tensor/literal';
import { isTensor, notATensor, Tensor } from '../tensor/tensor';
import { checkOptions, copied, isTensorList, sentTo, type TensorData, type TensorOptions, tensorOn } from './create';

/**
 * A tensor of another library. It is recognised by its properties: `data`, `dims` or `shape`,
 * `type` or `dtype`.
 */
export interface TensorLike {
  /**
   * The elements, row by row, as a typed array. The tensors of strings that some libraries have are
   * refused.
   */
  readonly data: TypedArray | readonly unknown[];
  /** The size of each dimension. */
  readonly dims?: Sizes;
  /** Another name for `dims`. If both are present, `dims` counts. */
  readonly shape?: Sizes;
  /** The dtype. Default: that of the array. */
  readonly type?: string;
  /** Another name for `type`. If both are present, `type` counts. */
  readonly dtype?: string;
}

/** Objects that {@link asTensor} shares memory with. */
export type Shareable = TypedArray | ArrayBufferLike | TensorLike | ArrowVector;

/**
 * The dtype that {@link asTensor} gives a source without a `dtype` option, as far as the compiler
 * can tell.
 */
export type SharedDType<S> = S extends { readonly type: infer D extends DType }
  ? D
  : S extends { readonly dtype: infer D extends DType }
    ? D
    : S extends { readonly [Symbol.toStringTag]: infer Name extends keyof DTypeOfName }
      ? DTypeOfName[Name]
      : S extends ArrayBufferLike
        ? 'uint8'
        : DType;

/**
 * A tensor that shares existing memory, without a copy: writing to one changes the other.
 *
 * Takes a typed array, a Buffer at any byte offset, an ArrayBuffer or SharedArrayBuffer, a
 * `{ data, dims, type }` object such as a tensor of ONNX Runtime or transformers.js or what
 * {@link Tensor.toObject} gives, or a vector of Apache Arrow. `dtype` states what the memory holds,
 * where that is not clear from the source:
 *
 * - a Uint8Array, Buffer or ArrayBuffer: bytes of any dtype (default uint8)
 * - a Uint16Array: bits of float16 or bfloat16 (no default; a Float16Array is float16)
 * - a Float32Array or Float64Array: real numbers, or complex64 or complex128, half as many, each a
 *   real and an imaginary part
 *
 * `shape` is the second argument or an option. It defaults to the object's shape, or to one
 * dimension. One size may be −1 and is then inferred. Fixed-size lists of Arrow become dimensions.
 * Arrow vectors of several chunks are copied into one, and vectors with nulls are refused. If
 * `device` is a GPU, the elements are copied there. Plain numbers and arrays are copied as by
 * {@link tensor}.
 *
 * Throws `TypeError` if the source is none of these, for an array that was detached or is out of
 * bounds because its buffer was shrunk, for an element type other than `dtype`, and for unsigned
 * integers of 16, 32 and 64 bits, which have no dtype ({@link tensor} copies them). Also throws it
 * for several tensors, such as the outputs of a session, because one must be picked. Throws
 * `RangeError` if the memory ends within an element, and `ERR_SHAPE` if `shape` does not match the
 * length.
 *
 * @example
 * ```ts
 * const memory = new Float32Array([1, 4, 9, 16]);
 * asTensor(memory, [2, -1]).rsqrt_();
 * memory[3]; // 0.25
 * asTensor(Buffer.from([0, 0, 128, 63]), { dtype: 'float32' }); // tensor([1.])
 * asTensor(new Float32Array([3, 4, -1, 0]), { dtype: 'complex64' }); // tensor([ 3.+4.j, -1.+0.j])
 * ```
 */
export function asTensor<D extends DType>(
  source: Shareable | TensorData | Tensor,
  options: TensorOptions<D> & { dtype: D; shape?: Sizes },
): Tensor<D>;
export function asTensor<D extends DType>(
  source: Shareable | TensorData | Tensor,
  shape: Sizes,
  options: TensorOptions<D> & { dtype: D },
): Tensor<D>;
export function asTensor<S extends Shareable | TensorData | Tensor>(
  source: S,
  options?: TensorOptions & { dtype?: undefined; shape?: Sizes },
): Tensor<SharedDType<S>>;
export function asTensor<S extends Shareable | TensorData | Tensor>(
  source: S,
  shape: Sizes,
  options?: TensorOptions & { dtype?: undefined },
): Tensor<SharedDType<S>>;
export function asTensor(source: Shareable | TensorData | Tensor, options?: TensorOptions & { shape?: Sizes }): Tensor;
export function asTensor(source: Shareable | TensorData | Tensor, shape: Sizes, options?: TensorOptions): Tensor;
export function asTensor(source: unknown, ...args: unknown[]): Tensor {
  return fromSource(source, args, 'asTensor');
}

/** See {@link asTensor}. */
export function fromSource(source: unknown, args: unknown[], where: string): Tensor {
  const { dtype, device, shape, options } = sharingArguments(args, where);
  if (isTensor(source)) {
    const moved = converted(source, options, where);
    if (shape === undefined) return moved;
    using _between = moved === source ? undefined : moved;
    return fitted(moved, shape, where);
  }
  if (source instanceof Tensor) throw notATensor(`${where}: source`, source); // a Proxy of one
  const like: TensorLike | undefined = fromArrow(source, where) ?? tensorLike(source, where);
  const memory = like?.data ?? source;
  const array = isAnyArrayBuffer(memory) ? bytesIn(memory, where) : memory;
  if (!isTypedArray(array)) {
    checkValues(source, where);
    const values = copied(source, dtype, device, where);
    if (shape === undefined) return values;
    using unshaped = values;
    return fitted(unshaped, shape, where);
  }
  const info = describeArray(array, where);
  const named = dtypeIn(array, dtype, like, where);
  const length = info.byteLength / itemSizeOf(named);
  if (!Number.isInteger(length)) {
    throw rangeError(`${where}: ${info.byteLength} bytes are not a whole number of ${named} elements`);
  }
  const dims = shape ?? (like === undefined ? [length] : checkShape(like.dims ?? like.shape, `${where}: dims`));
  return sentTo(device, tensorOn(info, named, inferSize(dims, length, where)));
}

/** Checks the arguments after the source: a shape, options, or both. */
function sharingArguments([first, second]: unknown[], where: string) {
  const isShape = Array.isArray(first) || (first === undefined && second !== undefined);
  if (!isShape && second !== undefined) {
    throw typeError(
      `${where}: expected a shape before the options; received ${show(first)} and ${show(second)}; options can have the shape too`,
    );
  }
  const [asked = {}, known] = isShape ? [second, ['dtype', 'device']] : [first, ['dtype', 'device', 'shape']];
  const { dtype, device } = checkOptions(asked, where, known);
  const options = asked as TensorOptions & { shape?: Sizes };
  const shape = isShape ? first : options.shape;
  return { dtype, device, options, shape: shape === undefined ? undefined : checkShape(shape, `${where}: shape`, -1) };
}

/** Throws `TypeError` for anything that is neither memory nor a value nor a list of values. */
function checkValues(source: unknown, where: string): void {
  if (isTensorList(source)) return;
  refuseSeveral(source, `${where}: source`);
  if (source === null || !['object', 'number', 'bigint', 'boolean'].includes(typeof source)) {
    throw typeError(
      `${where}: source must be a typed array, a buffer, a tensor of this or another library, a vector of Arrow, or values; received ${show(source)}`,
    );
  }
}

/** A buffer as an array. In older versions of Node, the longest buffers are too long for that. */
function bytesIn(buffer: ArrayBufferLike, where: string): Uint8Array {
  checkAttached(buffer, where);
  const bytes = bytesOfAny(buffer);
  if (bytes <= constants.MAX_LENGTH) return new Uint8Array(buffer);
  throw rangeError(
    `${where}: an ArrayBuffer of ${bytes} bytes is larger than typed arrays can be here (${constants.MAX_LENGTH}); share typed arrays on parts of it`,
  );
}

/** A tensor in another shape with the same number of elements. */
function fitted(values: Tensor, shape: Sizes, where: string): Tensor {
  return values.reshape(inferSize(shape, values.numel, where));
}

/** For types of other libraries that have no dtype here: a dtype that holds their values. */
const dtypeForValues: Readonly<Record<string, DType>> = { uint16: 'int32', uint32: 'int64', uint64: 'int64' };

/** Says how to copy the values of a tensor object that cannot be shared. */
function remedyFor(type: unknown): string {
  const dtype = typeof type === 'string' && Object.hasOwn(dtypeForValues, type) ? dtypeForValues[type] : undefined;
  if (dtype === undefined) return 'convert it to one that has';
  return `tensor(x.data, { dtype: '${dtype}' }).reshape(x.dims) copies its values`;
}

/**
 * The dtype of the elements of an array: the requested one, the one that the tensor object names,
 * or the array's own.
 */
function dtypeIn(array: TypedArray, asked: DType | undefined, like: TensorLike | undefined, where: string): DType {
  const type = asked ?? like?.type ?? like?.dtype;
  if (type !== undefined && !isDType(type)) {
    throw typeError(`${where}: a tensor object of type ${show(type)} has no dtype here; ${remedyFor(type)}`);
  }
  const own = checkArray(array, type, where);
  if (type === undefined || isArrayOf(type, array)) return type ?? own;
  const name = nameOfArray(array);
  if (asked === undefined) {
    throw typeError(`${where}: a tensor object of type ${show(type)} cannot be shared from a ${name}`);
  }
  if (own === 'uint8') return asked; // bytes of anything
  const possible = dtypes.filter((each) => isArrayOf(each, array)).join(' or ');
  throw typeError(`${where}: a ${name} can be shared as ${possible}, not as ${asked}; use tensor() to convert`);
}

/** Checks a tensor of another library. Undefined if the value cannot be meant as one. */
function tensorLike(value: unknown, where: string): TensorLike | undefined {
  if (typeof value !== 'object' || value === null || !('data' in value)) return undefined;
  const { location } = value as { location?: unknown };
  if (typeof location === 'string' && !location.startsWith('cpu')) {
    // Its `data` would throw.
    throw typeError(
      `${where}: a tensor object must be in CPU memory, where await getData() brings it; received one in ${show(location)}`,
    );
  }
  const { data, dims, shape, type, dtype } = value as TensorLike;
  if (typeof data === 'function') {
    throw typeError(
      `${where}: a tensor object whose data is a method must be given as asTensor(await x.data(), { shape: x.shape }); received ${show(value)}`,
    );
  }
  if (isTypedArray(data) && Array.isArray(dims ?? shape)) return { data, dims: dims ?? shape, type: type ?? dtype };
  refuseSeveral(value, `${where}: source`); // outputs may be called `data`
  throw typeError(
    `${where}: a tensor object must have data in a typed array and dims or shape in a list; received ${show(data)} and ${show(dims ?? shape)}`,
  );
}
