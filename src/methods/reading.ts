/** The methods of Tensor that read elements. */

import { arrayOf, type DType, type ElementOf, entriesOf, type TypedArrayOf } from '../dtype/dtype';
import { narrowed, positionOf, selected } from '../layout/geometry';
import { contiguousStrides, extentOf, type Sizes } from '../layout/layout';
import { maxDims } from '../layout/shape-checks';
import { CPU } from '../memory/device';
import type { Storage } from '../memory/storage';
import { copyOf } from '../program/copy';
import { checkKeys, checkWhole } from '../support/checks';
import { RsqrtError } from '../support/errors';
import { type Entries, elementReader } from '../tensor/element';
import { elementsOf } from '../tensor/memory';
import { checkIsOptions, extend, isTensor, layoutOf, notATensor, storageOf, type Tensor } from '../tensor/tensor';
import { bytesOfNested, checkFitsHeap } from './heap';
import { viewOf } from './views';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Reading<D> {}
}

/** A value, or an array of arrays of values, as deep as the tensor has dimensions. */
export type Nested<T> = T | Nested<T>[];

/**
 * The result of {@link Tensor.toArray} for a number of dimensions: `NestedOf<number, 2>` is
 * `number[][]`. If the compiler does not know the number, it is {@link Nested}.
 */
export type NestedOf<T, N extends number> = number extends N ? Nested<T> : N extends unknown ? Lists<T, N, []> : never;
type Lists<T, N extends number, Made extends unknown[]> = Made['length'] extends N
  ? T
  : Lists<T, N, [...Made, unknown]>[];

/** The options of {@link Tensor.toArray}. */
export interface ToArrayOptions<N extends number = number> {
  /** How many dimensions the tensor must have; the result is typed accordingly. */
  ndim?: N;
}

// How many values iteration reads at a time. The first block is small, because the loop may end
// early. Later ones are larger, because each read from a GPU waits.
const FIRST_BLOCK = 64;
const MAX_IN_BLOCK = 2 ** 16;

/**
 * Reading elements. Reading from a GPU waits for the work queued there. {@link Tensor.toArrayAsync}
 * does not block while it waits.
 */
export abstract class Reading<D extends DType> {
  /**
   * The elements as a typed array, row by row: float32 as `Float32Array`, int64 as `BigInt64Array`,
   * bool as a `Uint8Array` of 0 and 1, and so on. float16 and bfloat16 are bits in a `Uint16Array`,
   * on every version of Node. If JavaScript has `Float16Array`,
   * `new Float16Array(data.buffer, data.byteOffset, data.length)` gives the values of float16.
   * complex64 and complex128 are in a `Float32Array` or `Float64Array` with twice as many entries
   * as elements: real part, imaginary part, real part, …
   *
   * For a contiguous CPU tensor, the array is the tensor's own memory: writing to one changes the
   * other. For any other layout, and for memory from `asTensor` that is not aligned to the element
   * size, it is a copy. The array's ArrayBuffer may be larger than the array, and small tensors
   * share one, as Node's Buffers do. Memory that was handed out in this way is never reused for
   * another tensor. Throws `ERR_DEVICE` for a tensor on a GPU.
   *
   * Do not transfer this array or its buffer, or enqueue it in a byte stream, which transfers it:
   * every tensor in that buffer would lose its memory and throw `ERR_DISPOSED` from then on. Use
   * {@link Tensor.transfer}.
   */
  get data(): TypedArrayOf<D> {
    return dataOf(this as unknown as Tensor<D>, 'data'); // an accessor cannot declare its `this`
  }

  /**
   * The elements as nested arrays, or the value of a tensor without dimensions. int64 elements are
   * bigints, bool elements are booleans, complex elements are `{ re, im }`, and all others are
   * numbers.
   *
   * The compiler does not know how many dimensions a tensor has. `ndim` states it: the arrays are
   * typed accordingly, and a tensor of another number of dimensions throws `ERR_SHAPE`.
   *
   * Throws `RangeError` if the arrays would take more than 256 MiB of the JavaScript heap, or more
   * than a quarter of it if its limit is below 1 GiB. In one dimension, 256 MiB hold 33 million
   * numbers, 8 million bigints or 3 million complex numbers; for more, use {@link data}, which
   * makes no objects. The estimate is 8 bytes for each entry of an array, 48 for each array (empty
   * ones too), 24 for each bigint and 72 for each complex number.
   *
   * @example
   * ```ts
   * const rows = tensor([[1, 2], [3, 4]]).toArray({ ndim: 2 });
   * rows satisfies number[][];
   * rows.map(([first]) => first); // [ 1, 3 ]
   * ```
   */
  toArray<N extends number = number>(this: Tensor<D>, options?: ToArrayOptions<N>): NestedOf<ElementOf<D>, N> {
    checkNdim(this, options, 'toArray');
    return nested(this, 'toArray', (value) => value) as NestedOf<ElementOf<D>, N>;
  }

