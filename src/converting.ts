/** The methods of Tensor that copy it: to another device, dtype or layout. */

import { checkKeys, checkWhole } from './checks';
import { converted, copyOf, type ToOptions } from './copy';
import type { DeviceName } from './device';
import { type DType, isDType } from './dtype';
import { show, typeError } from './errors';
import { contiguousStrides, resultStrides } from './layout';
import { contiguousOf, extend, isOptions, storageOf, type Tensor } from './tensor';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Converting<D> {}
}

/** Copies to another device, dtype or layout, or the tensor itself if there is nothing to do. */
export abstract class Converting<D extends DType> {
  /**
   * This tensor on another device or in another dtype; itself if nothing changes.
   *
   * To a float dtype values are rounded once, to nearest even; float to integer truncates towards zero, saturates, and
   * makes NaN 0; integer to integer keeps the low bits; real to complex has the imaginary part 0, and complex to real keeps
   * the real part alone; anything to bool is "not zero" (of a complex number, either part). Throws `ERR_CUDA_UNAVAILABLE`, with the reason, if there is no GPU.
   *
   * @example
   * ```ts
   * const x = tensor([1.5, -2.5]);
   * x.to('int32'); // tensor([ 1, -2], dtype=int32)
   * x.to('cuda').device; // 'cuda:0'
   * x.to({ device: 'cuda:1', dtype: 'float64' }).dtype; // 'float64'
   * ```
   */
  to(this: Tensor<D>, device: DeviceName): Tensor<D>;
  to<E extends DType>(this: Tensor<D>, dtype: E): Tensor<E>;
  to<E extends DType = D>(this: Tensor<D>, options: ToOptions<E>): Tensor<E>;
  to(this: Tensor<D>, ...args: unknown[]): Tensor {
    return converted(this, toOptions(args), 'to');
  }

  /** This tensor on the CPU; itself if it is there. Waits for the GPU. */
  cpu(this: Tensor<D>): Tensor<D> {
    return converted(this, { device: 'cpu' }, 'cpu') as Tensor<D>;
  }

  /** This tensor on a GPU, by default the first; itself if it is there. Throws `ERR_CUDA_UNAVAILABLE`. */
  cuda(this: Tensor<D>, index = 0): Tensor<D> {
    return converted(this, { device: `cuda:${checkWhole(index, 'cuda: index')}` }, 'cuda') as Tensor<D>;
  }

  /** A copy with its own storage; strides as torch chooses them (those of this tensor if it is dense). */
  clone(this: Tensor<D>): Tensor<D> {
    storageOf(this, 'clone');
    return copyOf(this, resultStrides(this.shape, this.strides));
  }

  /** This tensor if it is contiguous, otherwise a contiguous copy. */
  contiguous(this: Tensor<D>): Tensor<D> {
    storageOf(this, 'contiguous');
    return contiguousOf(this) ? this : copyOf(this, contiguousStrides(this.shape));
  }
}

extend(Converting);

function toOptions([target, ...more]: unknown[]): ToOptions {
  if (more.length > 0 && more[0] !== undefined) {
    throw typeError(`to: expected one argument, { device, dtype } for both; received ${show(more[0])} too`);
  }
  if (isOptions(target)) {
    checkKeys(target, ['device', 'dtype', 'copy'], 'to');
    return target as ToOptions;
  }
  if (isDType(target)) return { dtype: target };
  if (typeof target === 'string' && /^(cpu$|cuda)/.test(target)) return { device: target as DeviceName };
  throw typeError(`to: expected a device, a dtype or { device, dtype, copy }; received ${show(target)}`);
}
