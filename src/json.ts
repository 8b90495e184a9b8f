/** Tensors as JSON and back, without a loss. */

import { checkShape } from './checks';
import { checkOptions, copied } from './create';
import type { DeviceName } from './device';
import { type Complex, checkDType, type DType, type ElementOf, type Kind, kindOf } from './dtype';
import { outOfLimits } from './element';
import { RsqrtError, show, typeError } from './errors';
import type { Sizes } from './layout';
import { isComplex, type Scalar } from './literal';
import { type Nested, nested } from './reading';
import { extend, type Tensor } from './tensor';

declare module './tensor' {
  interface Tensor<D extends DType = DType> extends Json<D> {}
}

/** An element in JSON, which has neither NaN, infinities and −0 nor integers beyond 2^53: those are strings. */
export type JsonElement = number | boolean | string | JsonComplex;

/** A complex element in JSON. */
export interface JsonComplex {
  /** The real part. */
  readonly re: number | string;
  /** The imaginary part. */
  readonly im: number | string;
}

/** What {@link Tensor.toJSON} gives and {@link fromJSON} reads. */
export interface TensorJson<D extends DType = DType> {
  /** The dtype of the elements. */
  readonly dtype: D;
  /** The size of each dimension. */
  readonly shape: Sizes;
  /** Nested lists, as deep as there are dimensions. */
  readonly data: Nested<JsonElement>;
}

/** Writing as JSON. Waits for a GPU. */
export abstract class Json<D extends DType> {
  /**
   * The tensor as an object that JSON can hold; `JSON.stringify` calls this. {@link fromJSON} makes the same tensor of it, bit by
   * bit, but for its strides and its device, which are not part of it, and for NaN, which becomes the canonical one.
   *
   * Elements are as in {@link Tensor.toArray}, except for 'NaN', 'Infinity', '-Infinity' and '-0', and for an int64 beyond
   * 2^53 − 1, which is a string of its digits. Throws `RangeError` for more
   * elements than {@link Tensor.toArray} takes. `JSON.stringify` itself throws JavaScript's own
   * `RangeError` if the text is longer than a string can be (some tens of millions of elements).
   *
   * @example
   * ```ts
   * console.log(JSON.stringify({ scale: tensor([0.5, -0]) })); // {"scale":{"dtype":"float32","shape":[2],"data":[0.5,"-0"]}}
   * ```
   */
  toJSON(this: Tensor<D>): TensorJson<D> {
    return { dtype: this.dtype, shape: [...this.shape], data: nested(this, 'toJSON', written) };
  }
}

extend(Json);