  /** The value of a tensor with one element. Throws `ERR_SHAPE` if it has more or none. */
  item(this: Tensor<D>): ElementOf<D> {
    storageOf(this, 'item');
    if (this.numel !== 1) {
      throw new RsqrtError('ERR_SHAPE', `item: expected a tensor of 1 element, received shape [${this.shape}]`);
    }
    return reading(this, 'item', (get) => get(0));
  }

  /**
   * The value of one element, given an index for each dimension. Negative indices count from the
   * end. Throws `RangeError` for an index that does not exist. For views of several elements use
   * {@link index} and {@link select}.
   *
   * @example
   * ```ts
   * const x = tensor([[1, 2], [3, 4]]);
   * x.at(0, -1); // 2
   * ```
   */
  at(this: Tensor<D>, ...indices: number[]): ElementOf<D> {
    using element = elementAt(this, indices, 'at');
    return reading(element, 'at', (get) => get(0));
  }

  /**
   * Iterates over the first dimension. Yields values if the tensor has one dimension, and views if
   * it has more ({@link unbind} returns these as an array of that type). Throws `ERR_SHAPE` for a
   * tensor without dimensions, `ERR_DISPOSED` once the tensor is disposed, and `RangeError` for
   * more values than {@link toArray} allows (loop over {@link data} instead).
   *
   * Views are made one at a time, when the loop asks for the next. A loop that ends early makes no
   * more. Each view belongs to the innermost {@link tidy} that is running at that moment, or
   * otherwise to the caller. Their number is not limited, but `[...x]` keeps all of them in memory,
   * and each takes about 250 bytes.
   *
   * Values are read in blocks of up to 65,536. A write to the tensor during the loop may not show
   * in values whose block was read before.
   *
   * @example
   * ```ts
   * const x = tensor([[1, 4], [9, 16]]);
   * [...x].length; // 2
   * [...x.select(0, 1)]; // [ 9, 16 ]
   * for (const row of x) console.log(row);
   * // tensor([1., 4.])
   * // tensor([ 9., 16.])
   * ```
   */
  *[Symbol.iterator](this: Tensor<D>): Generator<Tensor<D> | ElementOf<D>, void> {
    storageOf(this, 'iteration');
    if (this.ndim === 0) throw new RsqrtError('ERR_SHAPE', 'iteration: a tensor without dimensions has nothing in it');
    yield* this.ndim === 1 ? valuesOf(this) : rowsOf(this);
  }
}

extend(Reading, ['at']); // called in loops, so it checks `this` itself

/**
 * Throws `ERR_SHAPE` if the options name another number of dimensions than the tensor has, and
 * `TypeError` for unknown options.
 */
export function checkNdim(
  tensor: Tensor,
  options: unknown = {},
  where: string,
  known: readonly string[] = ['ndim'],
): void {
  checkIsOptions(options, known.join(', '), where);
  checkKeys(options, known, where);
  const { ndim } = options as ToArrayOptions;
  if (ndim === undefined || checkWhole(ndim, `${where}: ndim`, 0, maxDims) === tensor.ndim) return;
  throw new RsqrtError(
    'ERR_SHAPE',
    `${where}: expected a tensor of ${ndim} dimension${ndim === 1 ? '' : 's'}, received shape [${tensor.shape}]`,
  );
}

/** See {@link Tensor.data}. */
export function dataOf<D extends DType>(tensor: Tensor<D>, where: string): TypedArrayOf<D> {
  const storage = cpuStorageOf(tensor, where);
  const start = storage.byteOffset + tensor.storageOffset * tensor.itemSize;
  const aligned = start % arrayOf(tensor.dtype).BYTES_PER_ELEMENT === 0;
  if (!layoutOf(tensor).isContiguous || !aligned) {
    using copy = copyOf<D>(tensor, contiguousStrides(tensor.shape));
    return dataOf(copy, where);
  }
  storage.handOut();
  return elementsOf(tensor);
}

/** The storage of a tensor that must be on the CPU. Throws `ERR_DEVICE`, `ERR_DISPOSED`. */
export function cpuStorageOf(tensor: Tensor, where: string): Storage {
  const storage = storageOf(tensor, where);
  if (storage.device === CPU) return storage;
  throw new RsqrtError('ERR_DEVICE', `${where}: the tensor is on ${tensor.device}; call .cpu() first`);
}

