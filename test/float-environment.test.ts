/**
 * A foreign library may leave a thread with subnormals flushed to zero or another rounding
 * direction: no result may depend on it, and the thread must keep what it had. A small addon,
 * compiled here, sets the register for real.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import type { DType, Tensor } from '../src/index';
import { compileShared } from './support/compiled';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { unaryNames, unaryOf } from './support/ops';
import { resultDType } from './support/reference';
import { dataOf, inputs } from './support/values';

/** Sets the control register of this thread if a value is given, and returns what it was. */
type Exchange = (value?: number) => number;

const environments: Record<string, number> =
  process.arch === 'arm64'
    ? { 'flush to zero': 0x03000000, 'round up': 0x00400000, 'round down': 0x00800000, 'round to zero': 0x00c00000 }
    : {
        'flush to zero, denormals are zero': 0x9fc0,
        'round up': 0x5f80,
        'round down': 0x3f80,
        'round to zero': 0x7f80,
        'flush to zero and round up': 0xdfc0,
      };

const folder = mkdtempSync(path.join(tmpdir(), 'rsqrt-float-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The function of the addon; null, with a visible skip, where there is no compiler. */
function compile(): Exchange | null {
  const addon = path.join(folder, 'float_control.node');
  return compileShared('float_control.c', addon, 'floating-point environment') ? require(addon).exchange : null;
}

const exchange = compile();
const COUNT = 5000;

/** The bytes of a tensor. */
function bytesOf(tensor: Tensor): Buffer {
  const { buffer, byteOffset, byteLength } = dataOf(tensor);
  return Buffer.from(Buffer.from(buffer, byteOffset, byteLength)); // a copy: the memory is used again
}

const opsOn = (dtype: DType) => unaryNames.filter((op) => resultDType(op, dtype) !== null);

const describeOrSkip = exchange === null ? describe.skip : describe;

describeOrSkip.each(configurations)('$name', ({ rsqrt, device }) => {
  const set = exchange as Exchange;
  const drawn = ['float16', 'float32', 'float64', 'complex64'] as const;

  // Made beforehand, by JavaScript's own arithmetic.
  const arrays = new Map(rsqrt.dtypes.map((dtype) => [dtype, inputs(dtype, COUNT)]));

  /** Every op on every dtype, every conversion that there is, and random numbers, by name. */
  function everything(): Map<string, Buffer> {
    const results = new Map<string, Buffer>();
    for (const [dtype, array] of arrays) {
      using x = rsqrt.asTensor(array, { dtype, device });
      for (const op of opsOn(dtype)) {
        using result = unaryOf(rsqrt, op)(x);
        results.set(`${op} of ${dtype}`, bytesOf(result));
      }
      for (const to of rsqrt.dtypes) {
        using result = x.to({ dtype: to, copy: true });
        results.set(`${dtype} to ${to}`, bytesOf(result));
      }
    }
    for (const dtype of drawn) {
      rsqrt.manualSeed(1);
      using result = rsqrt.randn(COUNT, { dtype, device });
      results.set(`randn of ${dtype}`, bytesOf(result));
    }
    return results;
  }

  const expected = exchange === null ? new Map<string, Buffer>() : everything();

  test.each(Object.entries(environments))('%s changes no result and is left as it was', (name, environment) => {
    const before = set(environment);
    let results: Map<string, Buffer>;
    let after: number;
    try {
      results = everything();
    } finally {
      after = set(before);
    }
    expect([after, set()]).toEqual([environment, before]);
    expect(results.size).toBe(rsqrt.dtypes.flatMap(opsOn).length + rsqrt.dtypes.length ** 2 + drawn.length);
    expect(
      [...results].filter(([key, bytes]) => !bytes.equals(expected.get(key) as Buffer)).map(([key]) => key),
    ).toEqual([]);
    covered('floating-point environment', name);
  });
});

// That the addon does what it says: else the tests above would pass for nothing.
(exchange === null ? test.skip : test)('the register is really set', () => {
  const set = exchange as Exchange;
  const half = (x: number) => x / 2;
  const third = (x: number) => x / 3;
  const before = set(environments[Object.keys(environments)[0]]);
  const flushed = half(2 ** -1022);
  set(environments['round up']);
  const up = third(1);
  set(before);
  expect([flushed, up > third(1)]).toEqual([0, true]);
});
