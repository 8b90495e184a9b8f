/**
 * Computes the shape, strides and offset of views. Results and errors are those of torch's
 * functions of the same names. Nothing is copied, and nothing here depends on memory.
 */

import { checkDim, checkDims, checkSlice, checkWhole } from '../support/checks';
import { RsqrtError, rangeError, show, typeError } from '../support/errors';
import { numelOf, type Sizes, viewStrides } from './layout';
import { checkList, checkShape } from './shape-checks';

/** Where elements lie in a storage. Strides and offset are in elements. A Tensor is a Geometry. */
export interface Geometry {
  readonly shape: Sizes;
  readonly strides: Sizes;
  readonly storageOffset: number;
}

/** One part of {@link Tensor.index}. */
export type Index = number | readonly [start?: number | null, end?: number | null, step?: number] | '...' | null;

/**
 * Another shape with the same number of elements. One size may be −1. Null if only a copy can have
 * that shape.
 */
export function reshaped(from: Geometry, shape: unknown, where: string): Geometry | null {
  const sizes = inferSize(checkShape(shape, `${where}: shape`, -1), numelOf(from.shape), where);
  const strides = viewStrides(from.shape, from.strides, sizes);
  return strides && { shape: sizes, strides, storageOffset: from.storageOffset };
}

/** Replaces a −1 by the size that makes the numbers of elements equal. */
export function inferSize(shape: Sizes, numel: number, where: string): Sizes {
  if (!shape.includes(-1) && numelOf(shape) === numel) return shape;
  const holes = shape.filter((size) => size === -1).length;
  const known = numelOf(shape.filter((size) => size !== -1));
  if (holes !== 1 || known === 0 || numel % known !== 0)
    throw new RsqrtError('ERR_SHAPE', `${where}: ${numel} elements do not fit the shape [${shape}]`);
  return shape.map((size) => (size === -1 ? numel / known : size));
}

/** The shape in which the dimensions from `startDim` to `endDim` are joined to one. */
export function flattenedShape(shape: Sizes, startDim: unknown, endDim: unknown): Sizes {
  const start = checkDim(startDim, shape.length, 'flatten: startDim');
  const end = checkDim(endDim, shape.length, 'flatten: endDim');
  if (start > end) {
    throw rangeError(`flatten: startDim must not come after endDim; received ${show(startDim)} and ${show(endDim)}`);
  }
  return [...shape.slice(0, start), numelOf(shape.slice(start, end + 1)), ...shape.slice(end + 1)];
}

/** The shape in which one dimension is split into several. */
export function unflattenedShape(shape: Sizes, dim: unknown, sizes: unknown): Sizes {
  const at = checkDim(dim, shape.length, 'unflatten: dim');
  if (shape.length === 0) throw withoutDims('unflatten');
  const parts = checkShape(sizes, 'unflatten: sizes', -1);
  if (parts.length === 0) throw rangeError('unflatten: sizes must not be empty');
  return [...shape.slice(0, at), ...inferSize(parts, shape[at], 'unflatten'), ...shape.slice(at + 1)];
}

/** The geometry with two dimensions exchanged. */
export function transposed(from: Geometry, dim0: unknown, dim1: unknown, where = 'transpose'): Geometry {
  const first = checkDim(dim0, from.shape.length, `${where}: dim0`);
  const second = checkDim(dim1, from.shape.length, `${where}: dim1`);
  const order = [...from.shape.keys()];
  if (order.length > 0) [order[first], order[second]] = [second, first];
  return reordered(from, order);
}

/** The dimensions in another order. Each must be named once. */
export function permuted(from: Geometry, dims: unknown): Geometry {
  const order = checkDims(dims, from.shape.length, 'permute: dims');
  if (order.length !== from.shape.length) {
    throw rangeError(
      `permute: dims must name each of the ${from.shape.length} dimensions once; received ${show(dims)}`,
    );
  }
  return reordered(from, order);
}

