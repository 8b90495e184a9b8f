/**
 * The operations. Each line makes a function, its in-place form (`_`, as in torch) and both methods of Tensor; what is
 * computed stands in native/ops. In every real dtype all are correctly rounded; all give the same bits on every device; NaN
 * results are the canonical quiet NaN.
 */

import type { DType } from './dtype';
import { type InPlaceOp, type ResultOf, type UnaryOp, unary } from './op';
import type { Tensor } from './tensor';

/** 1/√x. ±0 → ±inf, +inf → 0, negative → NaN; of a complex number the principal root. Integers and bool give float32. */
export const [rsqrt, rsqrt_] = unary<'float'>('rsqrt');

/** √x. −0 → −0, negative → NaN; of a complex number the principal root. Integers and bool give float32. */
export const [sqrt, sqrt_] = unary<'float'>('sqrt');

/** 1/x. ±0 → ±inf, ±inf → ±0. Integers and bool give float32. */
export const [reciprocal, reciprocal_] = unary<'float'>('reciprocal');

/** −x. Integers wrap around; bool is refused. */
export const [neg, neg_] = unary<'same'>('neg');

/**
 * |x|. Of complex64 float32, of complex128 float64, so not in place there. The lowest integer of a signed dtype stays as it
 * is; bool is refused.
 */
export const [abs, abs_] = unary<'real'>('abs');

/** x². Integers wrap around; bool gives int64. */
export const [square, square_] = unary<'number'>('square');

type Ops = Omit<typeof import('./ops'), never>;

/** The methods that the lines above add to a tensor of dtype D. */
type Methods<D extends DType> = {
  [K in keyof Ops]: Ops[K] extends UnaryOp<infer R>
    ? () => Tensor<ResultOf<R, D>>
    : Ops[K] extends InPlaceOp
      ? () => Tensor<D>
      : never;
};

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Methods<D> {}
}
