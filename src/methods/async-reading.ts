/** The methods of Tensor that read without blocking the event loop. */

import type { Memory } from '../../binding';
import type { DType, ElementOf, TypedArrayOf } from '../dtype/dtype';
import { binding } from '../load/binding';
import type { DeviceName } from '../memory/device';
import { converted, type ToOptions } from '../program/convert';
import { checkKeys } from '../support/checks';
import { RsqrtError, show, typeError } from '../support/errors';
import { unscoped } from '../tensor/scope';
import { checkIsOptions, extend, onDispose, storageOf, type Tensor } from '../tensor/tensor';
import { toOptions } from './converting';
import { checkNdim, checkNestable, dataOf, type NestedOf, nested, type ToArrayOptions } from './reading';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends AsyncReading<D> {}
}

/** The options of the methods that return promises. */
export interface AsyncOptions {
  /** Ends the wait when it fires. The promise is then rejected with the signal's reason. */
  signal?: Signal;
}

/**
 * The part of an `AbortSignal` that is used here. It is declared because users may compile without
 * the types of Node.
 */
export interface Signal {
  /** Whether it has fired. */
  readonly aborted: boolean;
  /** The reason that it fired with. */
  readonly reason: unknown;
  /** Throws the reason if it has fired. */
  throwIfAborted(): void;
  /** Calls the listener when it fires. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Stops calling the listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Reading from a GPU without blocking the event loop. The methods read the values that the tensor
 * has after the work queued before the call; later writes do not change the result. The tensor must
 * not be disposed before the promise settles.
 *
 * The promise is rejected with `ERR_DISPOSED` if the tensor is disposed before or during the wait,
 * with the signal's reason if the signal fires, and with the signal's error if one of its members
 * throws. The other errors are those of the methods without `Async`. Results belong to the caller,
 * not to a `tidy` around the call.
 */
export abstract class AsyncReading<D extends DType> {
  /**
   * The elements as {@link Tensor.data} gives them. For a tensor on a GPU they are in page-locked
   * memory, which is released when the array is garbage-collected. For a contiguous CPU tensor the
   * array is the tensor's own memory.
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
   * The elements as {@link Tensor.toArray} gives them. The arrays are made synchronously once the
   * elements have arrived, which takes time if there are millions. {@link dataAsync} makes none.
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
    storageOf(this, where); // throws if `this` is not a tensor
    checkNdim(this, options, where, ['signal', 'ndim']);
    checkNestable(this, where);
    const { signal } = options;
    const read = (host: Tensor<D>) => nested(host, where, (value) => value) as NestedOf<ElementOf<D>, N>;
    return readLater(this, { signal }, where, read);
  }

  /**
   * This tensor on another device or in another dtype, as by {@link Tensor.to}. If the result is on
   * the CPU, the promise is fulfilled once its elements have arrived; elements from a GPU are in
   * page-locked memory. If the result is on a GPU, the promise is fulfilled at once, because work
   * that uses the result on the GPU waits by itself.
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

/** Calls `read` with the tensor on the CPU once its elements have arrived. */
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

/**
 * The signal among the options, if there is one. Throws `TypeError` if it is not a signal, and its
 * reason if it has fired.
 */
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

/** Waits for a copy of a tensor to arrive. Disposes the copy if that fails. */
async function endedOnFailure(tensor: Tensor, copy: Tensor, signal: Signal | undefined, where: string): Promise<void> {
  try {
    await arrival(tensor, copy, signal, where);
  } catch (error) {
    if (copy !== tensor) copy.dispose();
    throw error;
  }
}

/**
 * Waits for a pending copy. However the wait ends, nothing stays registered. The signal is the
 * caller's code, and each of its members may throw. That ends the wait too.
 */
function arrival(tensor: Tensor, copy: Tensor, signal: Signal | undefined, where: string): Promise<void> {
  const storage = storageOf(copy, where);
  if (!storage.settling) return Promise.resolve();
  return new Promise((resolve, reject) => {
    /**
     * Functions that undo the registrations. Empty before and after the wait. Only the last may
     * throw.
     */
    const registered: (() => void)[] = [];
    const stop = (): void => {
      for (const takeBack of registered.splice(0)) takeBack();
    };
    /**
     * Ends the wait with an error. It must not throw, because the caller's code calls it, by
     * disposing the tensor or firing the signal.
     */
    const fail = (error: unknown): void => {
      reject(error);
      try {
        stop();
      } catch {
        // The first error is the one that is reported.
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
        // The signal may have fired since it was checked.
        if (signal.aborted) abort();
      }
      if (registered.length === 0) return;
      binding.whenSettled(storage.memory as Memory, (error) => (error === undefined ? finish() : fail(error)));
    } catch (error) {
      fail(error);
    }
  });
}
