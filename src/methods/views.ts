/**
 * The methods of Tensor that return views: other shapes, strides and offsets over the same storage.
 */

import { checkDType, type DType, itemSizeOf } from '../dtype/dtype';
import {
  diagonalOf,
  dimsMoved,
  expanded,
  flattenedShape,
  type Geometry,
  type Index,
  indexed,
  narrowed,
  permuted,
  reinterpreted,
  reshaped,
  selected,
  sliced,
  squeezed,
  strided,
  transposed,
  unbound,
  unflattenedShape,
  unfolded,
  unsqueezed,
} from '../layout/geometry';
import { contiguousStrides, extentOf, type Sizes } from '../layout/layout';
import { checkDimCount } from '../layout/shape-checks';
import { copyOf } from '../program/copy';
import { checkDim, spread } from '../support/checks';
import { RsqrtError, rangeError, show } from '../support/errors';
import { createTensor, extend, isTensor, notATensor, storageOf, type Tensor } from '../tensor/tensor';
import { bytesOfViews, checkFitsHeap } from './heap';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Views<D> {}
}

/** Another view of a tensor's storage. */
export function viewOf<D extends DType>(
  of: Tensor,
  { shape, strides, storageOffset }: Geometry,
  where: string,
  dtype = of.dtype as D,
): Tensor<D> {
  const storage = storageOf(of, where);
  checkDimCount(shape.length, `${where}: the result`);
  return createTensor(storage, dtype, Object.freeze(shape), Object.freeze(strides), storageOffset);
}

/**
 * Views share the storage of the tensor that they are made from: writing to one changes the other,
 * and the memory stays until the last of them is disposed or garbage-collected. Negative dimensions
 * and indices count from the end. A `shape` or a list of dimensions is passed as separate arguments
 * or as one array. Arguments that do not fit throw `TypeError`, `RangeError` or `ERR_SHAPE`.
 */
export abstract class Views<D extends DType> {
  /**
   * The same elements in another shape. One size may be −1 and is then inferred. Throws `ERR_SHAPE`
   * if the numbers of elements differ, or if the strides do not allow a view; {@link reshape} makes
   * a copy in that case.
   *
   * With a dtype, the same bytes as elements of that dtype. If its elements have another size, the
   * last dimension, whose stride must be 1, grows or shrinks.
   *
   * @example
   * ```ts
   * const x = tensor([1, 2, 3, 4, 5, 6]);
   * x.view(2, -1);
   * // tensor([[1., 2., 3.],
   * //         [4., 5., 6.]])
   * tensor([1]).view('int32'); // tensor([1065353216], dtype=int32)
   * ```
   */
  view<E extends DType>(this: Tensor<D>, dtype: E): Tensor<E>;
  view(this: Tensor<D>, ...shape: number[] | [Sizes]): Tensor<D>;
  view(this: Tensor<D>, ...args: unknown[]): Tensor {
    if (typeof args[0] === 'string') {
      const dtype = checkDType(args[0], 'view');
      return viewOf(this, reinterpreted(this, this.itemSize, itemSizeOf(dtype), 'view'), 'view', dtype);
    }
    const result = reshaped(this, spread(args), 'view');
    if (result !== null) return viewOf(this, result, 'view');
    throw new RsqrtError(
      'ERR_SHAPE',
      `view: strides [${this.strides}] of shape [${this.shape}] allow no view of shape ${show(spread(args))}; use reshape`,
    );
  }

  /**
   * The same elements in another shape: a view if the strides allow it, otherwise a copy. One size
   * may be −1 and is then inferred. Throws `ERR_SHAPE` if the numbers of elements differ.
   */
  reshape(this: Tensor<D>, ...shape: number[] | [Sizes]): Tensor<D> {
    return reshapedTensor(this, spread(shape), 'reshape');
  }

  /**
   * Joins the dimensions from `startDim` to `endDim`, by default all, to one. The result is a view
   * if the strides allow it, otherwise a copy.
   */
  flatten(this: Tensor<D>, startDim = 0, endDim = -1): Tensor<D> {
    const shape = flattenedShape(this.shape, startDim, endDim);
    return shape.length === this.ndim ? viewOf(this, this, 'flatten') : reshapedTensor(this, shape, 'flatten');
  }

