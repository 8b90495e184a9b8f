/** Converts tensors to JSON and back without loss. */

import { checkOptions, copied } from '../create/create';
import { type Complex, checkDType, type DType, type ElementOf, type Kind, kindOf } from '../dtype/dtype';
import type { Sizes } from '../layout/layout';
import { checkShape } from '../layout/shape-checks';
import type { DeviceName } from '../memory/device';
import { type Nested, nested } from '../methods/reading';
import { RsqrtError, show, typeError } from '../support/errors';
import { outOfLimits } from '../tensor/element';
import { isComplex, type Scalar } from '../tensor/scalar';
import { extend, Tensor } from '../tensor/tensor';

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Json<D> {}
}

/**
 * An element in JSON. NaN, infinities, −0 and integers beyond 2^53 are strings, because JSON does
 * not have them.
 */
export type JsonElement = number | boolean | string | JsonComplex;

/** A complex element in JSON. */
export interface JsonComplex {
  /** The real part. */
  readonly re: number | string;
  /** The imaginary part. */
  readonly im: number | string;
}

/** The object that {@link Tensor.toJSON} returns and {@link fromJSON} reads. */
export interface TensorJson<D extends DType = DType> {
  /** The dtype of the elements. */
  readonly dtype: D;
  /** The size of each dimension. */
  readonly shape: Sizes;
  /** Nested lists, one level for each dimension. */
  readonly data: Nested<JsonElement>;
}

/** Writing as JSON. Waits if the tensor is on a GPU. */
export abstract class Json<D extends DType> {
  /**
   * The tensor as an object for JSON. `JSON.stringify` calls this method. {@link fromJSON} restores
   * the tensor bit for bit, except that NaN becomes the canonical NaN. Strides and device are not
   * stored.
   *
   * Elements are as in {@link Tensor.toArray}, with these exceptions: NaN, infinities and −0 are
   * the strings 'NaN', 'Infinity', '-Infinity' and '-0'. An int64 is a number, or a string of its
   * digits if it is beyond 2^53 − 1. Throws `RangeError` for more elements than
   * {@link Tensor.toArray} takes. `JSON.stringify` itself throws JavaScript's own `RangeError` if
   * the text is longer than a string can be (some tens of millions of elements).
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
 * Reads a tensor that {@link Tensor.toJSON} wrote, from text or from the parsed object. The result
 * is on the CPU unless `device` names another device. Fields of the object other than dtype, shape
 * and data are ignored. Numbers that the dtype cannot hold exactly are rounded once.
 *
 * Throws `TypeError` for invalid JSON, for another kind of object, for an unknown dtype, and for a
 * value of the wrong kind for the dtype. Throws `ERR_SHAPE` if the data do not have the shape, and
 * `RangeError` for an impossible shape and for integers that the dtype cannot hold.
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
  // Empty lists do not show the sizes of the dimensions after them.
  return values.reshape(sizes);
}

function parsed(json: unknown): { readonly [K in keyof TensorJson]?: unknown } {
  const object = typeof json === 'string' ? parse(json) : json;
  const isObject = typeof object === 'object' && object !== null && !Array.isArray(object);
  // A tensor has these properties too, and its `data` can be very large.
  if (isObject && !(object instanceof Tensor)) return object;
  throw typeError(`fromJSON: json must be an object { dtype, shape, data }, or its text; received ${show(object)}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw typeError(`fromJSON: json must be valid JSON; received ${show(text)}`);
  }
}

/** Reads one element. Undefined if the value is not one. */
type Reader = (value: unknown) => Scalar | undefined;

const specials = new Map([Number.NaN, Infinity, -Infinity, -0].map((value) => [special(value), value]));

const readNumber = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'string' ? specials.get(value) : undefined;

// The length of the longest int64. `BigInt` takes time quadratic in the length.
const MAX_DIGITS = String(-(2n ** 63n)).length;

/**
 * The sign and digits of an integer in a string, without leading zeros. Undefined for everything
 * else.
 */
function digitsOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) return undefined;
  return value.replace(/^(-?)0+(?=\d)/, '$1');
}

/**
 * Reads what {@link written} writes, for each kind of dtype. `expected` describes it in messages.
 */
const readers: Readonly<Record<Kind, { readonly read: Reader; readonly expected: string }>> = {
  float: { read: readNumber, expected: "a number, 'NaN', 'Infinity', '-Infinity' or '-0'" },
  integer: {
    read: (value) => {
      const digits = digitsOf(value);
      if (digits !== undefined) return digits.length <= MAX_DIGITS ? BigInt(digits) : undefined;
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

/**
 * Reads values from nested lists. Throws `ERR_SHAPE` if the lists are not nested as the shape says,
 * and `TypeError` for a value of another kind.
 */
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
    const length: unknown = Array.isArray(value) ? value.length : undefined;
    if (length !== size) {
      const list = size === undefined ? 'a value' : `a list of ${size}`;
      const received = length === undefined ? show(value) : `a list of ${show(length)}`;
      throw new RsqrtError(
        'ERR_SHAPE',
        `${name()} must be ${list}, as json.shape [${shape}] says; received ${received}`,
      );
    }
    if (size !== undefined) {
      // By index, as the list may have methods of its own.
      const items: Nested<Scalar>[] = [];
      for (let i = 0; i < size; i++) {
        path.push(i);
        items.push(visit((value as unknown[])[i]));
        path.pop();
      }
      return items;
    }
    const element = read(value);
    if (element !== undefined) return element;
    if (kindOf(dtype) === 'integer' && digitsOf(value) !== undefined) throw outOfLimits(dtype, name(), value);
    throw typeError(`${name()} of dtype ${dtype} must be ${expected}; received ${show(value)}`);
  };
  return visit(data);
}
