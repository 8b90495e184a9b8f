/** The methods of Tensor that print it. */

import { type InspectOptions, inspect } from 'node:util';
import { isProxy } from 'node:util/types';
import { type DType, getDefaultDtype, kindOf } from '../dtype/dtype';
import type { Geometry } from '../layout/geometry';
import type { Sizes } from '../layout/layout';
import { listed } from '../methods/reading';
import { createTensor, extend, isLost, isTensor, storageOf, type Tensor } from '../tensor/tensor';
import { countShown, formatTensor, type PrintOptions } from './format';
import { getPrintOptions } from './print-options';

/** `inspect.custom`, spelled out because users may compile without the types of Node. */
const custom: unique symbol = Symbol.for('nodejs.util.inspect.custom');

declare module '../tensor/tensor' {
  interface Tensor<D extends DType = DType> extends Printing<D> {}
}

/**
 * Printing. For a tensor on a GPU, it waits for the work queued there and copies only the elements
 * that are shown.
 */
export abstract class Printing<D extends DType> {
  /**
   * The text that torch prints, with the options of {@link setPrintOptions}. Reads only the
   * elements shown. For a tensor on a GPU, waits for the work queued there, unless there is no
   * element to show.
   *
   * Throws `ERR_DISPOSED`, and `RangeError` if more than 2^20 elements or about 2^25 characters
   * would be shown.
   *
   * @example
   * ```ts
   * console.log(`x = ${arange(3)}`); // x = tensor([0., 1., 2.])
   * ```
   */
  toString(this: Tensor<D>): string {
    return textOf(this, getPrintOptions());
  }

  /**
   * The text that `console.log` and `util.inspect` show. Never throws. A tensor by itself is shown
   * as {@link toString} returns it.
   *
   * Inside another object, a text of several lines begins on a new line, and a tensor of more than
   * `maxArrayLength` elements, by default 100, is summarised to at most that many. Below `depth`,
   * only dtype, shape and device are shown, without reading elements or waiting for a GPU. (If
   * `depth` is null or infinite, Node does not tell whether a tensor is inside another object, so
   * it is shown as if by itself.)
   *
   * @example
   * ```ts
   * const x = arange(6).view(2, 3);
   * console.log({ x, deep: { deeper: { x } } });
   * // {
   * //   x: tensor(
   * //     [[0., 1., 2.],
   * //      [3., 4., 5.]]),
   * //   deep: { deeper: { x: [Tensor float32 [2, 3]] } }
   * // }
   * ```
   */
  [custom](this: Tensor<D>, depth?: number | null, options: { readonly depth?: number | null } = {}): string {
    if (isProxy(this)) return '[Proxy of a Tensor]';
    if (!isTensor(this)) return this; // Object.create(tensor), which Node shows like any object
    if (isLost(this)) return `tensor(<disposed>, shape=[${this.shape}])`;
    if (typeof depth === 'number' && depth < 0) return `[${nameOf(this)}]`;
    const isInside = Number(options.depth) - Number(depth) > 0;
    try {
      return isInside ? textInside(this, options) : textOf(this, getPrintOptions());
    } catch (error) {
      return `[${nameOf(this)} <${(error as Error).message}>]`;
    }
  }
}

extend(Printing);

function textOf(tensor: Tensor, options: PrintOptions): string {
  storageOf(tensor, 'toString'); // throws even if there is no element to read
  const { dtype, device, shape, strides, storageOffset } = tensor;
  const read = (shown: Geometry) => {
    // Not viewOf, which allows 64 dimensions: a summary splits dimensions, so it can have more.
    const { shape, strides, storageOffset } = shown;
    const storage = storageOf(tensor, 'toString');
    using view = createTensor(storage, dtype, Object.freeze(shape), Object.freeze(strides), storageOffset);
    return listed(view, 'toString');
  };
  return formatTensor(
    { dtype, kind: kindOf(dtype), device, shape, strides, storageOffset, read },
    { ...options, defaultDtype: getDefaultDtype() },
  );
}

/**
 * The text for a tensor inside another object. Node indents the lines as far as that object. The
 * column in which the first line begins is not known (`name: tensor(…`), so if there are several
 * lines, the elements begin on a new line.
 */
function textInside(tensor: Tensor, options: InspectOptions): string {
  const { maxArrayLength = inspect.defaultOptions.maxArrayLength } = options;
  const text = textOf(tensor, shortened(getPrintOptions(), tensor.shape, maxArrayLength ?? Number.POSITIVE_INFINITY));
  if (!text.includes('\n')) return text;
  return text.replace('tensor(', 'tensor(\n       ').replaceAll('\n       ', '\n  ');
}

/** The options, changed as little as necessary to show at most `max` elements. */
function shortened(options: PrintOptions, shape: Sizes, max: number): PrintOptions {
  const threshold = Math.min(options.threshold, max);
  const shows = (edgeItems: number) => countShown(shape, { ...options, threshold, edgeItems });
  if (shows(options.edgeItems) <= max) return { ...options, threshold };
  // Bisection. With `few` edge items few enough elements are shown, and with `many` too many.
  let few = 0;
  let many = Math.min(options.edgeItems, Math.max(...shape, 0) + 1);
  while (many - few > 1) {
    const middle = few + Math.floor((many - few) / 2);
    if (shows(middle) <= max) few = middle;
    else many = middle;
  }
  return { ...options, threshold, edgeItems: few };
}

/** Describes a tensor without its elements. */
const nameOf = ({ dtype, shape, device }: Tensor): string =>
  `Tensor ${dtype} [${shape.join(', ')}]${device === 'cpu' ? '' : ` on ${device}`}`;
