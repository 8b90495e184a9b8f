/**
 * The operations. Each statement makes a function, its in-place form (`_`, as in torch) and both
 * methods of Tensor. native/ops defines what they compute. All are correctly rounded in every real
 * dtype and give the same bits on every device. NaN results are the canonical quiet NaN. The
 * comments are at the names, where editors find them for functions and methods.
 */

import type { DType } from '../dtype/dtype';
import type { Tensor } from '../tensor/tensor';
import { type ResultOf, type UnaryOp, unary } from './op';

export const [
  /**
   * 1/√x. ±0 → ±inf, +inf → 0, negative → NaN. For a complex number, 1 divided by the principal
   * root. Integers and bool give the default dtype.
   *
   * @group Operations
   * @example
   * ```ts
   * rsqrt(tensor([4, 16, 25])); // tensor([0.5000, 0.2500, 0.2000])
   * ```
   */
  rsqrt,
  /** {@link rsqrt} in place. @group Operations */
  rsqrt_,
] = unary<'float'>('rsqrt');

export const [
  /**
   * √x. −0 → −0, negative → NaN. For a complex number, the principal root. Integers and bool give
   * the default dtype.
   *
   * @group Operations
   * @example
   * ```ts
   * sqrt(tensor([4, 2, 0])); // tensor([2.0000, 1.4142, 0.0000])
   * ```
   */
  sqrt,
  /** {@link sqrt} in place. @group Operations */
  sqrt_,
] = unary<'float'>('sqrt');

export const [
  /**
   * 1/x. ±0 → ±inf, ±inf → ±0. Integers and bool give the default dtype.
   *
   * @group Operations
   * @example
   * ```ts
   * reciprocal(tensor([2, -4, 0])); // tensor([ 0.5000, -0.2500,     inf])
   * ```
   */
  reciprocal,
  /** {@link reciprocal} in place. @group Operations */
  reciprocal_,
] = unary<'float'>('reciprocal');

export const [
  /**
   * −x. Integers wrap around. Throws for bool.
   *
   * @group Operations
   * @example
   * ```ts
   * neg(tensor([1, -2, 0], { dtype: 'int8' })); // tensor([-1,  2,  0], dtype=int8)
   * ```
   */
  neg,
  /** {@link neg} in place. @group Operations */
  neg_,
] = unary<'same'>('neg');

export const [
  /**
   * |x|. complex64 gives float32 and complex128 gives float64, so complex tensors do not work in
   * place. The lowest integer of a signed dtype stays as it is. Throws for bool.
   *
   * @group Operations
   * @example
   * ```ts
   * abs(tensor([{ re: 3, im: -4 }, -1])); // tensor([5., 1.])
   * ```
   */
  abs,
  /** {@link abs} in place. @group Operations */
  abs_,
] = unary<'real'>('abs');

export const [
  /**
   * x². Integers wrap around. bool gives int64.
   *
   * @group Operations
   * @example
   * ```ts
   * square(tensor([1, -2, 3])); // tensor([1., 4., 9.])
   * ```
   */
  square,
  /** {@link square} in place. @group Operations */
  square_,
] = unary<'number'>('square');

type Ops = Omit<typeof import('./ops'), never>;

/** The methods that the statements above add to a tensor of dtype D. */
type Methods<D extends DType> = {
  // Distinguished by name, because the type of a function in place also matches UnaryOp of any
  // rule.
  [K in keyof Ops]: K extends `${string}_`
    ? () => Tensor<D>
    : Ops[K] extends UnaryOp<infer R>
      ? () => Tensor<ResultOf<R, D>>
      : never;
};

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Methods<D> {}
}
