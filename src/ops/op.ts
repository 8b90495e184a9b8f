/**
 * The steps that all unary operations share: determine dtype and layout, check arguments, make one
 * native call, wrap the result.
 */

import { checkCast, type DType, dtypeOfCode, getDefaultDtype, itemSizeOf, kindOf } from '../dtype/dtype';
import { copyStrides, extentOf, resultStrides, type Sizes, sameSizes } from '../layout/layout';
import { binding } from '../load/binding';
import { launchCopy } from '../program/copy';
import { launch } from '../program/launch';
import { checkWritable, launchFromCopy, type MemoryRegion, mustCopyFirst, regionOf } from '../program/overlap';
import { checkKeys } from '../support/checks';
import { RsqrtError, show, typeError } from '../support/errors';
import { warnOnce } from '../support/warnings';
import { allocateTensor } from '../tensor/memory';
import { codeOf, isTensor, notATensor, relayOut, storageOf, Tensor } from '../tensor/tensor';

/**
 * How the dtype of an operation's result follows from that of its input, for the type checker. See
 * {@link ResultOf}. At run time the addon's table of operations decides.
 */
export type Rule = 'float' | 'real' | 'same' | 'number';

/** The dtype of an operation's result, from its rule and the dtype of its input. */
export type ResultOf<R extends Rule, D extends DType> = {
  /**
   * Float and complex dtypes are kept. Integers and bool become the default dtype, which is float32
   * unless set.
   */
  float: D extends 'int8' | 'uint8' | 'int16' | 'int32' | 'int64' | 'bool' ? 'float32' : D;
  /** Real dtypes are kept. complex64 becomes float32, and complex128 becomes float64. */
  real: D extends 'complex64' ? 'float32' : D extends 'complex128' ? 'float64' : D;
  /** Every dtype is kept. */
  same: D;
  /** Every dtype is kept, but bool becomes int64. */
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
   * @param options.out where the result is stored: a tensor on the same device, of a dtype that the
   *   result may be cast to. It may be the input itself, but must not overlap it in part. If its
   *   shape differs, it is resized, with a warning if it had elements
   * @returns `out`
   * @throws ERR_DTYPE, ERR_SHAPE, ERR_DEVICE or ERR_OVERLAP, with nothing written
   */
  <T extends Tensor>(input: Tensor, options: { out: T }): T;
}

/**
 * A unary elementwise operation in place. Stores the result in its input and returns the input.
 * Throws `ERR_DTYPE` if the result cannot be stored in the input's dtype, or is real and the input
 * complex. Throws `ERR_OVERLAP` if elements of the input share memory.
 */
export type InPlaceOp = <T extends Tensor>(input: T) => T;

/**
 * Makes an operation of the addon's table: a function, a function in place, and two methods of
 * Tensor.
 */
export function unary<R extends Rule>(name: string): [op: UnaryOp<R>, inPlace: InPlaceOp] {
  const code = binding.ops.findIndex((op) => op.name === name);
  const { results } = binding.ops[code];
  const inPlaceName = `${name}_`;
  const outName = `${name}: out`;

  const resultOf = (input: Tensor, where: string): DType => {
    const result = results[codeOf(input)];
    if (result < 0) throw new RsqrtError('ERR_DTYPE', `${where} is not defined for ${input.dtype} tensors`);
    const dtype = dtypeOfCode(result);
    return dtype === 'float32' && isWhole(input.dtype) ? getDefaultDtype() : dtype;
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
    // A number is the index that Array.prototype.map passes, so it is ignored.
    if (typeof options === 'object' && options !== null) checkKeys(options, ['out'], name);
    const result = allocateTensor(dtype, input.shape, stridesOfResult(input, dtype), storage.device);
    // As in `written`, but without a closure, because every small call comes through here.
    try {
      run(code, input, dtype, result, false);
    } catch (error) {
      result.dispose();
      throw error;
    }
    return result;
  };

  const inPlace = <T extends Tensor>(input: T, options?: unknown): T => {
    if (!isTensor(input)) throw notATensor(`${inPlaceName}: input`, input);
    refuseOptions(options, inPlaceName, name);
    storageOf(input, inPlaceName);
    checkWritable(input, inPlaceName);
    const dtype = resultOf(input, inPlaceName);
    checkCast(dtype, input.dtype, inPlaceName);
    // The imaginary parts of the complex tensor would be meaningless. torch refuses this too.
    if (kindOf(dtype) !== kindOf(input.dtype)) {
      throw new RsqrtError('ERR_DTYPE', `${inPlaceName} is not defined for ${input.dtype} tensors`);
    }
    launch(code, input, input);
    return input;
  };

  defineMethod(name, function (this: Tensor, options?: unknown) {
    refuseOptions(options, `the method ${name}`, name);
    return op(this);
  });
  defineMethod(inPlaceName, function (this: Tensor, options?: unknown) {
    return inPlace(this, options);
  });
  return [op as UnaryOp<R>, inPlace];
}

