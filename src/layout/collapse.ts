/** Describes to the addon how to traverse the memory of several operands together. */

import type { Sizes } from './layout';
import { maxDims } from './shape-checks';

/** Dimensions, outermost first: used during a call of {@link collapse}. */
const order = new Int32Array(maxDims);

/**
 * Finds the fewest dimensions that traverse operands of one shape, and writes them as the addon
 * takes them: the number of dimensions, then for each, outermost first, the size and a stride per
 * operand. They are ordered by the strides of the last operand, which is an output, so that it is
 * written sequentially, and neighbours are merged if all operands allow it. Returns false if all
 * operands are contiguous; what was written then has no meaning.
 */
export function collapse(shape: Sizes, strides: readonly Sizes[], into: Float64Array): boolean {
  const operands = strides.length;
  let dims = 0;
  for (let dim = 0; dim < shape.length; dim++) {
    if (shape[dim] === 1) continue;
    let at = dims++;
    for (; at > 0 && isInside(strides, order[at - 1], dim); at--) order[at] = order[at - 1];
    order[at] = dim;
  }
  let end = 1; // of what was written
  let outer = 0; // where the dimension before begins
  for (let i = 0; i < dims; i++) {
    const dim = order[i];
    const size = shape[dim];
    const at = outer > 0 && areMergeable(strides, dim, size, into, outer) ? outer : end;
    into[at] = at === end ? size : into[at] * size;
    for (let k = 0; k < operands; k++) into[at + 1 + k] = strides[k][dim];
    outer = at;
    end = at + 1 + operands;
  }
  into[0] = (end - 1) / (1 + operands);
  if (end === 1) return false;
  return into[0] !== 1 || !areAllOne(into, 2, end);
}

/** Whether dimension `a` belongs inside dimension `b`, by the strides of the last operand that decides. */
function isInside(strides: readonly Sizes[], a: number, b: number): boolean {
  for (let k = strides.length - 1; k >= 0; k--) {
    if (strides[k][a] !== strides[k][b]) return strides[k][a] < strides[k][b];
  }
  return false;
}

/** Whether a dimension continues the one that is written at `outer`, for all operands. */
function areMergeable(
  strides: readonly Sizes[],
  dim: number,
  size: number,
  into: Float64Array,
  outer: number,
): boolean {
  for (let k = 0; k < strides.length; k++) {
    if (into[outer + 1 + k] !== strides[k][dim] * size) return false;
  }
  return true;
}

function areAllOne(numbers: Float64Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (numbers[i] !== 1) return false;
  return true;
}
