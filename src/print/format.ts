/**
 * Formats a tensor exactly by torch's rules.
 *
 * The elements shown are read once and become a column of aligned texts. The layout then arranges
 * these in rows and slices. Each kind of element is one row of `columns`.
 */

import type { Geometry } from '../layout/geometry';
import { numelOf, type Sizes } from '../layout/layout';
import { rangeError } from '../support/errors';

/** What the formatter needs to know about a tensor. */
export interface Printable extends Geometry {
  readonly dtype: string; // 'float32', 'int64', 'bool', ...
  readonly kind: 'bool' | 'integer' | 'float' | 'complex';
  readonly device: string; // 'cpu', 'cuda:0'
  /**
   * Reads the elements of a view of the tensor, row by row: numbers for floats and small integers,
   * bigints for int64, booleans, or { re, im }. Called at most once, and not at all if no element
   * is shown.
   */
  read(shown: Geometry): readonly Value[];
}

type Value = number | bigint | boolean | Complex;
type Complex = Readonly<{ re: number; im: number }>;

/**
 * How tensors print. These are torch's options, with the same meanings. See
 * {@link setPrintOptions}.
 */
export interface PrintOptions {
  /** Digits after the point, from 0 to 1074; by default 4. */
  precision: number;
  /** A tensor with more elements is summarised; by default 1000. With `Infinity` none is. */
  threshold: number;
  /**
   * How many indices a summary shows at each end of a dimension; by default 3. With 0 the size is
   * printed instead.
   */
  edgeItems: number;
  /** Columns of a line, at least 1; by default 80. With `Infinity` a row is never broken. */
  lineWidth: number;
  /**
   * Whether to use scientific notation always or never. By default `null`: it depends on the
   * values.
   */
  sciMode: boolean | null;
}

export const defaultPrintOptions: Readonly<PrintOptions> = Object.freeze({
  precision: 4,
  threshold: 1000,
  edgeItems: 3,
  lineWidth: 80,
  sciMode: null,
});

/** Everything that determines how a tensor prints. */
export interface PrintSettings extends PrintOptions {
  /** The default dtype, which the text does not name. */
  defaultDtype: string;
  /** If the text is estimated to be longer, `RangeError` is thrown. */
  maxCharacters: number;
}

// More would block the thread for many seconds. Elements alone do not bound the time: with a
// precision of 1074, each has more than a thousand characters.
const MAX_SHOWN = 2 ** 20;
const MAX_CHARACTERS = 2 ** 25;

const defaultSettings: PrintSettings = {
  ...defaultPrintOptions,
  defaultDtype: 'float32',
  maxCharacters: MAX_CHARACTERS,
};

const PREFIX = 'tensor(';
const INDENT = PREFIX.length;

/**
 * The text of a tensor: torch's `str(tensor)`, with the dtype named without `torch.`.
 *
 * Takes any shape, strides and offset. Reads only the elements that a summary shows. Settings that
 * are left out default to {@link defaultPrintOptions} and float32. Throws `RangeError` for more
 * than 2^20 elements or about 2^25 characters, before any element is formatted.
 */
export function formatTensor(tensor: Printable, options: Partial<PrintSettings> = {}): string {
  const settings = { ...defaultSettings, ...options };
  const isEmpty = numelOf(tensor.shape) === 0;
  const contents = isEmpty ? '[]' : formatValues(tensor, settings);
  return `${addSuffixes(PREFIX + contents, suffixesOf(tensor, isEmpty, settings), settings.lineWidth)})`;
}

/** How many elements the text of a tensor of this shape shows. */
export function countShown(shape: Sizes, options: PrintOptions): number {
  const edge = edgeOf(shape, options);
  return numelOf(shape.map((size) => Math.min(size, 2 * edge)));
}

function formatValues(tensor: Printable, settings: PrintSettings): string {
  const edge = edgeOf(tensor.shape, settings);
  const count = countShown(tensor.shape, settings);
  if (count > MAX_SHOWN) {
    throw rangeError(
      `toString: ${count} elements are more than a text shows (2^20); set a smaller threshold or edgeItems`,
    );
  }
  const values = count === 0 ? [] : tensor.read(shownOf(tensor, edge));
  const characters = estimateLength(tensor.shape, edge, widest[tensor.kind](values, settings), settings.lineWidth);
  if (characters > settings.maxCharacters) {
    throw rangeError(
      `toString: about ${characters} characters are more than a text has (2^25); set a smaller precision, threshold or edgeItems`,
    );
  }
  return layOut(columns[tensor.kind](values, settings), tensor.shape, edge, settings.lineWidth);
}

