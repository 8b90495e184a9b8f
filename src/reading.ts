/** The methods of Tensor that read elements. */

import { copyOf, elementsOf } from './copy';
import { CPU } from './device';
import { arrayOf, type DType, type ElementOf, entriesOf, type TypedArrayOf } from './dtype';
import { type Entries, elementReader } from './element';
import { RsqrtError, rangeError } from './errors';
import { positionOf, unbound } from './geometry';
import { contiguousStrides, extentOf, type Sizes } from './layout';
import type { Storage } from './storage';
import { contiguousOf, extend, storageOf, type Tensor } from './tensor';
import { viewOf } from './views';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Reading<D> {}
}

/** A value, or an array of arrays of values, as deep as the tensor has dimensions. */
export type Nested<T> = T | Nested<T>[];

// V8 ends the process when its heap is full, so that is not tried.
const MOST_NESTED = 2 ** 26;

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
   */
  get data(): TypedArrayOf<D> {
    return dataOf(this as unknown as Tensor<D>, 'data'); // an accessor cannot declare its `this`
  }

  /**
   * The elements as nested arrays; of a tensor without dimensions, its value. int64 elements are bigints, bool
   * elements booleans, complex elements `{ re, im }`, others numbers.
   */
  toArray(this: Tensor<D>): Nested<ElementOf<D>> {
    return nested(this, 'toArray', (value) => value);
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
   * Iterates over the first dimension, as over nested arrays: values of a tensor of one dimension, views of one of more
   * ({@link unbind} gives these as an array, typed as such). Throws `ERR_SHAPE` for a tensor without dimensions.
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
    if (this.ndim === 1) yield* this.toArray() as ElementOf<D>[];
    else for (const row of unbound(this, 0)) yield viewOf<D>(this, row, 'iteration');
  }
}

extend(Reading);

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
  return viewOf<D>(of, { shape: [], strides: [], storageOffset: positionOf(of, indices, where) }, where);
}

/** What `of` makes of each element, in nested arrays. */
export function nested<D extends DType, T>(
  tensor: Tensor<D>,
  where: string,
  of: (value: ElementOf<D>) => T,
): Nested<T> {
  return reading(tensor, where, (get, strides) => {
    if (tensor.numel > MOST_NESTED) {
      throw rangeError(`${where}: ${tensor.numel} elements are more than arrays can hold well (2^26); use data`);
    }
    const nest = (dim: number, position: number): Nested<T> => {
      if (dim === tensor.ndim) return of(get(position));
      return Array.from({ length: tensor.shape[dim] }, (_, i) => nest(dim + 1, position + i * strides[dim]));
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
