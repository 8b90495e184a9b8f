/** A list of values that were read from JavaScript and not yet written to a tensor. */

import type { TypedArray } from '../dtype/dtype';
import type { Sizes } from '../layout/layout';
import type { Scalar } from './scalar';
import type { Tensor } from './tensor';

/** Consecutive values of one kind. */
type Run =
  /**
   * Numbers. A complex number takes two entries, its real and its imaginary part. `used` entries
   * are set.
   */
  | { readonly kind: 'number' | 'complex'; readonly entries: Float64Array; used: number }
  | { readonly kind: 'other'; readonly entries: (bigint | boolean)[] | BigInt64Array | BigUint64Array }
  /** All elements of a tensor, and its shape when it was read. */
  | { readonly kind: 'tensor'; readonly tensor: Tensor; readonly shape: Sizes };

/** The first values are stored in a plain array, which is faster to make than a typed array. */
const FEW = 64;
const MAX_ENTRIES = 2 ** 16;
const NONE = new Float64Array(0);

/**
 * A list of values. From the 65th value on, numbers are stored outside the JavaScript heap, because
 * the lists that they are read from may nearly fill it.
 */
export class ValueList {
  readonly #first: Scalar[] = [];
  readonly #runs: Run[] = [];
  /** The last run, if it is one of numbers: its kind, its entries, and how many of them are set. */
  #kind: Run['kind'] = 'number';
  #entries = NONE;
  #used = 0;

  addNumber(value: number): void {
    if (this.#first.length < FEW && this.#runs.length === 0) {
      this.#first.push(value);
      return;
    }
    if (this.#kind !== 'number' || this.#used === this.#entries.length) this.#begin('number');
    this.#entries[this.#used++] = value;
  }

  addComplex(re: number, im: number): void {
    if (this.#first.length < FEW && this.#runs.length === 0) {
      this.#first.push({ re, im });
      return;
    }
    if (this.#kind !== 'complex' || this.#used === this.#entries.length) this.#begin('complex');
    this.#entries[this.#used++] = re;
    this.#entries[this.#used++] = im;
  }

  addOther(value: bigint | boolean): void {
    const last = this.#runs.at(-1);
    if (last === undefined && this.#first.length < FEW) {
      this.#first.push(value);
    } else if (last?.kind === 'other' && Array.isArray(last.entries)) {
      last.entries.push(value);
    } else {
      this.#end();
      this.#runs.push({ kind: 'other', entries: [value] });
    }
  }

  /** Adds all elements of a tensor, which are not read yet. */
  addTensor(tensor: Tensor): void {
    this.#end();
    this.#runs.push({ kind: 'tensor', tensor, shape: tensor.shape });
  }

  get hasTensors(): boolean {
    return this.#runs.some(({ kind }) => kind === 'tensor');
  }

  /** Whether there are tensors, and no values beside them. */
  get hasTensorsOnly(): boolean {
    return this.#first.length === 0 && this.#runs.length > 0 && this.#runs.every(({ kind }) => kind === 'tensor');
  }

  /**
   * Adds the elements of a typed array as values: bigints for an array of bigints, numbers for any
   * other.
   */
  addArray(array: TypedArray, name: string): void {
    this.#end();
    if (name === 'BigInt64Array') {
      this.#runs.push({ kind: 'other', entries: new BigInt64Array(array as BigInt64Array) });
    } else if (name === 'BigUint64Array') {
      this.#runs.push({ kind: 'other', entries: new BigUint64Array(array as unknown as BigUint64Array) });
    } else {
      const entries = new Float64Array(array as Float64Array);
      this.#runs.push({ kind: 'number', entries, used: entries.length });
    }
  }

  /** Calls `write` with each value, `writeTensor` with each tensor. */
  each(write: (value: Scalar) => void, writeTensor?: (tensor: Tensor, shape: Sizes) => void): void {
    this.#end();
    for (const value of this.#first) write(value);
    for (const run of this.#runs) {
      if (run.kind === 'tensor') writeTensor?.(run.tensor, run.shape);
      else if (run.kind === 'number') writeNumbers(run.entries, run.used, write);
      else if (run.kind === 'complex') writeComplex(run.entries, run.used, write);
      else for (const value of run.entries) write(value);
    }
  }

  /** Begins a run of numbers. */
  #begin(kind: 'number' | 'complex'): void {
    const length = Math.min(Math.max(2 * this.#entries.length, FEW), MAX_ENTRIES);
    this.#end();
    this.#kind = kind;
    this.#entries = new Float64Array(length);
    this.#runs.push({ kind, entries: this.#entries, used: 0 });
  }

  /** Ends the last run, if it is one of numbers. */
  #end(): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && 'used' in last && last.entries === this.#entries) last.used = this.#used;
    this.#entries = NONE;
    this.#used = 0;
  }
}

// Separate functions, so that V8 optimises each for one type of array.

function writeNumbers(entries: Float64Array, used: number, write: (value: Scalar) => void): void {
  for (let i = 0; i < used; i++) write(entries[i]);
}

function writeComplex(entries: Float64Array, used: number, write: (value: Scalar) => void): void {
  for (let i = 0; i < used; i += 2) write({ re: entries[i], im: entries[i + 1] });
}
