/** Making tensors: from values, filled, uninitialised. */

import { isSharedArrayBuffer, isTypedArray } from 'node:util/types';
import { checkKeys, checkShape, spread } from './checks';
import { allocateTensor, elementsOf } from './copy';
import { CPU, type DeviceName, deviceIndex, deviceName } from './device';
import { checkDType, type DType, kindOf } from './dtype';
import { type Entries, elementWriter, fillElements } from './element';
import { RsqrtError, rangeError, show, typeError } from './errors';
import { contiguousStrides, type Sizes } from './layout';
import { checkArray, checkScalar, dtypeOfScalar, forEachValue, inspectNested, type Scalar } from './literal';
import type { Nested } from './reading';
import { Storage } from './storage';
import { createTensor, isOptions, type Tensor } from './tensor';

/** The dtype and device of a new tensor. */
export interface TensorOptions<D extends DType = DType> {
  /** Default: as the function that it is given to says. */
  dtype?: D;
  /** Default 'cpu'. */
  device?: DeviceName;
}

/**
 * What {@link tensor} copies: a value, nested arrays of values, or a typed array; typed arrays may be nested, except for a
 * Uint16Array.
 */
export type TensorData = Nested<Scalar | NodeJS.TypedArray>;

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
 * tensor([[4, 9], [16, 25]], { dtype: 'float64' }).shape; // [ 2, 2 ]
 * tensor(new Float32Array([4, 16, 25]), { device: 'cuda' }); // tensor([ 4., 16., 25.], device='cuda:0')
 * tensor([{ re: 3, im: 4 }, -1]); // tensor([ 3.+4.j, -1.+0.j])
 * ```
 */
export function tensor<D extends DType = DType>(data: TensorData, options?: TensorOptions<D>): Tensor<D>;
export function tensor(data: unknown, options: TensorOptions = {}): Tensor {
  const { dtype, device } = checkOptions(options, 'tensor');
  return copied(data, dtype, device, 'tensor');
}

/** A tensor of values, or of the elements of an array. */
export function copied(data: unknown, dtype: DType | undefined, device: number, where: string): Tensor {
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

/** @inline */
export type FillArguments<D extends DType> =
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

/** Checks an object of options. Throws `TypeError`. */
export function checkOptions(
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
export function fillArguments(args: unknown[], where: string): { shape: number[]; dtype: DType; device: number } {
  const { dtype, device } = checkOptions(popOptions(args), where);
  if (args.length === 0) throw typeError(`${where}: expected sizes, [] for a tensor without dimensions; received none`);
  // Something after the list of sizes can only have been meant as options.
  if (Array.isArray(args[0]) && args.length > 1) checkOptions(args[1], where);
  return { shape: checkShape(spread(args), `${where}: shape`), dtype: dtype ?? 'float32', device };
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
export function share(array: NodeJS.TypedArray, dtype: DType, shape: Sizes): Tensor {
  const { buffer, byteOffset, byteLength } = array;
  // The addon takes a SharedArrayBuffer as a view.
  const memory = isSharedArrayBuffer(buffer) ? new Uint8Array(buffer) : (buffer as ArrayBuffer);
  const storage = new Storage(memory, byteOffset, byteLength, CPU);
  return createTensor(storage, dtype, Object.freeze(shape), Object.freeze(contiguousStrides(shape)), 0);
}
