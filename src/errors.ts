/**
 * Errors: JavaScript's own classes with a stable `code`, and one sentence that says what was expected, of which
 * argument, and what was received.
 */

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

/** What an operation on tensors throws, apart from `TypeError` and `RangeError` for plain argument mistakes. */
export class RsqrtError extends Error {
  /** What went wrong, for programs. */
  readonly code: RsqrtErrorCode;

  constructor(code: RsqrtErrorCode, message: string) {
    super(message);
    this.name = 'RsqrtError';
    this.code = code;
  }
}

/** An argument of the wrong type: `TypeError` with the code Node itself uses. */
export function typeError(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}

/** An argument of the right type and an impossible value: `RangeError` with the code Node itself uses. */
export function rangeError(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: 'ERR_OUT_OF_RANGE' });
}

/** The error for a code and a sentence, as the addon reports failures. */
export function createError(code: string, message: string): Error {
  if (code === 'ERR_INVALID_ARG_TYPE') return typeError(message);
  if (code === 'ERR_OUT_OF_RANGE') return rangeError(message);
  return new RsqrtError(code as RsqrtErrorCode, message);
}

/** A value as a message shows it: short, and telling `'4'` from `4`. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    const text = JSON.stringify(value.slice(0, 60)).slice(1, -1).replaceAll('\\"', '"');
    return `'${text}${value.length > 60 ? '…' : ''}'`;
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol') return value.toString();
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((item) => (Array.isArray(item) ? '[…]' : show(item)));
    return `[${shown.join(', ')}${value.length > 8 ? ', …' : ''}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const name: unknown = value.constructor?.name;
    return typeof name === 'string' && name !== 'Object' ? `an instance of ${name}` : 'an object';
  }
  return String(value);
}
