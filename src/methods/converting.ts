/** The methods of Tensor that copy it to another device, dtype or layout. */

import { type DType, isDType } from '../dtype/dtype';
import { contiguousStrides, copyStrides } from '../layout/layout';
import { type DeviceName, deviceName, type GpuName, gpuIndex, requireCuda } from '../memory/device';
import { converted, type ToOptions } from '../program/convert';
import { copyOf } from '../program/copy';
import { checkFlag, checkKeys } from '../support/checks';
import { show, typeError } from '../support/errors';
import { extend, isOptions, isTensor, layoutOf, storageOf, type Tensor } from '../tensor/tensor';
import { cpuStorageOf } from './reading';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Converting<D> {}
}

/**
 * Copies to another device, dtype or layout. If nothing changes, the result is the tensor itself.
 */
export abstract class Converting<D extends DType> {
  /**
   * This tensor on another device or in another dtype. Returns the tensor itself if nothing
   * changes.
   *
   * Conversions follow these rules:
   *
   * - to a float dtype: values are rounded once, to nearest, ties to even
   * - float to integer: values are truncated towards zero and saturate; NaN becomes 0
   * - integer to integer: the low bits are kept
   * - real to complex: the imaginary part is 0
   * - complex to real: only the real part is kept
   * - to bool: true if the value is not zero (for a complex number, if either part is not zero)
   *
   * Throws `ERR_CUDA_UNAVAILABLE`, with the reason, if there is no GPU.
   *
   * @example
   * ```ts
   * const x = tensor([1.5, -2.5]);
   * x.to('int32'); // tensor([ 1, -2], dtype=int32)
   * x.to('cuda').device; // 'cuda:0'
   * x.to({ device: 'cuda:1', dtype: 'float64' }).dtype; // 'float64'
   * x.to(tensor([1n])).dtype; // 'int64'
   * ```
   */
  to(this: Tensor<D>, device: DeviceName): Tensor<D>;
  to<E extends DType>(this: Tensor<D>, dtype: E): Tensor<E>;
  /** To the dtype and the device of another tensor. */
  to<E extends DType>(this: Tensor<D>, other: Tensor<E>): Tensor<E>;
  to<E extends DType = D>(this: Tensor<D>, options: ToOptions<E>): Tensor<E>;
  to(this: Tensor<D>, ...args: unknown[]): Tensor {
    return converted(this, toOptions(args, 'to'), 'to');
  }

  /**
   * Converts {@link to} float32. Returns this tensor if it has that dtype. torch's methods for the
   * other dtypes exist too, with the same names as in torch.
   *
   * @example
   * ```ts
   * const x = tensor([1.5, -2.5]);
   * x.long(); // tensor([ 1, -2])
   * x.float() === x; // true
   * ```
   */
  float(this: Tensor<D>): Tensor<'float32'> {
    return inDType(this, 'float32', 'float');
  }

  /** {@link to} float64, see {@link float}. */
  double(this: Tensor<D>): Tensor<'float64'> {
    return inDType(this, 'float64', 'double');
  }

  /** {@link to} float16, see {@link float}. */
  half(this: Tensor<D>): Tensor<'float16'> {
    return inDType(this, 'float16', 'half');
  }

  /** {@link to} bfloat16, see {@link float}. */
  bfloat16(this: Tensor<D>): Tensor<'bfloat16'> {
    return inDType(this, 'bfloat16', 'bfloat16');
  }

  /** {@link to} int64, see {@link float}. */
  long(this: Tensor<D>): Tensor<'int64'> {
    return inDType(this, 'int64', 'long');
  }

  /** {@link to} int32, see {@link float}. */
  int(this: Tensor<D>): Tensor<'int32'> {
    return inDType(this, 'int32', 'int');
  }

  /** {@link to} int16, see {@link float}. */
  short(this: Tensor<D>): Tensor<'int16'> {
    return inDType(this, 'int16', 'short');
  }

  /** {@link to} int8, see {@link float}. */
  char(this: Tensor<D>): Tensor<'int8'> {
    return inDType(this, 'int8', 'char');
  }

  /** {@link to} uint8, see {@link float}. */
  byte(this: Tensor<D>): Tensor<'uint8'> {
    return inDType(this, 'uint8', 'byte');
  }

  /** {@link to} bool, see {@link float}. */
  bool(this: Tensor<D>): Tensor<'bool'> {
    return inDType(this, 'bool', 'bool');
  }

