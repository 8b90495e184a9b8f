/**
 * The element types: their names, the typed arrays that hold them, and the conversions between
 * them.
 */

import { binding } from '../load/binding';
import { RsqrtError, show, typeError } from '../support/errors';

/**
 * The kind of a dtype. A later kind can hold every value of an earlier one, at least approximately.
 */
export type Kind = 'bool' | 'integer' | 'float' | 'complex';

interface Traits {
  readonly kind: Kind;
  /** Bytes per element. */
  readonly itemSize: number;
  /**
   * The typed array that holds it. bool is one byte, 0 or 1. float16 and bfloat16 are their bits. A
   * complex number is its real part, then its imaginary part.
   */
  readonly array: TypedArrayConstructor;
}

type TypedArrayConstructor =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | BigInt64ArrayConstructor;

const traits = {
  float16: { kind: 'float', itemSize: 2, array: Uint16Array },
  bfloat16: { kind: 'float', itemSize: 2, array: Uint16Array },
  float32: { kind: 'float', itemSize: 4, array: Float32Array },
  float64: { kind: 'float', itemSize: 8, array: Float64Array },
  complex64: { kind: 'complex', itemSize: 8, array: Float32Array },
  complex128: { kind: 'complex', itemSize: 16, array: Float64Array },
  int8: { kind: 'integer', itemSize: 1, array: Int8Array },
  uint8: { kind: 'integer', itemSize: 1, array: Uint8Array },
  int16: { kind: 'integer', itemSize: 2, array: Int16Array },
  int32: { kind: 'integer', itemSize: 4, array: Int32Array },
  int64: { kind: 'integer', itemSize: 8, array: BigInt64Array },
  bool: { kind: 'bool', itemSize: 1, array: Uint8Array },
} as const satisfies Record<string, Traits>;

/**
 * The name of an element type.
 *
 * @useDeclaredType
 */
export type DType = keyof typeof traits;

/**
 * The typed array that holds elements of a dtype. On every version of Node, float16 and bfloat16
 * are bits in a `Uint16Array`. A complex number takes two entries, the real and the imaginary part.
 */
export type TypedArrayOf<D extends DType> = InstanceType<(typeof traits)[D]['array']>;

/**
 * Any typed array of JavaScript. It is listed here because users may compile without the types of
 * Node.
 */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  // Only where the library knows it, from es2025 on.
  | (typeof globalThis extends { Float16Array: { prototype: infer F } } ? F : never);

/** A complex number: an element of complex64 or complex128. */
export interface Complex {
  /** The real part. */
  readonly re: number;
  /** The imaginary part. */
  readonly im: number;
}

/**
 * One element in JavaScript: a bigint for int64, a boolean for bool, `{ re, im }` for complex
 * dtypes, and a number for all others.
 */
export type ElementOf<D extends DType> = D extends 'int64'
  ? bigint
  : D extends 'bool'
    ? boolean
    : D extends 'complex64' | 'complex128'
      ? Complex
      : number;

/** All dtypes. */
export const dtypes = Object.keys(traits) as readonly DType[];

/**
 * What an operation needs to know about a dtype. Tensors store it, because looking it up by name in
 * every operation is slow.
 */
export interface DTypeInfo {
  readonly name: DType;
  readonly kind: Kind;
  /** The code by which the addon knows it. */
  readonly code: number;
  readonly itemSize: number;
}

const infos = Object.fromEntries(
  dtypes.map((name) => [
    name,
    { name, kind: traits[name].kind, code: binding.dtypes.indexOf(name), itemSize: traits[name].itemSize },
  ]),
) as Record<DType, DTypeInfo>;

export const infoOf = (dtype: DType): DTypeInfo => infos[dtype];
export const infoOfCode = (code: number): DTypeInfo => infos[dtypeOfCode(code)];
export const kindOf = (dtype: DType): Kind => traits[dtype].kind;
export const itemSizeOf = (dtype: DType): number => traits[dtype].itemSize;
export const arrayOf = (dtype: DType): TypedArrayConstructor => traits[dtype].array;
/** Entries of its typed array per element: 2 for complex, otherwise 1. */
export const entriesOf = (dtype: DType): number => itemSizeOf(dtype) / arrayOf(dtype).BYTES_PER_ELEMENT;
export const dtypeOfCode = (code: number): DType => binding.dtypes[code] as DType;

/** A dtype that can be the default for real numbers. */
export type FloatDType = 'float16' | 'bfloat16' | 'float32' | 'float64';

let defaultDtype: FloatDType = 'float32';
let defaultInfo = infos[defaultDtype];

/**
 * The dtype of numbers that come without one, and of fractional results of integers. float32 unless
 * set.
 */
export const getDefaultDtype = (): FloatDType => defaultDtype;
export const getDefaultInfo = (): DTypeInfo => defaultInfo;

/** The dtype of complex numbers that come without one. */
export const getDefaultComplex = (): DType => (defaultDtype === 'float64' ? 'complex128' : 'complex64');

/**
 * Sets the dtype of numbers that come without one, and of fractional results of integers. Complex
 * numbers are then complex128 for float64, and complex64 otherwise. Each worker, and each copy of
 * the package, has its own setting.
 *
 * The types that the compiler infers assume float32. After another setting, name the `dtype` where
 * the type matters.
 *
 * @throws TypeError if `dtype` is not float16, bfloat16, float32 or float64
 * @example
 * ```ts
 * setDefaultDtype('float64');
 * console.log(tensor([1, 2]).dtype, rsqrt(tensor([4n])).dtype); // float64 float64
 * setDefaultDtype('float32');
 * ```
 */
