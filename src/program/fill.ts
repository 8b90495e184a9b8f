/** Fills tensors with a value. */

import { arrayOf, type DType, dtypes } from '../dtype/dtype';
import { type Entries, elementWriter } from '../tensor/element';
import type { Scalar } from '../tensor/scalar';
import { dtypeInfoOf, storageOf, type Tensor } from '../tensor/tensor';
import { launchInto, scalars } from './launch';
import { ProgramBuilder, ProgramTable } from './program';

/** The programs that store a scalar as every element: of one output. */
const fills = new ProgramTable((dtype) => {
  const builder = new ProgramBuilder();
  builder.store(builder.scalar(dtype));
  return builder.make();
});

/** The first scalar of the next run, as an array of each dtype. */
const firstScalar = Object.fromEntries(
  dtypes.map((dtype) => [dtype, new (arrayOf(dtype))(scalars)]),
) as unknown as Record<DType, Entries>;

/**
 * Stores a value as every element of a tensor whose elements do not share memory. Throws like the
 * function from {@link elementWriter}.
 */
export function fill(target: Tensor, value: Scalar, where: string): void {
  const { name, code } = dtypeInfoOf(target);
  elementWriter(name, firstScalar[name], where)(0, value);
  launchInto(fills.get(code, 0, 0), target, storageOf(target, where));
}
