/** Arrays that lost their memory, that say what is not true, or that change while they are read. */

import * as vm from 'node:vm';
import { asTensor, full, fullLike, tensor, zeros } from '../src/index';
import { covered } from './support/coverage';
import { type Row, table, type } from './support/wrong-calls';

covered('suite', 'arrays: lost, lying, changing');

function detached<T extends Float32Array | ArrayBuffer>(memory: T): T {
  const buffer = ArrayBuffer.isView(memory) ? (memory.buffer as ArrayBuffer) : memory;
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
  return memory;
}

type Resizable = ArrayBuffer & { resize(byteLength: number): void };
const ResizableBuffer = ArrayBuffer as unknown as new (
  byteLength: number,
  options: { maxByteLength: number },
) => Resizable;

/** A view of 16 bytes of a buffer that then has 8. */
function outOfBounds(): Float32Array {
  const buffer = new ResizableBuffer(16, { maxByteLength: 32 });
  const array = new Float32Array(buffer, 0, 4);
  buffer.resize(8);
  return array;
}

const anything = (value: unknown) => value as never;
const lost = /^(tensor|asTensor)(: data\[\d\])?: the ArrayBuffer was detached, as by a transfer, and has no memory/;
const shrunk = /: the Float32Array is out of bounds: its resizable buffer was shrunk to 8 bytes$/;
const dataView = new DataView(new ArrayBuffer(4));
const vector = (values: unknown) => ({
  type: { typeId: 3, toString: () => 'Float32' },
  length: 2,
  data: [{ length: 2, nullCount: 0, values, children: [] }],
});

// biome-ignore format: a table
const rows: Row<object>[] = [
  ['tensor of a detached array', () => tensor(detached(new Float32Array(2))), type, lost],
  ['tensor of one without elements', () => tensor(detached(new Float32Array(0))), type, lost],
  ['a detached array in a list', () => tensor([detached(new Float32Array(2))]), type, lost],
  ['one without elements in a list', () => tensor([detached(new Float32Array(0))]), type, lost],
  ['a detached array in a later row', () => tensor([[1], detached(new Float32Array(1))]), type, lost],
  ['asTensor of a detached array', () => asTensor(detached(new Float32Array(2))), type, lost],
  ['asTensor of a detached buffer', () => asTensor(detached(new ArrayBuffer(8))), type, lost],
  ['asTensor of one without bytes', () => asTensor(detached(new ArrayBuffer(0))), type, lost],
  ['a tensor object that was transferred', () => asTensor({ data: detached(new Float32Array(2)), dims: [2] }), type, lost],
  ['a vector of Arrow that was transferred', () => asTensor(anything(vector(detached(new Float32Array(2))))), type, lost],
  ['a vector of Arrow without values', () => asTensor(anything(vector(undefined))), type,
    /^asTensor: a vector of Arrow must have its float32 values in a Float32Array; received undefined$/],
  ['a vector of Arrow of other values', () => asTensor(anything(vector(new Int32Array(2)))), type,
    /^asTensor: a vector of Arrow must have its float32 values in a Float32Array; received an instance of Int32Array$/],
  ['a vector of Arrow of too few values', () => asTensor(anything(vector(new Float32Array(1)))), type,
    /^asTensor: a vector of Arrow must have as many values as it says; received 1 instead of 2$/],
  ['tensor of an array out of bounds', () => tensor(outOfBounds()), type, shrunk],
  ['an array out of bounds in a list', () => tensor([outOfBounds()]), type, shrunk],
  ['asTensor of an array out of bounds', () => asTensor(outOfBounds()), type, shrunk],
  ['a tensor object out of bounds', () => asTensor({ data: outOfBounds(), dims: [0] }), type, shrunk],
  ['tensor of a DataView', () => tensor(anything(dataView)), type,
    /^tensor: data cannot be a DataView, which has no element type; give new Uint8Array\(view\.buffer, .*\)$/],
  ['asTensor of a DataView', () => asTensor(anything(dataView)), type, /^asTensor: data cannot be a DataView/],
  ['a list of a fractional length', () => tensor(proxied([1, 2], 1.5)), type,
    /^tensor: data must have a whole number as length; received 1\.5$/],
  ['a list of a negative length', () => tensor([proxied([1, 2], -1)]), type,
    /^tensor: data\[0\] must have a whole number as length; received -1$/],
  ['a list whose length is no number', () => tensor(proxied([1, 2], 'x')), type,
    /^tensor: data must have a whole number as length; received 'x'$/],
  ['a list that is longer than it has elements', () => tensor(proxied([1, 2], 3)), type,
    /^tensor: data\[2\] must be a number, .*; received undefined$/],
  ['a list with a hole', () => tensor(Array.from({ length: 3 }).fill(1, 1) as never), type,
    /^tensor: data\[0\] must be a number, .*; received undefined$/],
];

