/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Tensor: a dtype, a shape and strides over a storage. Other files add its methods with
 * {@link extend}.
 */

import { isProxy } from 'node:util/types';
import { type DType, type DTypeInfo, infoOf } from '../dtype/dtype';
import { hasDims, received } from '../foreign/foreign';
import { Layout, type Sizes } from '../layout/layout';
import { type DeviceName, deviceName } from '../memory/device';
import { Storage } from '../memory/storage';
import { classNameOf, RsqrtError, show, typeError } from '../support/errors';
import { enter } from './scope';

/** Makes a tensor on a storage. */
export let createTensorOf: (storage: Storage, info: DTypeInfo, layout: Layout, offset: number) => Tensor;

/** Makes a tensor on a storage. The lists are not copied, so they must not change afterwards. */
export const createTensor = <D extends DType>(
  storage: Storage,
  dtype: D,
  shape: Sizes,
  strides: Sizes,
  offset: number,
): Tensor<D> => createTensorOf(storage, infoOf(dtype), new Layout(shape, strides), offset) as Tensor<D>;

/**
 * A tensor's storage. Throws `ERR_DISPOSED`, and `TypeError` if a method was called on something
 * that is not a tensor.
 */
export let storageOf: (tensor: Tensor, where: string) => Storage;

/** Whether a tensor was disposed or lost its memory. */
export let isLost: (tensor: Tensor) => boolean;

/** Whether a value is a Tensor of this copy of the package. */
export let isTensor: (value: unknown) => value is Tensor;

/** What operations need to know of a tensor's dtype. */
export let dtypeInfoOf: (tensor: Tensor) => DTypeInfo;

/** A tensor's shape and strides. */
export let layoutOf: (tensor: Tensor) => Layout;

/** Like {@link Tensor.storageOffset}, without a check of the argument. */
export let offsetOf: (tensor: Tensor) => number;

/** Gives a tensor another layout on its storage, which must be large enough. */
export let relayOut: (tensor: Tensor, layout: Layout) => void;

/** How many tensors were made and not disposed. Garbage-collected tensors still count. */
export let undisposedTensors: () => number;

/**
 * Registers a function that is called when a tensor is disposed. The function must not throw.
 * Returns a function that removes it. Only the tensor keeps registered functions alive.
 */
export let onDispose: (tensor: Tensor, call: () => void) => () => void;

// Not a field of Tensor: each small tensor would take longer to make.
const disposals = new WeakMap<Tensor, Set<() => void>>();
let haveDisposals = false;

const UNCLONEABLE = Symbol('a Tensor, which is sent as x.toObject() or x.transfer() and');

/**
 * An n-dimensional array of elements of one dtype, on the CPU or on a GPU. Tensors are made by
 * `tensor`, `asTensor`, `zeros`, … Operations such as `rsqrt` are both functions and methods.
 *
 * Several tensors may share one storage (views). Memory is released when the last of them is
 * disposed, by {@link Tensor.dispose}, `using` or `tidy`, or garbage-collected. Using a disposed
 * tensor throws `ERR_DISPOSED`.
 *
 * @example
 * ```ts
 * const x = tensor([4, 16, 25]);
 * console.log(x.rsqrt()); // tensor([0.5000, 0.2500, 0.2000])
 * ```
 */
export class Tensor<D extends DType = DType> {
  static #undisposed = 0;

  /**
   * structuredClone and postMessage would silently turn a tensor into `{}`, because its fields are
   * private. They refuse a symbol, and their message names it. `markAsUncloneable` of Node 22 gives
   * a message without a name and takes several times as long.
   * @internal
   */
  readonly uncloneable = UNCLONEABLE;

  /**
   * Distinguishes a tensor from a plain object, which Vue would wrap in a Proxy. Private fields
   * cannot be read through a Proxy; this property can, because it is a value of the prototype and
   * not a getter.
   */
  declare readonly [Symbol.toStringTag]: 'Tensor';

  readonly #info: DTypeInfo;
  #layout: Layout;
  readonly #offset: number;
  readonly #device: number;
  #storage: Storage | null;

  private constructor(storage: Storage, info: DTypeInfo, layout: Layout, offset: number) {
    if (!(storage instanceof Storage)) {
      throw typeError('Tensor: the constructor is not for use; make tensors with tensor(), asTensor(), zeros() …');
    }
    this.#info = info;
    this.#layout = layout;
    this.#offset = offset;
    this.#device = storage.device;
    this.#storage = storage;
    storage.retain();
    Tensor.#undisposed++;
    enter(this);
  }