/** About how many characters the text of a tensor has if each element shown is `width` wide. */
function estimateLength(shape: Sizes, edge: number, width: number, lineWidth: number): number {
  let length = 0;
  let slices = 1;
  for (const [dim, size] of shape.entries()) {
    const isLast = dim === shape.length - 1;
    const parts = Math.min(size, 2 * edge + 1);
    const margin = INDENT + dim + 1;
    const lineBreak = isLast ? 2 : 1 + shape.length - 1 - dim;
    const perLine = isLast ? elementsPerLine(lineWidth, dim, width) : 1;
    const breaks = Math.ceil(parts / perLine) - 1;
    length += slices * (2 + breaks * (lineBreak + margin) + (isLast ? parts * (width + 2) : 0));
    slices *= parts;
  }
  return length;
}

/** How many elements a line holds; `dim` is the innermost dimension. */
const elementsPerLine = (lineWidth: number, dim: number, width: number): number =>
  Math.max(1, Math.floor((lineWidth - INDENT - dim) / (width + 2)));

/** How many indices are shown at each end of a dimension that has more than twice as many. */
function edgeOf(shape: Sizes, { threshold, edgeItems }: PrintOptions): number {
  return numelOf(shape) > threshold ? edgeItems : Number.POSITIVE_INFINITY;
}

/**
 * The elements shown, as one view. A dimension that is cut becomes two: one for the two ends, and
 * one for the indices within an end.
 */
function shownOf({ shape, strides, storageOffset }: Geometry, edge: number): Geometry {
  const dims = shape.flatMap((size, dim) => {
    if (size <= 2 * edge) return [{ size, stride: strides[dim] }];
    return [
      { size: 2, stride: (size - edge) * strides[dim] },
      { size: edge, stride: strides[dim] },
    ];
  });
  return { shape: dims.map(({ size }) => size), strides: dims.map(({ stride }) => stride), storageOffset };
}

/** Stands for the indices of a dimension that a summary leaves out. */
const GAP = -1;

function shownIndices(size: number, edge: number): number[] {
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  if (size <= 2 * edge) {
    return range(size);
  }
  return [...range(edge), GAP, ...range(edge).map((i) => size - edge + i)];
}

/** Arranges the texts of a column in nested brackets. */
function layOut(column: Column, shape: Sizes, edge: number, lineWidth: number): string {
  const last = shape.length - 1;
  let next = 0;
  const slice = (dim: number): string => {
    if (dim > last) {
      return column.texts[next++];
    }
    // torch puts a space before a gap in a row, unless the gap is all that is shown
    const gap = dim === last && edge > 0 ? ' ...' : '...';
    const parts = shownIndices(shape[dim], edge).map((i) => (i === GAP ? gap : slice(dim + 1)));
    const margin = ' '.repeat(INDENT + dim + 1);
    if (dim < last) {
      return `[${parts.join(`,${'\n'.repeat(last - dim)}${margin}`)}]`;
    }
    const perLine = elementsPerLine(lineWidth, dim, column.width);
    const separator = (i: number) => (i === 0 ? '' : i % perLine === 0 ? `,\n${margin}` : ', ');
    return `[${parts.map((part, i) => separator(i) + part).join('')}]`;
  };
  return slice(0);
}

/**
 * Whether the text need not name the dtype, because the values show it. Without values, only the
 * default dtype need not be named.
 */
function isImplied(dtype: string, isEmpty: boolean, defaultDtype: string): boolean {
  const defaultComplex = defaultDtype === 'float64' ? 'complex128' : 'complex64';
  return dtype === defaultDtype || (!isEmpty && [defaultComplex, 'int64', 'bool'].includes(dtype));
}

function suffixesOf(tensor: Printable, isEmpty: boolean, settings: PrintSettings): string[] {
  const { device, dtype, shape } = tensor;
  const suffixes: string[] = [];
  if (device !== 'cpu') {
    suffixes.push(`device='${device}'`);
  }
  // without edge items, torch always prints the size, whether or not the tensor is summarised
  if (isEmpty ? shape.length !== 1 : settings.edgeItems === 0) {
    suffixes.push(`size=(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`);
  }
  if (!isImplied(dtype, isEmpty, settings.defaultDtype)) {
    suffixes.push(`dtype=${dtype}`);
  }
  return suffixes;
}