/** A list that says it has another length. */
const proxied = (list: number[], length: unknown): number[] =>
  new Proxy(list, { get: (target, key) => (key === 'length' ? length : Reflect.get(target, key)) });

table('lost or impossible arrays', () => ({}), rows);

/** Subclasses may say anything. */
class Long extends Float32Array {
  override get length() {
    return 1000;
  }
  override get byteLength() {
    return 4000;
  }
}
class Shifted extends Float32Array {
  override get byteOffset() {
    return 4;
  }
}
class Elsewhere extends Float32Array {
  override get buffer() {
    return new ArrayBuffer(12);
  }
}
class Named extends Float32Array {
  override get [Symbol.toStringTag](): 'Float32Array' {
    return 'Float64Array' as 'Float32Array';
  }
}
class Iterated extends Float32Array {
  override *[Symbol.iterator](): ArrayIterator<number> {
    yield 7;
  }
}
class Empty extends ArrayBuffer {
  override get byteLength() {
    return 0;
  }
}
const owning = (): Float32Array =>
  Object.defineProperties(new Float32Array([1, 2, 3]), { length: { value: 9 }, byteLength: { value: 36 } });

// biome-ignore format: a table
test.each<[string, () => Float32Array]>([
  ['a longer length', () => new Long([1, 2, 3])],
  ['another offset', () => new Shifted([1, 2, 3])],
  ['another buffer', () => new Elsewhere([1, 2, 3])],
  ['another type', () => new Named([1, 2, 3])],
  ['its own iterator', () => new Iterated([1, 2, 3])],
  ['properties of its own', owning],
  ['a buffer without bytes', () => { const array = new Float32Array(new Empty(12)); array.set([1, 2, 3]); return array; }],
])('an array that says it has %s is taken as it is', (_name, make) => {
  const array = make();
  expect(asTensor(array).toArray()).toEqual([1, 2, 3]);
  expect(asTensor({ data: array, dims: [3] }).toArray()).toEqual([1, 2, 3]);
  expect(tensor(array).toArray()).toEqual([1, 2, 3]);
  expect(tensor([array, array]).toArray()).toEqual([[1, 2, 3], [1, 2, 3]]);
  expect(tensor([array], { dtype: 'float64' }).dtype).toBe('float64');
  const shared = asTensor(array);
  shared.fill_(5);
  expect(Array.from({ length: 3 }, (_, i) => array[i])).toEqual([5, 5, 5]);
});