  /** Splits one dimension into several of these sizes. One size may be −1 and is then inferred. */
  unflatten(this: Tensor<D>, dim: number, sizes: Sizes): Tensor<D> {
    return reshapedTensor(this, unflattenedShape(this.shape, dim, sizes), 'unflatten');
  }

  /**
   * The transpose of a matrix. A tensor with fewer dimensions stays as it is. Throws `ERR_SHAPE`
   * for more than 2 dimensions.
   */
  t(this: Tensor<D>): Tensor<D> {
    if (this.ndim > 2) {
      throw new RsqrtError('ERR_SHAPE', `t: expected at most 2 dimensions, received shape [${this.shape}]`);
    }
    return viewOf(this, transposed(this, 0, this.ndim < 2 ? 0 : 1, 't'), 't');
  }

  /** Exchanges two dimensions. */
  transpose(this: Tensor<D>, dim0: number, dim1: number): Tensor<D> {
    return viewOf(this, transposed(this, dim0, dim1), 'transpose');
  }

  /**
   * Puts the dimensions in another order. Each must be named once.
   *
   * @example
   * ```ts
   * zeros(2, 3, 5).permute(2, 0, 1).shape; // [ 5, 2, 3 ]
   * ```
   */
  permute(this: Tensor<D>, ...dims: number[] | [Sizes]): Tensor<D> {
    return viewOf(this, permuted(this, spread(dims)), 'permute');
  }

  /** Moves one or several dimensions to other places. The others keep their order. */
  movedim(this: Tensor<D>, source: number | Sizes, destination: number | Sizes): Tensor<D> {
    return viewOf(this, dimsMoved(this, source, destination), 'movedim');
  }

  /** `length` indices of a dimension, beginning at `start`. */
  narrow(this: Tensor<D>, dim: number, start: number, length: number): Tensor<D> {
    return viewOf(this, narrowed(this, dim, start, length), 'narrow');
  }

  /** One index of a dimension. The result lacks that dimension. */
  select(this: Tensor<D>, dim: number, index: number): Tensor<D> {
    return viewOf(this, selected(this, dim, index), 'select');
  }

  /**
   * The indices of a dimension from `start` up to but not including `end`, `step` apart. As for
   * arrays, `start` and `end` may be left out, count from the end if negative, and are clamped to
   * the dimension. The step must be positive.
   *
   * @example
   * ```ts
   * const x = tensor([0, 1, 2, 3, 4, 5]);
   * x.slice(0, 1, -1); // tensor([1., 2., 3., 4.])
   * x.slice(0, null, null, 2); // tensor([0., 2., 4.])
   * ```
   */
  slice(this: Tensor<D>, dim: number, start?: number | null, end?: number | null, step?: number): Tensor<D> {
    return viewOf(this, sliced(this, dim, start, end, step), 'slice');
  }

  /**
   * Indexes several dimensions at once, beginning with the first. A number selects an index,
   * `[start, end, step]` is a {@link slice} (`[]` is the whole dimension), `'...'` stands for all
   * dimensions that are not named, and `null` for a new dimension of size 1.
   *
   * @example
   * ```ts
   * const x = arange(12).view(3, 4);
   * x.index([1], 0); // tensor([4., 8.])
   * x.index('...', [null, null, 2]).shape; // [ 3, 2 ]
   * ```
   */
  index(this: Tensor<D>, ...indices: Index[]): Tensor<D> {
    return viewOf(this, indexed(this, indices), 'index');
  }

