/** Runs programs on tensors: the one call of the addon that computes. */

import { broadcastStrides } from '../layout/broadcast';
import { collapse } from '../layout/collapse';
import { sameSizes } from '../layout/layout';
import { maxDims } from '../layout/shape-checks';
import { binding } from '../load/binding';
import type { Storage } from '../memory/storage';
import { dtypeInfoOf, layoutOf, offsetOf, storageOf, type Tensor } from '../tensor/tensor';

const { maxOperands, maxScalars } = binding.limits;

/** What {@link collapse} writes and the addon reads during a call. */
const dims = new Float64Array(1 + maxDims * (1 + maxOperands));

/** The size of a scalar, which is as large as the largest element. */
export const SCALAR_BYTES = 16;

/** The values of a program's scalars, which the addon reads during a call. */
export const scalars = new ArrayBuffer(maxScalars * SCALAR_BYTES);

/** Where the elements of a tensor begin, in bytes from the start of the storage's memory. */
const start = (tensor: Tensor, storage: Storage): number =>
  storage.byteOffset + offsetOf(tensor) * dtypeInfoOf(tensor).itemSize;

// biome-ignore lint/style/noNonNullAssertion: a storage that a live tensor refers to has memory
const memoryOf = (storage: Storage) => storage.memory!;

/** Runs a program of one input and one output, of the same shape and on the same device. */
export function launch(program: number, input: Tensor, output: Tensor): void {
  launchBetween(program, input, storageOf(input, 'launch'), output, storageOf(output, 'launch'));
}

/** The same, given storages that have their memory. */
export function launchBetween(program: number, input: Tensor, from: Storage, output: Tensor, to: Storage): void {
  const { shape, strides, numel, isContiguous } = layoutOf(input);
  if (numel === 0) return;
  if (from.settling) from.settle();
  if (to.settling) to.settle();
  const stored = layoutOf(output);
  const isDense = (isContiguous && stored.isContiguous) || !collapse(shape, [strides, stored.strides], dims);
  binding.run(program, isDense ? numel : dims, memoryOf(from), start(input, from), memoryOf(to), start(output, to));
}

/** Runs a program whose only operand is an output. Its scalars are in {@link scalars}. */
export function launchInto(program: number, output: Tensor, to: Storage): void {
  const { shape, strides, numel, isContiguous } = layoutOf(output);
  if (numel === 0) return;
  if (to.settling) to.settle();
  const isDense = isContiguous || !collapse(shape, [strides], dims);
  binding.run(program, isDense ? numel : dims, memoryOf(to), start(output, to), scalars);
}

/**
 * Runs a program on its operands, which are on the same device. Outputs have one shape, to which
 * the shapes of inputs broadcast. The last operand must be an output.
 */
export function launchAll(program: number, operands: readonly Tensor[]): void {
  const layouts = operands.map(layoutOf);
  const { shape, numel } = layouts[layouts.length - 1];
  if (numel === 0) return;
  const places: Parameters<typeof binding.run>[2][] = [];
  for (const operand of operands) {
    const storage = storageOf(operand, 'launch');
    if (storage.settling) storage.settle();
    places.push(memoryOf(storage), start(operand, storage));
  }
  const alike = layouts.every((layout) => layout.isContiguous && sameSizes(layout.shape, shape));
  const strides = () => layouts.map((layout) => broadcastStrides(layout, shape));
  binding.run(program, alike || !collapse(shape, strides(), dims) ? numel : dims, ...places, scalars);
}
