/**
 * Outputs that overlap their input: found through whichever buffer objects, and only where bytes
 * are shared.
 */

import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import type { Tensor } from '../src/index';
import { loadWatched } from './support/configurations';
import { covered } from './support/coverage';
import { randomBits } from './support/reference';

covered('suite', 'overlap: two objects on one memory, interleaved views');

const { rsqrt: api, binding } = loadWatched('local');
const { asTensor, square, tensor, zeros } = api;

const overlapping = expect.objectContaining({ code: 'ERR_OVERLAP' });

/** Another object on the memory of a SharedArrayBuffer. */
function sent(buffer: SharedArrayBuffer): SharedArrayBuffer {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(buffer);
  const received = receiveMessageOnPort(port2)?.message as SharedArrayBuffer;
  port1.close();
  return received;
}

/** Two objects on the memory of a WebAssembly module, of which the first is shorter. */
function grown(bytes: number): [SharedArrayBuffer, SharedArrayBuffer] {
  const { Memory } = Reflect.get(globalThis, 'WebAssembly'); // which the types of Node do not name
  const memory = new Memory({ initial: 1, maximum: 2, shared: true });
  const first = memory.buffer as unknown as SharedArrayBuffer;
  memory.grow(1);
  expect(first.byteLength).toBeGreaterThanOrEqual(bytes);
  return [first, memory.buffer as unknown as SharedArrayBuffer];
}

test.each<[string, (bytes: number) => [SharedArrayBuffer, SharedArrayBuffer]]>([
  [
    'structuredClone',
    (bytes) => {
      const buffer = new SharedArrayBuffer(bytes);
      return [buffer, structuredClone(buffer)];
    },
  ],
  [
    'postMessage',
    (bytes) => {
      const buffer = new SharedArrayBuffer(bytes);
      return [buffer, sent(buffer)];
    },
  ],
  ['WebAssembly.Memory', grown],
])('random views through two objects on one memory, made by %s, are as through one', (_name, make) => {
  const random = randomBits(3);
  const below = (n: number) => random() % n;
  const outcomes: Record<string, number> = {};
  for (let round = 0; round < 900; round++) {
    const starts = [below(9), below(9)];
    const inSteps = round % 2 ? [1] : [8, 1 + below(3)];
    const outSteps = round % 2 ? [1 + below(2)] : [8, 1 + below(3)];
    const sizes = inSteps.map((step) => 1 + below(step === 8 ? 6 : 3));
    const which = round % 3;
    const outcome = (two: boolean): string => {
      const [first, second] = make(256);
      expect(first).not.toBe(second);
      const all = new Float32Array(first, 0, 64).map((_, i) => i + 1);
      new Float32Array(first).set(all);
      const view = (buffer: SharedArrayBuffer, start: number, steps: number[]) =>
        asTensor(new Float32Array(buffer, 4 * start)).asStrided(sizes, steps);
      const input = view(first, starts[0], inSteps);
      const output = view(two ? second : first, starts[1], outSteps);
      let result = 'done';
      try {
        if (which === 0) square(input, { out: output });
        else if (which === 1) output.copy_(input);
        else output.copy_(input.view('int32'));
      } catch (error) {
        result = (error as { code: string }).code;
      }
      outcomes[result] = (outcomes[result] ?? 0) + 1;
      return `${result} ${[...new Float32Array(second, 0, 64)]}`;
    };
    expect(outcome(true)).toBe(outcome(false));
  }
  // Both ends are reached.
  expect(outcomes.done).toBeGreaterThan(500);
  expect(outcomes.ERR_OVERLAP).toBeGreaterThan(50);
});

test('parts of two objects that lie apart in one memory do not overlap', () => {
  const buffer = new SharedArrayBuffer(32);
  const x = asTensor(new Float32Array(buffer, 0, 4)).fill_(3);
  const y = asTensor(new Float32Array(structuredClone(buffer), 16, 4));
  square(x, { out: y });
  expect([...new Float32Array(buffer)]).toEqual([3, 3, 3, 3, 9, 9, 9, 9]);
});

