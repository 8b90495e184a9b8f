/** Makes tensors: from values, filled, uninitialised, or like other tensors. */

import { isSharedArrayBuffer, isTypedArray } from 'node:util/types';
import { type ArrayInfo, describeArray } from '../dtype/arrays';
import { type Complex, checkDType, type DType, getDefaultDtype, infoOf, type TypedArray } from '../dtype/dtype';
import { contiguousLayout, contiguousStrides, copyStrides, Layout, type Sizes } from '../layout/layout';
import { checkShape } from '../layout/shape-checks';
import { CPU, type DeviceName, deviceIndex, deviceName } from '../memory/device';
import { Storage } from '../memory/storage';
import type { Nested } from '../methods/reading';
import { viewOf } from '../methods/views';
import { converted } from '../program/convert';
import { fill } from '../program/fill';
import { checkKeys, spread } from '../support/checks';
import { typeError } from '../support/errors';
import { type Entries, elementWriter } from '../tensor/element';
import { checkArray, dtypeOfUnsigned, readNested } from '../tensor/literal';
import { allocateTensor, allocateTensorOf, elementsOf, written } from '../tensor/memory';
import { checkScalar, dtypeOfScalar, type Scalar } from '../tensor/scalar';
import {
  checkIsOptions,
  createTensor,
  isOptions,
  isTensor,
  notATensor,
  storageOf,
  type Tensor,
} from '../tensor/tensor';
import type { ValueList } from '../tensor/values';

/** The dtype and device of a new tensor. */
export interface TensorOptions<D extends DType = DType> {
  /** The default depends on the function. */
  dtype?: D;
  /** Default 'cpu', unless the function says otherwise. */
  device?: DeviceName;
}

/** What {@link tensor} copies: a value, a typed array, a tensor, or nested arrays of these. */
export type TensorData = Nested<Scalar | TypedArray | Tensor>;

/**
 * For each dtype, the values other than tensors that have it while the default dtype is float32. A
 * Uint16Array has no dtype.
 */
interface ValuesOf extends Record<DType, unknown> {
  float16: never;
  bfloat16: never;
  float32: number | Float32Array;
  float64: Float64Array;
  complex64: Complex;
  complex128: never;
  int8: Int8Array;
  uint8: Uint8Array | Uint8ClampedArray;
  int16: Int16Array;
  int32: Int32Array;
  int64: bigint | BigInt64Array | Uint32Array | BigUint64Array;
  bool: boolean;
}
type OwnDType<T> = { [D in DType]: T extends Nested<ValuesOf[D] | Tensor<D>> ? D : never }[DType];

/**
 * The dtype that a tensor of data of type T has without a `dtype` option. Any DType if the compiler
 * cannot tell, for example for a mixture.
 */
export type DTypeOf<T> = unknown extends T
  ? DType
  : [T] extends [Tensor<infer D>]
    ? D
    : T extends Nested<never>
      ? 'float32'
      : [OwnDType<T>] extends [never]
        ? DType
        : OwnDType<T>;

/**
 * A tensor that copies its data: a value, a typed array, a tensor, or nested arrays of these.
 *
 * Without `dtype`, the dtype follows from the data:
 *
 * - Numbers give the default dtype (float32, see {@link setDefaultDtype}), bigints int64, booleans
 *   bool, complex numbers `{ re, im }` complex64, or complex128 if the default is float64.
 * - A typed array keeps its element type. A Uint32Array and a BigUint64Array give int64.
 * - A tensor keeps its dtype.
 * - A mixture gives what these promote to ({@link promoteTypes}).
 *
 * With `dtype` everything is converted; values are rounded once. A Uint16Array needs a dtype:
 * float16 and bfloat16 take it for their bits, any other dtype for values.
 *
 * A tensor by itself is copied with its device and strides, as by `torch.tensor(x)`. In nested
 * arrays, a tensor without dimensions counts as a value, and a tensor with dimensions as the nested
 * array that {@link Tensor.toArray} would give; the result is on the CPU unless `device` names
 * another device. {@link stack} joins tensors on the device where they are.
 *
 * Lists are read by index, and each element is read once. Throws `ERR_SHAPE` for ragged arrays and
 * for tensors of different shapes, `TypeError` for data that is not a value, for complex values in
 * a real dtype, and for a typed array that was detached or is out of bounds, `RangeError` for a
 * value that an integer dtype cannot hold, `ERR_DISPOSED`.
 *
 * @example
 * ```ts
 * tensor([[4, 9], [16, 25]], { dtype: 'float64' }).shape; // [ 2, 2 ]
 * tensor(new Float32Array([4, 16, 25]), { device: 'cuda' }); // tensor([ 4., 16., 25.], device='cuda:0')
 * tensor([{ re: 3, im: 4 }, -1]); // tensor([ 3.+4.j, -1.+0.j])
 * tensor([true, 2n]); // tensor([1, 2])
 * tensor(new Uint16Array([1, 65535]), { dtype: 'int32' }); // tensor([    1, 65535], dtype=int32)
 *
 * const row = tensor([1, 2]);
 * tensor([row, [3, row.at(1)]]);
 * // tensor([[1., 2.],
 * //         [3., 2.]])
 * ```
 */
