/**
 * Scopes that dispose everything made in them when they end. Knows nothing about tensors except
 * that they are disposable.
 */

import { types } from 'node:util';
import { show, typeError } from '../support/errors';

let scope: Set<Disposable> | null = null;

/** Registers an object with the innermost scope, if there is one. */
export function enter(made: Disposable): void {
  if (scope !== null) scope.add(made);
}

/**
 * Runs a function, then disposes all tensors that were made while it ran (results, views, copies)
 * except those that it returns. It may return one tensor, or any number in arrays, objects, Maps
 * and Sets, nested to any depth. If the function throws, all are disposed. Calls may be nested:
 * tensors that the inner function returns belong to the outer call. If disposing a tensor throws,
 * the others are still disposed, and the first error is thrown.
 *
 * Throws `TypeError` if `fn` is not a function or returns a promise, because tensors that an
 * asynchronous function makes after its first `await` would not be disposed. Use `using` or
 * `dispose` there.
 *
 * @example
 * ```ts
 * const x = tensor([3, 4]);
 * // Three tensors are made, and one is kept.
 * const same = tidy(() => x.square().rsqrt().reciprocal());
 * console.log(same); // tensor([3., 4.])
 * ```
 */
export function tidy<T>(fn: () => T): T {
  const call = synchronous(fn, 'tidy');
  const outer = scope;
  const made = new Set<Disposable>();
  scope = made;
  let kept = new Set<Disposable>();
  let result: T | undefined;
  const errors: unknown[] = [];
  try {
    result = call();
    kept = foundIn(result, made);
  } catch (error) {
    errors.push(error);
  }
  scope = outer;
  for (const each of made) {
    if (kept.has(each)) {
      enter(each);
      continue;
    }
    try {
      each[Symbol.dispose]();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return result as T;
}

/**
 * A function that calls `fn` and throws `TypeError` if that returns a promise. Throws `TypeError`
 * if `fn` is not a function.
 */
export function synchronous<T>(fn: () => T, where: string): () => T {
  if (typeof fn !== 'function') throw typeError(`${where}: fn must be a function; received ${show(fn)}`);
  return () => {
    const result = fn();
    if (typeof (result as Partial<PromiseLike<unknown>> | undefined)?.then === 'function') {
      Promise.resolve(result).catch(() => {}); // the TypeError below is enough; do not report an unhandled rejection as well
      throw typeError(`${where}: fn must be synchronous; received one that returns a promise`);
    }
    return result;
  };
}

/** Calls a function. The tensors that it makes belong to no scope. */
export function unscoped<T>(fn: () => T): T {
  const outer = scope;
  scope = null;
  try {
    return fn();
  } finally {
    scope = outer;
  }
}

/** The members of a set that a value is or contains. */
function foundIn(value: unknown, made: ReadonlySet<Disposable>): Set<Disposable> {
  const found = new Set<Disposable>();
  const seen = new Set<unknown>();
  const pending: unknown[] = [value];
  while (pending.length > 0 && found.size < made.size) {
    const each = pending.pop();
    if (typeof each !== 'object' || each === null || ArrayBuffer.isView(each) || seen.has(each)) continue;
    seen.add(each);
    if (made.has(each as Disposable)) found.add(each as Disposable);
    else for (const inner of valuesIn(each)) pending.push(inner);
  }
  return found;
}

function valuesIn(value: object): Iterable<unknown> {
  if (Array.isArray(value) || types.isSet(value)) return value;
  return types.isMap(value) ? [...value.keys(), ...value.values()] : Object.values(value);
}
