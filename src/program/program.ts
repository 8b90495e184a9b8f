/**
 * Makes programs: lists of steps that the addon runs in one pass over the elements. Dtypes and ops
 * are given by their codes.
 */

import { infoOfCode } from '../dtype/dtype';
import { binding } from '../load/binding';

/** The kinds of steps, as the addon numbers them. */
const LOAD = 0;
const SCALAR = 1;
const APPLY = 2;
const STORE = 3;

/** The code of the op that converts to another dtype. */
const COPY = binding.ops.findIndex(({ name }) => name === 'copy');

/** A value of a program: what a step defines. */
export interface Value {
  /** The dtype of its elements. */
  readonly dtype: number;
  /** The step, without the numbers of its inputs. */
  readonly step: readonly [kind: number, code: number, dtype: number];
  readonly inputs: readonly Value[];
  /** How many values are alive at most while it is computed. */
  readonly slots: number;
}

/**
 * Describes a program. Values are made from operands, scalars and other values, and what is stored
 * becomes the program's outputs. Operands and scalars are numbered in the order of these calls.
 */
export class ProgramBuilder {
  readonly #operands: number[] = [];
  readonly #scalars: number[] = [];
  readonly #stores: { readonly operand: number; readonly value: Value }[] = [];

  /** The elements of a further operand, which is an input. */
  load(dtype: number): Value {
    return { dtype, step: [LOAD, this.#operands.push(dtype) - 1, dtype], inputs: [], slots: 1 };
  }

  /** A further scalar, whose value is given by each run. */
  scalar(dtype: number): Value {
    return { dtype, step: [SCALAR, this.#scalars.push(dtype) - 1, dtype], inputs: [], slots: 0 };
  }

  /** An op applied to values of one dtype, in which the op computes. */
  apply(op: number, ...inputs: readonly Value[]): Value {
    const { dtype } = inputs[0];
    return { dtype: binding.ops[op].results[dtype], step: [APPLY, op, dtype], inputs, slots: slotsOf(inputs) };
  }

  /** A value in another dtype. Returns the value itself if it has that dtype. */
  convert(value: Value, dtype: number): Value {
    if (value.dtype === dtype) return value;
    return { dtype, step: [APPLY, COPY, dtype], inputs: [value], slots: slotsOf([value]) };
  }

  /** Stores a value in a further operand of its dtype, which is an output. */
  store(value: Value): void {
    this.#stores.push({ operand: this.#operands.push(value.dtype) - 1, value });
  }

  /** Makes the program. Returns its number. Throws `ERR_OUT_OF_RANGE` if it is too long. */
  make(): number {
    const steps: number[] = [];
    const numbers = new Map<Value, number>();
    // A value is computed only when it is needed, and of several inputs the one that needs the most
    // slots first, so that few values are alive at a time.
    const define = (value: Value): number => {
      const defined = numbers.get(value);
      if (defined !== undefined) return defined;
      for (const input of mostSlotsFirst(value.inputs)) define(input);
      const [x, y, z] = value.inputs.map(define);
      const number = steps.push(...value.step, x ?? 0, y ?? 0, z ?? 0) / 6 - 1;
      numbers.set(value, number);
      return number;
    };
    for (const { value } of this.#stores) define(value);
    for (const { operand, value } of this.#stores) steps.push(STORE, operand, value.dtype, define(value), 0, 0);
    return binding.program(Uint8Array.from(steps), Uint8Array.from(this.#operands), Uint8Array.from(this.#scalars));
  }
}

const mostSlotsFirst = (values: readonly Value[]): Value[] => [...values].sort((a, b) => b.slots - a.slots);

/** How many values are alive at most while some are computed one after the other. */
const slotsOf = (inputs: readonly Value[]): number =>
  Math.max(1, ...mostSlotsFirst(inputs).map(({ slots }, i) => i + slots));

/**
 * The dtype to which values of a dtype are converted before an op is applied to them. The op must
 * not refuse the dtype.
 */
export function computedIn(op: number, dtype: number): number {
  // 16-bit floats are computed in float32 by the op's own step.
  if (infoOfCode(dtype).kind === 'float') return dtype;
  return binding.ops[op].computes[dtype];
}

/**
 * Programs that differ only in three dtypes. They are made when they are first needed, and found
 * without making strings or lists.
 */
export class ProgramTable {
  readonly #make: (a: number, b: number, c: number) => number;
  /** By the three codes: 1 more than the number of the program, or 0. */
  #programs: Int32Array | null = null;

  constructor(make: (a: number, b: number, c: number) => number) {
    this.#make = make;
  }

  get(a: number, b: number, c: number): number {
    this.#programs ??= new Int32Array(DTYPES ** 3);
    const index = (a * DTYPES + b) * DTYPES + c;
    const found = this.#programs[index];
    if (found > 0) return found - 1;
    const program = this.#make(a, b, c);
    this.#programs[index] = program + 1;
    return program;
  }
}

const DTYPES = binding.dtypes.length;

/** The programs that copy elements from one dtype to another: of an input and an output. */
const copies = new ProgramTable((from, to) => {
  const builder = new ProgramBuilder();
  builder.store(builder.convert(builder.load(from), to));
  return builder.make();
});

/** The program that copies elements, converting them if the dtypes differ. */
export const copyProgram = (from: number, to: number): number => copies.get(from, to, 0);
