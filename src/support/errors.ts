/**
 * Errors: JavaScript's own classes with a stable `code`, and one sentence that says what was
 * expected, for which argument, and what was received.
 */

import { isProxy } from 'node:util/types';

/** Codes of {@link RsqrtError}. They do not change between releases; messages may. */
export type RsqrtErrorCode =
  | 'ERR_DTYPE'
  | 'ERR_SHAPE'
  | 'ERR_DEVICE'
  | 'ERR_OVERLAP'
  | 'ERR_CUDA_UNAVAILABLE'
  | 'ERR_CUDA'
  | 'ERR_OUT_OF_MEMORY'
  | 'ERR_DISPOSED'
  | 'ERR_ISA'
  | 'ERR_LOAD';

/**
 * The error that operations on tensors throw. For plain argument mistakes they throw `TypeError`
 * and `RangeError` instead.
 */
export class RsqrtError extends Error {
  /** Identifies what went wrong. */
  readonly code: RsqrtErrorCode;

  constructor(code: RsqrtErrorCode, message: string) {
    super(message);
    this.name = 'RsqrtError';
    this.code = code;
  }
}

/** The error for an argument of the wrong type: `TypeError` with the code that Node itself uses. */
export function typeError(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

/**
 * The error for an argument of the right type but with an impossible value: `RangeError` with the
 * code that Node itself uses.
 */
export function rangeError(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
}

/** Makes the error for a code and a message from the addon. */
export function createError(code: string, message: string): Error {
  if (code === 'ERR_INVALID_ARG_TYPE') return typeError(message);
  if (code === 'ERR_OUT_OF_RANGE') return rangeError(message);
  return new RsqrtError(code as RsqrtErrorCode, message);
}

/** How many characters of a text a message repeats, and of each text in a list. */
const MAX_SHOWN = 60;
const MAX_SHOWN_IN_LIST = 20;

// Larger bigints are only compared with this one, which is fast. Converting one to decimal takes
// time quadratic in the number of its digits.
const MAX_BIGINT = 10n ** 40n;

/**
 * Formats a value for a message: short, on one line, and distinguishing `'4'` from `4`. Never
 * throws, calls no getter of an array, does not touch a Proxy, and takes no longer for large values
 * than for small ones.
 */
export function show(value: unknown): string {
  return shown(value, MAX_SHOWN);
}

function shown(value: unknown, max: number): string {
  if (typeof value === 'string') return `'${escaped(value, max)}'`;
  if (typeof value === 'bigint') {
    return -MAX_BIGINT < value && value < MAX_BIGINT ? `${value}n` : 'a bigint of more than 40 digits';
  }
  if (typeof value === 'symbol') return `Symbol(${escaped(value.description ?? '', max)})`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (isProxy(value)) return 'a Proxy';
  if (Array.isArray(value)) {
    const items = Array.from({ length: Math.min(value.length, 8) }, (_, i) => shownItem(value, i));
    return `[${items.join(', ')}${value.length > 8 ? ', …' : ''}]`;
  }
  const name = classNameOf(value);
  return name === undefined || name === '' || name === 'Object' ? 'an object' : `an instance of ${escaped(name, max)}`;
}

/** Formats an entry of an array. The array must not be a Proxy. */
function shownItem(array: readonly unknown[], index: number): string {
  const property = Object.getOwnPropertyDescriptor(array, index);
  if (property?.get !== undefined || property?.set !== undefined) return 'a getter';
  const item: unknown = property?.value;
  if (typeof item !== 'object' || item === null || isProxy(item) || !Array.isArray(item)) {
    return shown(item, MAX_SHOWN_IN_LIST);
  }
  return '[…]';
}

/** The name of an object's class. Undefined if it has none, or if reading it throws. */
export function classNameOf(value: object): string | undefined {
  if (isProxy(value)) return undefined;
  try {
    const name: unknown = value.constructor?.name;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined; // a getter, or a Proxy among the prototypes
  }
}

/**
 * Characters that a terminal, a log or a page would not show as they are: control characters,
 * format characters (invisible, or changing the direction of the text), unpaired surrogates, line
 * and paragraph separators; and the backslash, which begins an escape.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\\]/gu;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
};

/**
 * Prepares a text for a message: escapes unsafe characters and cuts the text after `max`
 * characters.
 */
export function escaped(text: string, max = MAX_SHOWN): string {
  const isCut = text.length > max;
  const end = isCut && /[\uD800-\uDBFF]/.test(text.charAt(max - 1)) ? max - 1 : max;
  const start = text.slice(0, end).replace(UNSAFE, (unsafe) => {
    const code = unsafe.codePointAt(0) as number;
    return SHORT_ESCAPES[unsafe] ?? (code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${hex4(code)}`);
  });
  return isCut ? `${start}…` : start;
}

const hex4 = (code: number): string => code.toString(16).padStart(4, '0');
