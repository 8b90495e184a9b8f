/** How messages show what was received: short, on one line, and without touching what may throw. */

import { classNameOf, escaped, show } from '../src/support/errors';
import { load } from './support/configurations';
import { covered } from './support/coverage';

covered('suite', 'messages');

const { asTensor, tensor, zeros } = load('local');

const fail = (): never => {
  throw new Error('asked');
};

/** A Proxy every trap of which throws. */
const hostile = (target: object): object =>
  new Proxy(target, new Proxy({}, { get: () => fail }) as ProxyHandler<object>);

const classNamed = (name: string): object => {
  const Class = class {};
  Object.defineProperty(Class, 'name', { value: name });
  return new Class();
};

const long = 'x'.repeat(2 ** 20);

describe('show', () => {
  test.each<[string, unknown, string]>([
    ['a text', '4', "'4'"],
    ['a number', -0.5, '-0.5'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a function', fail, 'a function'],
    ['a bigint', -(2n ** 64n), '-18446744073709551616n'],
    ['the largest bigint that is shown', 10n ** 40n - 1n, `${'9'.repeat(40)}n`],
    ['a symbol', Symbol('a'), 'Symbol(a)'],
    ['a symbol without a description', Symbol(), 'Symbol()'],
    ['an object', {}, 'an object'],
    ['an object without a prototype', Object.create(null), 'an object'],
    ['an instance', new Map(), 'an instance of Map'],
    ['an instance of a class without a name', classNamed(''), 'an object'],
    ['a list', [1, 'a', [2], {}, null], "[1, 'a', […], an object, null]"],
    ['a list with a hole', Array(1).concat(2), '[undefined, 2]'],
    ['a list of many', Array(9).fill(1n), '[1n, 1n, 1n, 1n, 1n, 1n, 1n, 1n, …]'],
  ])('%s', (_, value, expected) => expect(show(value)).toBe(expected));

  test.each<[string, unknown, string]>([
    ['a bigint of 10 million bits', 1n << 10_000_000n, 'a bigint of more than 40 digits'],
    ['a negative one', -(1n << 10_000_000n), 'a bigint of more than 40 digits'],
    ['a long text', long, `'${'x'.repeat(60)}…'`],
    ['a symbol of a long description', Symbol(long), `Symbol(${'x'.repeat(60)}…)`],
    ['a class of a long name', classNamed(long), `an instance of ${'x'.repeat(60)}…`],
    ['a list of long texts', [long, long], `['${'x'.repeat(20)}…', '${'x'.repeat(20)}…']`],
    ['a list of 2^32 - 1', Array(2 ** 32 - 1), `[${Array(8).fill('undefined').join(', ')}, …]`],
  ])('no more of %s than a line holds', (_, value, expected) => expect(show(value)).toBe(expected));

  test('no message is long, whatever it shows', () => {
    const worst = '\u{e0001}'.repeat(1000);
    for (const value of [
      worst,
      Symbol(worst),
      classNamed(worst),
      Array(9).fill(worst),
      Array(9).fill(classNamed(worst)),
    ])
      expect(show(value).length).toBeLessThan(1500);
  });

  test.each<[string, unknown, string]>([
    ['a Proxy', new Proxy({}, {}), 'a Proxy'],
    ['a Proxy that answers nothing', hostile({}), 'a Proxy'],
    ['a Proxy of a list', hostile([1]), 'a Proxy'],
    ['one in a list', [hostile([1])], '[a Proxy]'],
    ['a Proxy as the prototype', Object.create(hostile({})), 'an object'],
    ['a constructor that cannot be read', Object.defineProperty({}, 'constructor', { get: fail }), 'an object'],
    [
      'a class whose name cannot be read',
      { constructor: Object.defineProperty({}, 'name', { get: fail }) },
      'an object',
    ],
    ['a class whose name is none', { constructor: { name: 4 } }, 'an object'],
    ['a getter in a list', Object.defineProperty([1, 2], 0, { get: fail }), '[a getter, 2]'],
  ])('%s', (_, value, expected) => expect(show(value)).toBe(expected));

  test('a revoked Proxy', () => {
    for (const target of [{}, [], fail]) {
      const { proxy, revoke } = Proxy.revocable(target, {});
      revoke();
      expect(show(proxy)).toMatch(/^a (Proxy|function)$/);
      if (typeof proxy === 'object') expect(classNameOf(proxy)).toBeUndefined();
    }
  });

  test('a class of its own species is not asked to make a list', () => {
    class List extends Array<number> {
      static override get [Symbol.species]() {
        return fail();
      }
    }
    expect(show(List.from([1, 2]))).toBe('[1, 2]');
  });
});

describe('what a terminal or a page would not show as it is', () => {
  test.each<[string, string, string]>([
    ['line breaks and tabs', 'a\n\r\tb', 'a\\n\\r\\tb'],
    ['escape sequences', '\x1b[2J\x1b]8;;x\x07', '\\u001b[2J\\u001b]8;;x\\u0007'],
    ['those of 8 bits', '\x9b31m', '\\u009b31m'],
    ['delete', '\x7f', '\\u007f'],
    ['changes of direction', '\u202eabc\u2066\u200f', '\\u202eabc\\u2066\\u200f'],
    ['what is not seen', 'a\u200bb\ufeff\u00ad', 'a\\u200bb\\ufeff\\u00ad'],
    ['separators of lines', '\u2028\u2029\x85', '\\u2028\\u2029\\u0085'],
    ['halves of pairs', 'a\ud83d', 'a\\ud83d'],
    ['tags', '\u{e0041}', '\\u{e0041}'],
    ['backslashes', '\\u001b', '\\\\u001b'],
    ['quotes and other letters stay', `"it's" ü 漢 😀`, `"it's" ü 漢 😀`],
  ])('%s', (_, text, expected) => {
    expect(escaped(text)).toBe(expected);
    expect(show(text)).toBe(`'${expected}'`);
    expect(show(Symbol(text))).toBe(`Symbol(${expected})`);
    expect(show(classNamed(text))).toBe(`an instance of ${expected}`);
    expect(show([text])).toBe(`['${expected}']`);
  });

  test('a text is not cut within a pair', () => {
    expect(escaped(`${'x'.repeat(59)}😀y`)).toBe(`${'x'.repeat(59)}…`);
    expect(escaped(`${'x'.repeat(58)}😀y`)).toBe(`${'x'.repeat(58)}😀…`);
    expect(escaped(`${'x'.repeat(58)}😀`)).toBe(`${'x'.repeat(58)}😀`);
  });
});

test('messages that show a value in their own way', () => {
  const said = (call: () => unknown, message: RegExp) =>
    expect(call).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  const data = new Float32Array(2);
  said(() => asTensor({ data, dims: [2], location: '\x1b[31m' } as never), /received one in '\\u001b\[31m'$/);
  said(() => tensor([classNamed('\x1b[31m')] as never), /received an instance of \\u001b\[31m$/);
  said(
    () =>
      zeros(2)
        .neg_()
        .copy_(Object.defineProperty({}, 'constructor', { get: fail }) as never),
    /an object$/,
  );
});