/** Some dimensions moved to other places. The others keep their order. */
export function dimsMoved(from: Geometry, source: unknown, destination: unknown): Geometry {
  const { length } = from.shape;
  const sources = checkDims(source, length, 'movedim: source');
  const destinations = checkDims(destination, length, 'movedim: destination');
  if (sources.length !== destinations.length) {
    throw rangeError(
      `movedim: source and destination must name equally many dimensions; received ${show(source)} and ${show(destination)}`,
    );
  }
  const rest = [...from.shape.keys()].filter((dim) => !sources.includes(dim)).values();
  const order = Array.from({ length }, (_, position) => {
    const moved = destinations.indexOf(position);
    return moved === -1 ? (rest.next().value as number) : sources[moved];
  });
  return reordered(from, order);
}

function reordered({ shape, strides, storageOffset }: Geometry, order: readonly number[]): Geometry {
  return { shape: order.map((dim) => shape[dim]), strides: order.map((dim) => strides[dim]), storageOffset };
}

/** `length` indices of a dimension, beginning at `start`, which may count from the end. */
export function narrowed(from: Geometry, dim: unknown, start: unknown, length: unknown): Geometry {
  const at = checkDim(dim, from.shape.length, 'narrow: dim');
  if (from.shape.length === 0) throw withoutDims('narrow');
  const size = from.shape[at];
  const first = checkWhole(start, 'narrow: start', -size, size);
  const begin = first < 0 ? first + size : first;
  return ranged(from, at, begin, checkWhole(length, 'narrow: length', 0, size - begin), 1);
}

/**
 * The indices of a dimension from `start` up to but not including `end`, `step` apart. `start` and
 * `end` may count from the end, and are clamped.
 */
export function sliced(
  from: Geometry,
  dim: unknown,
  start: unknown,
  end: unknown,
  step: unknown,
  where = 'slice',
): Geometry {
  const at = checkDim(dim, from.shape.length, `${where}: dim`);
  if (from.shape.length === 0) throw withoutDims(where);
  const range = checkSlice(start, end, step, from.shape[at], where);
  return ranged(from, at, range.start, Math.ceil((range.end - range.start) / range.step), range.step);
}

function ranged(from: Geometry, dim: number, start: number, length: number, step: number): Geometry {
  return {
    shape: from.shape.with(dim, length),
    strides: from.strides.with(dim, from.strides[dim] * step),
    storageOffset: from.storageOffset + start * from.strides[dim],
  };
}

/** One index of a dimension. The result lacks that dimension. */
export function selected(from: Geometry, dim: unknown, index: unknown, where = 'select'): Geometry {
  const at = checkDim(dim, from.shape.length, `${where}: dim`);
  if (from.shape.length === 0) throw withoutDims(where);
  const position = checkIndex(index, from.shape[at], at, where);
  return {
    shape: from.shape.toSpliced(at, 1),
    strides: from.strides.toSpliced(at, 1),
    storageOffset: from.storageOffset + position * from.strides[at],
  };
}

/** Each index of a dimension. */
export function unbound(from: Geometry, dim: unknown): Geometry[] {
  const at = checkDim(dim, from.shape.length, 'unbind: dim');
  if (from.shape.length === 0) throw withoutDims('unbind');
  return Array.from({ length: from.shape[at] }, (_, index) => selected(from, at, index));
}

function checkIndex(index: unknown, size: number, dim: number, where: string): number {
  if (typeof index !== 'number') throw typeError(`${where}: index must be a number; received ${show(index)}`);
  if (Number.isInteger(index) && index >= -size && index < size) return index < 0 ? index + size : index;
  if (size === 0) throw rangeError(`${where}: dimension ${dim} has no indices; received ${show(index)}`);
  throw rangeError(
    `${where}: index of dimension ${dim} must be an integer from ${-size} to ${size - 1}; received ${show(index)}`,
  );
}

