/**
 * Calls that make many JavaScript values at once are refused before they fill the heap, which would
 * end the process. Run in child processes with a small heap, of which a quarter is the limit.
 */

import { node } from './support/command';
import { load } from './support/configurations';
import { covered } from './support/coverage';

covered('suite', 'heap: nested arrays, unbind, iteration');

const { zeros } = load('local');

/** What a program prints that has a heap of 128 MiB. */
function run(program: string): unknown {
  const setUp = `
    const { tensor, zeros } = require('.');
    const limit = require('node:v8').getHeapStatistics().heap_size_limit / 4;
    const codeOf = (call) => { try { call(); return 'made'; } catch ({ code }) { return code; } };
    const print = (value) => console.log(JSON.stringify(value));`;
  const options = ['--max-old-space-size=128', '--no-warnings'];
  const { code, stdout, stderr } = node([...options, '-e', setUp + program]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

test('as much as is allowed fits, and one more is refused', () => {
  const outcomes = run(`
    // One element, how often it is repeated, and the bytes for each time.
    const rows = [
      ['numbers', tensor([0.5]), [], 8],
      ['float16', tensor([0.5], { dtype: 'float16' }), [], 8],
      ['booleans', tensor([true]), [], 8],
      ['bigints', tensor([2n ** 62n]), [], 8 + 24],
      ['complex numbers', tensor([{ re: 0.5, im: 1.5 }]), [], 8 + 72],
      ['empty arrays', zeros(1, 0), [0], 8 + 48],
      ['arrays of one', tensor([[0.5]]), [1], 8 + 48 + 8],
      ['arrays of three', tensor([[0.5, 1, 1.5]]), [3], 8 + 48 + 3 * 8],
    ];
    print(rows.map(([name, x, rest, bytes]) => {
      const most = Math.floor((limit - 48) / bytes);
      const outcome = (count) => codeOf(() => x.expand(count, ...rest).toArray());
      return [name, outcome(most), outcome(most + 1)];
    }));`) as string[][];
  expect(outcomes).toHaveLength(8);
  for (const outcome of outcomes) expect(outcome).toEqual([outcome[0], 'made', 'ERR_OUT_OF_RANGE']);
});

test('toJSON, toArrayAsync, iteration and unbind are refused alike', () => {
  expect(
    run(`
      const many = tensor([{ re: 0.5, im: 1.5 }]).expand(2 ** 26);
      const rows = zeros(1, 1).expand(2 ** 27, 1);
      const codes = [
        codeOf(() => many.toArray()),
        codeOf(() => many.toJSON()),
        codeOf(() => JSON.stringify({ many })),
        codeOf(() => [...many]),
        codeOf(() => rows.unbind()),
      ];
      many.toArrayAsync().catch(({ code }) => print([...codes, code]));`),
  ).toEqual(Array(6).fill('ERR_OUT_OF_RANGE'));
});

test('as many views as are allowed fit', () => {
  const [count, outcome, more] = run(`
    let count = 1;
    while (codeOf(() => zeros(1).expand(2 * count, 0).unbind()) === 'made') count *= 2;
    print([count, 'made', codeOf(() => zeros(1, 1).expand(2 * count, 1).unbind())]);`) as [number, string, string];
  expect(count).toBeGreaterThanOrEqual(2 ** 16);
  expect([outcome, more]).toEqual(['made', 'ERR_OUT_OF_RANGE']);
});

test('a loop over more rows than fit', () => {
  expect(
    run(`
      let count = 0;
      for (const row of zeros(1, 1).expand(2 ** 20, 1)) count += row.numel;
      print(count);`),
  ).toBe(2 ** 20);
});

test('the messages say how much it would be, and what to use', () => {
  const said = (call: () => unknown, message: string) =>
    expect(call).toThrow(expect.objectContaining({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message }));
  const x = zeros(1, { dtype: 'complex64' });
  said(
    () => x.expand(2 ** 22).toArray(),
    'toArray: shape [4194304] of complex64 in nested arrays would take about 321 MiB of the JavaScript heap, more than the 256 allowed; use data',
  );
  said(
    () => x.expand(2 ** 20, 4).unbind(),
    'unbind: 1048576 views would take about 264 MiB of the JavaScript heap, more than the 256 allowed; iterate over the tensor or use select',
  );
  return expect(x.expand(2 ** 22).toArrayAsync()).rejects.toThrow(/^toArrayAsync: .*; use dataAsync$/);
});
