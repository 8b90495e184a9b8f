/** The methods of Tensor that read without blocking the event loop. */

import type { Memory } from '../binding';
import { binding } from './binding';
import { checkKeys } from './checks';
import { toOptions } from './converting';
import { converted, type ToOptions } from './copy';
import type { DeviceName } from './device';
import type { DType, ElementOf, TypedArrayOf } from './dtype';
import { RsqrtError, show, typeError } from './errors';
import { checkNdim, checkNestable, dataOf, type NestedOf, nested, type ToArrayOptions } from './reading';
import { unscoped } from './scope';
import { checkIsOptions, extend, onDispose, storageOf, type Tensor } from './tensor';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends AsyncReading<D> {}
}

/** What the methods take that return promises. */
export interface AsyncOptions {
  /** Ends the wait: the promise is rejected with the reason of the signal. */
  signal?: Signal;
}

/** What is used of an `AbortSignal`; named here because users may compile without the types of Node. */
export interface Signal {
  /** Whether it has fired. */
  readonly aborted: boolean;
  /** What it fired with. */
  readonly reason: unknown;
  /** Throws the reason if it has fired. */
  throwIfAborted(): void;
  /** Calls the listener when it fires. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Calls it no more. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Reading from a GPU while the event loop goes on. What is read is what the tensor holds when the method is called, once the work
 * queued before is done, whatever is written to it afterwards; the tensor must not be disposed before.
 *
 * The promise is rejected with `ERR_DISPOSED` if the tensor is, or is being, disposed, with the reason of the signal if that
 * fires, with the error of the signal if one of its members throws, and otherwise with the errors of the methods without
 * `Async`. Results belong to the caller, not to a `tidy` around the call.
 */
export abstract class AsyncReading<D extends DType> {
  /**
   * The elements as {@link Tensor.data} gives them, also of a tensor on a GPU: then in page-locked memory, which is given back with
   * the garbage collector. Of a contiguous CPU tensor the array is the tensor's own memory.
   *
   * @example
   * ```ts
   * const x = tensor([4, 16, 25], { device: 'cuda' });
   * console.log(await x.rsqrt().dataAsync()); // Float32Array(3) [ 0.5, 0.25, 0.20000000298023224 ]
   * ```
   */
  async dataAsync(this: Tensor<D>, options?: AsyncOptions): Promise<TypedArrayOf<D>> {
    return readLater(this, options, 'dataAsync', (host) => dataOf(host, 'dataAsync'));
  }

  /**
   * The elements as {@link Tensor.toArray} gives them. The arrays are made in one go once the
   * elements have arrived, which takes time with millions of them; {@link dataAsync} makes none.
   *
   * @example
   * ```ts
   * const x = tensor([[4, 16]], { device: 'cuda' });
   * console.log(await x.toArrayAsync({ ndim: 2, signal: AbortSignal.timeout(10_000) })); // [ [ 4, 16 ] ]
   * ```
   */
  async toArrayAsync<N extends number = number>(
    this: Tensor<D>,
    options: AsyncOptions & ToArrayOptions<N> = {},
  ): Promise<NestedOf<ElementOf<D>, N>> {
    const where = 'toArrayAsync';
    storageOf(this, where); // throws if it is called on what is no tensor
    checkNdim(this, options, where, ['signal', 'ndim']);
    checkNestable(this, where);
    const { signal } = options;
    const read = (host: Tensor<D>) => nested(host, where, (value) => value) as NestedOf<ElementOf<D>, N>;
    return readLater(this, { signal }, where, read);
  }