export function tensor<T extends TensorData, D extends DType = DTypeOf<T>>(
  data: T,
  options?: TensorOptions<D>,
): Tensor<NoInfer<D>>;
export function tensor(data: unknown, options: TensorOptions = {}): Tensor {
  const { dtype, device } = checkOptions(options, 'tensor');
  if (isTensor(data)) return converted(data, { ...options, copy: true }, 'tensor');
  return copied(data, dtype, device, 'tensor');
}

/** Whether a value is a list that begins with a tensor of this package, and so is data. */
export const isTensorList = (value: unknown): boolean => Array.isArray(value) && isTensor(value[0]);

/** A tensor of values, or of the elements of an array. */
export function copied(data: unknown, dtype: DType | undefined, device: number, where: string): Tensor {
  if (isTypedArray(data) && dtypeOfUnsigned(data, dtype) === undefined) {
    const array = describeArray(data, where);
    using shared = tensorOn(array, checkArray(data, dtype, where), [array.length]);
    return shared.to({ dtype: dtype ?? shared.dtype, device: deviceName(device), copy: true });
  }
  const { shape, dtype: own, values } = readNested(data, where, dtype);
  const type = dtype ?? own;
  if (values.hasTensors) return gathered(values, shape, type, device, where);
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, where);
    let position = 0;
    values.each((value) => write(position++, value));
  });
}

/** Does what {@link copied} does for nested arrays that contain tensors. */
function gathered(values: ValueList, shape: Sizes, dtype: DType, device: number, where: string): Tensor {
  // Values are written on the CPU. If there are only tensors, they are joined on the result's
  // device.
  const home = values.hasTensorsOnly ? device : CPU;
  const result = made(dtype, shape, contiguousStrides(shape), home, (tensor) => {
    const write = home === CPU ? elementWriter(dtype, elementsOf(tensor) as Entries, where) : () => {};
    let position = 0;
    values.each(
      (value) => write(position++, value),
      (source, sizes) => {
        const geometry = { shape: sizes, strides: contiguousStrides(sizes), storageOffset: position };
        using part = viewOf(tensor, geometry, where);
        part.copy_(source);
        position += part.numel;
      },
    );
  });
  return home === device ? result : sentTo(device, result);
}

/** @inline */
export type FillArguments<D extends DType> =
  | [...shape: number[]]
  | [shape: Sizes]
  | [...shape: number[], options: TensorOptions<D>]
  | [shape: Sizes, options: TensorOptions<D>];

/**
 * A tensor of zeros. Default dtype float32, see {@link setDefaultDtype}. Sizes are separate
 * arguments or one array.
 *
 * @example
 * ```ts
 * console.log(zeros(2, 3).shape, zeros([2, 3], { dtype: 'int8' }).dtype); // [ 2, 3 ] int8
 * ```
 */
export function zeros<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<NoInfer<D>> {
  const { shape, dtype, device } = fillArguments(args, 'zeros');
  return filledWith(0, contiguousLayout(shape), dtype, device, 'zeros') as Tensor<D>;
}

/**
 * A tensor of ones. Default dtype float32, see {@link setDefaultDtype}. Sizes are separate
 * arguments or one array.
 */
