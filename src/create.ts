/** Making tensors: from values, from memory that is already there, filled, uninitialised. */

import { isAnyArrayBuffer, isSharedArrayBuffer, isTypedArray } from 'node:util/types';
import { checkKeys, checkShape, spread } from './checks';
import { CPU, type DeviceName, deviceIndex, deviceName } from './device';
import { checkDType, type DType, dtypes, isArrayOf, isDType, itemSizeOf, kindOf, nameOfArray } from './dtype';
import { type Entries, elementWriter, fillElements } from './element';
import { RsqrtError, rangeError, show, typeError } from './errors';
import { contiguousStrides, numelOf, type Sizes } from './layout';
import {
  checkArray,
  checkAttached,
  checkScalar,
  dtypeOfScalar,
  forEachValue,
  inspectNested,
  type Scalar,
} from './literal';
import { Storage } from './storage';
import {
  allocateTensor,
  converted,
  createTensor,
  elementsOf,
  isOptions,
  isTensor,
  type Nested,
  type Tensor,
} from './tensor';

/** The dtype and device of a new tensor. */
export interface TensorOptions<D extends DType = DType> {
  dtype?: D;
  /** Default 'cpu'. */
  device?: DeviceName;
}

/**
 * What {@link tensor} copies: a value, nested arrays of values, or a typed array; typed arrays may be nested, except for a
 * Uint16Array.
 */
export type TensorData = Nested<Scalar | NodeJS.TypedArray>;

/** A tensor of another library, recognised by what it has: `data`, `dims` or `shape`, `type` or `dtype`. */
export interface TensorLike {
  readonly data: NodeJS.TypedArray;
  readonly dims?: Sizes;
  readonly shape?: Sizes;
  readonly type?: string;
  readonly dtype?: string;
}

/** What {@link asTensor} shares memory with. */
export type Shareable = NodeJS.TypedArray | ArrayBufferLike | TensorLike;

/**
 * A tensor that copies its data.
 *
 * Without `dtype`: a typed array keeps its element type; numbers give float32, bigints int64, booleans bool, complex numbers
 * `{ re, im }` complex64, and a mixture the highest of these. With `dtype` values are converted, those of a typed array too;
 * only a Uint16Array has none but holds the bits of float16 or bfloat16, as `dtype` says. Values are rounded once.
 *
 * Throws `ERR_SHAPE` for ragged arrays, `TypeError` for what is no value and for complex values in a real dtype,
 * `RangeError` for a value that an integer dtype cannot hold.
 *
 * @example
 * ```ts
 * tensor([[4, 9], [16, 25]], { dtype: 'float64' });
 * tensor(new Float32Array([4, 16, 25]), { device: 'cuda' });
 * tensor([{ re: 3, im: 4 }, -1]); // complex64
 * ```
 */
export function tensor<D extends DType = DType>(data: TensorData, options?: TensorOptions<D>): Tensor<D>;
export function tensor(data: unknown, options: TensorOptions = {}): Tensor {
  const { dtype, device } = checkOptions(options, 'tensor');
  return copied(data, dtype, device, 'tensor');
}

function copied(data: unknown, dtype: DType | undefined, device: number, where: string): Tensor {
  if (isTypedArray(data)) {
    using shared = share(data, checkArray(data, dtype, where), [data.length]);
    return shared.to({ dtype: dtype ?? shared.dtype, device: deviceName(device), copy: true });
  }
  const { shape, dtype: own } = inspectNested(data, where);
  const type = dtype ?? own;
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, where);
    let position = 0;
    forEachValue(data, (value) => write(position++, value));
  });
}

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
 * const x = asTensor(new Float32Array([1, 4, 9, 16]), { shape: [2, 2] });
 * asTensor(buffer, { dtype: 'float32' });
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

type FillArguments<D extends DType> =
  | [...shape: number[]]
  | [shape: Sizes]
  | [...shape: number[], options: TensorOptions<D>]
  | [shape: Sizes, options: TensorOptions<D>];

/** A tensor of zeros; default float32. Sizes come spread or as one array: `zeros(2, 3)`, `zeros([2, 3], options)`. */
export function zeros<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<D> {
  const { shape, dtype, device } = fillArguments(args, 'zeros');
  return fillWith(0, shape, dtype, device, 'zeros') as Tensor<D>;
}

/** A tensor of ones; default float32. Sizes come spread or as one array. */
export function ones<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<D> {
  const { shape, dtype, device } = fillArguments(args, 'ones');
  return fillWith(1, shape, dtype, device, 'ones') as Tensor<D>;
}

/** An uninitialised tensor: its elements are whatever was in memory. Default float32. */
export function empty<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<D> {
  const { shape, dtype, device } = fillArguments(args, 'empty');
  return allocateTensor(dtype, Object.freeze(shape), Object.freeze(contiguousStrides(shape)), device) as Tensor<D>;
}

/** A tensor whose elements are all `value`; default dtype, and errors, as in {@link tensor}. */
export function full<D extends DType = DType>(
  shape: Sizes | number,
  value: Scalar,
  options: TensorOptions<D> = {},
): Tensor<D> {
  const { dtype, device } = checkOptions(options, 'full');
  const sizes = checkShape(typeof shape === 'number' ? [shape] : shape, 'full: shape');
  const scalar = checkScalar(value, 'full: value');
  return fillWith(scalar, sizes, dtype ?? dtypeOfScalar(scalar), device, 'full') as Tensor<D>;
}

