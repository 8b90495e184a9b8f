/** Determines the dtype of a result of several operands. */

import { canCast, type DType, kindOf, promoteTypes } from '../dtype/dtype';
import { RsqrtError, typeError } from '../support/errors';
import { checkScalar, dtypeOfScalar, type Scalar } from './scalar';
import { isTensor, type Tensor } from './tensor';

/**
 * The dtype in which operands are computed together, like `torch.result_type`, for any number of
 * operands.
 *
 * Operands have three ranks: tensors with dimensions, tensors without dimensions, and plain values.
 * Operands of the same rank are promoted among themselves ({@link promoteTypes}). A lower rank
 * changes the result of a higher one only if it is of a higher kind (bool < integer < float <
 * complex). So a factor of 0.5 does not turn float16 into float32.
 *
 * A plain number counts as a float of the default dtype, even 2, because JavaScript does not
 * distinguish 2 from 2.0. Write 2n for an integer. A bigint counts as int64, a boolean as bool,
 * `{ re, im }` as complex.
 *
 * Throws `TypeError` for an operand that is neither a tensor nor a value, and `ERR_DTYPE` for
 * float16 with a complex operand of a lower rank, where torch returns complex32.
 *
 * @example
 * ```ts
 * const half = ones(3, { dtype: 'float16' });
 * const bytes = ones(3, { dtype: 'uint8' });
 * console.log(resultType(half, 0.5), resultType(half, tensor([0.5]))); // float16 float32
 * console.log(resultType(bytes, 2n), resultType(bytes, 2)); // uint8 float32
 * ```
 */
export function resultType(...operands: readonly (Tensor | Scalar)[]): DType {
  if (operands.length === 0) throw typeError('resultType: expected tensors or values; received none');
  /** The dtype of tensors with dimensions, of tensors without, and of values. */
  const ranks: (DType | undefined)[] = [undefined, undefined, undefined];
  operands.forEach((operand, i) => {
    const [rank, dtype] = isTensor(operand)
      ? [operand.ndim > 0 ? 0 : 1, operand.dtype]
      : [2, dtypeOfScalar(checkScalar(operand, `resultType: operands[${i}]`, 'a Tensor, '))];
    const other = ranks[rank];
    ranks[rank] = other === undefined ? dtype : promoteTypes(other, dtype);
  });
  return ranks.filter((dtype) => dtype !== undefined).reduce(raise);
}

/** The dtype of a higher rank, raised to the kind of a lower one. */
function raise(high: DType, low: DType): DType {
  if (canCast(low, high)) return high;
  if (kindOf(high) !== 'float') return low;
  if (high === 'float16') {
    throw new RsqrtError(
      'ERR_DTYPE',
      `resultType: float16 with a complex operand of a lower rank would give complex32, which rsqrt lacks; convert one of them first`,
    );
  }
  return high === 'float64' ? 'complex128' : 'complex64';
}
