/**
 * Vectors of Apache Arrow. They are recognised by their properties, so any version and any copy of
 * that library will do.
 */

import { isTypedArray } from 'node:util/types';
import { describeArray } from '../dtype/arrays';
import { arrayOf, type DType, isArrayOf, itemSizeOf, type TypedArray } from '../dtype/dtype';
import { numelOf, type Sizes } from '../layout/layout';
import { escaped, show, typeError } from '../support/errors';

/** A vector of Apache Arrow: only the properties that are used here. */
export interface ArrowVector {
  /** The type of its values. */
  readonly type: ArrowType;
  /** The number of values. */
  readonly length: number;
  /** The chunks. */
  readonly data: readonly ArrowData[];
}

interface ArrowType {
  readonly typeId: number;
}

/** A type whose values are lists, all of the same length, of values of another type. */
interface ArrowList extends ArrowType {
  readonly listSize: number;
  readonly children: readonly { readonly type: ArrowType }[];
}

interface ArrowData {
  readonly length: number;
  readonly nullCount: number;
  /**
   * Begins with the first value of the chunk, even if the chunk is a slice. It may continue after
   * the last.
   */
  readonly values?: unknown;
  /** If the values are lists, the values in them, laid out like `values`. */
  readonly children: readonly ArrowData[];
}

/** What {@link fromArrow} returns: the parts of a tensor object. */
interface ArrowTensor {
  readonly data: TypedArray;
  readonly dims: Sizes;
  readonly type: DType;
}

/** The types that have the same memory layout as a dtype, by Arrow's names. */
const dtypeOfType: Readonly<Record<string, DType>> = {
  Float16: 'float16', // their bits
  Float32: 'float32',
  Float64: 'float64',
  Int8: 'int8',
  Int16: 'int16',
  Int32: 'int32',
  Int64: 'int64',
  Uint8: 'uint8',
};

/** For other types, the expression that copies the values without loss. */
const copyOfType: Readonly<Record<string, string>> = {
  Bool: 'tensor([...vector])',
  Uint16: "tensor(vector.toArray(), { dtype: 'int32' })",
  Uint32: 'tensor(vector.toArray())',
  Uint64: 'tensor(vector.toArray())',
};

/**
 * Describes a vector as a tensor object. Returns undefined if the value is not a vector. Fixed-size
 * lists become dimensions. The memory of a vector with one chunk is shared; several chunks are
 * copied into one.
 */
export function fromArrow(value: unknown, where: string): ArrowTensor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('schema' in value && 'getChild' in value) {
    throw typeError(`${where}: a table of Arrow must be given by column, as getChild(name); received ${show(value)}`);
  }
  if (!isVector(value)) return undefined;
  const dims = [value.length];
  let { type, data: chunks } = value;
  checkNulls(chunks, where);
  while (isList(type)) {
    dims.push(type.listSize);
    type = type.children[0].type;
    chunks = chunks.map((chunk) => chunk.children[0]);
    checkNulls(chunks, where);
  }
  const dtype = dtypeOfType[String(type)];
  if (dtype === undefined) throw unsupported(value.type, where);
  const perRow = numelOf(dims.slice(1));
  const pieces = value.data.flatMap(({ length }, i) =>
    length === 0 ? [] : [firstValues(chunks[i], length * perRow, dtype, where)],
  );
  return { data: pieces.length === 1 ? pieces[0] : joined(pieces, dtype), dims, type: dtype };
}

export function isVector(value: object): value is ArrowVector {
  const { type } = value as Partial<ArrowVector>;
  return typeof type === 'object' && type !== null && 'typeId' in type && 'data' in value && Array.isArray(value.data);
}

const isList = (type: ArrowType): type is ArrowList => 'listSize' in type;

function checkNulls(chunks: readonly ArrowData[], where: string): void {
  const count = (of: (chunk: ArrowData) => number) => chunks.reduce((sum, chunk) => sum + of(chunk), 0);
  const nulls = count((chunk) => chunk.nullCount);
  if (nulls === 0) return;
  const length = count((chunk) => chunk.length);
  throw typeError(`${where}: a vector of Arrow must have no nulls; received ${nulls} among ${length} values`);
}

function unsupported(type: ArrowType, where: string): TypeError {
  const types = Object.keys(dtypeOfType).join(', ');
  const copy = copyOfType[String(type)];
  const remedy = copy === undefined ? '' : `; ${copy} copies it`;
  return typeError(
    `${where}: a vector of Arrow must be of ${types} or fixed-size lists; received ${escaped(String(type))}${remedy}`,
  );
}

/** The values of a chunk, without anything that follows the last. */
function firstValues({ values }: ArrowData, count: number, dtype: DType, where: string): TypedArray {
  if (!isTypedArray(values) || !isArrayOf(dtype, values)) {
    throw typeError(
      `${where}: a vector of Arrow must have its ${dtype} values in a ${arrayOf(dtype).name}; received ${show(values)}`,
    );
  }
  const { buffer, byteOffset, length } = describeArray(values, where);
  if (!(count <= length)) {
    throw typeError(
      `${where}: a vector of Arrow must have as many values as it says; received ${length} instead of ${show(count)}`,
    );
  }
  return new (arrayOf(dtype))(buffer as ArrayBuffer, byteOffset, count);
}

/** Concatenates arrays that this file made, by copying their bytes. */
function joined(pieces: readonly TypedArray[], dtype: DType): TypedArray {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = new Uint8Array(length * itemSizeOf(dtype));
  let end = 0;
  for (const { buffer, byteOffset, byteLength } of pieces) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), end);
    end += byteLength;
  }
  return new (arrayOf(dtype))(bytes.buffer);
}
