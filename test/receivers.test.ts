/**
 * Getters and methods of Tensor called on what is no tensor, first of all on a Proxy of one: always
 * the same sentence.
 */

import { inspect } from 'node:util';
import { load } from './support/configurations';
import { covered } from './support/coverage';
import { type Loose, loose, thrownBy } from './support/wrong-calls';

const rsqrt = load('local');
const r = loose(rsqrt);
const foreign = load('local').tensor([1, 4]);
const x = rsqrt.tensor([4, 16]);
const custom = Symbol.for('nodejs.util.inspect.custom');

/** As reactive frameworks have it: what is read is read with the Proxy as receiver. */
const reflecting: ProxyHandler<object> = {
  get: (target, key, receiver) => Reflect.get(target, key, receiver),
  set: (target, key, value, receiver) => Reflect.set(target, key, value, receiver),
};
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable(rsqrt.tensor([1]), {});
  revoke();
  return proxy;
};

const PROXY = 'a Proxy; pass the tensor that it wraps (in Vue, toRaw(x))';
const IMITATION = 'a tensor of another copy of rsqrt, or an imitation';
const receivers: [name: string, receiver: unknown, received: string][] = [
  ['a Proxy without a handler', new Proxy(x, {}), PROXY],
  ['a Proxy that passes itself on', new Proxy(x, reflecting), PROXY],
  ['a Proxy of a Proxy', new Proxy(new Proxy(x, {}), reflecting), PROXY],
  ['a revoked Proxy', revoked(), PROXY],
  ['an heir', Object.create(x), IMITATION],
  ['the prototype', rsqrt.Tensor.prototype, IMITATION],
  ['a tensor of another copy', foreign, IMITATION],
  [
    'an object with the right properties',
    { shape: [2], strides: [1], storageOffset: 0, numel: 2, ndim: 1 },
    'an object',
  ],
  ['an empty object', {}, 'an object'],
  ['a number', 5, '5; tensor() makes a Tensor of values'],
  ['null', null, 'null'],
  ['undefined', undefined, 'undefined'],
];

/** All getters and methods, by name. */
const members = Reflect.ownKeys(rsqrt.Tensor.prototype)
  .filter((key) => key !== 'constructor' && key !== custom && key !== Symbol.toStringTag)
  .map((key) => {
    const { get, value } = Object.getOwnPropertyDescriptor(rsqrt.Tensor.prototype, key) as PropertyDescriptor;
    return { key, call: get ?? (value as () => unknown) };
  });

/** What a call throws, or its promise is rejected with, or its generator throws. */
async function failureOf(call: () => unknown): Promise<{ code?: string; name: string; message: string }> {
  try {
    const result = call();
    if (typeof (result as Generator | undefined)?.next === 'function') (result as Generator).next();
    await result;
  } catch (error) {
    return error as Error;
  }
  throw new Error('the call succeeded');
}

test('there are members to call', () => {
  const names = members.map(({ key }) => key);
  expect(names).toEqual(expect.arrayContaining(['shape', 'data', 'view', 'rsqrt_', 'toAsync', Symbol.iterator]));
  expect(names.length).toBeGreaterThan(60);
  covered('wrong calls', `${members.length} getters and methods on ${receivers.length} receivers that are no tensor`);
});

describe.each(receivers)('called on %s', (_, receiver, received) => {
  test.each(members)('$key', async ({ call }) => {
    const { code, name, message } = await failureOf(() => call.call(receiver));
    expect([name, code]).toEqual(['TypeError', 'ERR_INVALID_ARG_TYPE']);
    expect(message).toMatch(/^[\w ]+: (this|input) must be a Tensor; received /);
    expect(message.slice(message.indexOf('; received ') + 11)).toBe(received);
  });
});