  /**
   * One view for each index of a dimension.
   *
   * Throws `RangeError` if the views would take more than 256 MiB of the JavaScript heap (about a
   * million views), or more than a quarter of it if its limit is below 1 GiB. For more views,
   * iterate over the tensor, or {@link select} one after the other.
   *
   * @example
   * ```ts
   * const [first, second] = tensor([[1, 2, 3], [4, 5, 6]]).unbind();
   * console.log(second); // tensor([4., 5., 6.])
   * zeros(2, 3).unbind(1).length; // 3
   * ```
   */
  unbind(this: Tensor<D>, dim = 0): Tensor<D>[] {
    storageOf(this, 'unbind');
    const count = this.shape[checkDim(dim, this.ndim, 'unbind: dim')] ?? 0;
    const bytes = bytesOfViews(count, this.ndim - 1);
    checkFitsHeap(bytes, 'unbind', `${count} views`, 'iterate over the tensor or use select');
    return unbound(this, dim).map((each) => viewOf(this, each, 'unbind'));
  }

  /**
   * Repeats dimensions of size 1 to these sizes and adds new dimensions in front, without memory
   * for them. −1 keeps a size. The result can be read but not written, because its elements share
   * memory.
   */
  expand(this: Tensor<D>, ...shape: number[] | [Sizes]): Tensor<D> {
    return viewOf(this, expanded(this, spread(shape), 'expand'), 'expand');
  }

  /** Like {@link expand}, to the shape of another tensor. */
  expandAs(this: Tensor<D>, other: Tensor): Tensor<D> {
    if (!isTensor(other)) throw notATensor('expandAs: other', other);
    return viewOf(this, expanded(this, other.shape, 'expandAs'), 'expandAs');
  }

  /** The same as {@link expand}, by NumPy's name. */
  broadcastTo(this: Tensor<D>, ...shape: number[] | [Sizes]): Tensor<D> {
    return viewOf(this, expanded(this, spread(shape), 'broadcastTo'), 'broadcastTo');
  }

  /** Inserts a dimension of size 1 before `dim`. −1 means after the last. */
  unsqueeze(this: Tensor<D>, dim: number): Tensor<D> {
    return viewOf(this, unsqueezed(this, dim), 'unsqueeze');
  }

  /**
   * Removes all dimensions of size 1 or, if one or several are named, those of them that have size
   * 1.
   */
  squeeze(this: Tensor<D>, dim?: number | Sizes): Tensor<D> {
    return viewOf(this, squeezed(this, dim), 'squeeze');
  }

  /**
   * Windows of `size` indices of a dimension, `step` apart. The elements of a window are in a new
   * last dimension. If windows overlap, the result can be read but not written.
   *
   * @example
   * ```ts
   * arange(5).unfold(0, 3, 2);
   * // tensor([[0., 1., 2.],
   * //         [2., 3., 4.]])
   * ```
   */
  unfold(this: Tensor<D>, dim: number, size: number, step: number): Tensor<D> {
    return viewOf(this, unfolded(this, dim, size, step), 'unfold');
  }

  /** The elements whose indices of two dimensions differ by `offset`, as a new last dimension. */
  diagonal(this: Tensor<D>, offset = 0, dim1 = 0, dim2 = 1): Tensor<D> {
    return viewOf(this, diagonalOf(this, offset, dim1, dim2), 'diagonal');
  }

  /**
   * A view of the storage with any sizes, strides and offset. Strides and offset are in elements.
   * The offset counts from the start of the storage, and defaults to that of this tensor. Throws
   * `RangeError` if the view would reach past the end of the storage.
   */
  asStrided(this: Tensor<D>, size: Sizes, strides: Sizes, offset?: number): Tensor<D> {
    const result = strided(this, size, strides, offset);
    const available = Math.floor(storageOf(this, 'asStrided').byteLength / this.itemSize);
    const end = result.storageOffset + extentOf(result.shape, result.strides);
    if (end > available) {
      throw rangeError(
        `asStrided: size [${result.shape}], strides [${result.strides}] and offset ${result.storageOffset} need ${end} elements of storage, there are ${available}`,
      );
    }
    return viewOf(this, result, 'asStrided');
  }
}

extend(Views);

/** A view in another shape if the strides allow it, otherwise a copy. */
function reshapedTensor<D extends DType>(from: Tensor<D>, shape: unknown, where: string): Tensor<D> {
  const result = reshaped(from, shape, where);
  if (result !== null) return viewOf(from, result, where);
  using copy = copyOf<D>(from, contiguousStrides(from.shape));
  return reshapedTensor(copy, shape, where);
}
