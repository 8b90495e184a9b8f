/** Running operations of the addon's table on tensors; copying and converting, which are such operations. */

import { constants } from 'node:buffer';
import { binding } from './binding';
import { type DeviceName, deviceIndex } from './device';
import { arrayOf, checkDType, type DType, entriesOf, itemSizeOf, kindOf, type TypedArrayOf } from './dtype';
import { rangeError } from './errors';
import { collapse, isDense, numelOf, resultStrides, type Sizes } from './layout';
import { allocate, copyBytes } from './storage';
import { codeOf, contiguousOf, createTensor, storageOf, type Tensor } from './tensor';
import { warnOnce } from './warnings';

/** What {@link Tensor.to} takes. */
export interface ToOptions<D extends DType = DType> {
  /** Default: that of the tensor. */
  dtype?: D;
  /** Default: that of the tensor. */
  device?: DeviceName;
  /** Copy even if nothing changes. */
  copy?: boolean;
}

/** The code of the operation that only copies, or converts. */
export const copyCode = binding.ops.findIndex((op) => op.name === 'copy');

/** Runs an operation of the table from one tensor to another of the same shape and device. */
export function launch(op: number, input: Tensor, output: Tensor): void {
  if (input.numel === 0) return;
  const from = storageOf(input, 'launch');
  const to = storageOf(output, 'launch');
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

/** The elements of a contiguous CPU tensor, for code that does not pass them on. */
export function elementsOf<D extends DType>(tensor: Tensor<D>): TypedArrayOf<D> {
  const storage = storageOf(tensor, 'data');
  const start = storage.byteOffset + tensor.storageOffset * tensor.itemSize;
  const length = tensor.numel * entriesOf(tensor.dtype);
  if (length > constants.MAX_LENGTH) {
    throw rangeError(`data: ${length} entries are more than a typed array can have here (${constants.MAX_LENGTH})`);
  }
  return new (arrayOf(tensor.dtype))(storage.owner as ArrayBuffer, start, length) as TypedArrayOf<D>;
}

/** A fresh uninitialised tensor. */
export function allocateTensor<D extends DType>(dtype: D, shape: Sizes, strides: Sizes, device: number): Tensor<D> {
  return createTensor(allocate(numelOf(shape) * itemSizeOf(dtype), device), dtype, shape, strides, 0);
}

/** Copies every element of a tensor to another of the same shape and device, converted if the dtype differs. */
export const launchCopy = (source: Tensor, target: Tensor): void => launch(copyCode, source, target);

/** A copy on the same device, converted on the way if the dtype differs. */
export function copyOf<D extends DType>(source: Tensor, strides: Sizes, dtype = source.dtype as D): Tensor<D> {
  const device = storageOf(source, 'copy').device;
  const copy = allocateTensor(dtype, source.shape, Object.freeze(strides), device);
  launchCopy(source, copy);
  return copy;
}

/** A copy of a dense tensor on another device: its bytes and its strides. */
function moved<D extends DType>(source: Tensor<D>, device: number): Tensor<D> {
  const result = allocateTensor(source.dtype, source.shape, source.strides, device);
  const { itemSize, numel, storageOffset } = source;
  if (numel === 0) return result; // of which the offset may be past the end
  copyBytes(storageOf(source, 'to'), storageOffset * itemSize, storageOf(result, 'to'), 0, numel * itemSize);
  return result;
}

/** See {@link Tensor.to}. */
export function converted(source: Tensor, options: ToOptions, where: string): Tensor {
  const from = storageOf(source, where).device;
  const device = options.device === undefined ? from : deviceIndex(options.device, where);
  const dtype = options.dtype === undefined ? source.dtype : checkDType(options.dtype, where);
  if (device === from && dtype === source.dtype && !options.copy) return source;
  warnOfLoss(source.dtype, dtype);
  const strides = resultStrides(source.shape, source.strides);
  if (device === from) return copyOf(source, strides, dtype);
  if (dtype === source.dtype && isDense(source.shape, source.strides)) return moved(source, device);
  using staged = copyOf(source, strides, dtype);
  return moved(staged, device);
}

/** Warns, once, if conversion takes imaginary parts away. */
export function warnOfLoss(from: DType, to: DType): void {
  if (kindOf(from) !== 'complex' || kindOf(to) === 'complex' || to === 'bool') return;
  warnOnce('RSQRT_COMPLEX_TO_REAL', `conversion from ${from} to ${to} discards the imaginary parts`);
}
