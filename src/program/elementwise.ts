/** Runs programs of several inputs on tensors, after all checks of shapes, devices and memory. */

import { broadcastShape } from '../layout/broadcast';
import { copyStrides, sameSizes } from '../layout/layout';
import { RsqrtError } from '../support/errors';
import { storageOf, type Tensor } from '../tensor/tensor';
import { copyOf } from './copy';
import { launchAll } from './launch';
import { checkWritable, copiedFirst } from './overlap';

/**
 * Runs a program whose operands are inputs, which broadcast together, and then outputs of the shape
 * that they broadcast to. `names` are those of the outputs in messages. Throws `ERR_SHAPE`,
 * `ERR_DEVICE` or `ERR_OVERLAP`, with nothing written.
 */
export function computeInto(
  program: number,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  names: readonly string[],
  where: string,
): void {
  checkDevices([...inputs, ...outputs], where);
  const shape = broadcastShape(
    inputs.map((input) => input.shape),
    where,
  );
  outputs.forEach((output, i) => {
    if (!sameSizes(output.shape, shape)) {
      throw new RsqrtError('ERR_SHAPE', `${names[i]} must have the shape [${shape}]; it has [${output.shape}]`);
    }
    checkWritable(output, names[i]);
  });
  const isCopied = copiedFirst(inputs, outputs, names);
  const copies: Tensor[] = [];
  try {
    const operands = inputs.map((input, i) => {
      if (!isCopied[i]) return input;
      const copy = copyOf(input, copyStrides(input.shape, input.strides));
      copies.push(copy);
      return copy;
    });
    launchAll(program, [...operands, ...outputs]);
  } finally {
    for (const copy of copies) copy.dispose();
  }
}

function checkDevices(tensors: readonly Tensor[], where: string): void {
  const [first, ...others] = tensors;
  const { device } = storageOf(first, where);
  for (const other of others) {
    if (storageOf(other, where).device === device) continue;
    throw new RsqrtError(
      'ERR_DEVICE',
      `${where}: tensors must be on one device; one is on ${first.device} and one on ${other.device}`,
    );
  }
}
