/** Makes tensors of evenly spaced numbers. */

import {
  arrayOf,
  type Complex,
  type DType,
  entriesOf,
  getDefaultComplex,
  getDefaultDtype,
  kindOf,
} from '../dtype/dtype';
import { checkShape } from '../layout/shape-checks';
import { checkWhole } from '../support/checks';
import { RsqrtError, rangeError, show, typeError } from '../support/errors';
import { type Entries, elementReader, elementWriter } from '../tensor/element';
import { checkScalar, isComplex, type Scalar } from '../tensor/scalar';
import type { Tensor } from '../tensor/tensor';
import { checkOptions, type DTypeOf, filled, popOptions, type TensorOptions } from './create';

/**
 * A tensor of one dimension with the numbers `start`, `start + step`, … below `end` (above `end` if
 * `step` is negative). Call it as `arange(end)`, `arange(start, end)` or
 * `arange(start, end, step)`, each with options at the end. The default dtype is int64 if all
 * arguments are bigints, and otherwise float32, see {@link setDefaultDtype}.
 *
 * Element i is `start + step × i`, computed from the arguments and rounded once. Whole numbers of
 * any size are computed exactly, always for an integer dtype, and for a float dtype if one of the
 * arguments is a bigint. Otherwise the numbers and their count are computed in float64.
 *
 * For an integer dtype, `start` and `step` are truncated, as in torch. For int64, `end` is
 * truncated too, before the elements are counted.
 *
 * Throws `RangeError` if `step` is 0 or leads away from `end`, for numbers that are not finite, for
 * numbers that an integer dtype cannot hold, and for a bigint that float64 cannot hold exactly if
 * another argument has a fraction. Throws `ERR_DTYPE` for bool and complex dtypes.
 *
 * @example
 * ```ts
 * console.log(arange(3)); // tensor([0., 1., 2.])
 * console.log(arange(10n, 0n, -4n)); // tensor([10,  6,  2])
 * console.log(arange(-1.5, 1.5, 1, { dtype: 'int32' })); // tensor([-1,  0,  1], dtype=int32)
 * ```
 */
export function arange<T extends number | bigint, D extends DType = DTypeOf<T>>(
  end: T,
  options?: TensorOptions<D>,
): Tensor<NoInfer<D>>;
export function arange<S extends number | bigint, T extends number | bigint, D extends DType = DTypeOf<S | T>>(
  start: S,
  end: T,
  options?: TensorOptions<D>,
): Tensor<NoInfer<D>>;
export function arange<
  S extends number | bigint,
  T extends number | bigint,
  P extends number | bigint,
  D extends DType = DTypeOf<S | T | P>,
>(start: S, end: T, step: P, options?: TensorOptions<D>): Tensor<NoInfer<D>>;
export function arange(...args: unknown[]): Tensor {
  const { dtype, device } = checkOptions(popOptions(args), 'arange');
  if (args.length < 1 || args.length > 3) {
    throw typeError(`arange: expected end, start and end, or start, end and step; received ${args.length} numbers`);
  }
  const [start, end, step] = (args.length === 1 ? [0, args[0], 1] : args.length === 2 ? [...args, 1] : args).map(
    (value, i) => checkBound(value, `arange: ${['start', 'end', 'step'][i]}`),
  );
  const isWhole = args.every((value) => typeof value === 'bigint');
  const type = dtype ?? (isWhole ? 'int64' : getDefaultDtype());
  const kind = kindOf(type);
  if (kind === 'complex' || kind === 'bool') {
    throw new RsqrtError('ERR_DTYPE', `arange is not defined for ${type} tensors`);
  }
  const { length, at } = progression(type, start, end, step);
  const shape = checkShape([length], 'arange: the number of elements');
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, 'arange');
    for (let i = 0; i < length; i++) write(i, at(i));
  });
}

type Bound = number | bigint;

function checkBound(value: unknown, where: string): Bound {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw typeError(`${where} must be a number; received ${show(value)}`);
  }
  if (Number.isFinite(Number(value))) return value;
  throw rangeError(`${where} must be finite; received ${show(value)}`);
}

/** The numbers of {@link arange}: their count, and a function that returns each. */
interface Progression {
  readonly length: number;
  readonly at: (i: number) => Bound;
}

/** See {@link arange}. */
function progression(dtype: DType, start: Bound, end: Bound, step: Bound): Progression {
  const isDown = step < 0;
  if (Number(step) === 0 || (isDown ? start < end : start > end)) {
    throw rangeError(`arange: step must lead from start ${show(start)} to end ${show(end)}; received ${show(step)}`);
  }
  const bounds = [start, end, step];
  const isInteger = kindOf(dtype) === 'integer';
  const areWhole = bounds.every((bound) => Number.isInteger(Number(bound)));
  if (isInteger ? areWhole || dtype === 'int64' : areWhole && bounds.some((bound) => typeof bound === 'bigint')) {
    const [first, last, stride] = bounds.map(cut);
    if (stride === 0n) throw rangeError(`arange: step must not be cut to 0 for ${dtype}; received ${show(step)}`);
    // Division of bigints truncates. The added ±1 makes it round up.
    const length = Number((last - first + stride + (isDown ? 1n : -1n)) / stride);
    return { length, at: counting(first, stride, length) };
  }
  const length = Math.ceil((exactNumber(end, 'end') - exactNumber(start, 'start')) / exactNumber(step, 'step')) + 0; // no −0
  if (isInteger) return { length, at: counting(cut(start), cut(step), length) };
  const [first, stride] = [Number(start), Number(step)];
  return { length, at: (i) => first + i * stride };
}

