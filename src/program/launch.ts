/** Runs operations of the addon's table on tensors. */

import { collapse } from '../layout/layout';
import { binding } from '../load/binding';
import { codeOf, contiguousOf, storageOf, type Tensor } from '../tensor/tensor';

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
