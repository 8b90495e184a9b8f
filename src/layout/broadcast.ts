/** Repeats operands of different shapes to the shape in which they are computed together. */

import { RsqrtError } from '../support/errors';
import { type Layout, type Sizes, sameSizes } from './layout';

/**
 * The shape that tensors of several shapes are repeated to when they are computed together. Shapes
 * are aligned at their last dimensions; a size of 1, or a missing one, is repeated. Throws
 * `ERR_SHAPE`.
 */
export function broadcastShape(shapes: readonly Sizes[], where: string): Sizes {
  let result = shapes[0];
  for (let i = 1; i < shapes.length; i++) result = broadcastTwo(result, shapes[i], where);
  return result;
}

function broadcastTwo(a: Sizes, b: Sizes, where: string): Sizes {
  if (sameSizes(a, b)) return a;
  const ndim = Math.max(a.length, b.length);
  const result = new Array<number>(ndim);
  for (let dim = ndim - 1, i = a.length - 1, j = b.length - 1; dim >= 0; dim--, i--, j--) {
    const [x, y] = [i < 0 ? 1 : a[i], j < 0 ? 1 : b[j]];
    if (x !== y && x !== 1 && y !== 1) {
      throw new RsqrtError(
        'ERR_SHAPE',
        `${where}: shapes [${a}] and [${b}] do not broadcast: sizes ${x} and ${y} of dimension ${dim - ndim} differ, and neither is 1`,
      );
    }
    result[dim] = x === 1 ? y : x;
  }
  return result;
}

/** The strides with which elements are repeated to a shape of {@link broadcastShape}. */
export function broadcastStrides({ shape, strides }: Layout, to: Sizes): Sizes {
  if (sameSizes(shape, to)) return strides;
  const added = to.length - shape.length;
  return to.map((size, dim) => (dim < added || shape[dim - added] !== size ? 0 : strides[dim - added]));
}