/** The position of one element, given an index for each dimension. */
export function positionOf(from: Geometry, indices: readonly unknown[], where: string): number {
  const { length } = from.shape;
  if (indices.length !== length) {
    throw rangeError(`${where}: expected an index for each of the ${length} dimensions; received ${indices.length}`);
  }
  return indices.reduce<number>(
    (position, index, dim) => position + checkIndex(index, from.shape[dim], dim, where) * from.strides[dim],
    from.storageOffset,
  );
}

/**
 * Numbers select and lists slice. '...' stands for all dimensions that are not named, and null for
 * a new dimension of size 1.
 */
export function indexed(from: Geometry, parts: readonly unknown[]): Geometry {
  const named = parts.filter((part) => part !== '...' && part !== null).length;
  const { length } = from.shape;
  if (named > length) throw rangeError(`index: ${named} dimensions are named, the tensor has ${length}`);
  if (parts.filter((part) => part === '...').length > 1) throw rangeError("index: '...' can stand only once");
  let result = from;
  let dim = 0;
  for (const part of parts) {
    if (part === '...') dim += length - named;
    else if (part === null) result = unsqueezed(result, dim++);
    else if (typeof part === 'number') result = selected(result, dim, part, 'index');
    else result = sliceOf(result, dim++, part);
  }
  return result;
}

function sliceOf(from: Geometry, dim: number, part: unknown): Geometry {
  if (!Array.isArray(part) || part.length > 3) {
    throw typeError(`index: expected a number, [start, end, step], '...' or null; received ${show(part)}`);
  }
  return sliced(from, dim, part[0], part[1], part[2], 'index');
}

/**
 * Repeats dimensions of size 1 and adds new ones in front, without memory for them. −1 keeps the
 * size of a dimension.
 */
export function expanded(from: Geometry, shape: unknown, where: string): Geometry {
  const asked = checkShape(shape, `${where}: shape`, -1);
  const added = asked.length - from.shape.length;
  const old = (i: number): number | undefined => from.shape[i - added];
  const fits = asked.every((size, i) =>
    old(i) === undefined ? size >= 0 : size === -1 || size === old(i) || old(i) === 1,
  );
  if (added < 0 || !fits) {
    throw new RsqrtError('ERR_SHAPE', `${where}: a tensor of shape [${from.shape}] does not expand to [${asked}]`);
  }
  const sizes = checkShape(
    asked.map((size, i) => (size === -1 ? old(i) : size)),
    `${where}: shape`,
  );
  const strides = new Array<number>(sizes.length).fill(0);
  for (let i = sizes.length - 1; i >= 0; i--) {
    if (sizes[i] === old(i)) strides[i] = from.strides[i - added];
    else if (i < added && i + 1 < sizes.length && sizes[i] === 1) strides[i] = sizes[i + 1] * strides[i + 1];
  }
  return { shape: sizes, strides, storageOffset: from.storageOffset };
}

/** A new dimension of size 1. */
export function unsqueezed(from: Geometry, dim: unknown): Geometry {
  const { shape, strides, storageOffset } = from;
  const at = checkDim(dim, shape.length + 1, 'unsqueeze: dim');
  const stride = at < shape.length ? shape[at] * strides[at] : 1;
  return { shape: shape.toSpliced(at, 0, 1), strides: strides.toSpliced(at, 0, stride), storageOffset };
}

/** Removes all dimensions of size 1 or, if dimensions are named, those of them that have size 1. */
export function squeezed({ shape, strides, storageOffset }: Geometry, dims: unknown): Geometry {
  const named = dims === undefined ? [...shape.keys()] : checkDims(dims, shape.length, 'squeeze: dim');
  const stays = (_: unknown, dim: number) => shape[dim] !== 1 || !named.includes(dim);
  return { shape: shape.filter(stays), strides: strides.filter(stays), storageOffset };
}