test('arrays of another realm are arrays', () => {
  const other = (code: string) => vm.runInNewContext(code);
  expect(tensor(other('new Float64Array([1, 2])')).dtype).toBe('float64');
  expect(asTensor(other('new Int8Array([1, 2])')).toArray()).toEqual([1, 2]);
  expect(tensor(other('[[1, 2], new Float32Array([3, 4])]')).toArray()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(asTensor(other('new ArrayBuffer(2)')).shape).toEqual([2]);
  expect(asTensor(other('new SharedArrayBuffer(2)')).shape).toEqual([2]);
});

test('resizable buffers: a view is shared as long as it is when it is given', () => {
  const buffer = new ResizableBuffer(8, { maxByteLength: 16 });
  const all = new Float32Array(buffer);
  const x = asTensor(all);
  buffer.resize(16);
  expect([x.shape, asTensor(all).shape, asTensor(buffer).shape]).toEqual([[2], [4], [16]]);
  buffer.resize(4);
  expect(() => x.toArray()).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
  expect(tensor(all).shape).toEqual([1]);
  buffer.resize(8);
  expect(x.fill_(3).toArray()).toEqual([3, 3]);
  const end = new Float32Array(buffer, 8);
  expect(asTensor(end).shape).toEqual([0]); // it ends where the buffer does, and is within its bounds
});

test('a growable SharedArrayBuffer is shared as long as it is when it is given', () => {
  const Growable = SharedArrayBuffer as unknown as new (
    byteLength: number,
    options: { maxByteLength: number },
  ) => SharedArrayBuffer & { grow(byteLength: number): void };
  const buffer = new Growable(8, { maxByteLength: 16 });
  const x = asTensor(new Float32Array(buffer));
  buffer.grow(16);
  expect(x.fill_(3).shape).toEqual([2]);
  expect(tensor(new Float32Array(buffer)).toArray()).toEqual([3, 3, 0, 0]);
});

// ---------------------------------------------------------------- lists

// biome-ignore format: a table
test.each<[string, number[], () => Generator<unknown>]>([
  ['ends early', [1, 2, 3, 4], function* () { yield 7; }],
  ['goes on', [1, 2], function* () { yield* [7, 8, 9, 10]; }],
  ['yields no numbers', [1, 2], function* () { yield 'a'; yield {}; }],
  ['throws', [1, 2], function* () { yield 1; throw new Error('the iterator was used'); }],
])('a list whose own iterator %s is read by index', (_name, list, iterator) => {
  Object.defineProperty(list, Symbol.iterator, { value: iterator });
  const values = Array.from({ length: list.length }, (_, i) => list[i]);
  expect(tensor(list).toArray()).toEqual(values);
  expect(tensor([list]).toArray()).toEqual([values]);
  expect(zeros(list as never).shape).toEqual(values);
});

test('lists of dimensions and of bounds are read by index, too', () => {
  class Own extends Array<number> {
    override map(): never[] {
      return [5.5, 7] as never[];
    }
    override *[Symbol.iterator](): ArrayIterator<number> {
      yield 100;
    }
  }
  const x = zeros(2, 3);
  expect(x.permute(Own.of(1, 0) as never).shape).toEqual([3, 2]);
  expect(x.index(Own.of(1, 2) as never).shape).toEqual([1, 3]);
  const sizes = new Proxy([1, 2], { get: (target, key) => (key === 'length' ? -1 : Reflect.get(target, key)) });
  expect(zeros(sizes).shape).toEqual([]);
});

/** A list that counts how often each property was read. */
function counted<T extends object>(list: T): { list: T; reads: Map<unknown, number> } {
  const reads = new Map<unknown, number>();
  const get = (target: T, key: string | symbol) => {
    reads.set(key, (reads.get(key) ?? 0) + 1);
    return Reflect.get(target, key);
  };
  return { list: new Proxy(list, { get }), reads };
}

test('every length, element and part is read once', () => {
  const inner = counted([1, 2]);
  const complex = counted({ re: 1, im: 2 });
  const outer = counted([inner.list, [3, complex.list]]);
  expect(tensor(outer.list as never).shape).toEqual([2, 2]);
  const once = [
    ['length', 1],
    ['0', 1],
    ['1', 1],
  ];
  expect([...inner.reads]).toEqual(once);
  expect([...outer.reads]).toEqual(once);
  expect([...complex.reads]).toEqual([
    ['re', 1],
    ['im', 1],
  ]);
  const sizes = counted([2, 3]);
  expect(zeros(sizes.list).shape).toEqual([2, 3]);
  expect([...sizes.reads].filter(([key]) => typeof key === 'string')).toEqual(once);
});

test('a value that changes after it was read does no harm', () => {
  const changing = () => {
    let reads = 0;
    return {
      get re() {
        return reads++ === 0 ? 1 : ('no number' as never);
      },
      im: 0,
    };
  };
  const one = { re: 1, im: 0 };
  expect(tensor([changing()]).toArray()).toEqual([one]);
  expect(full([2], changing()).toArray()).toEqual([one, one]);
  expect(fullLike(zeros(1, { dtype: 'complex64' }), changing()).toArray()).toEqual([one]);
  expect(zeros(1, { dtype: 'complex64' }).set(changing(), 0).fill_(changing()).toArray()).toEqual([one]);
});

test('a list that changes while it is read: values as they were read, or an error', () => {
  const row = new Float32Array([5, 6]);
  const detaching = new Proxy([1, 2], {
    get(target, key) {
      if (key === '0') detached(row);
      return Reflect.get(target, key);
    },
  });
  expect(tensor([row, detaching]).toArray()).toEqual([
    [5, 6],
    [1, 2],
  ]);
  const shrinking: number[] = [1, 2, 3];
  Object.defineProperty(shrinking, 0, { get: () => (shrinking.length = 1) });
  expect(() => tensor(shrinking)).toThrow('tensor: data[1] must be a number');
  const throwing = [1, 2];
  Object.defineProperty(throwing, 1, {
    get: () => {
      throw new Error('mine');
    },
  });
  expect(() => tensor(throwing)).toThrow('mine');
  // A neighbour in the slab is lost between the reading of two elements.
  const neighbour = zeros(1).data;
  const losing = [1, 2];
  Object.defineProperty(losing, 1, {
    get: () => {
      try {
        new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(neighbour) });
      } catch {
        // Node 24 refuses it.
      }
      return 2;
    },
  });
  expect(tensor(losing).toArray()).toEqual([1, 2]);
});

test.each([63, 64, 65, 200, 70_000])('%d values of all kinds are read in order', (count) => {
  const kinds = [
    (i: number) => i,
    (i: number) => ({ re: i, im: -i }),
    (i: number) => BigInt(i),
    (i: number) => i % 2 === 0,
  ];
  const values = Array.from({ length: count }, (_, i) => kinds[Math.floor(i / 40) % 4](i));
  const expected = values.map((value) => (typeof value === 'object' ? value : { re: Number(value), im: 0 }));
  expect(tensor(values as never, { dtype: 'complex128' }).toArray()).toEqual(expected);
  const rows = [new Float32Array(count).fill(3), values.map((_, i) => i), new BigInt64Array(count).fill(2n)];
  const read = tensor(rows as never, { dtype: 'int64' });
  expect([read.at(0, -1), read.at(1, -1), read.at(2, -1)]).toEqual([3n, BigInt(count - 1), 2n]);
});
