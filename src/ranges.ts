/** Making tensors of evenly spaced numbers. */

import { checkShape, checkWhole } from './checks';
import { checkOptions, type DTypeOf, filled, popOptions, type TensorOptions } from './create';
import { arrayOf, type Complex, type DType, entriesOf, getDefaultComplex, getDefaultDtype, kindOf } from './dtype';
import { type Entries, elementReader, elementWriter } from './element';
import { RsqrtError, rangeError, show, typeError } from './errors';
import { checkScalar, isComplex, type Scalar } from './literal';
import type { Tensor } from './tensor';

/**
 * The numbers `start`, `start + step`, … below `end` (above it if `step` is negative), in one dimension:
 * `arange(end)`, `arange(start, end)`, `arange(start, end, step)`, each with options at the end. Default dtype int64 if all
 * are bigints, otherwise float32, see {@link setDefaultDtype}. Throws `RangeError` if `step` is 0 or leads away from `end`,
 * `ERR_DTYPE` for a complex dtype.
 *
 * @example
 * ```ts
 * console.log(arange(3)); // tensor([0., 1., 2.])
 * console.log(arange(10n, 0n, -4n)); // tensor([10,  6,  2])
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
  const [start, end, step] = args.length === 1 ? [0, args[0], 1] : [args[0], args[1], args.length === 3 ? args[2] : 1];
  const exact = args.every((value) => typeof value === 'bigint');
  const bounds = [start, end, step].map((value, i) => {
    const name = ['start', 'end', 'step'][i];
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw typeError(`arange: ${name} must be a number; received ${show(value)}`);
    }
    if (!Number.isFinite(Number(value))) throw rangeError(`arange: ${name} must be finite; received ${show(value)}`);
    return exact ? BigInt(value) : Number(value);
  });
  const [first, last, stride] = bounds.map(Number);
  const span = exact ? Number((bounds[1] as bigint) - (bounds[0] as bigint)) : last - first;
  if (stride === 0 || Math.sign(span) * Math.sign(stride) < 0) {
    throw rangeError(`arange: step must lead from start ${show(start)} to end ${show(end)}; received ${show(step)}`);
  }
  const length = Math.ceil(span / stride) + 0; // no −0
  const shape = checkShape([length], 'arange: the number of elements');
  const type = dtype ?? (exact ? 'int64' : getDefaultDtype());
  if (kindOf(type) === 'complex') throw new RsqrtError('ERR_DTYPE', `arange is not defined for ${type} tensors`);
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, 'arange');
    for (let i = 0; i < length; i++) {
      write(i, exact ? (bounds[0] as bigint) + BigInt(i) * (bounds[2] as bigint) : first + i * stride);
    }
  });
}

/**
 * So many numbers from `start` to `end`, both included, evenly spaced, in one dimension. Default dtype float32, or complex64 if
 * one of them is complex, see {@link setDefaultDtype}; bigints and whole numbers do not make it an integer one.
 *
 * As in torch, `start` and `end` are first converted to the dtype. The first half is counted from the start, `start + step × i`,
 * the second from the end, `end − step × (steps − 1 − i)`, with `step = (end − start) / (steps − 1)`, each operation rounded: in
 * float64 for float64, complex128 and integers, of which the fraction is then cut off, otherwise in float32; float16 and bfloat16
 * are rounded from that. torch computes these two in 16 bits; of the other dtypes it gives the same bits on a CPU without wide
 * vectors, and with them results that depend on the length and may differ in the last digits.
 *
 * Throws `TypeError` for what is no value and for complex ones in a real dtype, `RangeError` for `steps` that is no
 * size and for what an integer dtype cannot hold, `ERR_DTYPE` for bool.
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
  const re = spaced(type, realPart(first), realPart(last), shape[0]);
  const im = isComplex(first) && isComplex(last) ? spaced(type, first.im, last.im, shape[0]) : undefined;
  return filled(shape, type, device, (entries) => {
    const write = elementWriter(type, entries, where);
    for (let i = 0; i < shape[0]; i++) write(i, im === undefined ? re(i) : { re: re(i), im: im(i) });
  });
}

const realPart = (value: Scalar): number => (isComplex(value) ? value.re : Number(value));

/** Values as a dtype holds them. */
function convertedTo(dtype: DType, values: readonly Scalar[], where: string): Scalar[] {
  const entries = new (arrayOf(dtype))(values.length * entriesOf(dtype)) as Entries;
  values.forEach((value, i) => {
    elementWriter(dtype, entries, where)(i, value);
  });
  return values.map((_, i) => elementReader(dtype, entries)(i));
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
