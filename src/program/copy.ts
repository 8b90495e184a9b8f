/** Runs operations of the addon's table on tensors. Copying and converting are such operations. */

import { constants } from 'node:buffer';
import { arrayOf, checkDType, type DType, entriesOf, itemSizeOf, kindOf, type TypedArrayOf } from '../dtype/dtype';
import { expanded } from '../layout/geometry';
import { collapse, copyStrides, isDense, numelOf, type Sizes, sameLayout } from '../layout/layout';
import { binding } from '../load/binding';
import { CPU, type DeviceName, deviceIndex } from '../memory/device';
import { allocate, copyBytes } from '../memory/storage';
import { type RsqrtError, rangeError } from '../support/errors';
import { warnOnce } from '../support/warnings';
import { codeOf, contiguousOf, createTensor, storageOf, type Tensor } from '../tensor/tensor';

/** The options of {@link Tensor.to}. */
export interface ToOptions<D extends DType = DType> {
  /** Default: that of the tensor. */
  dtype?: D;
  /** Default: that of the tensor. */
  device?: DeviceName;
  /** Whether to copy even if nothing changes. */
  copy?: boolean;
  /**
   * Whether to return without waiting for a copy between a GPU and page-locked memory of the CPU
   * ({@link Tensor.pinMemory}). When copying from a GPU to the CPU, the result is page-locked and
   * is filled later. Every use of the result or the source through a tensor waits by itself, so
   * results do not change. Only arrays that `data` returned earlier cannot wait. Has no effect on
   * other copies, nor in runtimes that do not allow page-locked memory, such as Electron. Default
   * false.
   */
  nonBlocking?: boolean;
}

/** The code of the operation that copies and, if the dtypes differ, converts. */
export const copyCode = binding.ops.findIndex((op) => op.name === 'copy');

/** Runs an operation of the table from one tensor to another of the same shape and device. */
export function launch(op: number, input: Tensor, output: Tensor): void {
  if (input.numel === 0) return;
  const from = storageOf(input, 'launch');
  const to = storageOf(output, 'launch');
  if (from.settling) from.settle();
  if (to.settling) to.settle();
  const layout =
    contiguousOf(input) && contiguousOf(output)
      ? input.numel
      : (collapse(input.shape, input.strides, output.strides) ?? input.numel);
  binding.unary(
    op,
    // biome-ignore lint/style/noNonNullAssertion: a storage that a live tensor refers to has memory
    from.memory!,
    codeOf(input),
    from.byteOffset + input.storageOffset * input.itemSize,
    // biome-ignore lint/style/noNonNullAssertion: as above
    to.memory!,
    codeOf(output),
    to.byteOffset + output.storageOffset * output.itemSize,
    layout,
  );
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

/** A new uninitialised tensor, in page-locked memory if `pinned`. */
export function allocateTensor<D extends DType>(
  dtype: D,
  shape: Sizes,
  strides: Sizes,
  device: number,
  pinned = false,
): Tensor<D> {
  return createTensor(allocate(numelOf(shape) * itemSizeOf(dtype), device, pinned), dtype, shape, strides, 0);
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

/**
 * Copies every element to a tensor of the same shape on the same device, converting it if the dtype
 * differs.
 */
export const launchCopy = (source: Tensor, target: Tensor): void => launch(copyCode, source, target);

/** A copy on the same device, converted if the dtype differs. */
export function copyOf<D extends DType>(
  source: Tensor,
  strides: Sizes,
  dtype = source.dtype as D,
  pinned = false,
): Tensor<D> {
  const device = storageOf(source, 'copy').device;
  const copy = allocateTensor(dtype, source.shape, Object.freeze(strides), device, pinned);
  return written(copy, () => launchCopy(source, copy));
}

/** See {@link Tensor.to}. */
export function converted(source: Tensor, options: ToOptions, where: string): Tensor {
  const from = storageOf(source, where).device;
  const device = options.device === undefined ? from : deviceIndex(options.device, where);
  const dtype = options.dtype === undefined ? source.dtype : checkDType(options.dtype, where);
  if (device === from && dtype === source.dtype && !options.copy) return source;
  warnOfLoss(source.dtype, dtype);
  const { shape } = source;
  const strides = copyStrides(shape, source.strides);
  if (device === from) return copyOf(source, strides, dtype);
  const nonBlocking = options.nonBlocking === true;
  if (nonBlocking && device === CPU) return sent(source, dtype, device, nonBlocking);
  using part = withoutRepeats(source);
  const arrived = sent(part, travelling(source.dtype, dtype), device, nonBlocking);
  if (arrived.dtype === dtype && arrived.numel === source.numel) return arrived;
  using ended = arrived;
  using whole = repeated(ended, shape);
  return copyOf(whole, strides, dtype);
}

/**
 * Copies every element to a tensor of the same shape on another device, converting it if the dtype
 * differs.
 */
export function copyAcross(source: Tensor, target: Tensor, nonBlocking: boolean): void {
  if (source.numel === 0) return;
  const to = storageOf(target, 'copy_');
  using part = withoutRepeats(source);
  // If the copy is not waited for, no work on the arriving elements can be left to the CPU.
  const later = nonBlocking && to.pinned;
  const dtype = later ? target.dtype : travelling(source.dtype, target.dtype);
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
    nonBlocking && device === CPU ? landing(dtype, shape, strides) : allocateTensor(dtype, shape, strides, device);
  return written(result, () => copyElements(source, result, nonBlocking));
}

/**
 * A tensor that receives elements from a GPU. Its memory is page-locked, so that the copy need not
 * be waited for, or ordinary memory if the runtime does not allow page-locked memory, as in
 * Electron.
 */
function landing(dtype: DType, shape: Sizes, strides: Sizes): Tensor {
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
const travelling = (from: DType, to: DType): DType => (itemSizeOf(from) < itemSizeOf(to) ? from : to);

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

/** Warns once if a conversion discards imaginary parts. */
export function warnOfLoss(from: DType, to: DType): void {
  if (kindOf(from) !== 'complex' || kindOf(to) === 'complex' || to === 'bool') return;
  warnOnce('RSQRT_COMPLEX_TO_REAL', `conversion from ${from} to ${to} discards the imaginary parts`);
}