  /**
   * This tensor on another device or in another dtype, as by {@link Tensor.to}: once its elements are there, if that is the CPU, in
   * page-locked memory if they came from a GPU; at once if it is a GPU, since what uses it there waits by itself.
   *
   * @example
   * ```ts
   * const x = tensor([4, 16, 25], { device: 'cuda' });
   * using y = await x.toAsync({ device: 'cpu', dtype: 'float64' });
   * console.log(y); // tensor([ 4., 16., 25.], dtype=float64)
   * ```
   */
  async toAsync(this: Tensor<D>, device: DeviceName, options?: AsyncOptions): Promise<Tensor<D>>;
  async toAsync<E extends DType>(this: Tensor<D>, dtype: E, options?: AsyncOptions): Promise<Tensor<E>>;
  async toAsync<E extends DType>(this: Tensor<D>, other: Tensor<E>, options?: AsyncOptions): Promise<Tensor<E>>;
  async toAsync<E extends DType = D>(
    this: Tensor<D>,
    options: ToOptions<E>,
    asyncOptions?: AsyncOptions,
  ): Promise<Tensor<E>>;
  async toAsync(this: Tensor<D>, target: unknown, options?: AsyncOptions): Promise<Tensor> {
    const where = 'toAsync';
    storageOf(this, where);
    const signal = checkSignal(options, where);
    const result = unscoped(() => converted(this, { ...toOptions([target], where), nonBlocking: true }, where));
    await endedOnFailure(this, result, signal, where);
    return result;
  }
}

extend(AsyncReading);

/** Calls `read` with the tensor on the CPU, once its elements are there. */
async function readLater<D extends DType, R>(
  tensor: Tensor<D>,
  options: unknown,
  where: string,
  read: (host: Tensor<D>) => R,
): Promise<R> {
  const signal = checkSignal(options, where);
  const host = unscoped(() => converted(tensor, { device: 'cpu', nonBlocking: true }, where)) as Tensor<D>;
  await endedOnFailure(tensor, host, signal, where);
  if (host === tensor) return read(host);
  using copy = host;
  return read(copy);
}

const SIGNAL_METHODS = ['throwIfAborted', 'addEventListener', 'removeEventListener'] as const;
const isMethod = (signal: Signal, name: keyof Signal): boolean => typeof signal[name] === 'function';

/** The signal that there may be among options, which has not fired. Throws `TypeError`, or its reason. */
function checkSignal(options: unknown = {}, where: string): Signal | undefined {
  checkIsOptions(options, 'signal', where);
  checkKeys(options, ['signal'], where);
  const { signal } = options as AsyncOptions;
  if (signal === undefined) return undefined;
  if (typeof signal !== 'object' || signal === null || !SIGNAL_METHODS.every((name) => isMethod(signal, name))) {
    throw typeError(`${where}: signal must be an AbortSignal; received ${show(signal)}`);
  }
  signal.throwIfAborted();
  return signal;
}

/** Waits for what was copied from a tensor; if that fails, the copy is ended. */
async function endedOnFailure(tensor: Tensor, copy: Tensor, signal: Signal | undefined, where: string): Promise<void> {
  try {
    await arrival(tensor, copy, signal, where);
  } catch (error) {
    if (copy !== tensor) copy.dispose();
    throw error;
  }
}

/**
 * Waits for a copy that is under way. However the wait ends, nothing stays registered. A signal is the caller's and may throw
 * from each of its members: that ends the wait, too.
 */
function arrival(tensor: Tensor, copy: Tensor, signal: Signal | undefined, where: string): Promise<void> {
  const storage = storageOf(copy, where);
  if (!storage.settling) return Promise.resolve();
  return new Promise((resolve, reject) => {
    /** Takes back what was registered; empty before and after the wait. Only the last of them may throw. */
    const registered: (() => void)[] = [];
    const stop = (): void => {
      for (const takeBack of registered.splice(0)) takeBack();
    };
    /** Ends the wait with an error. Does not throw: the tensor is disposed, or the signal fires, in code of others. */
    const fail = (error: unknown): void => {
      reject(error);
      try {
        stop();
      } catch {
        // The first error is the one to tell.
      }
    };
    const finish = (): void => {
      try {
        stop();
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    const abort = (): void => {
      try {
        fail(signal?.reason);
      } catch (error) {
        fail(error);
      }
    };
    try {
      const text = `${where}: the tensor of shape [${tensor.shape}] was disposed`;
      registered.push(onDispose(tensor, () => fail(new RsqrtError('ERR_DISPOSED', text))));
      if (signal !== undefined) {
        registered.push(() => signal.removeEventListener('abort', abort));
        signal.addEventListener('abort', abort);
        // It may have fired since it was checked.
        if (signal.aborted) abort();
      }
      if (registered.length === 0) return;
      binding.whenSettled(storage.memory as Memory, (error) => (error === undefined ? finish() : fail(error)));
    } catch (error) {
      fail(error);
    }
  });
}
