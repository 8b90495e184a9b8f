/**
 * Describes what was received where a tensor was expected, and how to make a tensor of it. This is
 * the second half of a message.
 */

import { isAnyArrayBuffer, isMap, isProxy, isTypedArray } from 'node:util/types';
import { show, typeError } from '../support/errors';
import { isVector } from './arrow';

/** How many names a message lists, and how many characters of each. */
const MAX_NAMES = 8;
const MAX_CHARACTERS = 40;

/** How many values of an object or a Map are searched for tensors. */
const MAX_VALUES = 1000;

/** Describes what was received where a tensor was expected. */
export function received(value: unknown): string {
  const one = () => (isWrapped(value) ? WRAPPED : `${nameOf(value)}${remedyFor(value)}`);
  return attempt(() => severalTensors(value) ?? one()) ?? show(value);
}

/**
 * Throws `TypeError` if a value holds several tensors, so that the caller must pick one, or is a
 * promise. `where` names the argument.
 */
export function refuseSeveral(value: unknown, where: string): void {
  const several = attempt(() => severalTensors(value));
  if (several !== undefined) throw typeError(`${where} must be one tensor or values; received ${several}`);
}

/**
 * Whether a value has the properties of a tensor of this or another library. The properties are not
 * read, because that can throw.
 */
export function looksLikeTensor(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'data' in value && ('dims' in value || 'shape' in value);
}

/**
 * Whether a value has `dims`, as tensors of ONNX Runtime and transformers.js do and tensors of this
 * package do not. Tensors of transformers.js are Proxies.
 */
export const hasDims = (value: object): boolean => attempt(() => 'dims' in value) ?? false;

const WRAPPED = 'a Proxy; pass what it wraps (in Vue, toRaw(x))';

/** Whether a value is a Proxy, and not a tensor of transformers.js. */
const isWrapped = (value: unknown): boolean => isProxy(value) && !hasDims(value as object);

/** The result of `look`. Undefined if a property or a trap of a Proxy throws. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/**
 * Describes a promise, or tensors in an object (as a session returns them), a Map or a list.
 * Undefined for everything else.
 */
function severalTensors(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || looksLikeTensor(value)) return undefined;
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise; await it first';
  if (Array.isArray(value)) {
    if (value.length === 0 || isWrapped(value[0]) || !looksLikeTensor(value[0])) return undefined;
    return `a list of tensors (${value.length}); pick one, or join them with stack or cat`;
  }
  if (ArrayBuffer.isView(value) || isAnyArrayBuffer(value)) return undefined;
  if (isMap(value)) {
    const names: unknown[] = [];
    let looked = 0;
    for (const [key, each] of value) {
      if (looked++ === MAX_VALUES) break;
      if (looksLikeTensor(each)) names.push(key);
    }
    return names.length === 0 ? undefined : `a Map of tensors; pick one of the outputs with get(): ${list(names)}`;
  }
  const values = value as Record<string, unknown>;
  const names = Object.keys(values)
    .slice(0, MAX_VALUES)
    .filter((key) => looksLikeTensor(values[key]));
  return names.length === 0 ? undefined : `an object of tensors; pick one of the outputs: ${list(names)}`;
}

function list(names: readonly unknown[]): string {
  const shown = names.slice(0, MAX_NAMES).map(nameText);
  return `${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`;
}

/** A name as it is if it is plain text, as names of outputs usually are; otherwise quoted. */
const nameText = (name: unknown): string =>
  typeof name === 'string' && name.length <= MAX_CHARACTERS && /^[\w.:/$-]+$/.test(name)
    ? name
    : show(typeof name === 'string' ? name.slice(0, MAX_CHARACTERS) : name);

const nameOf = (value: unknown): string => (looksLikeTensor(value) ? 'a tensor object' : show(value));

function remedyFor(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || Array.isArray(value)) {
    return '; tensor() makes a Tensor of values';
  }
  const isMemory = isTypedArray(value) || isAnyArrayBuffer(value) || looksLikeTensor(value);
  const isArrow = typeof value === 'object' && value !== null && isVector(value);
  return isMemory || isArrow ? '; asTensor() makes a Tensor of it' : '';
}
