/** Joins tensors along an existing or a new dimension. */

import { isAnyArrayBuffer, isMap, isTypedArray } from 'node:util/types';
import { checkCast, type DType, promoteTypes } from '../dtype/dtype';
import { isVector } from '../foreign/arrow';
import { looksLikeTensor } from '../foreign/foreign';
import { type Geometry, narrowed, selected, unsqueezed } from '../layout/geometry';
import {
  channelsLastStrides,
  contiguousStrides,
  isChannelsLast,
  resultStrides,
  type Sizes,
  sameSizes,
  viewStrides,
} from '../layout/layout';
import { checkShape } from '../layout/shape-checks';
import { deviceName } from '../memory/device';
import { viewOf } from '../methods/views';
import { resize, resizedRegion } from '../ops/op';
import { copyOf, launchCopy } from '../program/copy';
import { checkWritable, mustCopyAside, regionOf } from '../program/overlap';
import { checkDim, checkKeys, checkWhole } from '../support/checks';
import { RsqrtError, rangeError, show, typeError } from '../support/errors';
import { allocateTensor, written } from '../tensor/memory';
import { checkIsOptions, isTensor, layoutOf, notATensor, relayOut, storageOf, Tensor } from '../tensor/tensor';
import { fromSource, type Shareable, type SharedDType } from './as-tensor';

/**
 * What {@link stack} and {@link cat} join: tensors, and objects that {@link asTensor} shares
 * without copying.
 */
export type Joinable = Tensor | Shareable;

/** Whether a type is a single member and not a union of several. */
type IsOne<Member, All = Member> = Member extends unknown ? ([All] extends [Member] ? true : false) : never;

/**
 * The dtype of joined tensors: their dtype if they all have the same, and any DType otherwise,
 * because the compiler does not compute promotion.
 */
export type JoinedDType<T> = [T] extends [never] ? DType : false extends IsOne<SharedDType<T>> ? DType : SharedDType<T>;

/** The options of {@link stack} and {@link cat}. */
export interface JoinOptions {
  /** The dimension; a negative one counts from the end. Default 0. */
  dim?: number;
}

/** Where each tensor goes in the result. */
interface Plan {
  shape: Sizes;
  strides: Sizes;
  /** The strides of an `out` that is resized. */
  outStrides: Sizes;
  /** The tensors that are not skipped, each with the view that it fills in a tensor of that shape. */
  pieces: { source: Tensor; viewIn: (whole: Geometry) => Geometry }[];
}

/**
 * Joins tensors along an existing dimension. Their sizes in all other dimensions must be the same.
 * Tensors of shape [0] are skipped, as in torch.
 *
 * The dtype is the promoted dtype of all tensors ({@link promoteTypes}), and the device is theirs.
 * The result is contiguous or, if all tensors are channels-last, channels-last.
 *
 * Throws `ERR_SHAPE` for shapes that do not match and for tensors without dimensions, `ERR_DEVICE`
 * for tensors on several devices, `RangeError` for a dimension that does not exist or an empty
 * list, and `TypeError` for anything that is not a list of tensors.
 *
 * @param tensors an array, or anything else to iterate over
 * @example
 * ```ts
 * const x = tensor([[1, 2]]);
 * cat([x, tensor([[3, 4], [5, 6]])]).shape; // [ 3, 2 ]
 * cat([x, x], 1); // tensor([[1., 2., 1., 2.]])
 * cat([x, x], { dim: -1, out: empty(1, 4) }); // tensor([[1., 2., 1., 2.]])
 * ```
 */
export function cat<T extends Joinable>(tensors: Iterable<T>, dim?: number | JoinOptions): Tensor<JoinedDType<T>>;
/**
 * @param options.out where the result is stored: a tensor on the same device, of a dtype that the
 *   result may be cast to, which shares no memory with the tensors. One of another shape is
 *   resized, with a warning if it had elements
 * @returns `out`
 * @throws ERR_DTYPE, ERR_SHAPE, ERR_DEVICE or ERR_OVERLAP, with nothing written
 */
export function cat<T extends Tensor>(tensors: Iterable<Joinable>, options: JoinOptions & { out: T }): T;
export function cat(tensors: Iterable<Joinable>, ...args: unknown[]): Tensor {
  return joined('cat', tensors, args, planOfCat);
}

/**
 * Joins tensors of one shape along a new dimension: `stack([x, y]).shape` is `[2, ...x.shape]`.
 * Otherwise as {@link cat}; also takes tensors without dimensions.
 *
 * @param tensors an array, or anything else to iterate over
 * @example
 * ```ts
 * stack([tensor([1, 2]), tensor([3, 4])]);
 * // tensor([[1., 2.],
 * //         [3., 4.]])
 * stack([tensor([1, 2]), new Float32Array([3, 4])], -1);
 * // tensor([[1., 3.],
 * //         [2., 4.]])
 * ```
 */
