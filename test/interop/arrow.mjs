// Vectors of Apache Arrow, made here and read from its files.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as arrow from 'apache-arrow';
import { asTensor, tensor } from '../../dist/index.js';

const listOf = (size, type = new arrow.Float32()) => new arrow.FixedSizeList(size, new arrow.Field('item', type));

/** The same vector, written to the bytes of a file or a stream and read from them. */
const reread = (vector, as = 'file') =>
  arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table({ vector }), as)).getChild('vector');

const sharesWith = (x, array) =>
  x.data.buffer === array.buffer && x.data.byteOffset === array.byteOffset && x.data.byteOffset !== undefined;

const numbers = {
  float16: [new arrow.Float16(), [1, 4, 9]],
  float32: [new arrow.Float32(), [0.5, 4, 9]],
  float64: [new arrow.Float64(), [0.1, 4, 9]],
  int8: [new arrow.Int8(), [-128, 4, 127]],
  int16: [new arrow.Int16(), [-32768, 4, 9]],
  int32: [new arrow.Int32(), [-(2 ** 31), 4, 9]],
  int64: [new arrow.Int64(), [-(2n ** 63n), 4n, 9n]],
  uint8: [new arrow.Uint8(), [0, 4, 255]],
};
for (const [dtype, [type, values]] of Object.entries(numbers)) {
  const made = arrow.vectorFromArray(values, type);
  for (const [origin, vector] of [
    ['made', made],
    ['from a file', reread(made)],
    ['from a stream', reread(made, 'stream')],
  ]) {
    test(`${dtype}, ${origin}: shared, without what lies behind it in memory`, () => {
      const x = asTensor(vector);
      assert.deepEqual([x.dtype, x.shape, x.toArray()], [dtype, [3], values]);
      assert.ok(sharesWith(x, vector.data[0].values));
      x.zero_();
      assert.equal(Number(vector.get(1)), 0);
      vector.set(1, values[1]);
      assert.equal(Number(x.at(1)), 4);
    });
  }
}

test('memory is that of the bytes of the file', () => {
  const file = arrow.tableToIPC(new arrow.Table({ x: arrow.vectorFromArray([1, 4], new arrow.Float32()) }), 'file');
  assert.equal(asTensor(arrow.tableFromIPC(file).getChild('x')).data.buffer, file.buffer);
});

test('tables and vectors from typed arrays', () => {
  const array = Float32Array.of(4, 16, 25);
  assert.ok(sharesWith(asTensor(arrow.makeVector(array)), array));
  assert.deepEqual(asTensor(arrow.tableFromArrays({ x: array }).getChild('x')).toArray(), [4, 16, 25]);
  assert.deepEqual(asTensor(arrow.makeVector(new Float32Array(0))).shape, [0]);
  assert.deepEqual(asTensor(arrow.vectorFromArray([], new arrow.Int8())).dtype, 'int8');
});

test('results of ours become vectors', () => {
  const x = tensor([4, 16]).rsqrt();
  const vector = arrow.makeVector(x.data);
  assert.deepEqual([...vector], [0.5, 0.25]);
  assert.ok(sharesWith(asTensor(reread(vector)).rsqrt_(), vector.data[0].values) === false);
});

test('slices, and slices of slices', () => {
  const vector = arrow.vectorFromArray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], new arrow.Float32());
  const slice = vector.slice(2, 9).slice(1, 5);
  const x = asTensor(slice);
  assert.deepEqual(x.toArray(), [3, 4, 5, 6]);
  assert.equal(x.data.buffer, vector.data[0].values.buffer);
  assert.equal(x.data.byteOffset, vector.data[0].values.byteOffset + 12);
  assert.deepEqual(asTensor(reread(slice)).toArray(), [3, 4, 5, 6]);
});

test('several chunks are copied into one; empty ones do not count', () => {
  const part = (...values) => arrow.vectorFromArray(values, new arrow.Float16());
  const vector = part(1, 2).concat(part(3), part(4, 5));
  assert.equal(vector.data.length, 3);
  const x = asTensor(vector);
  assert.deepEqual([x.dtype, x.toArray()], ['float16', [1, 2, 3, 4, 5]]);
  assert.deepEqual(asTensor(vector.slice(1, 4)).toArray(), [2, 3, 4]);
  x.zero_();
  assert.deepEqual([...vector], [1, 2, 3, 4, 5]);
  const only = new arrow.Vector([...part().data, ...part(7).data]);
  assert.equal(asTensor(only).data.buffer, only.data.at(-1).values.buffer);
});

