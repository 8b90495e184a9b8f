/**
 * Shapes and strides. Pure functions on lists of sizes and of strides (in elements, never
 * negative).
 */

import { canSumTo, type Multiples, SEARCH_STEPS } from './sums';

/** Sizes or strides, one for each dimension. */
export type Sizes = readonly number[];

/**
 * A shape and strides, and what follows from them. Tensors share layouts: a result mostly has that
 * of its input, and then nothing of it has to be computed again.
 */
export class Layout {
  readonly shape: Sizes;
  readonly strides: Sizes;
  readonly numel: number;
  /** See {@link isContiguous}. */
  readonly isContiguous: boolean;
  /** Whether the strides are exactly those of {@link contiguousStrides}. */
  readonly isRowMajor: boolean;

  /** The lists are not copied, so they must not change afterwards. */
  constructor(shape: Sizes, strides: Sizes) {
    this.shape = shape;
    this.strides = strides;
    this.numel = numelOf(shape);
    this.isRowMajor = areRowMajor(shape, strides);
    this.isContiguous = this.isRowMajor || isContiguous(shape, strides);
  }
}

let recent: Layout | null = null;

/**
 * The row-major layout of a shape, which is frozen. Tensors of one shape that are made one after the
 * other share it.
 */
export function contiguousLayout(shape: Sizes): Layout {
  if (recent === null || !sameSizes(shape, recent.shape)) {
    recent = new Layout(Object.freeze(shape), Object.freeze(contiguousStrides(shape)));
  }
  return recent;
}

/** The number of elements of a shape. */
export function numelOf(shape: Sizes): number {
  let numel = 1;
  // By index: iterating over a frozen list is several times slower.
  for (let dim = 0; dim < shape.length; dim++) numel *= shape[dim];
  return numel;
}

/** Whether two lists of sizes or strides are equal. */
export function sameSizes(a: Sizes, b: Sizes): boolean {
  if (a.length !== b.length) return false;
  for (let dim = 0; dim < a.length; dim++) {
    if (a[dim] !== b[dim]) return false;
  }
  return true;
}

/**
 * Whether two lists of strides mean the same for a shape. The stride of a dimension of size 1 has
 * no meaning.
 */
export function sameLayout(shape: Sizes, a: Sizes, b: Sizes): boolean {
  return shape.every((size, dim) => size === 1 || a[dim] === b[dim]);
}

/** Row-major strides. A dimension of size 0 counts as one of size 1, as in torch. */
export function contiguousStrides(shape: Sizes): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    strides[dim] = stride;
    stride *= Math.max(shape[dim], 1);
  }
  return strides;
}

/**
 * Whether elements lie row-major without gaps. True if there are no elements. The stride of a
 * dimension of size 1 has no meaning.
 */
export function isContiguous(shape: Sizes, strides: Sizes): boolean {
  let expected = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    if (shape[dim] !== 1 && strides[dim] !== expected) return shape.includes(0);
    expected *= shape[dim];
  }
  return true;
}

/**
 * Whether torch regards strides as channels-last: there are four or five dimensions, the second is
 * innermost and the first is outermost. False for contiguous strides that satisfy this too.
 */
export function isChannelsLast(shape: Sizes, strides: Sizes): boolean {
  const { length } = shape;
  if ((length !== 4 && length !== 5) || strides[1] === 0) return false;
  let minStride = 0;
  for (const dim of channelsLastOrder(length)) {
    if (shape[dim] === 0 || strides[dim] < minStride) return false;
    if (dim === 0 && minStride === strides[1]) return false;
    minStride = strides[dim] * shape[dim];
  }
  return true;
}

/** Strides without gaps in which the second dimension is innermost. */
export function channelsLastStrides(shape: Sizes): number[] {
  return packedStrides(shape, channelsLastOrder(shape.length));
}

/** Dimensions, innermost first. */
const channelsLastOrder = (ndim: number): number[] => [
  1,
  ...Array.from({ length: ndim - 2 }, (_, i) => ndim - 1 - i),
  0,
];

/** The number of elements in memory from the first to the last. 0 if there are none. */
export function extentOf(shape: Sizes, strides: Sizes): number {
  let last = 0;
  for (let dim = 0; dim < shape.length; dim++) {
    if (shape[dim] === 0) return 0;
    last += (shape[dim] - 1) * strides[dim];
  }
  return last + 1;
}

/**
 * Whether the elements fill their extent without gaps and without overlap, in any order of the
 * dimensions.
 */
export function isDense(shape: Sizes, strides: Sizes): boolean {
  const dims = [...shape.keys()].filter((dim) => shape[dim] !== 1);
  if (dims.some((dim) => shape[dim] === 0)) return true;
  dims.sort((a, b) => strides[a] - strides[b]);
  let expected = 1;
  for (const dim of dims) {
    if (strides[dim] !== expected) return false;
    expected *= shape[dim];
  }
  return true;
}

/**
 * The number of elements that {@link countsTwice} visits in about 50 ms. Each takes a byte of
 * memory.
 */
const MAX_COUNTED = 2 ** 22;

/**
 * Whether several indices name the same element, as in an expanded view or in sliding windows.
 * Undefined if that would take too long to find out. This happens only for tensors of more than
 * 2^22 elements, mostly with four or more dimensions, whose strides interleave irregularly.
 */
