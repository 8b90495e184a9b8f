/**
 * For suites of wrong calls: rows of a call and the error that it must throw, without any change to
 * its inputs.
 */

import { inspect } from 'node:util';
import { isAnyArrayBuffer } from 'node:util/types';

/**
 * The type of values that are used as the compiler forbids: it has every property, and every call
 * takes every argument.
 */
export interface Loose {
  (...args: unknown[]): Loose;
  [name: string]: Loose;
}

export const loose = (value: unknown): Loose => value as Loose;

/** What a call must throw. Without a code, the error is one of JavaScript's own. */
export interface Expected {
  name: string;
  code?: string;
}

export const type: Expected = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
export const range: Expected = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };

/** The message must name the function, the expectation and what was received. */
export type Row<World> = [name: string, call: (world: World) => unknown, expected: Expected, message: RegExp];

/** What a call throws. Fails the test if the call returns. */
export function thrownBy(call: () => unknown): unknown {
  let returned: unknown;
  try {
    returned = call();
  } catch (error) {
    return error;
  }
  throw new Error(`the call succeeded and returned ${inspect(returned, { depth: 1 })}`);
}

/** The bits of everything in a world that has bits, by name. */
export function stateOf(world: object): Record<string, string> {
  return Object.fromEntries(Object.entries(world).map(([name, value]) => [name, bitsOf(value)]));
}

function bitsOf(value: unknown): string {
  if (isAnyArrayBuffer(value)) return bitsOf(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  }
  if (typeof value !== 'object' || value === null || !('storageOffset' in value)) return '';
  const tensor = loose(value);
  const { dtype, device, shape, strides, storageOffset } = tensor;
  let bits: string;
  try {
    bits = bitsOf(tensor.clone().cpu().data);
  } catch (error) {
    bits = String((error as { code?: string }).code); // for example if it is disposed
  }
  return `${dtype} ${device} [${shape}] [${strides}] ${storageOffset} ${bits}`;
}

export interface TableOptions<World> {
  /** Further checks of an error by the suite. */
  checkError?: (error: unknown, world: World) => void;
  /** What must not change. */
  state?: (world: World) => unknown;
}

/**
 * Makes a test for each row, each in a separate world, of which no bit may change. Returns the
 * number of tests.
 */
export function table<World extends object>(
  title: string,
  makeWorld: () => World,
  rows: Row<World>[],
  { checkError = () => {}, state = stateOf }: TableOptions<World> = {},
): number {
  const names = new Set(rows.map(([name]) => name));
  if (names.size !== rows.length) throw new Error(`${title}: two rows have the same name`);
  describe(title, () => {
    test.each(rows)('%s', (_name, call, expected, message) => {
      const world = makeWorld();
      const before = state(world);
      const error = thrownBy(() => call(world));
      const { name, code, message: text } = error as Error & { code?: string };
      expect({ name, code, message: text }).toEqual({
        name: expected.name,
        code: expected.code,
        message: expect.stringMatching(message),
      });
      expect(text).not.toMatch(/\n|\.$/); // one clause, like every message
      checkError(error, world);
      expect(state(world)).toEqual(before);
    });
  });
  return rows.length;
}