function addSuffixes(text: string, suffixes: readonly string[], lineWidth: number): string {
  // torch counts two columns too many up to the first break, and our text must break at the same
  // place
  let used = text.length - (text.lastIndexOf('\n') + 1) + 2;
  let result = text;
  for (const suffix of suffixes) {
    if (used + suffix.length + 2 > lineWidth) {
      result += `,\n${' '.repeat(INDENT)}${suffix}`;
      used = INDENT + suffix.length;
    } else {
      result += `, ${suffix}`;
      used += suffix.length + 2;
    }
  }
  return result;
}

// ---------------------------------------------------------------- columns, one per kind

/** Values as aligned texts, in the order shown. `width` is the number of columns that one takes. */
type Column = Readonly<{ texts: readonly string[]; width: number }>;

type MakeColumn = (values: readonly Value[], settings: PrintOptions) => Column;

const columns: Record<Printable['kind'], MakeColumn> = {
  float: (values, settings) => floatColumn(values.map(Number), settings),
  complex: (values, settings) => complexColumn(values as readonly Complex[], settings),
  integer: (values) => align(values.map(String)),
  bool: (values) => align(values.map((value) => (value ? 'True' : 'False'))),
};

/**
 * For each kind, an upper bound on the width of the values. Floats are not formatted to find it.
 */
const widest: Record<Printable['kind'], (values: readonly Value[], settings: PrintOptions) => number> = {
  float: (values, settings) => widestFloat(values.map(Number), settings),
  complex: (values, settings) => {
    const parts = values as readonly Complex[];
    const re = parts.map((value) => value.re);
    const im = parts.map((value) => value.im);
    return widestFloat(re, settings) + widestFloat(im, settings) + 1;
  },
  integer: (values) => values.reduce<number>((max, value) => Math.max(max, String(value).length), 1),
  bool: () => 5,
};

function widestFloat(values: readonly number[], settings: PrintOptions): number {
  const deciding = values.filter(decides);
  const style = chooseStyle(deciding, settings);
  if (style === 'scientific') return '-0.e-000'.length + settings.precision;
  // Rounding up may add a digit.
  const digits = deciding.reduce((max, value) => Math.max(max, Math.floor(Math.log10(Math.abs(value))) + 2), 1);
  return '-inf'.length + digits + (style === 'fixed' ? settings.precision : 0);
}

/** Right-aligns all texts to the longest of the deciding ones. */
function align(texts: readonly string[], deciding = texts): Column {
  const width = deciding.reduce((longest, text) => Math.max(longest, text.length), 1);
  return { texts: texts.map((text) => text.padStart(width)), width };
}

/** Zeros, infinities and nan follow the notation and width that the other values determine. */
function floatColumn(values: readonly number[], settings: PrintOptions): Column {
  const notation = notations[chooseStyle(values.filter(decides), settings)](settings.precision);
  const texts = values.map((value) => (Number.isFinite(value) ? notation(value) : nameOf(value)));
  const deciding = texts.filter((_, i) => decides(values[i]));
  return align(texts, deciding);
}

/** Each part has its own notation. The imaginary part is signed and not aligned. */
function complexColumn(values: readonly Complex[], settings: PrintOptions): Column {
  const re = floatColumn(
    values.map((value) => value.re),
    settings,
  );
  const im = floatColumn(
    values.map((value) => value.im),
    settings,
  );
  const texts = re.texts.map((text, i) => `${text}${im.texts[i].trimStart().replace(/^(?!-)/, '+')}j`);
  return { texts, width: re.width + im.width + 1 };
}