export function sharesElements(shape: Sizes, strides: Sizes): boolean | undefined {
  if (shape.includes(0)) return false;
  const dims = [...shape.keys()].filter((dim) => shape[dim] > 1).sort((a, b) => strides[a] - strides[b]);
  if (dims.some((dim) => strides[dim] === 0)) return true;
  if (numelOf(shape) > extentOf(shape, strides)) return true; // more indices than elements in memory
  // If two indices name the same element, the strides times the differences of the indices add up
  // to 0. Of the dimensions in which the indices differ, take the one with the largest stride: its
  // difference can be assumed to be positive.
  const budget = { left: SEARCH_STEPS };
  const smaller: Multiples[] = [];
  let reach = 0; // the extent of the dimensions with smaller strides
  let decided = true;
  for (const dim of dims) {
    const step = strides[dim];
    const high = shape[dim] - 1;
    if (step <= reach) {
      const found = canSumTo([{ step, low: 1, high }, ...smaller], 0, budget);
      if (found === true) return true;
      decided &&= found !== undefined;
    }
    smaller.push({ step, low: -high, high });
    reach += step * high;
  }
  if (decided) return false;
  return reach < MAX_COUNTED ? countsTwice(dims, shape, strides, reach) : undefined;
}

/** Whether two indices name the same element, found by visiting all of them. */
function countsTwice(dims: readonly number[], shape: Sizes, strides: Sizes, reach: number): boolean {
  const seen = new Uint8Array(reach + 1);
  const visit = (level: number, position: number): boolean => {
    if (level === dims.length) return seen[position]++ > 0;
    const dim = dims[level];
    for (let i = 0; i < shape[dim]; i++) if (visit(level + 1, position + i * strides[dim])) return true;
    return false;
  };
  return visit(0, 0);
}

/**
 * The strides of a copy (`clone`, `to`, `zerosLike`), by torch's rule. If the input is dense, they
 * are exactly those of the input, also in dimensions of size 1. Otherwise the input's dimensions
 * are packed densely in the order of their strides.
 */
export function copyStrides(shape: Sizes, strides: Sizes): Sizes {
  if (areRowMajor(shape, strides) || isDense(shape, strides)) return strides;
  return packedStrides(shape, innermostFirst(shape, strides));
}

/**
 * The strides of an operation's result, by torch's rule: those of {@link copyStrides}, except if
 * the input is contiguous or channels-last contiguous. Then the result has exactly the strides of
 * that layout, also in dimensions of size 1.
 */
export function resultStrides(shape: Sizes, strides: Sizes): Sizes {
  if (areRowMajor(shape, strides)) return strides;
  if (isContiguous(shape, strides)) return contiguousStrides(shape);
  if (isChannelsLastContiguous(shape, strides)) return channelsLastStrides(shape);
  return copyStrides(shape, strides);
}

/** Whether strides are exactly those of {@link contiguousStrides}. */
function areRowMajor(shape: Sizes, strides: Sizes): boolean {
  let stride = 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    if (strides[dim] !== stride) return false;
    if (shape[dim] > 1) stride *= shape[dim];
  }
  return true;
}

/**
 * Whether the elements of four dimensions lie in memory without gaps, the second dimension
 * innermost. Unlike {@link isChannelsLast}, this ignores the strides of dimensions of size 1.
 */
function isChannelsLastContiguous(shape: Sizes, strides: Sizes): boolean {
  if (shape.length !== 4) return false;
  let expected = 1;
  for (const dim of channelsLastOrder(4)) {
    if (shape[dim] !== 1 && strides[dim] !== expected) return false;
    expected *= shape[dim];
  }
  return true;
}

/**
 * Sorts dimensions by stride, smallest first. As in torch's TensorIterator, this is an insertion
 * sort that skips pairs that cannot be compared (a stride of 0, or equal strides with sizes that do
 * not decide).
 */
function innermostFirst(shape: Sizes, strides: Sizes): number[] {
  const order = [...shape.keys()].reverse();
  for (let i = 1; i < order.length; i++) {
    let moving = i;
    for (let other = i - 1; other >= 0; other--) {
      const comparison = compareDims(shape, strides, order[other], order[moving]);
      if (comparison > 0) {
        [order[other], order[moving]] = [order[moving], order[other]];
        moving = other;
      } else if (comparison < 0) {
        break;
      }
    }
  }
  return order;
}

/**
 * Positive if dimension `a` belongs outside dimension `b`, negative if inside, and 0 if the strides
 * do not decide.
 */
function compareDims(shape: Sizes, strides: Sizes, a: number, b: number): number {
  if (strides[a] === 0 || strides[b] === 0) return 0;
  if (strides[a] !== strides[b]) return strides[a] - strides[b];
  return shape[a] > shape[b] ? 1 : 0;
}

function packedStrides(shape: Sizes, order: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (const dim of order) {
    strides[dim] = stride;
    stride *= Math.max(shape[dim], 1);
  }
  return strides;
}

/**
 * The strides that give the same elements another shape. Null if only a copy can have that shape.
 */
export function viewStrides(shape: Sizes, strides: Sizes, newShape: Sizes): number[] | null {
  if (numelOf(shape) === 0) return sameSizes(shape, newShape) ? [...strides] : contiguousStrides(newShape);
  const result = new Array<number>(newShape.length);
  let newDim = newShape.length - 1;
  // Splits the old dimensions, innermost first, into runs that are contiguous. New dimensions must
  // fill each run exactly.
  let runSize = 1;
  let runStride = strides.at(-1) ?? 1;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    runSize *= shape[dim];
    const ends = dim === 0 || (shape[dim - 1] !== 1 && strides[dim - 1] !== runSize * runStride);
    if (!ends) continue;
    let filled = 1;
    while (newDim >= 0 && (filled < runSize || newShape[newDim] === 1)) {
      result[newDim] = runStride * filled;
      filled *= newShape[newDim];
      newDim--;
    }
    if (filled !== runSize) return null;
    if (dim > 0) {
      runSize = 1;
      runStride = strides[dim - 1];
    }
  }
  while (newDim >= 0) result[newDim--] = 1;
  return result;
}