export function ones<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<NoInfer<D>> {
  const { shape, dtype, device } = fillArguments(args, 'ones');
  return filledWith(1, contiguousLayout(shape), dtype, device, 'ones') as Tensor<D>;
}

/**
 * An uninitialised tensor: its elements are whatever was in memory. Default dtype float32, see
 * {@link setDefaultDtype}. Sizes are separate arguments or one array.
 */
export function empty<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<NoInfer<D>> {
  const { shape, dtype, device } = fillArguments(args, 'empty');
  return allocateTensorOf(infoOf(dtype), contiguousLayout(shape), device) as Tensor<D>;
}

/**
 * A tensor whose elements are all `value`. The default dtype and the errors are those of
 * {@link tensor}.
 *
 * @example
 * ```ts
 * full([2, 2], 7n);
 * // tensor([[7, 7],
 * //         [7, 7]])
 * ```
 */
export function full<T extends Scalar, D extends DType = DTypeOf<T>>(
  shape: Sizes | number,
  value: T,
  options: TensorOptions<D> = {},
): Tensor<NoInfer<D>> {
  const { dtype, device } = checkOptions(options, 'full');
  const sizes = checkShape(typeof shape === 'number' ? [shape] : shape, 'full: shape');
  const scalar = checkScalar(value, 'full: value');
  const type = dtype ?? dtypeOfScalar(scalar);
  return filledWith(scalar, contiguousLayout(sizes), type, device, 'full') as Tensor<D>;
}

/**
 * A tensor of zeros with the shape, dtype and device of another tensor. `options` may name another
 * dtype or device. If the input is dense (a transposed tensor, for example), the strides are those
 * of the input; otherwise they are packed as in torch. Throws `TypeError` if the input is not a
 * tensor, and `ERR_DISPOSED`.
 *
 * @example
 * ```ts
 * const x = tensor([[1n, 2n, 3n]]).t();
 * console.log(zerosLike(x).strides, zerosLike(x, { dtype: 'bool' }).dtype); // [ 1, 3 ] bool
 * ```
 */
export function zerosLike<D extends DType, E extends DType = D>(
  input: Tensor<D>,
  options?: TensorOptions<E>,
): Tensor<NoInfer<E>> {
  const { shape, strides, dtype, device } = likeArguments(input, options, 'zerosLike');
  return filledWith(0, new Layout(shape, Object.freeze(strides)), dtype, device, 'zerosLike') as Tensor<E>;
}

/** A tensor of ones; otherwise like {@link zerosLike}. */
export function onesLike<D extends DType, E extends DType = D>(
  input: Tensor<D>,
  options?: TensorOptions<E>,
): Tensor<NoInfer<E>> {
  const { shape, strides, dtype, device } = likeArguments(input, options, 'onesLike');
  return filledWith(1, new Layout(shape, Object.freeze(strides)), dtype, device, 'onesLike') as Tensor<E>;
}

/** An uninitialised tensor; otherwise like {@link zerosLike}. */
export function emptyLike<D extends DType, E extends DType = D>(
  input: Tensor<D>,
  options?: TensorOptions<E>,
): Tensor<NoInfer<E>> {
  const { shape, strides, dtype, device } = likeArguments(input, options, 'emptyLike');
  return made(dtype, shape, strides, device) as Tensor<E>;
}

/**
 * A tensor whose elements are all `value`; otherwise like {@link zerosLike}. The dtype is that of
 * the input, whatever the value. Throws `RangeError` for a value that an integer dtype cannot hold,
 * and `TypeError` for a complex value in a real dtype.
 *
 * @example
 * ```ts
 * console.log(fullLike(tensor([1n, 2n]), 0.5)); // tensor([0, 0])
 * ```
 */
export function fullLike<D extends DType, E extends DType = D>(
  input: Tensor<D>,
  value: Scalar,
  options?: TensorOptions<E>,
): Tensor<NoInfer<E>> {
  const { shape, strides, dtype, device } = likeArguments(input, options, 'fullLike');
  const scalar = checkScalar(value, 'fullLike: value');
  return filledWith(scalar, new Layout(shape, Object.freeze(strides)), dtype, device, 'fullLike') as Tensor<E>;
}

