// Tensors to and from TensorFlow.js, by what its dataSync() and data() return.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { asTensor, rsqrt, tensor } from '../../dist/index.js';

test('dataSync() is shared, and data of ours makes its tensors', async () => {
  const theirs = tf.tensor2d([
    [4, 16],
    [25, 64],
  ]);
  const array = theirs.dataSync();
  const x = asTensor(array, { shape: theirs.shape });
  assert.equal(x.data.buffer, array.buffer);
  const y = rsqrt(x);
  const back = tf.tensor(y.data, y.shape);
  assert.deepEqual([back.dtype, back.shape], ['float32', [2, 2]]);
  assert.deepEqual(await back.array(), y.toArray());
});

test('data(), of a result', async () => {
  const theirs = tf.mul(tf.tensor1d([2, 4]), tf.scalar(2));
  assert.deepEqual(
    asTensor(await theirs.data())
      .rsqrt()
      .toArray(),
    [0.5, Math.fround(Math.SQRT1_2 / 2)],
  );
});

test('int32, and bool with its dtype', () => {
  const integers = tf.tensor1d([1, -2], 'int32');
  assert.deepEqual(asTensor(integers.dataSync()).dtype, 'int32');
  const flags = tf.tensor1d([true, false], 'bool');
  assert.deepEqual(asTensor(flags.dataSync(), { dtype: 'bool' }).toArray(), [true, false]);
  const x = tensor([true, false]);
  assert.deepEqual(tf.tensor(x.data, x.shape, 'bool').dtype, 'bool');
});

test('complex64 is interleaved there as here', () => {
  const theirs = tf.complex([3, -1], [4, 0]);
  assert.deepEqual(asTensor(theirs.dataSync(), { dtype: 'complex64' }).toArray(), [
    { re: 3, im: 4 },
    { re: -1, im: 0 },
  ]);
});

test('a tensor of its own is refused with the remedy', () => {
  assert.throws(() => asTensor(tf.tensor1d([4])), {
    code: 'ERR_INVALID_ARG_TYPE',
    message:
      'asTensor: a tensor object whose data is a method must be given as asTensor(await x.data(), { shape: x.shape }); received an instance of Tensor',
  });
});