function nameOf(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** Whether a value counts towards the notation and width of a column. */
const decides = (value: number): boolean => Number.isFinite(value) && value !== 0;

type Style = 'scientific' | 'whole' | 'fixed';

const notations: Record<Style, (precision: number) => (value: number) => string> = {
  scientific: (precision) => (value) => scientific(value, precision),
  whole: () => (value) => `${fixed(value, 0)}.`,
  fixed: (precision) => (value) => fixed(value, precision),
};

function chooseStyle(deciding: readonly number[], { sciMode }: PrintOptions): Style {
  if (deciding.length > 0 && (sciMode ?? spreadsTooFar(deciding))) return 'scientific';
  return deciding.every(Number.isInteger) ? 'whole' : 'fixed';
}

function spreadsTooFar(values: readonly number[]): boolean {
  const magnitudes = values.map(Math.abs);
  const min = magnitudes.reduce((a, b) => Math.min(a, b));
  const max = magnitudes.reduce((a, b) => Math.max(a, b));
  return max / min > 1000 || max > 1e8 || min < 1e-4;
}

// ---------------------------------------------------------------- exact decimals

// Ties go to the even digit of the exact value, as in C. `toFixed` and `toExponential` round ties
// up and everything else correctly, so they format what cannot be a tie. BigInt formats the rest,
// and numbers with more digits than they support: every double is a finite decimal.

/** The most digits that `toFixed` and `toExponential` support. */
const MAX_NATIVE_DIGITS = 100;

/** From this value on, `toFixed` gives only as many digits as identify the double. */
const FIRST_NOT_FIXED = 1e21;

/** coefficient / 10^scale: the exact magnitude of a finite double. */
type Decimal = Readonly<{ coefficient: bigint; scale: number }>;

/** A value with this many digits after the point, like C's `%.*f`. */
function fixed(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (digits <= MAX_NATIVE_DIGITS && magnitude < FIRST_NOT_FIXED && !mayTie(magnitude, digits)) {
    return sign(value) + magnitude.toFixed(digits);
  }
  const text = String(scaleAndRound(exactDecimal(value), digits)).padStart(digits + 1, '0');
  return sign(value) + insertPoint(text, text.length - digits);
}

/**
 * A value with one digit before the point, this many after it, and an exponent of at least two
 * digits, like C's `%.*e`.
 */
function scientific(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (digits <= MAX_NATIVE_DIGITS) {
    const text = magnitude.toExponential(digits);
    // If rounding up carried into the exponent, mayTie looks at the wrong digit. But a tie that
    // carries (9.5) rounds up to an even digit anyway.
    if (!mayTie(magnitude, digits - exponentOf(text))) return sign(value) + text.replace(/([+-])(\d)$/, '$10$2');
  }
  // With 20 digits no double carries, because none is that close below a power of ten.
  const exponent = exponentOf(magnitude.toExponential(20));
  const text = String(scaleAndRound(exactDecimal(value), digits - exponent)).padEnd(digits + 1, '0');
  // 9.99… may have become 10.0…, one digit longer
  const power = exponent + text.length - (digits + 1);
  const powerText = String(Math.abs(power)).padStart(2, '0');
  const mantissa = insertPoint(text.slice(0, digits + 1), 1);
  return `${sign(value)}${mantissa}e${power < 0 ? '-' : '+'}${powerText}`;
}

const exponentOf = (text: string): number => Number(text.slice(text.indexOf('e') + 1));

/**
 * Whether a positive value may lie halfway between two decimals with `digits` digits after the
 * point; negative `digits` count to the left of the point. If it does, it is a multiple of
 * 10^−digits / 2.
 */
function mayTie(value: number, digits: number): boolean {
  if (digits >= 0) return !Number.isInteger(value) && Number.isInteger(value * 2 ** (digits + 1));
  // The significand of a double is below 2^53, so 5^23 does not divide it.
  return digits >= -22 && value % (5 * 10 ** (-digits - 1)) === 0;
}

function sign(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}

function insertPoint(digits: string, at: number): string {
  return at < digits.length ? `${digits.slice(0, at)}.${digits.slice(at)}` : digits;
}

function exactDecimal(value: number): Decimal {
  // m / 2^k = m · 5^k / 10^k, and doubling a double is exact
  let numerator = Math.abs(value);
  let scale = 0;
  for (; !Number.isInteger(numerator); scale++) {
    numerator *= 2;
  }
  return { coefficient: BigInt(numerator) * 5n ** BigInt(scale), scale };
}

/** The decimal times 10^digits as an integer, ties to even. */
function scaleAndRound({ coefficient, scale }: Decimal, digits: number): bigint {
  if (digits >= scale) {
    return coefficient * 10n ** BigInt(digits - scale);
  }
  const unit = 10n ** BigInt(scale - digits);
  const quotient = coefficient / unit;
  const twice = 2n * (coefficient % unit);
  return twice > unit || (twice === unit && quotient % 2n === 1n) ? quotient + 1n : quotient;
}