describe.each([
  ['without a handler', {}],
  ['that passes itself on', reflecting],
])('a Proxy %s', (_, handler) => {
  const proxy = loose(new Proxy(x, handler));

  test.each<[string, () => unknown]>([
    ['shape: this', () => proxy.shape],
    ['numel: this', () => proxy.numel],
    ['data: this', () => proxy.data],
    ['view: this', () => proxy.view(1, 2)],
    ['at: this', () => proxy.at(0)],
    ['set: this', () => proxy.set(1, 0)],
    ['dispose: this', () => proxy.dispose()],
    ['toString: this', () => `${proxy}`],
    ['toJSON: this', () => JSON.stringify(proxy)],
    ['iteration: this', () => [...(proxy as unknown as Iterable<unknown>)]],
    ['rsqrt: input', () => proxy.rsqrt()],
    ['rsqrt: input', () => r.rsqrt(proxy)],
    ['neg_: input', () => r.neg_(proxy)],
    ['abs: out', () => r.abs(x, { out: proxy })],
    ['zerosLike: input', () => r.zerosLike(proxy)],
    ['expandAs: other', () => loose(x).expandAs(proxy)],
    ['copy_: source', () => loose(x).copy_(proxy)],
    ['asTensor: source', () => r.asTensor(proxy)],
    ['asTensor: source', () => r.asTensor(proxy, [2])],
    ['stack: tensors[1]', () => r.stack([x, proxy])],
    ['cat: tensors[0]', () => r.cat([proxy])],
  ])('%s (%#)', (where, call) => {
    const { code, message } = thrownBy(call) as { code?: string; message: string };
    expect([code, message]).toEqual(['ERR_INVALID_ARG_TYPE', `${where} must be a Tensor; received ${PROXY}`]);
    expect(x.toArray()).toEqual([4, 16]);
  });

  const wrapped = 'a Proxy; pass what it wraps (in Vue, toRaw(x))';
  test.each<[start: string, received: string, call: () => unknown]>([
    ['tensor: data must be a number', wrapped, () => r.tensor(proxy)],
    ['tensor: data[0] must be a number', wrapped, () => r.tensor([proxy])],
    ['tensor: data[0][0] must be a number', wrapped, () => r.tensor([[proxy]])],
    ['tensor: data must be a number', wrapped, () => r.tensor(new Proxy(new Float32Array(1), handler))],
    ['asTensor: data[0] must be a number', wrapped, () => r.asTensor([proxy])],
    ['resultType: operands[0] must be a Tensor, a number', wrapped, () => r.resultType(proxy, 1)],
    ['to: expected a device, a dtype, a Tensor', 'a Proxy', () => loose(x).to(proxy)],
    ['tensor: options must be an object', 'a Proxy', () => r.tensor([1], proxy)],
    ['zeros: shape must be a list', 'a Proxy', () => r.zeros(proxy)],
  ])('%s …; received %s (%#)', (start, received, call) => {
    const { code, message } = thrownBy(call) as { code?: string; message: string };
    expect([code, message.slice(0, start.length)]).toEqual(['ERR_INVALID_ARG_TYPE', start]);
    expect(message.slice(message.indexOf('; received ') + 11)).toBe(received);
  });

  test('printed, it is named', () => {
    expect(inspect(proxy)).toBe('[Proxy of a Tensor]');
    expect(inspect({ proxy })).toBe('{ proxy: [Proxy of a Tensor] }');
  });
});

test('the tag tells a tensor from a plain object, so that Vue does not wrap it', () => {
  expect(Object.prototype.toString.call(x)).toBe('[object Tensor]');
  expect(Object.prototype.toString.call(new Proxy(x, {}))).toBe('[object Tensor]');
  expect(Object.keys(x)).toEqual(['uncloneable']);
});

test('methods keep their names and lengths', () => {
  const { Tensor } = rsqrt;
  const lengths = ['view', 'select', 'copy_', 'toArray', 'rsqrt'].map((name) => {
    const method = (Tensor.prototype as unknown as Record<string, (...args: unknown[]) => unknown>)[name];
    return [method.name, method.length];
  });
  expect(lengths).toEqual([
    ['view', 0],
    ['select', 2],
    ['copy_', 1],
    ['toArray', 1],
    ['rsqrt', 1],
  ]);
});

test('a subclass cannot be made either', () => {
  class Heir extends (rsqrt.Tensor as unknown as new (...args: unknown[]) => object) {}
  for (const args of [[], [x], [{}], [4]] as Loose[][]) {
    const { code, message } = thrownBy(() => new Heir(...args)) as { code?: string; message: string };
    expect([code, message]).toEqual([
      'ERR_INVALID_ARG_TYPE',
      expect.stringMatching(/^Tensor: the constructor is not for use;/),
    ]);
  }
});