function written(value: ElementOf<DType>): JsonElement {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : special(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return isComplex(value) ? { re: written(value.re) as number, im: written(value.im) as number } : value;
}

const special = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/**
 * The tensor that {@link Tensor.toJSON} wrote, as text or parsed, on the CPU or on the device named. Other fields of the
 * object than dtype, shape and data are ignored. Numbers that the dtype cannot hold exactly are rounded once.
 *
 * Throws `TypeError` for what is no JSON, no such object, no dtype, or a value that does not belong to the dtype; `ERR_SHAPE` if the
 * data do not have the shape; `RangeError` for an impossible shape and for integers that the dtype cannot hold.
 *
 * @example
 * ```ts
 * const text = JSON.stringify(tensor([1n, 2n ** 62n]));
 * console.log(text); // {"dtype":"int64","shape":[2],"data":[1,"4611686018427387904"]}
 * console.log(fromJSON(text)); // tensor([                  1, 4611686018427387904])
 * ```
 */
export function fromJSON<D extends DType>(json: TensorJson<D>, options?: { device?: DeviceName }): Tensor<D>;
export function fromJSON(json: string | object, options?: { device?: DeviceName }): Tensor;
export function fromJSON(json: unknown, options: { device?: DeviceName } = {}): Tensor {
  const where = 'fromJSON';
  const { device } = checkOptions(options, where, ['device']);
  const { dtype, shape, data } = parsed(json);
  const type = checkDType(dtype, where, 'json.dtype');
  const sizes = checkShape(shape, `${where}: json.shape`);
  using values = copied(readNested(data, sizes, readers[kindOf(type)], type), type, device, where);
  // Lists without elements do not tell the sizes of what is in them.
  return values.reshape(sizes);
}

function parsed(json: unknown): { readonly [K in keyof TensorJson]?: unknown } {
  const object = typeof json === 'string' ? parse(json) : json;
  if (typeof object === 'object' && object !== null && !Array.isArray(object)) return object;
  throw typeError(`fromJSON: json must be an object { dtype, shape, data }, or its text; received ${show(object)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw typeError(`fromJSON: json must be valid JSON; received ${show(text)}`);
  }
}

/** Reads one element; undefined if it is none. */
type Reader = (value: unknown) => Scalar | undefined;

const specials = new Map([Number.NaN, Infinity, -Infinity, -0].map((value) => [special(value), value]));

const readNumber = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'string' ? specials.get(value) : undefined;

// As many characters as the longest int64 has. `BigInt` takes quadratic time in the length.
const MOST_DIGITS = String(-(2n ** 63n)).length;

/** Sign and digits of an integer in a string, without leading zeros; undefined for all else. */
function digitsOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return undefined;
  return value.replace(/^(-?)0+(?=\d)/, '$1');
}

/** What {@link written} writes for each kind of dtype, and how messages call it. */
const readers: Readonly<Record<Kind, { readonly read: Reader; readonly expected: string }>> = {
  float: { read: readNumber, expected: "a number, 'NaN', 'Infinity', '-Infinity' or '-0'" },
  integer: {
    read: (value) => {
      const digits = digitsOf(value);
      if (digits !== undefined) return digits.length <= MOST_DIGITS ? BigInt(digits) : undefined;
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    },
    expected: 'an integer up to 2^53 - 1, or a string of its digits',
  },
  bool: { read: (value) => (typeof value === 'boolean' ? value : undefined), expected: 'true or false' },
  complex: {
    read: (value) => {
      const { re, im } = Object(value) as Partial<Record<keyof Complex, unknown>>;
      const parts = { re: readNumber(re), im: readNumber(im) };
      return parts.re === undefined || parts.im === undefined ? undefined : (parts as Complex);
    },
    expected: 'an object { re, im } of numbers',
  },
};

/** The values in lists nested as a shape says. Throws `ERR_SHAPE` if they are not, `TypeError` for a value of another kind. */
function readNested(
  data: unknown,
  shape: Sizes,
  { read, expected }: (typeof readers)[Kind],
  dtype: DType,
): Nested<Scalar> {
  const path: number[] = [];
  const name = () => `fromJSON: json.data${path.map((i) => `[${i}]`).join('')}`;
  const visit = (value: unknown): Nested<Scalar> => {
    const size: number | undefined = shape[path.length];
    if (size === undefined ? Array.isArray(value) : !Array.isArray(value) || value.length !== size) {
      const list = size === undefined ? 'a value' : `a list of ${size}`;
      const received = Array.isArray(value) ? `a list of ${value.length}` : show(value);
      throw new RsqrtError(
        'ERR_SHAPE',
        `${name()} must be ${list}, as json.shape [${shape}] says; received ${received}`,
      );
    }
    if (size !== undefined) {
      return (value as unknown[]).map((item, i) => {
        path.push(i);
        const result = visit(item);
        path.pop();
        return result;
      });
    }
    const element = read(value);
    if (element !== undefined) return element;
    if (kindOf(dtype) === 'integer' && digitsOf(value) !== undefined) throw outOfLimits(dtype, name(), value);
    throw typeError(`${name()} of dtype ${dtype} must be ${expected}; received ${show(value)}`);
  };
  return visit(data);
}