  /** {@link to} complex64, see {@link float}. */
  cfloat(this: Tensor<D>): Tensor<'complex64'> {
    return inDType(this, 'complex64', 'cfloat');
  }

  /** {@link to} complex128, see {@link float}. */
  cdouble(this: Tensor<D>): Tensor<'complex128'> {
    return inDType(this, 'complex128', 'cdouble');
  }

  /**
   * This tensor on the CPU. Returns the tensor itself if it is on the CPU. Waits for the GPU;
   * `await x.toAsync('cpu')` does so without blocking.
   */
  cpu(this: Tensor<D>): Tensor<D> {
    return converted(this, { device: 'cpu' }, 'cpu') as Tensor<D>;
  }

  /**
   * This tensor on a GPU, by default the current one. Returns the tensor itself if it is on that
   * GPU. Throws `ERR_CUDA_UNAVAILABLE`.
   */
  cuda(this: Tensor<D>, index: GpuName = 'cuda'): Tensor<D> {
    return converted(this, { device: deviceName(gpuIndex(index, 'cuda')) }, 'cuda') as Tensor<D>;
  }

  /**
   * This CPU tensor in page-locked memory, which GPUs access directly. Copies from and to it are
   * faster, and with `nonBlocking` they need not be waited for. Returns the tensor itself if its
   * memory is page-locked already.
   *
   * Page-locked memory cannot be swapped out, which leaves less memory for everything else on the
   * machine. Use it for tensors that are often copied to or from a GPU. The memory of disposed
   * tensors is kept for new ones; {@link cuda.emptyCache} frees it. In other respects the tensor is
   * like any other, except that {@link Tensor.transfer} copies it. Throws `ERR_CUDA_UNAVAILABLE` if
   * there is no GPU, and `ERR_DEVICE` if this tensor is on one.
   *
   * @example
   * ```ts
   * const batch = zeros(2, 3).pinMemory();
   * const onGpu = batch.to({ device: 'cuda', nonBlocking: true });
   *
   * // Waits until the copy has read what it overwrites.
   * batch.fill_(7);
   * onGpu.toArray(); // [ [ 0, 0, 0 ], [ 0, 0, 0 ] ]
   * ```
   */
  pinMemory(this: Tensor<D>): Tensor<D> {
    if (cpuStorageOf(this, 'pinMemory').pinned) return this;
    requireCuda('pinMemory');
    return copyOf(this, copyStrides(this.shape, this.strides), this.dtype, true);
  }

  /**
   * Whether the memory was page-locked by this package, see {@link pinMemory}. False for a tensor
   * on the memory of somebody else's array.
   */
  isPinned(this: Tensor<D>): boolean {
    return storageOf(this, 'isPinned').pinned;
  }

  /**
   * A copy with its own storage. Its strides are those that torch chooses: those of this tensor if
   * it is dense.
   */
  clone(this: Tensor<D>): Tensor<D> {
    storageOf(this, 'clone');
    return copyOf(this, copyStrides(this.shape, this.strides));
  }

  /** This tensor if it is contiguous, otherwise a contiguous copy. */
  contiguous(this: Tensor<D>): Tensor<D> {
    storageOf(this, 'contiguous');
    return layoutOf(this).isContiguous ? this : copyOf(this, contiguousStrides(this.shape));
  }
}

extend(Converting);

const inDType = <E extends DType>(tensor: Tensor, dtype: E, where: string): Tensor<E> =>
  converted(tensor, { dtype }, where) as Tensor<E>;

/** The arguments of {@link Tensor.to} as options. */
export function toOptions([target, ...more]: unknown[], where: string): ToOptions {
  if (more.length > 0 && more[0] !== undefined) {
    throw typeError(`${where}: expected one argument, { device, dtype } for both; received ${show(more[0])} too`);
  }
  if (isOptions(target)) {
    checkKeys(target, ['device', 'dtype', 'copy', 'nonBlocking'], where);
    checkFlag((target as ToOptions).nonBlocking, `${where}: nonBlocking`);
    return target as ToOptions;
  }
  if (isDType(target)) return { dtype: target };
  if (isTensor(target)) {
    return { dtype: target.dtype, device: deviceName(storageOf(target, `${where}: other`).device) };
  }
  if (typeof target === 'string' && /^(cpu$|cuda)/.test(target)) return { device: target as DeviceName };
  throw typeError(
    `${where}: expected a device, a dtype, a Tensor or { device, dtype, copy, nonBlocking }; received ${show(target)}`,
  );
}