  static {
    createTensorOf = (storage, info, layout, offset) => new Tensor(storage, info, layout, offset);
    isTensor = (value): value is Tensor => typeof value === 'object' && value !== null && #storage in value;
    dtypeInfoOf = (tensor) => tensor.#info;
    layoutOf = (tensor) => tensor.#layout;
    offsetOf = (tensor) => tensor.#offset;
    isLost = (tensor) => tensor.#storage === null || tensor.#storage.isLost();
    undisposedTensors = () => Tensor.#undisposed;
    onDispose = (tensor, call) => {
      const calls = (disposals.get(tensor) ?? new Set()).add(call);
      disposals.set(tensor, calls);
      haveDisposals = true;
      return () => {
        calls.delete(call);
      };
    };
    relayOut = (tensor, layout) => {
      tensor.#layout = layout;
    };
    storageOf = (tensor, where) => {
      let storage: Storage | null;
      try {
        storage = tensor.#storage;
      } catch {
        throw notATensor(`${where}: this`, tensor);
      }
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

  // Reading a private field of another object throws. Catching that costs no time, unlike a check.

  /** The element type. */
  get dtype(): D {
    try {
      return this.#info.name as D;
    } catch {
      throw notATensor('dtype: this', this);
    }
  }

  /** The size of each dimension, or `[]` for a single value. Frozen. */
  get shape(): Sizes {
    try {
      return this.#layout.shape;
    } catch {
      throw notATensor('shape: this', this);
    }
  }

  /** For each dimension, the distance in memory between neighbours, in elements. Frozen. */
  get strides(): Sizes {
    try {
      return this.#layout.strides;
    } catch {
      throw notATensor('strides: this', this);
    }
  }

  /** The position of the first element, in elements from the start of the storage. */
  get storageOffset(): number {
    try {
      return this.#offset;
    } catch {
      throw notATensor('storageOffset: this', this);
    }
  }

  /** The number of elements. */
  get numel(): number {
    try {
      return this.#layout.numel;
    } catch {
      throw notATensor('numel: this', this);
    }
  }

  /** 'cpu', 'cuda:0', … */
  get device(): DeviceName {
    try {
      return deviceName(this.#device);
    } catch {
      throw notATensor('device: this', this);
    }
  }

  /** The number of dimensions. */
  get ndim(): number {
    try {
      return this.#layout.shape.length;
    } catch {
      throw notATensor('ndim: this', this);
    }
  }

  /** Bytes per element. */
  get itemSize(): number {
    try {
      return this.#info.itemSize;
    } catch {
      throw notATensor('itemSize: this', this);
    }
  }

  /** Whether the elements lie in memory row by row without gaps. */
  isContiguous(): boolean {
    if (!isTensor(this)) throw notATensor('isContiguous: this', this);
    return this.#layout.isContiguous;
  }

  /**
   * Ends this tensor. Its memory is released once no other tensor uses it, and GPU memory after the
   * work already queued. Calling it again does nothing.
   */
  dispose(): void {
    if (!isTensor(this)) throw notATensor('dispose: this', this);
    if (this.#storage === null) return;
    this.#storage.release();
    this.#storage = null;
    Tensor.#undisposed--;
    if (haveDisposals) for (const call of disposals.get(this) ?? []) call();
  }

  /** What `using` calls: {@link Tensor.dispose}. */
  [Symbol.dispose](): void {
    if (!isTensor(this)) throw notATensor('dispose: this', this);
    this.dispose();
  }
}

// The compiler renames a class that refers to itself to `_Tensor`, which messages and stacks would
// show.
Object.defineProperty(Tensor, 'name', { value: 'Tensor' });
Object.defineProperty(Tensor.prototype, Symbol.toStringTag, { value: 'Tensor', configurable: true });

/**
 * Adds the methods of a class to Tensor. The class is in a file of its own and is never
 * constructed. That file declares the methods to the type checker by merging the class into the
 * interface of Tensor. A method can be called on any object, such as a Proxy of a tensor, so
 * methods are wrapped in a check of `this`. Methods listed as `checked`, async methods, generators
 * and methods named by a symbol are not wrapped and must check `this` themselves, as
 * {@link storageOf} does.
 */
export function extend(methods: { readonly prototype: object }, checked: readonly string[] = []): void {
  const { constructor: _, ...descriptors } = Object.getOwnPropertyDescriptors(
    methods.prototype,
  ) as PropertyDescriptorMap;
  for (const [name, descriptor] of Object.entries(descriptors)) {
    const method: unknown = descriptor.value;
    if (isPlainFunction(method) && !checked.includes(name)) descriptor.value = ofTensors(name, method);
  }
  Object.defineProperties(Tensor.prototype, descriptors);
}

type Method = (this: Tensor, ...args: unknown[]) => unknown;

/** Whether a value is a function that is neither async nor a generator. */
const isPlainFunction = (value: unknown): value is Method =>
  typeof value === 'function' && Object.getPrototypeOf(value) === Function.prototype;

/** A method that throws `TypeError` if it is called on anything that is not a tensor. */
function ofTensors(name: string, method: Method): Method {
  const checked = function (this: Tensor, ...args: unknown[]): unknown {
    if (!isTensor(this)) throw notATensor(`${name}: this`, this);
    return method.apply(this, args);
  };
  return Object.defineProperties(checked, { name: { value: name }, length: { value: method.length } });
}

/**
 * Whether a value can be meant as an options object: not a list, a typed array, a tensor or a Proxy
 * of a tensor.
 */
export function isOptions(value: unknown): value is { dtype?: unknown; device?: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && !(value instanceof Tensor);
}

/**
 * Throws `TypeError` if a value cannot be meant as an options object. `such` names the options that
 * it can have.
 */
export function checkIsOptions(
  options: unknown,
  such: string,
  where: string,
): asserts options is { dtype?: unknown; device?: unknown } {
  if (isOptions(options)) return;
  throw typeError(`${where}: options must be an object such as { ${such} }; received ${show(options)}`);
}

/** The error for a value that is not a tensor. `where` names the function and the argument. */
export function notATensor(where: string, value: unknown): TypeError {
  return typeError(`${where} must be a Tensor; received ${describe(value)}`);
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null || hasDims(value)) return received(value);
  // Nothing else of a Proxy is examined, because that would call its handler.
  if (isProxy(value)) return 'a Proxy; pass the tensor that it wraps (in Vue, toRaw(x))';
  return classNameOf(value) === Tensor.name ? 'a tensor of another copy of rsqrt, or an imitation' : received(value);
}