test('two ArrayBuffers are told apart by their addresses, which are asked for once and only for foreign memory', () => {
  const asked = jest.spyOn(binding, 'addressOf');
  const [x, y] = [zeros(4).fill_(3), zeros(100_000)];
  square(x, { out: zeros(4) });
  square(x, { out: asTensor(new Float32Array(4)) });
  y.narrow(0, 0, 4).copy_(asTensor(new Float32Array(4)));
  expect(asked).not.toHaveBeenCalled();
  const [input, output] = [asTensor(new Float32Array(4).fill(3)), asTensor(new Float32Array(4))];
  for (let i = 0; i < 3; i++) expect(square(input, { out: output }).toArray()).toEqual([9, 9, 9, 9]);
  expect(asked).toHaveBeenCalledTimes(2);
  asked.mockRestore();
});

/** Whether a call copied its input first. */
function copies(call: () => unknown): boolean {
  const launched = jest.spyOn(binding, 'run');
  try {
    call();
    return launched.mock.calls.length > 1;
  } finally {
    launched.mockRestore();
  }
}

// biome-ignore format: a table
test.each<[string, copied: boolean, (x: Tensor) => [input: Tensor, output: Tensor]]>([
  ['every second element, and those between', false, (x) => [x.slice(0, 0, 96, 2), x.slice(0, 1, 96, 2)]],
  ['every second element, and every third', true, (x) => [x.slice(0, 0, 60, 2), x.slice(0, 0, 90, 3)]],
  ['every second element, and every fourth between', false, (x) => [x.slice(0, 0, 48, 2), x.slice(0, 1, 96, 4)]],
  ['neighbouring columns', false, (x) => [x.view(12, 8).select(1, 3), x.view(12, 8).select(1, 4)]],
  ['columns that share one', true, (x) => [x.view(12, 8).slice(1, 0, 4, 2), x.view(12, 8).slice(1, 2, 6, 2)]],
  ['a row and a column', true, (x) => [x.view(12, 8).select(0, 3), x.view(12, 8).narrow(0, 0, 8).select(1, 3)]],
  ['the same elements', false, (x) => [x.slice(0, 0, 96, 2), x.slice(0, 0, 96, 2)]],
  ['the same elements backwards in two dimensions', true, (x) => [x.asStrided([3, 3], [20, 2]), x.asStrided([3, 3], [2, 20])]],
  ['halves of the same elements', true, (x) => [x.view('int16').slice(0, 0, 96, 2), x.slice(0, 0, 48, 1)]],
  ['halves between those elements', false, (x) => [x.view('int16').slice(0, 2, 194, 4), x.slice(0, 0, 96, 2)]],
])('%s: copied first %s', (_name, copied, make) => {
  const x = api.arange(96);
  const [input, output] = make(x);
  const expected = input.clone().to(output.dtype).toArray();
  expect(copies(() => output.copy_(input))).toBe(copied);
  expect(output.toArray()).toEqual(expected);
});

test('without elements nothing overlaps', () => {
  const x = tensor([1, 2, 3, 4]);
  expect(square(x.narrow(0, 2, 0), { out: x.narrow(0, 1, 0) }).shape).toEqual([0]);
  x.narrow(0, 1, 0).copy_(x.narrow(0, 3, 0));
  expect(square(x.narrow(0, 2, 0), { out: x }).shape).toEqual([0]);
});

test('strides that interleave: elements that share memory are refused, others written, however many there are', () => {
  const x = zeros(5_000_003);
  expect(x.asStrided([2_000_000, 2], [2, 3]).fill_(1).at(1_999_999, 1)).toBe(1);
  expect(() => x.asStrided([2_000_000, 2], [2, 4]).fill_(1)).toThrow(overlapping);
});

test('a tensor of which nobody can tell in time is refused, and the message says so', () => {
  // Subset sums that are all different, without a pattern (Conway and Guy): 2^24 of them.
  const terms = [0, 1];
  for (let k = 1; terms.length <= 24; k++) terms.push(2 * terms[k] - terms[k - Math.floor(0.5 + Math.sqrt(2 * k))]);
  const strides = Array.from({ length: 24 }, (_, i) => terms[24] - terms[23 - i]);
  const x = api.empty(2 ** 27, { dtype: 'uint8' });
  expect(() => x.asStrided(Array(24).fill(2), strides).fill_(1)).toThrow(
    /^fill_: elements of a tensor of shape .* may share memory, which would take too long to find out; clone it before writing$/,
  );
  x.dispose();
});
