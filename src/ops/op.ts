/**
 * The steps that all unary operations share: determine dtype and layout, check arguments, make one
 * native call, wrap the result.
 */

import { checkCast, type DType, type DTypeInfo, dtypeOfCode, getDefaultInfo, infoOf } from '../dtype/dtype';
import { copyStrides, extentOf, Layout, resultStrides, sameSizes } from '../layout/layout';
import { binding } from '../load/binding';
import type { Storage } from '../memory/storage';
import { launchFromCopy } from '../program/copy';
import { launchBetween } from '../program/launch';
import { checkWritable, type MemoryRegion, mayOverlap, mustCopyFirst, regionOf } from '../program/overlap';
import { computedIn, ProgramBuilder, ProgramTable } from '../program/program';
import { checkKeys } from '../support/checks';
import { RsqrtError, show, typeError } from '../support/errors';
import { warnOnce } from '../support/warnings';
import { allocateTensorOf } from '../tensor/memory';
import { dtypeInfoOf, isTensor, layoutOf, notATensor, relayOut, storageOf, Tensor } from '../tensor/tensor';

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
  const results = binding.ops[code].results.map((result, input) => ruleOf(input, result));
  const programs = new ProgramTable((...dtypes) => makeProgram(code, ...dtypes));
  const inPlaceName = `${name}_`;
  const outName = `${name}: out`;

  const resultOf = (info: DTypeInfo, where: string): DTypeInfo => {
    const result = results[info.code];
    if (result === REFUSED) throw new RsqrtError('ERR_DTYPE', `${where} is not defined for ${info.name} tensors`);
    return result ?? getDefaultInfo();
  };

  const op = (input: Tensor, options?: { out?: Tensor }): Tensor => {
    if (!isTensor(input)) throw notATensor(`${name}: input`, input);
    const storage = storageOf(input, name);
    const info = dtypeInfoOf(input);
    const result = resultOf(info, name);
    if (options !== undefined) {
      const out = options?.out;
      if (out !== undefined) {
        runInto(input, storage, result, out);
        return out;
      }
      if (isTensor(options)) {
        throw typeError(`${name}: options must be an object such as { out }; received a Tensor`);
      }
      // A number is the index that Array.prototype.map passes, so it is ignored.
      if (typeof options === 'object' && options !== null) checkKeys(options, ['out'], name);
    }
    const made = allocateTensorOf(result, layoutOfResult(input, info, result), storage.device);
    // As in `written`, but without a closure, because every small call comes through here.
    try {
      launchBetween(programs.get(info.code, result.code, result.code), input, storage, made, storageOf(made, name));
    } catch (error) {
      made.dispose();
      throw error;
    }
    return made;
  };

  /** Checks everything, then stores the result in `out`. */
  const runInto = (input: Tensor, from: Storage, result: DTypeInfo, out: Tensor): void => {
    if (!isTensor(out)) throw notATensor(outName, out);
    const to = storageOf(out, outName);
    if (to.device !== from.device) {
      throw new RsqrtError(
        'ERR_DEVICE',
        `${outName} must be on the input's device ${input.device}; it is on ${out.device}`,
      );
    }
    const info = dtypeInfoOf(input);
    const stored = dtypeInfoOf(out);
    checkCast(result.name, stored.name, outName);
    checkWritable(out, outName);
    let copyFirst = out !== input && mayOverlap(from, to) && mustCopyFirst(input, regionOf(out), outName);
    const layout = layoutOf(out);
    if (!sameSizes(layoutOf(input).shape, layout.shape)) {
      const region = resizedRegion(out, layoutOfResult(input, info, result), outName);
      copyFirst = mustCopyFirst(input, region, outName);
      resize(out, region, outName);
    }
    const program = programs.get(info.code, result.code, stored.code);
    try {
      if (copyFirst) launchFromCopy(program, input, out);
      else launchBetween(program, input, from, out, to);
    } catch (error) {
      relayOut(out, layout);
      throw error;
    }
  };

  const inPlace = <T extends Tensor>(input: T, options?: unknown): T => {
    if (!isTensor(input)) throw notATensor(`${inPlaceName}: input`, input);
    refuseOptions(options, inPlaceName, name);
    const storage = storageOf(input, inPlaceName);
    checkWritable(input, inPlaceName);
    const info = dtypeInfoOf(input);
    const result = resultOf(info, inPlaceName);
    checkCast(result.name, info.name, inPlaceName);
    // The imaginary parts of the complex tensor would be meaningless. torch refuses this too.
    if (result.kind !== info.kind) {
      throw new RsqrtError('ERR_DTYPE', `${inPlaceName} is not defined for ${info.name} tensors`);
    }
    launchBetween(programs.get(info.code, result.code, info.code), input, storage, input, storage);
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

/** In the place of a dtype: the operation is not defined. */
const REFUSED = Symbol('refused');

/**
 * The dtype of a result, given the code that the addon's table has for an input. Null: the default
 * dtype, which is that of fractional results of integers.
 */
function ruleOf(input: number, result: number): DTypeInfo | null | typeof REFUSED {
  if (result < 0) return REFUSED;
  const dtype = dtypeOfCode(result);
  const isWhole = ['integer', 'bool'].includes(infoOf(dtypeOfCode(input)).kind);
  return isWhole && dtype === 'float32' ? null : infoOf(dtype);
}

/**
 * Computes in the dtype of the result, whatever that of the output is: fractional results of
 * integers in the default dtype. The result is rounded to its own dtype before it is converted to
 * that of the output.
 */
function makeProgram(op: number, input: number, result: number, output: number): number {
  const builder = new ProgramBuilder();
  const [from, to] = [infoOf(dtypeOfCode(input)), infoOf(dtypeOfCode(result))];
  const first = to.kind === 'float' && from.kind !== 'complex' ? result : input;
  const operand = builder.convert(builder.load(input), first);
  const computed = builder.apply(op, builder.convert(operand, computedIn(op, first)));
  builder.store(builder.convert(builder.convert(computed, result), output));
  return builder.make();
}

function defineMethod(name: string, method: (this: Tensor, options?: unknown) => Tensor): void {
  Object.defineProperty(method, 'name', { value: name });
  Object.defineProperty(Tensor.prototype, name, { value: method, writable: true, configurable: true });
}

/**
 * The layout of a new result. torch converts the input first, so its strides follow from those of
 * the converted input.
 */
function layoutOfResult(input: Tensor, info: DTypeInfo, result: DTypeInfo): Layout {
  const layout = layoutOf(input);
  if (layout.isRowMajor) return layout;
  const { shape, strides } = layout;
  const converted = info === result ? strides : copyStrides(shape, strides);
  // The real result of a complex input has the strides of a copy.
  const isReal = info !== result && info.kind === 'complex';
  return new Layout(shape, Object.freeze(isReal ? converted : resultStrides(shape, converted)));
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
  relayOut(out, new Layout(region.shape, region.strides));
}

/** The end of the elements, in bytes from the start of the storage. */
const endOf = ({ storageOffset, shape, strides, itemSize }: MemoryRegion): number =>
  (storageOffset + extentOf(shape, strides)) * itemSize;