/**
 * The numbers `start`, `start + step`, … below `end` (above it if `step` is negative), in one dimension:
 * `arange(end)`, `arange(start, end)`, `arange(start, end, step)`, each with options at the end. Default float32, int64 if
 * the numbers are bigints. Throws `RangeError` if `step` is 0 or leads away from `end`, `ERR_DTYPE` for a complex dtype.
 */
export function arange<D extends DType = DType>(end: number | bigint, options?: TensorOptions<D>): Tensor<D>;
export function arange<D extends DType = DType>(
  start: number | bigint,
  end: number | bigint,
  options?: TensorOptions<D>,
): Tensor<D>;
export function arange<D extends DType = DType>(
  start: number | bigint,
  end: number | bigint,
  step: number | bigint,
  options?: TensorOptions<D>,
): Tensor<D>;
export function arange(...args: unknown[]): Tensor {
  const { dtype, device } = checkOptions(popOptions(args), 'arange');
  if (args.length < 1 || args.length > 3) {
    throw typeError(`arange: expected end, start and end, or start, end and step; received ${args.length} numbers`);
  }
  const [start, end, step] = args.length === 1 ? [0, args[0], 1] : [args[0], args[1], args.length === 3 ? args[2] : 1];
  const exact = args.every((value) => typeof value === 'bigint');
  const bounds = [start, end, step].map((value, i) => {
    const name = ['start', 'end', 'step'][i];
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw typeError(`arange: ${name} must be a number; received ${show(value)}`);
    }
    if (!Number.isFinite(Number(value))) throw rangeError(`arange: ${name} must be finite; received ${value}`);
    return exact ? BigInt(value) : Number(value);
  });
  const [first, last, stride] = bounds.map(Number);
  const span = exact ? Number((bounds[1] as bigint) - (bounds[0] as bigint)) : last - first;
  if (stride === 0 || Math.sign(span) * Math.sign(stride) < 0) {
    throw rangeError(`arange: step must lead from start ${start} to end ${end}; received ${step}`);
  }
  const length = Math.ceil(span / stride) + 0; // no −0
  const shape = checkShape([length], 'arange: the number of elements');
  const type = dtype ?? (exact ? 'int64' : 'float32');
  if (kindOf(type) === 'complex') throw new RsqrtError('ERR_DTYPE', `arange is not defined for ${type} tensors`);
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, 'arange');
    for (let i = 0; i < length; i++) {
      write(i, exact ? (bounds[0] as bigint) + BigInt(i) * (bounds[2] as bigint) : first + i * stride);
    }
  });
}

// ---------------------------------------------------------------- arguments

function checkOptions(
  options: unknown,
  where: string,
  known: readonly string[] = ['dtype', 'device'],
): { dtype: DType | undefined; device: number } {
  if (!isOptions(options)) {
    throw typeError(`${where}: options must be an object such as { dtype, device }; received ${show(options)}`);
  }
  checkKeys(options, known, where);
  const { dtype, device } = options;
  return {
    dtype: dtype === undefined ? undefined : checkDType(dtype, where),
    device: device === undefined ? CPU : deviceIndex(device, where),
  };
}

/** Takes the options off the end of a list of arguments; after others they may be undefined. */
function popOptions(args: unknown[]): unknown {
  const last = args.at(-1);
  if (!isOptions(last) && (last !== undefined || args.length < 2)) return {};
  return args.pop() ?? {};
}

/** Sizes, spread or as one array, and options. */
function fillArguments(args: unknown[], where: string): { shape: number[]; dtype: DType; device: number } {
  const { dtype, device } = checkOptions(popOptions(args), where);
  if (args.length === 0) throw typeError(`${where}: expected sizes, [] for a tensor without dimensions; received none`);
  // Something after the list of sizes can only have been meant as options.
  if (Array.isArray(args[0]) && args.length > 1) checkOptions(args[1], where);
  return { shape: checkShape(spread(args), `${where}: shape`), dtype: dtype ?? 'float32', device };
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

// ---------------------------------------------------------------- memory

/** A contiguous tensor whose elements are written on the CPU and then, if need be, copied to the device. */
function filled(shape: Sizes, dtype: DType, device: number, write: (entries: Entries) => void): Tensor {
  const result = allocateTensor(dtype, Object.freeze(shape), Object.freeze(contiguousStrides(shape)), CPU);
  write(elementsOf(result) as Entries);
  return result.to(deviceName(device));
}

function fillWith(value: Scalar, shape: Sizes, dtype: DType, device: number, where: string): Tensor {
  return filled(shape, dtype, device, (entries) => fillElements(dtype, entries, value, where));
}

/** A contiguous tensor on the memory of an array. */
function share(array: NodeJS.TypedArray, dtype: DType, shape: Sizes): Tensor {
  const { buffer, byteOffset, byteLength } = array;
  // The addon takes a SharedArrayBuffer as a view.
  const memory = isSharedArrayBuffer(buffer) ? new Uint8Array(buffer) : (buffer as ArrayBuffer);
  const storage = new Storage(memory, byteOffset, byteLength, CPU);
  return createTensor(storage, dtype, Object.freeze(shape), Object.freeze(contiguousStrides(shape)), 0);
}
