/** The methods of Tensor that write elements. */

import type { DType } from '../dtype/dtype';
import { expanded } from '../layout/geometry';
import { type ToOptions, warnOfLoss } from '../program/convert';
import { launchFromCopy } from '../program/copy';
import { fill } from '../program/fill';
import { launch } from '../program/launch';
import { checkWritable, mustCopyFirst, regionOf } from '../program/overlap';
import { copyProgram } from '../program/program';
import { copyBetweenDevices } from '../program/transfer';
import { checkFlags } from '../support/checks';
import { checkScalar, type Scalar } from '../tensor/scalar';
import { dtypeInfoOf, extend, isTensor, notATensor, storageOf, type Tensor } from '../tensor/tensor';
import { elementAt } from './reading';
import { viewOf } from './views';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Writing<D> {}
}

/** The options of {@link Tensor.copy_}. */
export type CopyOptions = Pick<ToOptions, 'nonBlocking'>;

/**
 * Writing elements. Writing to a view changes the storage. If a method throws, nothing was written.
 * The methods throw `ERR_OVERLAP` for a tensor whose elements share memory, and `RangeError` or
 * `TypeError` for a value that the dtype cannot hold.
 */
export abstract class Writing<D extends DType> {
  /**
   * Stores a value as one element, given an index for each dimension. Negative indices count from
   * the end. Float dtypes round the value once, and integer dtypes truncate it. Returns this
   * tensor.
   *
   * @example
   * ```ts
   * zeros(2, 2).set(4, 0, -1);
   * // tensor([[0., 4.],
   * //         [0., 0.]])
   * ```
   */
  set(this: Tensor<D>, value: Scalar, ...indices: number[]): Tensor<D> {
    using element = elementAt(this, indices, 'set');
    fill(element, checkScalar(value, 'set: value'), 'set');
    return this;
  }

  /**
   * Stores a value, or the value of a tensor without dimensions, as every element. Returns this
   * tensor.
   */
  fill_(this: Tensor<D>, value: Scalar | Tensor): Tensor<D> {
    checkWritable(this, 'fill_');
    if (isTensor(value) && value.ndim === 0) return this.copy_(value);
    fill(this, checkScalar(value, 'fill_: value'), 'fill_');
    return this;
  }

  /** Stores 0 as every element. Returns this tensor. */
  zero_(this: Tensor<D>): Tensor<D> {
    return this.fill_(0);
  }

  /**
   * Stores the elements of another tensor of any dtype, on any device. Its shape must expand to the
   * shape of this one. Elements are converted as by {@link Tensor.to}. Returns this tensor. Throws
   * `ERR_OVERLAP` if the two overlap in part, even if they share the memory through two
   * SharedArrayBuffer objects.
   *
   * Between devices, only the elements of the source are sent, in the narrower of the two dtypes,
   * and repeated elements are sent once. With `nonBlocking`, this does not wait for a copy between
   * a GPU and page-locked memory, see {@link ToOptions}.
   *
   * @example
   * ```ts
   * const x = zeros(2, 3);
   * x.select(0, 1).copy_(tensor([1n, 2n, 3n]));
   * console.log(x);
   * // tensor([[0., 0., 0.],
   * //         [1., 2., 3.]])
   * ```
   */
  copy_(this: Tensor<D>, source: Tensor, options: CopyOptions = {}): Tensor<D> {
    if (!isTensor(source)) throw notATensor('copy_: source', source);
    const { nonBlocking = false } = checkFlags(options, ['nonBlocking'], 'copy_');
    checkWritable(this, 'copy_');
    const geometry = expanded(source, this.shape, 'copy_: source');
    const isAcross = storageOf(source, 'copy_: source').device !== storageOf(this, 'copy_').device;
    warnOfLoss(source.dtype, this.dtype);
    using spread = viewOf(source, geometry, 'copy_: source');
    if (isAcross) {
      copyBetweenDevices(spread, this, nonBlocking);
      return this;
    }
    const program = copyProgram(dtypeInfoOf(spread).code, dtypeInfoOf(this).code);
    (mustCopyFirst(spread, regionOf(this), 'copy_: this tensor') ? launchFromCopy : launch)(program, spread, this);
    return this;
  }
}

extend(Writing);