// ---------------------------------------------------------------- arguments

/** Checks an options object. Throws `TypeError`. */
export function checkOptions(
  options: unknown,
  where: string,
  known: readonly string[] = ['dtype', 'device'],
): { dtype: DType | undefined; device: number } {
  checkIsOptions(options, 'dtype, device', where);
  checkKeys(options, known, where);
  const { dtype, device } = options;
  return {
    dtype: dtype === undefined ? undefined : checkDType(dtype, where),
    device: device === undefined ? CPU : deviceIndex(device, where),
  };
}

/**
 * Removes the options from the end of a list of arguments and returns them. After other arguments
 * they may be undefined.
 */
export function popOptions(args: unknown[]): unknown {
  const last = args.at(-1);
  if (!isOptions(last) && (last !== undefined || args.length < 2)) return {};
  return args.pop() ?? {};
}

/** Checks sizes, as separate arguments or one array, and options. */
export function fillArguments(args: unknown[], where: string): { shape: number[]; dtype: DType; device: number } {
  const { dtype, device } = checkOptions(popOptions(args), where);
  if (args.length === 0) throw typeError(`${where}: expected sizes, [] for a tensor without dimensions; received none`);
  // An argument after the list of sizes can only be meant as options.
  if (Array.isArray(args[0]) && args.length > 1) checkOptions(args[1], where);
  return { shape: checkShape(spread(args), `${where}: shape`), dtype: dtype ?? getDefaultDtype(), device };
}

/** Checks a tensor that the result shall be like, and options. */
export function likeArguments(input: unknown, options: unknown = {}, where: string) {
  if (!isTensor(input)) throw notATensor(`${where}: input`, input);
  const { shape } = input;
  const { dtype, device } = checkOptions(options, where);
  const own = storageOf(input, where).device;
  return {
    shape,
    strides: copyStrides(shape, input.strides),
    dtype: dtype ?? input.dtype,
    device: (options as TensorOptions).device === undefined ? own : device,
  };
}

// ---------------------------------------------------------------- memory

/** A new tensor. If writing its elements fails, its memory is released at once. */
export function made(
  dtype: DType,
  shape: Sizes,
  strides: Sizes,
  device: number,
  write = (_: Tensor): void => {},
): Tensor {
  return written(allocateTensor(dtype, Object.freeze(shape), Object.freeze(strides), device), write);
}

/**
 * A contiguous tensor that is written on the CPU and then moved to the device, if that is another.
 */
export function staged(shape: Sizes, dtype: DType, device: number, write: (tensor: Tensor) => void): Tensor {
  return sentTo(device, made(dtype, shape, contiguousStrides(shape), CPU, write));
}

/** Does what {@link staged} does; `write` gets the elements. */
export function filled(shape: Sizes, dtype: DType, device: number, write: (entries: Entries) => void): Tensor {
  return staged(shape, dtype, device, (tensor) => write(elementsOf(tensor) as Entries));
}

/**
 * Moves a tensor that was made on the CPU to its device. Disposes the original if that is another
 * device.
 */
export function sentTo(device: number, made: Tensor): Tensor {
  if (device === CPU) return made;
  using host = made;
  return host.to(deviceName(device));
}

/** A tensor of a dense layout whose elements are all the same. */
function filledWith(value: Scalar, layout: Layout, dtype: DType, device: number, where: string): Tensor {
  const result = allocateTensorOf(infoOf(dtype), layout, device);
  try {
    fill(result, value, where);
  } catch (error) {
    result.dispose();
    throw error;
  }
  return result;
}

/** A contiguous tensor that shares the memory of an array. */
export function tensorOn({ buffer, byteOffset, byteLength }: ArrayInfo, dtype: DType, shape: Sizes): Tensor {
  // The addon takes a SharedArrayBuffer in the form of a view.
  const memory = isSharedArrayBuffer(buffer) ? new Uint8Array(buffer) : (buffer as ArrayBuffer);
  const storage = new Storage(memory, byteOffset, byteLength, CPU);
  return createTensor(storage, dtype, Object.freeze(shape), Object.freeze(contiguousStrides(shape)), 0);
}
