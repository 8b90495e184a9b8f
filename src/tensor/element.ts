/** Converts one element between a JavaScript value and entries of a typed array. */

import { type DType, type ElementOf, kindOf } from '../dtype/dtype';
import { INTEGER_LIMITS } from '../dtype/integers';
import { rangeError, show, typeError } from '../support/errors';
import { isComplex, type Scalar } from './scalar';

/** The typed array of any dtype. */
export interface Entries {
  [position: number]: number | bigint;
  readonly length: number;
}

/** A function that reads the element at a position. */
export function elementReader<D extends DType>(dtype: D, array: Entries): (position: number) => ElementOf<D>;
export function elementReader(dtype: DType, array: Entries): (position: number) => ElementOf<DType> {
  if (dtype === 'bool') return (i) => array[i] !== 0;
  if (kindOf(dtype) === 'complex') return (i) => ({ re: Number(array[2 * i]), im: Number(array[2 * i + 1]) });
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const format = formats[dtype];
    return (i) => fromBits(Number(array[i]), format);
  }
  return (i) => array[i];
}

/**
 * A function that stores a value as the element at a position. Float dtypes round the value once,
 * to nearest, ties to even. Integer dtypes truncate it. For bool, anything but zero is true. The
 * function throws `RangeError` for a value that an integer dtype cannot hold, and `TypeError` for a
 * complex value if the dtype is real.
 */
export function elementWriter(dtype: DType, array: Entries, where: string): (position: number, value: Scalar) => void {
  if (kindOf(dtype) === 'complex') {
    const part = dtype === 'complex64' ? toSingle : Number;
    return (i, value) => {
      array[2 * i] = isComplex(value) ? value.re : part(value);
      array[2 * i + 1] = isComplex(value) ? value.im : 0;
    };
  }
  if (dtype === 'bool') {
    return (i, value) => {
      array[i] = isTrue(value) ? 1 : 0;
    };
  }
  const entry = entryOf(dtype, where);
  return (i, value) => {
    if (isComplex(value)) {
      throw typeError(
        `${where}: a value of dtype ${dtype} must be real; received { re: ${value.re}, im: ${value.im} }`,
      );
    }
    array[i] = entry(value);
  };
}

type Real = Exclude<Scalar, object>;

/** NaN is not zero. */
const isTrue = (value: Scalar): boolean =>
  isComplex(value) ? isTrue(value.re) || isTrue(value.im) : Boolean(value) || Number.isNaN(value);

/** The error for a value that an integer dtype cannot hold. `what` names the value. */
export function outOfLimits(dtype: DType, what: string, value: unknown): RangeError {
  const [low, high] = INTEGER_LIMITS[dtype] ?? [];
  return rangeError(`${what} of dtype ${dtype} must be from ${low} to ${high}; received ${show(value)}`);
}

/** A function that turns a real value into the entry that holds it. */
function entryOf(dtype: DType, where: string): (value: Real) => number | bigint {
  if (dtype === 'float64') return Number;
  if (dtype === 'float32') return toSingle;
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const format = formats[dtype];
    return (value) => toBits(toSingle(value), format);
  }
  const [low, high] = INTEGER_LIMITS[dtype] as readonly [bigint, bigint];
  const refuse = (value: Real): never => {
    throw outOfLimits(dtype, `${where}: a value`, value);
  };
  if (dtype === 'int64') {
    return (value) => {
      if (typeof value === 'number' && !Number.isFinite(value)) refuse(value);
      const exact = typeof value === 'number' ? BigInt(Math.trunc(value)) : BigInt(value);
      return exact >= low && exact <= high ? exact : refuse(value);
    };
  }
  const min = Number(low);
  const max = Number(high);
  return (value) => {
    const whole = Math.trunc(Number(value));
    return whole >= min && whole <= max ? whole : refuse(value);
  };
}

// ---------------------------------------------------------------- rounding to fewer bits

/**
 * Converts a value to a double that rounds to float32, or to a narrower dtype, as the value itself
 * would. A bigint of more than 53 bits is truncated to 53, and made odd if anything was lost so
 * that it never looks like a tie. A bigint beyond 2^1024 becomes an infinity; its bits, perhaps
 * millions, are not examined.
 */
function toSingle(value: Real): number {
  if (typeof value !== 'bigint') return Number(value);
  if (!Number.isFinite(Number(value))) return Number(value);
  const magnitude = value < 0n ? -value : value;
  const excess = magnitude.toString(2).length - 53;
  if (excess <= 0) return Number(value);
  const kept = magnitude >> BigInt(excess);
  const odd = kept << BigInt(excess) === magnitude ? kept : kept | 1n;
  return Number(odd) * 2 ** excess * (value < 0n ? -1 : 1);
}

/** A 16-bit binary float format, laid out as in IEEE 754. */
interface Format {
  /** Bits of the fraction. */
  readonly fraction: number;
  /** The exponent of the smallest normal number. */
  readonly minExponent: number;
  /** The bits of infinity. */
  readonly infinity: number;
}

const formats = {
  float16: { fraction: 10, minExponent: -14, infinity: 0x7c00 },
  bfloat16: { fraction: 7, minExponent: -126, infinity: 0x7f80 },
} as const satisfies Record<string, Format>;

const SIGN = 0x8000;

function fromBits(bits: number, { fraction, minExponent, infinity }: Format): number {
  const sign = bits & SIGN ? -1 : 1;
  const magnitude = bits & ~SIGN;
  if (magnitude >= infinity) return magnitude > infinity ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  const unit = 1 << fraction;
  const exponent = Math.max(magnitude >> fraction, 1);
  // Normal numbers have an implicit leading one, which the exponent field counts as well.
  return sign * (magnitude - (exponent - 1) * unit) * 2 ** (exponent - 1 + minExponent - fraction);
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of the nearest number, ties to even. NaN becomes the canonical quiet NaN. */
function toBits(value: number, { fraction, minExponent, infinity }: Format): number {
  if (Number.isNaN(value)) return infinity | (1 << (fraction - 1));
  scratch.setFloat64(0, value);
  const sign = scratch.getUint32(0) >>> 31 ? SIGN : 0;
  const exponent = Math.max(((scratch.getUint32(0) >>> 20) & 0x7ff) - 1023, minExponent);
  // The division into units in the last place is exact. Adding 2^52 then rounds to an integer.
  const units = Math.abs(value) / 2 ** (exponent - fraction) + 2 ** 52 - 2 ** 52;
  return sign | Math.min(units + (exponent - minExponent) * (1 << fraction), infinity);
}