export function setDefaultDtype(dtype: FloatDType): void {
  if (!isDType(dtype) || kindOf(dtype) !== 'float') {
    throw typeError(`setDefaultDtype: dtype must be float16, bfloat16, float32 or float64; received ${show(dtype)}`);
  }
  defaultDtype = dtype;
  defaultInfo = infos[dtype];
}

export const isDType = (value: unknown): value is DType => typeof value === 'string' && Object.hasOwn(traits, value);

/** Checks a dtype argument. Throws `TypeError`. */
export function checkDType(value: unknown, where: string, argument = 'dtype'): DType {
  if (isDType(value)) return value;
  throw typeError(`${where}: ${argument} must be one of ${dtypes.join(', ')}; received ${show(value)}`);
}

/*
 * The dtypes in which a result may be stored without an explicit conversion. Along the arrows, and
 * within a kind in every direction:
 *
 *     bool ──→ integer ──→ float ──→ complex
 *              uint8       float16    complex64
 *              int8        bfloat16   complex128
 *              int16       float32
 *              int32       float64
 *              int64
 */
const rank: Record<Kind, number> = { bool: 0, integer: 1, float: 2, complex: 3 };

/**
 * Whether a result of one dtype may be stored in a tensor of another: real in complex, integers in
 * floats, bool in anything, but not the other way round. Within a kind everything is allowed, even
 * if digits are lost. Throws `TypeError` if an argument is not a dtype.
 *
 * @example
 * ```ts
 * console.log(canCast('float64', 'float16'), canCast('float32', 'int32')); // true false
 * ```
 */
export function canCast(from: DType, to: DType): boolean {
  return rank[kindOf(checkDType(from, 'canCast', 'from'))] <= rank[kindOf(checkDType(to, 'canCast', 'to'))];
}

/** Throws `ERR_DTYPE` if a result may not be stored in a tensor of another dtype. */
export function checkCast(from: DType, to: DType, where: string): void {
  if (from === to || canCast(from, to)) return;
  throw new RsqrtError('ERR_DTYPE', `${where}: a ${from} result cannot be stored in a tensor of dtype ${to}`);
}

/*
 * The dtype that can hold two others: the first in which their arrows meet, as in torch.
 *
 *           ┌→ uint8 ─┐                            ┌→ float16 ──┐
 *     bool ─┤         ├→ int16 ─→ int32 ─→ int64 ──┤            ├→ float32 ──→ float64
 *           └→ int8 ──┘                            └→ bfloat16 ─┘     │           │
 *                                                                     ↓           ↓
 *                                                                 complex64 ─→ complex128
 */
const arrows: Readonly<Record<DType, readonly DType[]>> = {
  bool: ['uint8', 'int8'],
  uint8: ['int16'],
  int8: ['int16'],
  int16: ['int32'],
  int32: ['int64'],
  int64: ['float16', 'bfloat16'],
  float16: ['float32'],
  bfloat16: ['float32'],
  float32: ['float64', 'complex64'],
  float64: ['complex128'],
  complex64: ['complex128'],
  complex128: [],
};

/** Whether arrows lead from one dtype to another. */
const leads = (from: DType, to: DType): boolean => from === to || arrows[from].some((next) => leads(next, to));

/**
 * The smallest dtype that both can become, like `torch.promote_types`. A float holds every integer,
 * approximately. float16 and bfloat16 meet in float32, uint8 and int8 in int16. Throws `TypeError`
 * if an argument is not a dtype. {@link resultType} is for tensors and values.
 *
 * @example
 * ```ts
 * console.log(promoteTypes('float16', 'bfloat16'), promoteTypes('int64', 'float16')); // float32 float16
 * ```
 */
export function promoteTypes(a: DType, b: DType): DType {
  checkDType(a, 'promoteTypes', 'a');
  checkDType(b, 'promoteTypes', 'b');
  // The table above follows the arrows, so the first common dtype is the one from which all others
  // are reached.
  return (Object.keys(arrows) as DType[]).find((dtype) => leads(a, dtype) && leads(b, dtype)) as DType;
}

const dtypeOfName = {
  Float16Array: 'float16', // where JavaScript has it
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
} as const satisfies Record<string, DType>;

/** The dtype of the elements of typed arrays, by the arrays' names. */
export type DTypeOfName = typeof dtypeOfName;

const tag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/**
 * The name of a typed array: 'Float32Array' and so on. This does not use instanceof, because the
 * array may come from another realm (a vm context, jest), and does not use what the array says
 * about itself, because a subclass may say anything.
 */
export const nameOfArray = (array: TypedArray): string => tag?.get?.call(array);

/**
 * The dtype of a typed array's elements. Undefined if the array does not determine it (Uint16Array)
 * or there is no such dtype (Uint32Array, …).
 */
export const dtypeOfArray = (array: TypedArray): DType | undefined =>
  (dtypeOfName as Readonly<Record<string, DType>>)[nameOfArray(array)];

/** Whether a typed array holds elements of a dtype in the same way as a tensor does. */
export const isArrayOf = (dtype: DType, array: TypedArray): boolean =>
  dtypeOfArray(array) === dtype || arrayOf(dtype).name === nameOfArray(array);