export function stack<T extends Joinable>(tensors: Iterable<T>, dim?: number | JoinOptions): Tensor<JoinedDType<T>>;
/**
 * @param options.out as in {@link cat}
 * @returns `out`
 * @throws ERR_DTYPE, ERR_SHAPE, ERR_DEVICE or ERR_OVERLAP, with nothing written
 */
export function stack<T extends Tensor>(tensors: Iterable<Joinable>, options: JoinOptions & { out: T }): T;
export function stack(tensors: Iterable<Joinable>, ...args: unknown[]): Tensor {
  return joined('stack', tensors, args, planOfStack);
}

function joined(
  where: string,
  tensors: unknown,
  args: unknown[],
  planOf: (tensors: readonly Tensor[], dim: unknown) => Plan,
): Tensor {
  const { dim, out } = joiningArguments(args, where);
  const made: Tensor[] = [];
  try {
    const parts = tensorsIn(tensors, where, (tensor) => made.push(tensor));
    if (parts.length === 0) throw rangeError(`${where}: tensors must be at least one; received none`);
    const device = deviceOf(parts, where);
    const dtype = parts.map((part) => part.dtype).reduce(promoteTypes);
    const plan = planOf(parts, dim);
    checkShape(plan.shape, `${where}: the result`);
    if (out !== undefined) return joinedInto(out, plan, dtype, device, where);
    const { shape, strides } = plan;
    const result = allocateTensor(dtype, Object.freeze(shape), Object.freeze(strides), device);
    return written(result, () => write(plan, result, where));
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}

/** Checks the arguments after the tensors: a dimension, or options. */
function joiningArguments([given = {}, ...more]: unknown[], where: string): { dim: unknown; out: unknown } {
  // Otherwise the index that Array.prototype.map passes would be taken for a dimension.
  if (more.length > 0) {
    throw typeError(`${where}: expected tensors and a dimension, or { dim, out }; received ${show(more[0])} too`);
  }
  if (typeof given === 'number') return { dim: given, out: undefined };
  checkIsOptions(given, 'dim, out', where);
  checkKeys(given, ['dim', 'out'], where);
  const { dim = 0, out } = given as { dim?: unknown; out?: unknown };
  return { dim, out };
}

/**
 * The tensors of a list. Those that were made on other objects' memory are also passed to `made`.
 */
function tensorsIn(list: unknown, where: string, made: (tensor: Tensor) => void): Tensor[] {
  const items = itemsOf(list, where);
  const tensors: Tensor[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const name = `${where}: tensors[${i}]`;
    if (isTensor(item)) {
      storageOf(item, name);
      tensors.push(item);
    } else if (isMemory(item)) {
      const tensor = fromSource(item, [], name);
      made(tensor);
      tensors.push(tensor);
    } else {
      throw notATensor(name, item);
    }
  }
  return tensors;
}

const isMemory = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Tensor) && // as a Proxy of one is
  (isTypedArray(value) || isAnyArrayBuffer(value) || looksLikeTensor(value) || isVector(value));

function itemsOf(list: unknown, where: string): readonly unknown[] {
  if (Array.isArray(list)) return list;
  const isObject = typeof list === 'object' && list !== null;
  if (isObject && Symbol.iterator in list && !isTensor(list) && !isMap(list) && !isMemory(list)) {
    return [...(list as Iterable<unknown>)];
  }
  const received = isTensor(list) ? 'one Tensor' : show(list);
  const remedy = isMap(list) ? '; give [...x.values()]' : isObject && !isMemory(list) ? '; give Object.values(x)' : '';
  throw typeError(`${where}: tensors must be a list of tensors; received ${received}${isTensor(list) ? '' : remedy}`);
}

/** The device of all tensors. Throws `ERR_DEVICE` if they are on several. */
function deviceOf(tensors: readonly Tensor[], where: string): number {
  const { device } = storageOf(tensors[0], where);
  const other = tensors.findIndex((tensor) => storageOf(tensor, where).device !== device);
  if (other === -1) return device;
  throw new RsqrtError(
    'ERR_DEVICE',
    `${where}: tensors[${other}] is on ${tensors[other].device}, tensors[0] on ${tensors[0].device}; all must be on one device`,
  );
}

// ---------------------------------------------------------------- where everything goes

/**
 * Whether `cat` skips a tensor. torch skips these because old programs use them as the only kind of
 * empty tensor.
 */
const isSkipped = ({ shape }: Tensor): boolean => shape.length === 1 && shape[0] === 0;

