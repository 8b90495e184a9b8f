/** Tensor: a dtype, a shape and strides over a storage. */

import { inspect } from 'node:util';
import { binding } from './binding';
import { checkDim, checkKeys, checkList, checkShape, checkWhole, spread } from './checks';
import { CPU, type DeviceName, deviceIndex, deviceName } from './device';
import {
  arrayOf,
  checkDType,
  type DType,
  type DTypeInfo,
  dtypes,
  type ElementOf,
  entriesOf,
  infoOf,
  itemSizeOf,
  kindOf,
  type TypedArrayOf,
} from './dtype';
import { type Entries, elementReader } from './element';
import { RsqrtError, rangeError, show, typeError } from './errors';
import { formatTensor } from './format';
import {
  collapse,
  contiguousStrides,
  extentOf,
  isContiguous,
  isDense,
  numelOf,
  resultStrides,
  type Sizes,
  viewStrides,
} from './layout';
import { allocate, copyBytes, Storage } from './storage';

/** A value, or an array of arrays of values, as deep as the tensor has dimensions. */
export type Nested<T> = T | Nested<T>[];

/** What {@link Tensor.to} takes. */
export interface ToOptions<D extends DType = DType> {
  dtype?: D;
  device?: DeviceName;
  /** Copy even if nothing changes. */
  copy?: boolean;
}

/** Makes a tensor on a storage. The lists are kept as they are, so they must not change afterwards. */
export let createTensor: <D extends DType>(
  storage: Storage,
  dtype: D,
  shape: Sizes,
  strides: Sizes,
  offset: number,
) => Tensor<D>;

/** A tensor's storage. Throws `ERR_DISPOSED`. */
export let storageOf: (tensor: Tensor, where: string) => Storage;

/** Whether a value is a Tensor of this copy of the package. */
export let isTensor: (value: unknown) => value is Tensor;

/** The code by which the addon knows a tensor's dtype. */
export let codeOf: (tensor: Tensor) => number;

/** Whether {@link Tensor.isContiguous}, without a call into the layout. */
let contiguousOf: (tensor: Tensor) => boolean;

/**
 * An n-dimensional array of elements of one dtype, on the CPU or on a GPU. Made by `tensor`, `asTensor`, `zeros`, …;
 * operations such as `rsqrt` are functions and methods alike.
 *
 * Several tensors may share one storage (views). Memory is released when the last of them is disposed, by
 * {@link Tensor.dispose} or `using`, or garbage-collected. Using a disposed tensor throws `ERR_DISPOSED`.
 *
 * @example
 * ```ts
 * const x = tensor([4, 16, 25]);
 * console.log(x.rsqrt()); // tensor([0.5000, 0.2500, 0.2000])
 * ```
 */
export class Tensor<D extends DType = DType> {
  readonly #dtype: D;
  readonly #shape: Sizes;
  readonly #strides: Sizes;
  readonly #offset: number;
  readonly #numel: number;
  readonly #info: DTypeInfo;
  readonly #device: number;
  readonly #contiguous: boolean;
  #storage: Storage | null;

  private constructor(storage: Storage, dtype: D, shape: Sizes, strides: Sizes, offset: number) {
    if (!(storage instanceof Storage)) {
      throw typeError('Tensor: the constructor is not for use; make tensors with tensor(), asTensor(), zeros() …');
    }
    this.#dtype = dtype;
    this.#shape = shape;
    this.#strides = strides;
    this.#offset = offset;
    this.#numel = numelOf(shape);
    this.#info = infoOf(dtype);
    this.#device = storage.device;
    this.#contiguous = isContiguous(shape, strides);
    this.#storage = storage;
    storage.retain();
  }

  static {
    createTensor = (storage, dtype, shape, strides, offset) => new Tensor(storage, dtype, shape, strides, offset);
    isTensor = (value): value is Tensor => typeof value === 'object' && value !== null && #storage in value;
    codeOf = (tensor) => tensor.#info.code;
    contiguousOf = (tensor) => tensor.#contiguous;
    storageOf = (tensor, where) => {
      const storage = tensor.#storage;
      if (storage === null) {
        throw new RsqrtError('ERR_DISPOSED', `${where}: the tensor of shape [${tensor.shape}] was disposed`);
      }
      if (storage.isLost()) {
        throw new RsqrtError(
          'ERR_DISPOSED',
          `${where}: the ArrayBuffer of the tensor of shape [${tensor.shape}] was transferred or shrunk`,
        );
      }
      return storage;
    };
  }

  /** The element type. */
  get dtype(): D {
    return this.#dtype;
  }