test('embeddings: fixed-size lists are dimensions', () => {
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ];
  for (const vector of [arrow.vectorFromArray(rows, listOf(3)), reread(arrow.vectorFromArray(rows, listOf(3)))]) {
    const x = asTensor(vector);
    assert.deepEqual([x.dtype, x.shape, x.toArray()], ['float32', [3, 3], rows]);
    assert.ok(sharesWith(x, vector.data[0].children[0].values));
    const slice = asTensor(vector.slice(1, 3));
    assert.deepEqual(slice.toArray(), rows.slice(1));
    assert.equal(slice.data.buffer, x.data.buffer);
    assert.deepEqual(asTensor(vector.slice(0, 1).concat(vector.slice(2))).toArray(), [rows[0], rows[2]]);
    assert.deepEqual(asTensor(vector, { shape: [9] }).toArray(), rows.flat());
  }
});

test('fixed-size lists of fixed-size lists', () => {
  const rows = [
    [[1n], [2n]],
    [[3n], [4n]],
  ];
  const x = asTensor(arrow.vectorFromArray(rows, listOf(2, listOf(1, new arrow.Int64()))).slice(1));
  assert.deepEqual([x.shape, x.toArray()], [[1, 2, 1], rows.slice(1)]);
});

const refused = (source, message) => assert.throws(() => asTensor(source), { code: 'ERR_INVALID_ARG_TYPE', message });

test('nulls are refused and counted', () => {
  const nulls = 'asTensor: a vector of Arrow must have no nulls; received';
  const vector = arrow.vectorFromArray([1, null, 3, null], new arrow.Float32());
  refused(vector, `${nulls} 2 among 4 values`);
  refused(vector.slice(1, 3), `${nulls} 1 among 2 values`);
  assert.deepEqual(asTensor(vector.slice(2, 3)).toArray(), [3]);
  refused(arrow.vectorFromArray([[1, 2], null], listOf(2)), `${nulls} 1 among 2 values`);
  refused(arrow.vectorFromArray([[1, null]], listOf(2)), `${nulls} 1 among 2 values`);
  refused(reread(vector), `${nulls} 2 among 4 values`);
});

test('other types are refused by name, with what to do', () => {
  const must =
    'asTensor: a vector of Arrow must be of Float16, Float32, Float64, Int8, Int16, Int32, Int64, Uint8 or fixed-size lists; received';
  const flags = arrow.vectorFromArray([true, false]);
  refused(flags, `${must} Bool; tensor([...vector]) copies it`);
  assert.deepEqual(tensor([...flags]).toArray(), [true, false]);
  for (const [type, values] of [
    [new arrow.Uint16(), [1, 65535]],
    [new arrow.Uint32(), [1, 2 ** 32 - 1]],
    [new arrow.Uint64(), [1n, 2n ** 63n - 1n]],
  ]) {
    const whole = arrow.vectorFromArray([...values, values[0]], type);
    const name = String(type);
    const vector = whole.slice(0, 1).concat(whole.slice(1, 2)); // a part, in two chunks
    const [dtype, options] = name === 'Uint16' ? ['int32', ", { dtype: 'int32' }"] : ['int64', ''];
    refused(vector, `${must} ${name}; tensor(vector.toArray()${options}) copies it`);
    const x = tensor(vector.toArray(), { dtype });
    assert.deepEqual(x.to('int64').toArray(), values.map(BigInt));
    assert.equal(name === 'Uint16' || tensor(vector.toArray()).dtype === 'int64', true);
  }
  refused(arrow.vectorFromArray(['a'], new arrow.Utf8()), `${must} Utf8`);
  refused(arrow.vectorFromArray(['a']), `${must} Dictionary<Int32, Utf8>`);
  refused(arrow.vectorFromArray([new Date(0)]), new RegExp(`^${must} Timestamp`.replaceAll('.', '\\.')));
  const list = new arrow.List(new arrow.Field('item', new arrow.Float32()));
  refused(arrow.vectorFromArray([[1], [2, 3]], list), `${must} List<Float32>`);
  refused(arrow.vectorFromArray([['a']], listOf(1, new arrow.Utf8())), `${must} FixedSizeList[1]<Utf8>`);
});

test('a whole table is refused with the way to a column', () => {
  const table = arrow.tableFromArrays({ x: Float32Array.of(1) });
  const must = 'asTensor: a table of Arrow must be given by column, as getChild(name); received an instance of';
  refused(table, `${must} Table`);
  refused(table.batches[0], new RegExp(`^${must.replace(/[()]/g, '\\$&')} _?RecordBatch`));
});
