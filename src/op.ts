/** What every unary operation shares: settle dtype and layout, check, one native call, wrap. */

import { binding } from './binding';
import { checkKeys } from './checks';
import { checkCast, type DType, dtypeOfCode, kindOf } from './dtype';
import { RsqrtError, show, typeError } from './errors';
import { extentOf, isDense, resultStrides, type Sizes, sameSizes, sharesElements } from './layout';
import type { Storage } from './storage';
import { allocateTensor, codeOf, copyOf, isTensor, launch, storageOf, Tensor } from './tensor';

/**
 * How an operation's result dtype follows from its input's, for the type checker. The addon's op table decides at run
 * time.
 *
 * - `float`: float and complex dtypes are kept, integers and bool become float32.
 * - `real`: real dtypes are kept, complex64 becomes float32 and complex128 float64.
 * - `same`: every dtype is kept.
 * - `number`: as `same`, but bool becomes int64.
 */
export type Rule = 'float' | 'real' | 'same' | 'number';

export type ResultOf<R extends Rule, D extends DType> = {
  float: D extends 'int8' | 'uint8' | 'int16' | 'int32' | 'int64' | 'bool' ? 'float32' : D;
  real: D extends 'complex64' ? 'float32' : D extends 'complex128' ? 'float64' : D;
  same: D;
  number: D extends 'bool' ? 'int64' : D;
}[R];

/** A unary elementwise operation. */
export interface UnaryOp<R extends Rule> {
  /**
   * @param input a tensor of any layout, on any device
   * @returns a new tensor of the same shape on the same device
   */
  <D extends DType>(input: Tensor<D>): Tensor<ResultOf<R, D>>;
  /**
   * @param options.out where the result is stored: a tensor of the same shape and device, of a dtype that the result
   *   may be cast to; the input itself is fine, a partial overlap with it is not
   * @returns `out`
   * @throws ERR_DTYPE, ERR_SHAPE, ERR_DEVICE or ERR_OVERLAP, with nothing written
   */
  <T extends Tensor>(input: Tensor, options: { out: T }): T;
}

/**
 * A unary elementwise operation in place: stores the result in its input and returns that. Throws `ERR_DTYPE` if the
 * result's dtype does not fit there, or if it is real and the input complex, `ERR_OVERLAP` if elements of the input share memory.
 */
export type InPlaceOp = <T extends Tensor>(input: T) => T;

/** An operation of the addon's table, as a function, as a function in place, and as two methods of Tensor. */
export function unary<R extends Rule>(name: string): [op: UnaryOp<R>, inPlace: InPlaceOp] {
  const code = binding.ops.findIndex((op) => op.name === name);
  const { results } = binding.ops[code];
  const inPlaceName = `${name}_`;
  const outName = `${name}: out`;

  const resultOf = (input: Tensor, where: string): DType => {
    const result = results[codeOf(input)];
    if (result < 0) throw new RsqrtError('ERR_DTYPE', `${where} is not defined for ${input.dtype} tensors`);
    return dtypeOfCode(result);
  };

  const op = (input: Tensor, options?: { out?: Tensor }): Tensor => {
    if (!isTensor(input)) throw notATensor(`${name}: input`, input);
    const storage = storageOf(input, name);
    const dtype = resultOf(input, name);
    if (isTensor(options)) {
      throw typeError(`${name}: options must be an object such as { out }; received a Tensor`);
    }
    const out = options?.out;
    if (out !== undefined) {
      runInto(outName, code, input, dtype, out);
      return out;
    }
    // A number is the index that Array.prototype.map passes on.
    if (typeof options === 'object' && options !== null) checkKeys(options, ['out'], name);
    const strides = input.isContiguous() ? input.strides : resultStrides(input.shape, input.strides);
    const result = allocateTensor(dtype, input.shape, strides, storage.device);
    launch(code, input, result);
    return result;
  };

  const inPlace = <T extends Tensor>(input: T): T => {
    if (!isTensor(input)) throw notATensor(`${inPlaceName}: input`, input);
    storageOf(input, inPlaceName);
    checkWritable(input, inPlaceName);
    const dtype = resultOf(input, inPlaceName);
    checkCast(dtype, input.dtype, inPlaceName);
    // Half of a complex tensor would hold nothing, so torch refuses this too.
    if (kindOf(dtype) !== kindOf(input.dtype)) {
      throw new RsqrtError('ERR_DTYPE', `${inPlaceName} is not defined for ${input.dtype} tensors`);
    }
    launch(code, input, input);
    return input;
  };

  defineMethod(name, function (this: Tensor) {
    return op(this);
  });
  defineMethod(inPlaceName, function (this: Tensor) {
    return inPlace(this);
  });
  return [op as UnaryOp<R>, inPlace];
}