  /** The size of each dimension; `[]` for a single value. Frozen. */
  get shape(): Sizes {
    return this.#shape;
  }

  /** For each dimension, how many elements apart neighbours lie in memory. Frozen. */
  get strides(): Sizes {
    return this.#strides;
  }

  /** Where the first element lies, in elements from the start of the storage. */
  get storageOffset(): number {
    return this.#offset;
  }

  /** The number of elements. */
  get numel(): number {
    return this.#numel;
  }

  /** 'cpu', 'cuda:0', … */
  get device(): DeviceName {
    return deviceName(this.#device);
  }

  /** The number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Bytes per element. */
  get itemSize(): number {
    return this.#info.itemSize;
  }

  /** Whether the elements lie in memory row by row without gaps. */
  isContiguous(): boolean {
    return this.#contiguous;
  }

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
    const storage = storageOf(this, 'data');
    if (this.#device !== CPU) {
      throw new RsqrtError('ERR_DEVICE', `data: the tensor is on ${this.device}; call .cpu() first`);
    }
    const start = storage.byteOffset + this.storageOffset * this.itemSize;
    const aligned = start % arrayOf(this.dtype).BYTES_PER_ELEMENT === 0;
    if (!this.#contiguous || !aligned) return copyOf<D>(this, contiguousStrides(this.shape)).data;
    storage.handOut();
    return elementsOf(this);
  }

  /**
   * The elements as nested arrays; of a tensor without dimensions, its value. int64 elements are bigints, bool
   * elements booleans, complex elements `{ re, im }`, others numbers. Waits for a GPU.
   */
  toArray(): Nested<ElementOf<D>> {
    const { get, strides, offset } = reader(this, 'toArray');
    if (this.numel > MOST_NESTED) {
      throw rangeError(`toArray: ${this.numel} elements are more than arrays can hold well (2^26); use data`);
    }
    const nest = (dim: number, position: number): Nested<ElementOf<D>> => {
      if (dim === this.ndim) return get(position);
      return Array.from({ length: this.shape[dim] }, (_, i) => nest(dim + 1, position + i * strides[dim]));
    };
    return nest(0, offset);
  }

  /** The value of a tensor of one element. Throws `ERR_SHAPE` if it has more or none. Waits for a GPU. */
  item(): ElementOf<D> {
    if (this.numel !== 1) {
      throw new RsqrtError('ERR_SHAPE', `item: expected a tensor of 1 element, received shape [${this.shape}]`);
    }
    const { get, offset } = reader(this, 'item');
    return get(offset);
  }

  /** As torch prints it. Waits for a GPU. */
  toString(): string {
    return formatTensor({
      ...reader(this, 'toString'),
      dtype: this.dtype,
      kind: kindOf(this.dtype),
      device: this.device,
      shape: this.shape,
    });
  }

  [inspect.custom](): string {
    const lost = this.#storage === null || this.#storage.isLost();
    return lost ? `tensor(<disposed>, shape=[${this.shape}])` : this.toString();
  }

  /**
   * This tensor on another device or in another dtype; itself if nothing changes.
   *
   * To a float dtype values are rounded once, to nearest even; float to integer truncates towards zero, saturates, and
   * makes NaN 0; integer to integer keeps the low bits; real to complex has the imaginary part 0, and complex to real keeps
   * the real part alone; anything to bool is "not zero" (of a complex number, either part). Throws `ERR_CUDA_UNAVAILABLE`, with the reason, if there is no GPU.
   *
   * @example
   * ```ts
   * x.to('cuda');
   * x.to('float64');
   * x.to({ device: 'cuda:1', dtype: 'float64' });
   * ```
   */
  to(device: DeviceName): Tensor<D>;
  to<E extends DType>(dtype: E): Tensor<E>;
  to<E extends DType = D>(options: ToOptions<E>): Tensor<E>;
  to(...args: unknown[]): Tensor {
    return converted(this, toOptions(args), 'to');
  }

  /** This tensor on the CPU; itself if it is there. Waits for the GPU. */
  cpu(): Tensor<D> {
    return converted(this, { device: 'cpu' }, 'cpu') as Tensor<D>;
  }

  /** This tensor on a GPU, by default the first; itself if it is there. Throws `ERR_CUDA_UNAVAILABLE`. */
  cuda(index = 0): Tensor<D> {
    return converted(this, { device: `cuda:${checkWhole(index, 'cuda: index')}` }, 'cuda') as Tensor<D>;
  }

  /** A copy with its own storage; strides as torch chooses them (those of this tensor if it is dense). */
  clone(): Tensor<D> {
    storageOf(this, 'clone');
    return copyOf(this, resultStrides(this.shape, this.strides));
  }

  /** This tensor if it is contiguous, otherwise a contiguous copy. */
  contiguous(): Tensor<D> {
    storageOf(this, 'contiguous');
    return this.#contiguous ? this : copyOf(this, contiguousStrides(this.shape));
  }

  /**
   * The same elements in another shape: a view if the strides allow, otherwise a copy. One size may be −1 and is then
   * inferred. Throws `ERR_SHAPE` if the counts differ.
   */
  reshape(...shape: number[] | [Sizes]): Tensor<D> {
    const storage = storageOf(this, 'reshape');
    const sizes = inferSize(checkShape(spread(shape), 'reshape', -1), this.numel);
    const strides = viewStrides(this.shape, this.strides, sizes);
    if (strides !== null) return view(storage, this.dtype, sizes, strides, this.storageOffset);
    return this.contiguous().reshape(sizes);
  }

  /** A view with two dimensions exchanged. Negative dimensions count from the last. Throws `RangeError`. */
  transpose(dim0: number, dim1: number): Tensor<D> {
    const storage = storageOf(this, 'transpose');
    const first = checkDim(dim0, this.ndim, 'transpose: dim0');
    const second = checkDim(dim1, this.ndim, 'transpose: dim1');
    const exchange = (list: Sizes) => {
      const exchanged = [...list];
      if (this.ndim > 0) [exchanged[first], exchanged[second]] = [list[second], list[first]];
      return exchanged;
    };
    return view(storage, this.dtype, exchange(this.shape), exchange(this.strides), this.storageOffset);
  }

  /** The transpose of a matrix, as a view; a tensor of fewer dimensions as it is. Throws `ERR_SHAPE` above 2. */
  t(): Tensor<D> {
    storageOf(this, 't');
    if (this.ndim > 2) {
      throw new RsqrtError('ERR_SHAPE', `t: expected at most 2 dimensions, received shape [${this.shape}]`);
    }
    return this.ndim < 2 ? this.transpose(0, 0) : this.transpose(0, 1);
  }

  /**
   * A view of the storage with any sizes, strides and offset (in elements; the offset from the start of the storage).
   * Throws `RangeError` if it would reach past the end of the storage.
   */
  asStrided(size: Sizes, strides: Sizes, offset: number = this.storageOffset): Tensor<D> {
    const storage = storageOf(this, 'asStrided');
    const sizes = checkShape(size, 'asStrided: size');
    const steps = checkList(strides, 'asStrided: strides', 0, 'stride');
    if (sizes.length !== steps.length) {
      throw new RsqrtError(
        'ERR_SHAPE',
        `asStrided: expected as many strides as sizes (${sizes.length}), received ${show(strides)}`,
      );
    }
    const start = checkWhole(offset, 'asStrided: offset');
    const available = Math.floor(storage.byteLength / this.itemSize);
    const end = start + extentOf(sizes, steps);
    if (end > available) {
      throw rangeError(
        `asStrided: size [${sizes}], strides [${steps}] and offset ${start} need ${end} elements of storage, there are ${available}`,
      );
    }
    return view(storage, this.dtype, sizes, steps, start);
  }

  /**
   * Ends this tensor. Its memory is released when no view of it is left; GPU memory after the work already queued.
   * Calling it again does nothing.
   */
  dispose(): void {
    this.#storage?.release();
    this.#storage = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

// V8 ends the process when its heap is full, so that is not tried.
const MOST_NESTED = 2 ** 26;

const copyCode = binding.ops.findIndex((op) => op.name === 'copy');

/** Runs an operation of the table from one tensor to another of the same shape and device. */
export function launch(op: number, input: Tensor, output: Tensor): void {
  if (input.numel === 0) return;
  const from = storageOf(input, 'launch');
  const to = storageOf(output, 'launch');
  const layout =
    contiguousOf(input) && contiguousOf(output)
      ? input.numel
      : (collapse(input.shape, input.strides, output.strides) ?? input.numel);
  binding.unary(
    op,
    // biome-ignore lint/style/noNonNullAssertion: a storage that a live tensor refers to has memory
    from.memory!,
    codeOf(input),
    from.byteOffset + input.storageOffset * input.itemSize,
    // biome-ignore lint/style/noNonNullAssertion: as above
    to.memory!,
    codeOf(output),
    to.byteOffset + output.storageOffset * output.itemSize,
    layout,
  );
}

/** The elements of a contiguous CPU tensor, for code that does not pass them on. */
export function elementsOf<D extends DType>(tensor: Tensor<D>): TypedArrayOf<D> {
  const storage = storageOf(tensor, 'data');
  const start = storage.byteOffset + tensor.storageOffset * tensor.itemSize;
  const length = tensor.numel * entriesOf(tensor.dtype);
  return new (arrayOf(tensor.dtype))(storage.owner as ArrayBuffer, start, length) as TypedArrayOf<D>;
}

/** A fresh uninitialised tensor. */
export function allocateTensor<D extends DType>(dtype: D, shape: Sizes, strides: Sizes, device: number): Tensor<D> {
  return createTensor(allocate(numelOf(shape) * itemSizeOf(dtype), device), dtype, shape, strides, 0);
}

function view<D extends DType>(storage: Storage, dtype: D, shape: Sizes, strides: Sizes, offset: number): Tensor<D> {
  return createTensor(storage, dtype, Object.freeze(shape), Object.freeze(strides), offset);
}

/** A copy on the same device, converted on the way if the dtype differs. */
export function copyOf<D extends DType>(source: Tensor, strides: Sizes, dtype = source.dtype as D): Tensor<D> {
  const device = storageOf(source, 'copy').device;
  const copy = allocateTensor(dtype, source.shape, Object.freeze(strides), device);
  launch(copyCode, source, copy);
  return copy;
}

/** A copy of a dense tensor on another device: its bytes and its strides. */
function moved<D extends DType>(source: Tensor<D>, device: number): Tensor<D> {
  const result = allocateTensor(source.dtype, source.shape, source.strides, device);
  const { itemSize, numel, storageOffset } = source;
  copyBytes(storageOf(source, 'to'), storageOffset * itemSize, storageOf(result, 'to'), 0, numel * itemSize);
  return result;
}

/** The elements of a tensor, wherever it is, by position. */
interface Reader<D extends DType> {
  readonly strides: Sizes;
  readonly offset: number;
  readonly get: (position: number) => ElementOf<D>;
}

function reader<D extends DType>(tensor: Tensor<D>, where: string): Reader<D> {
  const storage = storageOf(tensor, where);
  if (storage.device !== CPU) return reader(tensor.cpu(), where);
  const Entries = arrayOf(tensor.dtype);
  if (storage.byteOffset % Entries.BYTES_PER_ELEMENT !== 0) {
    return reader(copyOf(tensor, contiguousStrides(tensor.shape)), where);
  }
  const length = Math.floor(storage.byteLength / Entries.BYTES_PER_ELEMENT);
  const entries = new Entries(storage.owner as ArrayBuffer, storage.byteOffset, length) as Entries;
  return { strides: tensor.strides, offset: tensor.storageOffset, get: elementReader(tensor.dtype, entries) };
}

/** See {@link Tensor.to}. */
export function converted(source: Tensor, options: ToOptions, where: string): Tensor {
  const from = storageOf(source, where).device;
  const device = options.device === undefined ? from : deviceIndex(options.device, where);
  const dtype = options.dtype === undefined ? source.dtype : checkDType(options.dtype, where);
  if (device === from && dtype === source.dtype && !options.copy) return source;
  const strides = resultStrides(source.shape, source.strides);
  if (device === from) return copyOf(source, strides, dtype);
  if (dtype === source.dtype && isDense(source.shape, source.strides)) return moved(source, device);
  using staged = copyOf(source, strides, dtype);
  return moved(staged, device);
}

/** Whether a value can be meant as an object of options: not a list, an array or a tensor. */
export function isOptions(value: unknown): value is { dtype?: unknown; device?: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && !isTensor(value);
}

function toOptions([target, ...more]: unknown[]): ToOptions {
  if (more.length > 0 && more[0] !== undefined) {
    throw typeError(`to: expected one argument, { device, dtype } for both; received ${show(more[0])} too`);
  }
  if (isOptions(target)) {
    checkKeys(target, ['device', 'dtype', 'copy'], 'to');
    return target as ToOptions;
  }
  if ((dtypes as readonly unknown[]).includes(target)) return { dtype: target as DType };
  if (typeof target === 'string' && /^(cpu$|cuda)/.test(target)) return { device: target as DeviceName };
  throw typeError(`to: expected a device, a dtype or { device, dtype, copy }; received ${show(target)}`);
}

/** Replaces a −1 by the size that makes the counts equal. */
function inferSize(shape: Sizes, numel: number): Sizes {
  const holes = shape.filter((size) => size === -1).length;
  const known = numelOf(shape.filter((size) => size !== -1));
  const fits = holes === 0 ? known === numel : holes === 1 && known > 0 && numel % known === 0;
  if (!fits) {
    throw new RsqrtError('ERR_SHAPE', `reshape: ${numel} elements do not fit the shape [${shape}]`);
  }
  return shape.map((size) => (size === -1 ? numel / known : size));
}
