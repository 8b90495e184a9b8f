/** Vectors of Apache Arrow, recognised by what they have: of whichever version, or copy, of that library. */

import { isTypedArray } from 'node:util/types';
import { describeArray } from './arrays';
import { arrayOf, type DType, isArrayOf, itemSizeOf, type TypedArray } from './dtype';
import { escaped, show, typeError } from './errors';
import { numelOf } from './layout';
import type { TensorLike } from './share';

/** A vector of Apache Arrow, as far as it is needed here. */
export interface ArrowVector {
  /** What its values are. */
  readonly type: ArrowType;
  /** How many there are. */
  readonly length: number;
  /** The chunks. */
  readonly data: readonly ArrowData[];
}

interface ArrowType {
  readonly typeId: number;
}

/** A type whose values are lists of as many values of another. */
interface ArrowList extends ArrowType {
  readonly listSize: number;
  readonly children: readonly { readonly type: ArrowType }[];
}

interface ArrowData {
  readonly length: number;
  readonly nullCount: number;
  /** Begins with the first value of a chunk, of a sliced one too; may go on behind the last. */
  readonly values?: unknown;
  /** Of lists, their values: as `values`. */
  readonly children: readonly ArrowData[];
}

/** The types that lie in memory as our dtypes do, by the names that Arrow gives them. */
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

/** How the values of other types are copied, without a loss. */
const copyOfType: Readonly<Record<string, string>> = {
  Bool: 'tensor([...vector])',
  Uint16: "tensor(vector.toArray(), { dtype: 'int32' })",
  Uint32: 'tensor(vector.toArray())',
  Uint64: 'tensor(vector.toArray())',
};

/**
 * A vector as a tensor object; undefined for what is none. Fixed-size lists are dimensions. Shares the memory of a vector of one
 * chunk, and copies several into one.
 */
export function fromArrow(value: unknown, where: string): TensorLike | undefined {
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

/** The values of a chunk, without what may be behind the last. */
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

/** Copies arrays, which this file made, into one, by their bytes. */
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