/** Windows of a dimension, `step` apart. The elements of a window are in a new last dimension. */
export function unfolded(from: Geometry, dim: unknown, size: unknown, step: unknown): Geometry {
  const { shape, strides, storageOffset } = from;
  const at = checkDim(dim, shape.length, 'unfold: dim');
  // A tensor without dimensions counts as one of size 1.
  const max = shape[at] ?? 1;
  const stride = strides[at] ?? 1;
  const length = checkWhole(size, 'unfold: size', 0, max);
  const apart = checkWhole(step, 'unfold: step', 1);
  if (shape.length === 0) return { shape: [length], strides: [1], storageOffset };
  return {
    shape: [...shape.with(at, Math.floor((max - length) / apart) + 1), length],
    strides: [...strides.with(at, stride * apart), stride],
    storageOffset,
  };
}

/** The diagonal of two dimensions, as a new last dimension. */
export function diagonalOf(from: Geometry, offset: unknown, dim1: unknown, dim2: unknown): Geometry {
  const { shape, strides, storageOffset } = from;
  const first = checkDim(dim1, shape.length, 'diagonal: dim1');
  const second = checkDim(dim2, shape.length, 'diagonal: dim2');
  const shift = checkWhole(offset, 'diagonal: offset', -Number.MAX_SAFE_INTEGER);
  if (first === second || shape.length < 2) {
    throw rangeError(`diagonal: dim1 and dim2 must be two dimensions; received ${show(dim1)} and ${show(dim2)}`);
  }
  const rows = shape[first] - Math.max(-shift, 0);
  const columns = shape[second] - Math.max(shift, 0);
  const length = Math.max(Math.min(rows, columns), 0);
  // Without elements the offset stays as it is, because the new one could be outside the storage.
  const skipped = length === 0 ? 0 : shift >= 0 ? shift * strides[second] : -shift * strides[first];
  const stays = (_: unknown, dim: number) => dim !== first && dim !== second;
  return {
    shape: [...shape.filter(stays), length],
    strides: [...strides.filter(stays), strides[first] + strides[second]],
    storageOffset: storageOffset + skipped,
  };
}

/** Any sizes, strides and offset. */
export function strided(from: Geometry, size: unknown, strides: unknown, offset: unknown): Geometry {
  const shape = checkShape(size, 'asStrided: size');
  const steps = checkList(strides, 'asStrided: strides', 0, 'stride');
  if (shape.length !== steps.length) {
    throw new RsqrtError(
      'ERR_SHAPE',
      `asStrided: expected as many strides as sizes (${shape.length}), received ${show(strides)}`,
    );
  }
  const storageOffset = offset === undefined ? from.storageOffset : checkWhole(offset, 'asStrided: offset');
  return { shape, strides: steps, storageOffset };
}

/** The same bytes as elements of another size. The last dimension grows or shrinks accordingly. */
export function reinterpreted(from: Geometry, itemSize: number, newItemSize: number, where: string): Geometry {
  if (itemSize === newItemSize) return from;
  const { shape, strides, storageOffset } = from;
  const last = shape.length - 1;
  const refuse = (what: string) =>
    new RsqrtError(
      'ERR_SHAPE',
      `${where}: elements of ${itemSize} bytes become ones of ${newItemSize} only if ${what}`,
    );
  if (last < 0) throw refuse('the tensor has dimensions');
  if (strides[last] !== 1 && shape[last] !== 1) throw refuse('the stride of the last dimension is 1');
  const scaled = (elements: number, what: string): number => {
    const scaledTo = (elements * itemSize) / newItemSize;
    if (Number.isInteger(scaledTo)) return scaledTo;
    throw refuse(`${what} is divisible by ${newItemSize / itemSize}; it is ${elements}`);
  };
  return {
    shape: shape.with(last, scaled(shape[last], 'the size of the last dimension')),
    strides: strides.map((stride, dim) => (dim === last ? 1 : scaled(stride, `the stride of dimension ${dim}`))),
    storageOffset: scaled(storageOffset, 'the storage offset'),
  };
}

const withoutDims = (where: string): RsqrtError =>
  new RsqrtError('ERR_SHAPE', `${where}: a tensor without dimensions cannot be taken apart`);