function planOfCat(tensors: readonly Tensor[], dim: unknown): Plan {
  const without = tensors.findIndex(({ ndim }) => ndim === 0);
  if (without !== -1) {
    throw new RsqrtError('ERR_SHAPE', `cat: tensors[${without}] has no dimensions; stack joins such tensors`);
  }
  const firstIndex = tensors.findIndex((tensor) => !isSkipped(tensor));
  if (firstIndex === -1) {
    // As in torch, any dimension will do.
    checkWhole(dim, 'cat: dim', Number.MIN_SAFE_INTEGER);
    return { shape: [0], strides: [1], outStrides: [1], pieces: [] };
  }
  const first = tensors[firstIndex];
  const at = checkDim(dim, first.ndim, 'cat: dim');
  const pieces: Plan['pieces'] = [];
  let size = 0;
  tensors.forEach((source, i) => {
    if (isSkipped(source)) return;
    if (source.ndim !== first.ndim || !sameSizes(source.shape.with(at, 0), first.shape.with(at, 0))) {
      throw mismatch('cat', tensors, i, firstIndex, `all sizes but those of dimension ${at} must be the same`);
    }
    const start = size;
    size += source.shape[at];
    pieces.push({ source, viewIn: (whole) => narrowed(whole, at, start, source.shape[at]) });
  });
  const shape = first.shape.with(at, size);
  const strides = joinedStrides(tensors, shape);
  return { shape, strides, outStrides: strides, pieces };
}

/**
 * torch joins along an existing dimension and then splits it. If the new dimension is the last,
 * torch first adds it with size 1 and joins along it.
 */
function planOfStack(tensors: readonly Tensor[], dim: unknown): Plan {
  const [first] = tensors;
  const at = checkDim(dim, first.ndim + 1, 'stack: dim');
  const other = tensors.findIndex((tensor) => !sameSizes(tensor.shape, first.shape));
  if (other !== -1) throw mismatch('stack', tensors, other, 0, 'all shapes must be the same');
  const shape = first.shape.toSpliced(at, 0, tensors.length);
  const pieces = tensors.map((source, i) => ({
    source,
    viewIn: (whole: Geometry) => selected(whole, at, i, 'stack'),
  }));
  if (at === first.ndim) {
    const strides = joinedStrides(
      tensors.map((tensor) => unsqueezed(tensor, at)),
      shape,
    );
    return { shape, strides, outStrides: strides, pieces };
  }
  const side = first.shape.with(at, first.shape[at] * tensors.length);
  // A dimension can always be split.
  const strides = viewStrides(side, joinedStrides(tensors, side), shape) as number[];
  return { shape, strides, outStrides: contiguousStrides(shape), pieces };
}

function mismatch(where: string, tensors: readonly Tensor[], i: number, first: number, rule: string): RsqrtError {
  return new RsqrtError(
    'ERR_SHAPE',
    `${where}: tensors[${i}] of shape [${tensors[i].shape}] does not match tensors[${first}] of shape [${tensors[first].shape}]; ${rule}`,
  );
}

function joinedStrides(tensors: readonly Geometry[], shape: Sizes): Sizes {
  const areChannelsLast = tensors.every((tensor) => isChannelsLast(tensor.shape, tensor.strides));
  return areChannelsLast ? channelsLastStrides(shape) : contiguousStrides(shape);
}

// ---------------------------------------------------------------- copying

function write({ pieces }: Plan, whole: Tensor, where: string): void {
  for (const { source, viewIn } of pieces) {
    if (source.numel === 0) continue;
    using part = viewOf(whole, viewIn(whole), where);
    launchCopy(source, part);
  }
}

/** Checks everything, then copies the tensors into `out`. */
function joinedInto(out: unknown, plan: Plan, dtype: DType, device: number, where: string): Tensor {
  const name = `${where}: out`;
  if (!isTensor(out)) throw notATensor(name, out);
  if (storageOf(out, name).device !== device) {
    throw new RsqrtError(
      'ERR_DEVICE',
      `${name} must be on the device of the tensors, ${deviceName(device)}; it is on ${out.device}`,
    );
  }
  checkCast(dtype, out.dtype, name);
  checkWritable(out, name);
  const layout = layoutOf(out);
  const resized = sameSizes(plan.shape, layout.shape)
    ? undefined
    : resizedRegion(out, { shape: plan.shape, strides: plan.outStrides }, name);
  const copies: Tensor[] = [];
  try {
    const regions = resized === undefined ? [regionOf(out)] : [regionOf(out), resized];
    const pieces = plan.pieces.map((piece) => {
      const { source } = piece;
      if (!regions.map((region) => mustCopyAside(source, region, name)).includes(true)) return piece;
      const copy = copyOf(source, resultStrides(source.shape, source.strides));
      copies.push(copy);
      return { ...piece, source: copy };
    });
    if (resized !== undefined) resize(out, resized, name);
    try {
      write({ ...plan, pieces }, out, where);
    } catch (error) {
      relayOut(out, layout);
      throw error;
    }
    return out;
  } finally {
    for (const copy of copies) copy.dispose();
  }
}
