/** The element types: what they are called, what holds them, which may become which. */

import { binding } from './binding';
import { RsqrtError, show, typeError } from './errors';

/** What a dtype is; a later kind can hold every value of an earlier one, at least roughly. */
export type Kind = 'bool' | 'integer' | 'float';

interface Traits {
  readonly kind: Kind;
  /** Bytes per element. */
  readonly itemSize: number;
  /** The typed array that holds it. bool is one byte per element, 0 or 1. */
  readonly array: TypedArrayConstructor;
}

type TypedArrayConstructor =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int8ArrayConstructor
  | Uint8ArrayConstructor
  | Int16ArrayConstructor
  | Int32ArrayConstructor
  | BigInt64ArrayConstructor;

const traits = {
  float32: { kind: 'float', itemSize: 4, array: Float32Array },
  float64: { kind: 'float', itemSize: 8, array: Float64Array },
  int8: { kind: 'integer', itemSize: 1, array: Int8Array },
  uint8: { kind: 'integer', itemSize: 1, array: Uint8Array },
  int16: { kind: 'integer', itemSize: 2, array: Int16Array },
  int32: { kind: 'integer', itemSize: 4, array: Int32Array },
  int64: { kind: 'integer', itemSize: 8, array: BigInt64Array },
  bool: { kind: 'bool', itemSize: 1, array: Uint8Array },
} as const satisfies Record<string, Traits>;

/** The name of an element type. */
export type DType = keyof typeof traits;

/** The typed array that holds elements of a dtype. */
export type TypedArrayOf<D extends DType> = InstanceType<(typeof traits)[D]['array']>;

/** One element in JavaScript: int64 as a bigint, bool as a boolean, anything else as a number. */
export type ElementOf<D extends DType> = D extends 'int64' ? bigint : D extends 'bool' ? boolean : number;

/** All dtypes. */
export const dtypes = Object.keys(traits) as readonly DType[];

/** What an operation needs of a dtype. Tensors keep it: finding it by name in every operation is slow. */
export interface DTypeInfo {
  /** The code by which the addon knows it. */
  readonly code: number;
  readonly itemSize: number;
}

const infos = Object.fromEntries(
  dtypes.map((name) => [name, { code: binding.dtypes.indexOf(name), itemSize: traits[name].itemSize }]),
) as Record<DType, DTypeInfo>;

export const infoOf = (dtype: DType): DTypeInfo => infos[dtype];
export const kindOf = (dtype: DType): Kind => traits[dtype].kind;
export const itemSizeOf = (dtype: DType): number => traits[dtype].itemSize;
export const arrayOf = (dtype: DType): TypedArrayConstructor => traits[dtype].array;
export const dtypeOfCode = (code: number): DType => binding.dtypes[code] as DType;

const isDType = (value: unknown): value is DType => typeof value === 'string' && Object.hasOwn(traits, value);

/** Checks a dtype argument. Throws `TypeError`. */
export function checkDType(value: unknown, where: string): DType {
  if (isDType(value)) return value;
  throw typeError(`${where}: dtype must be one of ${dtypes.join(', ')}; received ${show(value)}`);
}

/*
 * Which dtypes a result may be stored in without being asked for. Along the arrows, and within a kind in
 * every direction:
 *
 *     bool ──→ integer (uint8 int8 int16 int32 int64) ──→ float (float32 float64)
 */
const rank: Record<Kind, number> = { bool: 0, integer: 1, float: 2 };

export const canCast = (from: DType, to: DType): boolean => rank[kindOf(from)] <= rank[kindOf(to)];

/** Throws `ERR_DTYPE` if a result may not be stored in a tensor of another dtype. */
export function checkCast(from: DType, to: DType, where: string): void {
  if (from === to || canCast(from, to)) return;
  throw new RsqrtError('ERR_DTYPE', `${where}: a ${from} result cannot be stored in a tensor of dtype ${to}`);
}

const dtypeOfTag: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Int8Array: 'int8',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
};

/** The dtype of a typed array's elements; undefined where we have none (Uint16Array, Uint32Array, …). */
export function dtypeOfArray(array: NodeJS.TypedArray): DType | undefined {
  // By tag, not by instanceof: the array may come from another realm (a vm context, jest).
  return dtypeOfTag[array[Symbol.toStringTag]];
}