/** A view of one element, without dimensions. */
export function elementAt<D extends DType>(of: Tensor<D>, indices: readonly unknown[], where: string): Tensor<D> {
  if (!isTensor(of)) throw notATensor(`${where}: this`, of);
  return viewOf<D>(of, { shape: [], strides: [], storageOffset: positionOf(of, indices, where) }, where);
}

function* rowsOf<D extends DType>(tensor: Tensor<D>): Generator<Tensor<D>, void> {
  for (let i = 0; i < tensor.shape[0]; i++) yield viewOf<D>(tensor, selected(tensor, 0, i), 'iteration');
}

function* valuesOf<D extends DType>(tensor: Tensor<D>): Generator<ElementOf<D>, void> {
  // Iteration makes no array, but what iterates may be a spread, which does.
  const { shape, dtype } = tensor;
  const what = `all values of shape [${shape}] of ${dtype} in an array`;
  checkFitsHeap(bytesOfNested(shape, dtype), 'iteration', what, 'loop over data');
  let size = FIRST_BLOCK;
  for (let start = 0; start < shape[0]; size = Math.min(4 * size, MAX_IN_BLOCK)) {
    const values = blockOf(tensor, start, Math.min(size, shape[0] - start));
    start += values.length;
    for (const value of values) {
      storageOf(tensor, 'iteration'); // the loop may have disposed the tensor
      yield value;
    }
  }
}

/**
 * Some values of a tensor of one dimension. The view is disposed here, because an abandoned
 * generator would keep it.
 */
function blockOf<D extends DType>(tensor: Tensor<D>, start: number, length: number): ElementOf<D>[] {
  using block = viewOf<D>(tensor, narrowed(tensor, 0, start, length), 'iteration');
  return listed(block, 'iteration');
}

/** The elements in one list, row by row. The caller must ensure that there are not too many. */
export function listed<D extends DType>(tensor: Tensor<D>, where: string): ElementOf<D>[] {
  return reading(tensor, where, (get, strides) => {
    const { shape } = tensor;
    const list: ElementOf<D>[] = [];
    const visit = (dim: number, position: number): void => {
      if (dim === shape.length) list.push(get(position));
      else for (let i = 0; i < shape[dim]; i++) visit(dim + 1, position + i * strides[dim]);
    };
    visit(0, 0);
    return list;
  });
}

/** Throws `RangeError` if nested arrays of the elements would take too much of the heap. */
export function checkNestable(tensor: Tensor, where: string): void {
  const { shape, dtype } = tensor;
  const instead = where === 'toArrayAsync' ? 'use dataAsync' : 'use data';
  checkFitsHeap(bytesOfNested(shape, dtype), where, `shape [${shape}] of ${dtype} in nested arrays`, instead);
}

/** The results of `of` for all elements, in nested arrays. */
export function nested<D extends DType, T>(
  tensor: Tensor<D>,
  where: string,
  of: (value: ElementOf<D>) => T,
): Nested<T> {
  storageOf(tensor, where);
  checkNestable(tensor, where);
  return reading(tensor, where, (get, strides) => {
    const { shape } = tensor;
    const nest = (dim: number, position: number): Nested<T> => {
      if (dim === shape.length) return of(get(position));
      // Not Array.from({ length }), which stores a long list as a hash table: slower and larger.
      const list = new Array<Nested<T>>(shape[dim]);
      for (let i = 0; i < list.length; i++) list[i] = nest(dim + 1, position + i * strides[dim]);
      return list;
    };
    return nest(0, 0);
  });
}

/**
 * Calls `read` with a function that reads the element at a position, counted from the first
 * element, and with the strides of these positions.
 */
export function reading<D extends DType, R>(
  tensor: Tensor<D>,
  where: string,
  read: (get: (position: number) => ElementOf<D>, strides: Sizes) => R,
): R {
  const storage = storageOf(tensor, where);
  if (storage.device !== CPU) {
    using host = tensor.cpu();
    return reading(host, where, read);
  }
  storage.settle();
  const Entries = arrayOf(tensor.dtype);
  const start = storage.byteOffset + tensor.storageOffset * tensor.itemSize;
  if (start % Entries.BYTES_PER_ELEMENT !== 0) {
    using aligned = copyOf<D>(tensor, contiguousStrides(tensor.shape));
    return reading(aligned, where, read);
  }
  // Without elements, `start` may be past the end.
  const length = extentOf(tensor.shape, tensor.strides) * entriesOf(tensor.dtype);
  const entries = new Entries(storage.owner as ArrayBuffer, length && start, length) as Entries;
  return read(elementReader(tensor.dtype, entries), tensor.strides);
}