function defineMethod(name: string, method: (this: Tensor) => Tensor): void {
  Object.defineProperty(method, 'name', { value: name });
  Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });
}

function notATensor(where: string, value: unknown): TypeError {
  const looksLikeOne = typeof value === 'object' && value?.constructor?.name === Tensor.name;
  const received = looksLikeOne ? 'a tensor of another copy of rsqrt, or an imitation' : show(value);
  return typeError(`${where} must be a Tensor; received ${received}`);
}

function runInto(where: string, code: number, input: Tensor, dtype: DType, out: Tensor): void {
  if (!isTensor(out)) throw notATensor(where, out);
  if (storageOf(out, where).device !== storageOf(input, where).device) {
    throw new RsqrtError(
      'ERR_DEVICE',
      `${where} must be on the input's device ${input.device}; it is on ${out.device}`,
    );
  }
  checkCast(dtype, out.dtype, where);
  if (!sameSizes(input.shape, out.shape)) {
    throw new RsqrtError('ERR_SHAPE', `${where} must have the input's shape [${input.shape}]; it has [${out.shape}]`);
  }
  checkWritable(out, where);
  switch (overlap(input, out)) {
    case 'none':
    case 'exact':
      launch(code, input, out);
      break;
    case 'partial':
      throw new RsqrtError('ERR_OVERLAP', `${where} overlaps the input in part; it must be the input itself or apart`);
    case 'unknown':
      launchFromCopy(code, input, out);
  }
}

/** For interleaved strides, perhaps without a common element: reads everything before anything is written. */
function launchFromCopy(code: number, input: Tensor, out: Tensor): void {
  using copy = copyOf(input, resultStrides(input.shape, input.strides));
  launch(code, copy, out);
}

function checkWritable(target: Tensor, where: string): void {
  if (!target.isContiguous() && sharesElements(target.shape, target.strides)) {
    throw new RsqrtError(
      'ERR_OVERLAP',
      `${where}: elements of a tensor of shape [${target.shape}] and strides [${target.strides}] share memory; clone it before writing`,
    );
  }
}

/** How the memory of two tensors of the same shape overlaps. */
function overlap(a: Tensor, b: Tensor): 'none' | 'exact' | 'partial' | 'unknown' {
  if (areApart(storageOf(a, 'overlap'), storageOf(b, 'overlap'))) return 'none';
  const first = span(a);
  const second = span(b);
  if (first.end <= second.start || second.end <= first.start) return 'none';
  const significant = (strides: Sizes) => strides.filter((_, dim) => a.shape[dim] !== 1);
  const sameLayout = sameSizes(significant(a.strides), significant(b.strides));
  if (first.start === second.start && a.itemSize === b.itemSize && sameLayout) return 'exact';
  return isDense(a.shape, a.strides) && isDense(b.shape, b.strides) ? 'partial' : 'unknown';
}

/** Whether two storages have no byte in common. */
const areApart = (a: Storage, b: Storage): boolean =>
  a.owner !== b.owner || a.byteOffset + a.byteLength <= b.byteOffset || b.byteOffset + b.byteLength <= a.byteOffset;

/** The bytes of the underlying buffer that a tensor's elements lie in. */
function span(tensor: Tensor): { start: number; end: number } {
  const { byteOffset } = storageOf(tensor, 'overlap');
  const start = byteOffset + tensor.storageOffset * tensor.itemSize;
  return { start, end: start + extentOf(tensor.shape, tensor.strides) * tensor.itemSize };
}