/**
 * Throws `TypeError` for options passed to a method or a function in place, where they would have
 * no effect. Only the function `name` takes options.
 */
function refuseOptions(options: unknown, where: string, name: string): void {
  if (typeof options !== 'object' || options === null) return; // the index that Array.prototype.map passes
  throw typeError(`${where}: takes no options; received ${show(options)}; ${name}(x, { out }) does`);
}

const isWhole = (dtype: DType): boolean => kindOf(dtype) === 'integer' || kindOf(dtype) === 'bool';

function defineMethod(name: string, method: (this: Tensor, options?: unknown) => Tensor): void {
  Object.defineProperty(method, 'name', { value: name });
  Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });
}

/**
 * The strides of a new result. torch converts the input first, so they follow from the strides of
 * the converted input.
 */
function stridesOfResult(input: Tensor, dtype: DType): Sizes {
  const { shape, strides } = input;
  if (dtype === input.dtype) {
    const result = resultStrides(shape, strides);
    return result === strides ? strides : Object.freeze(result);
  }
  const converted = copyStrides(shape, strides);
  // The real result of a complex input has the strides of a copy.
  return Object.freeze(kindOf(input.dtype) === 'complex' ? converted : resultStrides(shape, converted));
}

/** Checks everything, then stores the result of an operation in `out`. */
function runInto(where: string, code: number, input: Tensor, dtype: DType, out: Tensor): void {
  if (!isTensor(out)) throw notATensor(where, out);
  if (storageOf(out, where).device !== storageOf(input, where).device) {
    throw new RsqrtError(
      'ERR_DEVICE',
      `${where} must be on the input's device ${input.device}; it is on ${out.device}`,
    );
  }
  checkCast(dtype, out.dtype, where);
  checkWritable(out, where);
  let copyFirst = mustCopyFirst(input, regionOf(out), where);
  const { shape, strides } = out;
  if (!sameSizes(input.shape, shape)) {
    const region = resizedRegion(out, { shape: input.shape, strides: stridesOfResult(input, dtype) }, where);
    copyFirst = mustCopyFirst(input, region, where);
    resize(out, region, where);
  }
  try {
    run(code, input, dtype, out, copyFirst);
  } catch (error) {
    relayOut(out, shape, strides);
    throw error;
  }
}

/**
 * The region of `out` after it is resized to the shape and strides of a new result, as torch does.
 */
export function resizedRegion(
  out: Tensor,
  { shape, strides }: Pick<MemoryRegion, 'shape' | 'strides'>,
  where: string,
): MemoryRegion {
  const region = regionOf(out, { shape: Object.freeze(shape), strides: Object.freeze(strides) });
  if (endOf(region) > region.storage.byteLength && !region.storage.isPrivate) {
    throw new RsqrtError(
      'ERR_SHAPE',
      `${where} of shape [${out.shape}] cannot be resized to [${shape}]: others use its memory, which is too small`,
    );
  }
  return region;
}

/** Gives `out` the shape and strides of a region, and more memory if needed. */
export function resize(out: Tensor, region: MemoryRegion, where: string): void {
  if (out.numel > 0) {
    warnOnce(
      'RSQRT_OUT_RESIZED',
      `${where} of shape [${out.shape}] was resized to [${region.shape}]; give one of that shape`,
    );
  }
  const end = endOf(region);
  if (end > region.storage.byteLength) region.storage.grow(end);
  relayOut(out, region.shape, region.strides);
}

/** The end of the elements, in bytes from the start of the storage. */
const endOf = ({ storageOffset, shape, strides, itemSize }: MemoryRegion): number =>
  (storageOffset + extentOf(shape, strides)) * itemSize;

/**
 * Computes in the result's dtype, because the result must not depend on the dtype of `out`. The
 * addon computes integers and bool in float32, so for another default dtype they are converted
 * first. The addon rounds to narrow dtypes only when storing in them, so a result that is stored in
 * another dtype is rounded first.
 */
function run(code: number, input: Tensor, dtype: DType, out: Tensor, copyFirst: boolean): void {
  if (dtype !== out.dtype && isNarrowedByStoring(dtype)) {
    const strides = resultStrides(input.shape, input.strides);
    using narrowed = allocateTensor(dtype, input.shape, strides, storageOf(input, 'input').device);
    run(code, input, dtype, narrowed, false);
    launchCopy(narrowed, out);
    return;
  }
  const first = kindOf(dtype) === 'float' && kindOf(input.dtype) !== 'complex' ? dtype : input.dtype;
  if (first !== input.dtype && first !== 'float32') launchFromCopy(code, input, out, first);
  else if (copyFirst) launchFromCopy(code, input, out);
  else launch(code, input, out);
}

/**
 * Whether the addon computes a dtype in a wider one: 16-bit floats in float32, and integers on GPUs
 * in int64.
 */
const isNarrowedByStoring = (dtype: DType): boolean =>
  dtype !== 'int64' && (kindOf(dtype) === 'integer' || itemSizeOf(dtype) === 2);
