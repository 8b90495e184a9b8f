/** The methods of Tensor that read elements. */

import { checkKeys, checkWhole, MOST_DIMS } from './checks';
import { copyOf, elementsOf } from './copy';
import { CPU } from './device';
import { arrayOf, type DType, type ElementOf, entriesOf, type TypedArrayOf } from './dtype';
import { type Entries, elementReader } from './element';
import { RsqrtError } from './errors';
import { narrowed, positionOf, selected } from './geometry';
import { bytesOfNested, checkFitsHeap } from './heap';
import { contiguousStrides, extentOf, type Sizes } from './layout';
import type { Storage } from './storage';
import { checkIsOptions, contiguousOf, extend, isTensor, notATensor, storageOf, type Tensor } from './tensor';
import { viewOf } from './views';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Reading<D> {}
}

/** A value, or an array of arrays of values, as deep as the tensor has dimensions. */
export type Nested<T> = T | Nested<T>[];

/**
 * What {@link Tensor.toArray} gives for a number of dimensions: `NestedOf<number, 2>` is
 * `number[][]`. Where the compiler does not know the number, {@link Nested}.
 */
export type NestedOf<T, N extends number> = number extends N ? Nested<T> : N extends unknown ? Lists<T, N, []> : never;
type Lists<T, N extends number, Made extends unknown[]> = Made['length'] extends N
  ? T
  : Lists<T, N, [...Made, unknown]>[];

/** What {@link Tensor.toArray} takes. */
export interface ToArrayOptions<N extends number = number> {
  /** How many dimensions the tensor must have; the result is typed accordingly. */
  ndim?: N;
}

// How many values iteration reads at a time: few at first, as the loop may end early, then more, as
// each read from a GPU waits.
const FIRST_BLOCK = 64;
const MOST_IN_BLOCK = 2 ** 16;

/** Reading elements. What is read from a GPU waits for the work queued there; {@link Tensor.toArrayAsync} does not block meanwhile. */
export abstract class Reading<D extends DType> {
  /**
   * The elements as a typed array, row by row: float32 as `Float32Array`, int64 as `BigInt64Array`, bool as a
   * `Uint8Array` of 0 and 1, and so on. float16 and bfloat16 are their bits in a `Uint16Array`, on every version of Node;
   * where there is a `Float16Array`, `new Float16Array(data.buffer, data.byteOffset, data.length)` shows the values of
   * float16. complex64 and complex128 come in a `Float32Array` or `Float64Array` of twice as many entries as elements:
   * real part, imaginary part, real part, …
   *
   * Of a contiguous CPU tensor the array is the tensor's own memory: writing to one changes the other. Of any other
   * layout, or of memory from `asTensor` that is not aligned to its element size, it is a copy. The array's ArrayBuffer
   * may be larger than the array, and small tensors share one, as with Node's Buffers. Memory that was handed out so is
   * never given to another tensor. Throws `ERR_DEVICE` on a GPU.
   *
   * Do not transfer this array or its buffer, or enqueue it in a byte stream, which transfers it:
   * every tensor in that buffer would lose its memory and throw `ERR_DISPOSED` from then on. Use
   * {@link Tensor.transfer}.
   */
  get data(): TypedArrayOf<D> {
    return dataOf(this as unknown as Tensor<D>, 'data'); // an accessor cannot declare its `this`
  }

  /**
   * The elements as nested arrays; of a tensor without dimensions, its value. int64 elements are
   * bigints, bool elements booleans, complex elements `{ re, im }`, others numbers.
   *
   * The compiler does not know how many dimensions a tensor has. `ndim` states it: the arrays are
   * typed accordingly, and a tensor of another number of dimensions throws `ERR_SHAPE`.
   *
   * Throws `RangeError` if the arrays would take more than 256 MiB of the JavaScript heap, or more
   * than a quarter of it if its limit is below 1 GiB. In one dimension, 256 MiB hold 33 million
   * numbers, 8 million bigints or 3 million complex numbers; use {@link data} for more, which makes
   * no objects. The estimate is 8 bytes for each entry of an array, 48 for each array (empty ones
   * too), 24 for each bigint and 72 for each complex number.
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

  /** The value of a tensor of one element. Throws `ERR_SHAPE` if it has more or none. */
  item(this: Tensor<D>): ElementOf<D> {
    storageOf(this, 'item');
    if (this.numel !== 1) {
      throw new RsqrtError('ERR_SHAPE', `item: expected a tensor of 1 element, received shape [${this.shape}]`);
    }
    return reading(this, 'item', (get) => get(0));
  }

  /**
   * The value of one element, by an index for each dimension; negative ones count from the end. Throws `RangeError` for any
   * that is not there. {@link index} and {@link select} give views of more.
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
   * Iterates over the first dimension, as over nested arrays: values of a tensor of one dimension,
   * views of one of more ({@link unbind} gives these as an array, typed as such). Throws
   * `ERR_SHAPE` for a tensor without dimensions, `ERR_DISPOSED` once the tensor is disposed, and
   * `RangeError` for more values than {@link toArray} takes (loop over {@link data} instead).
   *
   * Views are made one at a time, when the loop asks for the next; a loop that ends early makes no
   * more. Each belongs to the {@link tidy} that is open at that moment, else to the caller. There
   * may be any number of them, but `[...x]` keeps them all in memory; a view takes about 250 bytes.
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

extend(Reading, ['at']); // which is called in loops

/**
 * Throws `ERR_SHAPE` if options name another number of dimensions than a tensor has, `TypeError`
 * for others.
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
  if (ndim === undefined || checkWhole(ndim, `${where}: ndim`, 0, MOST_DIMS) === tensor.ndim) return;
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
  if (!contiguousOf(tensor) || !aligned) {
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
  checkNestable(tensor, 'iteration');
  let size = FIRST_BLOCK;
  for (let start = 0; start < tensor.shape[0]; size = Math.min(4 * size, MOST_IN_BLOCK)) {
    const values = blockOf(tensor, start, Math.min(size, tensor.shape[0] - start));
    start += values.length;
    for (const value of values) {
      storageOf(tensor, 'iteration'); // the loop may have disposed the tensor
      yield value;
    }
  }
}

/** Some values of a 1-d tensor. The view ends here: an abandoned generator would keep it. */
function blockOf<D extends DType>(tensor: Tensor<D>, start: number, length: number): ElementOf<D>[] {
  using block = viewOf<D>(tensor, narrowed(tensor, 0, start, length), 'iteration');
  return listed(block, 'iteration');
}

/** The elements in one list, row by row. The caller sees to it that they are not too many. */
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

/** Throws `RangeError` if the elements as nested arrays would take too much of the heap. */
export function checkNestable(tensor: Tensor, where: string): void {
  const { shape, dtype } = tensor;
  const instead = where === 'toArrayAsync' ? 'use dataAsync' : 'use data';
  checkFitsHeap(bytesOfNested(shape, dtype), where, `shape [${shape}] of ${dtype} in nested arrays`, instead);
}

/** What `of` makes of each element, in nested arrays. */
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

/** Calls `read` with what reads the element at a position, counted from the first one, and the strides by which positions go. */
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
  // Of a tensor without elements the start may be past the end.
  const length = extentOf(tensor.shape, tensor.strides) * entriesOf(tensor.dtype);
  const entries = new Entries(storage.owner as ArrayBuffer, length && start, length) as Entries;
  return read(elementReader(tensor.dtype, entries), tensor.strides);
}