const cut = (value: Bound): bigint => (typeof value === 'bigint' ? value : BigInt(Math.trunc(value)));

/**
 * Converts a bigint to a number, because another argument has a fraction. Throws `RangeError` if
 * that is not exact.
 */
function exactNumber(value: Bound, name: string): number {
  const number = Number(value);
  if (typeof value === 'number' || BigInt(number) === value) return number;
  throw rangeError(`arange: ${name} must be exact in float64 beside a fraction; received ${show(value)}`);
}

/**
 * `first + i × stride`, exactly. Uses numbers if they can hold all values, which is faster, and
 * bigints otherwise.
 */
function counting(first: bigint, stride: bigint, length: number): (i: number) => Bound {
  const [start, step] = [Number(first), Number(stride)];
  if (Math.abs(start) + Math.abs(step) * length <= Number.MAX_SAFE_INTEGER) return (i) => start + i * step;
  return (i) => first + BigInt(i) * stride;
}

/**
 * A tensor of one dimension with `steps` evenly spaced numbers from `start` to `end`, both
 * included. The default dtype is float32, or complex64 if `start` or `end` is complex, see
 * {@link setDefaultDtype}. Bigints and whole numbers do not give an integer dtype.
 *
 * As in torch, `start` and `end` are first converted to the dtype. With
 * `step = (end − start) / (steps − 1)`, the first half is computed from the start, as
 * `start + step × i`, and the second half from the end, as `end − step × (steps − 1 − i)`. Each
 * operation is rounded, in float64 for float64, complex128 and integers, and in float32 for the
 * other dtypes. Then integers are truncated, and float16 and bfloat16 are rounded to 16 bits.
 * Integers beyond 2^53 are computed exactly.
 *
 * torch computes float16 and bfloat16 in 16 bits. For the other dtypes, torch gives the same bits
 * on a CPU without wide vectors. With wide vectors, its results depend on the length and may differ
 * in the last digits.
 *
 * Throws `TypeError` if `start` or `end` is not a value, or is complex and the dtype real. Throws
 * `RangeError` if `steps` is not a size, and for numbers that an integer dtype cannot hold. Throws
 * `ERR_DTYPE` for bool.
 *
 * @example
 * ```ts
 * console.log(linspace(0, 1, 5)); // tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
 * console.log(linspace(10, 0, 4, { dtype: 'int32' })); // tensor([10,  6,  3,  0], dtype=int32)
 * ```
 */
export function linspace<D extends DType = 'float32'>(
  start: number | bigint,
  end: number | bigint,
  steps: number,
  options?: TensorOptions<D>,
): Tensor<NoInfer<D>>;
export function linspace<D extends DType = 'complex64'>(
  start: number | bigint | Complex,
  end: number | bigint | Complex,
  steps: number,
  options?: TensorOptions<D>,
): Tensor<NoInfer<D>>;
export function linspace(start: unknown, end: unknown, steps: unknown, options: TensorOptions = {}): Tensor {
  const where = 'linspace';
  const { dtype, device } = checkOptions(options, where);
  const bounds = [checkScalar(start, `${where}: start`), checkScalar(end, `${where}: end`)];
  const shape = checkShape([checkWhole(steps, `${where}: steps`)], `${where}: steps`);
  const type = dtype ?? (bounds.some(isComplex) ? getDefaultComplex() : getDefaultDtype());
  if (type === 'bool') throw new RsqrtError('ERR_DTYPE', `${where} is not defined for ${type} tensors`);
  const [first, last] = convertedTo(type, bounds, where);
  const isBig = typeof first === 'bigint' && typeof last === 'bigint' && [first, last].some(isBeyondFloat64);
  const re = isBig ? spacedExactly(first, last, shape[0]) : spaced(type, realPart(first), realPart(last), shape[0]);
  const im = isComplex(first) && isComplex(last) ? spaced(type, first.im, last.im, shape[0]) : undefined;
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, where);
    for (let i = 0; i < shape[0]; i++) write(i, im === undefined ? re(i) : { re: Number(re(i)), im: im(i) });
  });
}

const realPart = (value: Scalar): number => (isComplex(value) ? value.re : Number(value));

/** Values after conversion to a dtype. */
function convertedTo(dtype: DType, values: readonly Scalar[], where: string): Scalar[] {
  const entries = new (arrayOf(dtype))(values.length * entriesOf(dtype)) as Entries;
  values.forEach((value, i) => {
    elementWriter(dtype, entries, where)(i, value);
  });
  return values.map((_, i) => elementReader(dtype, entries)(i));
}

const isBeyondFloat64 = (value: bigint): boolean => !Number.isSafeInteger(Number(value));

/** Evenly spaced integers, truncated towards 0. */
function spacedExactly(first: bigint, last: bigint, steps: number): (i: number) => bigint {
  const intervals = BigInt(Math.max(steps - 1, 1));
  return (i) => (first * (intervals - BigInt(i)) + last * BigInt(i)) / intervals;
}

/** The function that {@link linspace} describes. */
function spaced(dtype: DType, first: number, last: number, steps: number): (i: number) => number {
  if (steps === 1) return () => first;
  const isDouble = kindOf(dtype) === 'integer' || dtype === 'float64' || dtype === 'complex128';
  const round = isDouble ? (value: number) => value : Math.fround;
  const step = round(round(last - first) / round(steps - 1));
  const middle = Math.floor(steps / 2);
  return (i) => (i < middle ? round(first + round(step * round(i))) : round(last - round(step * round(steps - 1 - i))));
}
