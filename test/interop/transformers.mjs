// Tensors to and from transformers.js.

import assert from 'node:assert/strict';
import test from 'node:test';
import { layer_norm, mean_pooling, Tensor } from '@huggingface/transformers';
import { asTensor, rsqrt, stack, tensor } from '../../dist/index.js';

const toTransformers = (x) => {
  const { data, dims, type } = x.toObject();
  return new Tensor(type, data, dims);
};

test('both ways without a copy', () => {
  const x = tensor([
    [4, 16, 25],
    [36, 49, 64],
  ]);
  const theirs = toTransformers(x);
  assert.equal(theirs.data.buffer, x.data.buffer);
  const back = asTensor(theirs);
  assert.deepEqual([back.dtype, back.shape], ['float32', [2, 3]]);
  back.rsqrt_();
  assert.deepEqual(theirs.tolist()[0], [0.5, 0.25, Math.fround(0.2)]);
  assert.equal(x.at(0, 0), 0.5);
});

test('what its methods and functions return', () => {
  const theirs = toTransformers(tensor([4, 16, 25, 36]).reshape(2, 2));
  assert.deepEqual(asTensor(theirs.slice(null, [1, 2])).toArray(), [[16], [36]]);
  assert.deepEqual(asTensor(theirs.transpose(1, 0)).toArray(), [
    [4, 25],
    [16, 36],
  ]);
  assert.deepEqual(asTensor(theirs.to('int64')).toArray(), [
    [4n, 16n],
    [25n, 36n],
  ]);
  assert.deepEqual(asTensor(theirs.gt(16)).dtype, 'bool');
  assert.deepEqual(asTensor(theirs[1]).toArray(), [25, 36]);
});

test('embeddings: pooled there, normalised here, as there', () => {
  const hidden = toTransformers(
    tensor(Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => (i % 5) + 1)).reshape(2, 3, 4),
  );
  const mask = toTransformers(
    tensor([
      [1n, 1n, 1n],
      [1n, 1n, 0n],
    ]),
  );
  const pooled = mean_pooling(hidden, mask);
  const expected = pooled.clone().normalize(2, -1);
  const x = asTensor(pooled);
  assert.deepEqual(x.shape, [2, 4]);
  for (let i = 0; i < 2; i++) {
    const squares = x.select(0, i).square().toArray();
    const scale = tensor(squares.reduce((sum, square) => sum + square))
      .rsqrt()
      .item();
    x.select(0, i)
      .toArray()
      .forEach((value, j) => {
        assert.ok(Math.abs(value * scale - expected[i].data[j]) < 1e-6);
      });
  }
  assert.deepEqual(asTensor(layer_norm(pooled, [4])).shape, [2, 4]);
});

test('outputs of a model are refused by their names; each is a tensor, and what stack takes', () => {
  class ModelOutput {
    last_hidden_state = toTransformers(tensor([[4, 16]]));
    past_key_values = null;
  }
  const output = new ModelOutput();
  assert.throws(() => asTensor(output), {
    code: 'ERR_INVALID_ARG_TYPE',
    message:
      'asTensor: source must be one tensor or values; received an object of tensors; pick one of the outputs: last_hidden_state',
  });
  const theirs = output.last_hidden_state;
  assert.throws(() => rsqrt(theirs), /received a tensor object; asTensor\(\) makes a Tensor of it$/);
  assert.deepEqual(stack([theirs, asTensor(theirs)], -1).shape, [1, 2, 2]);
});

for (const dtype of ['float16', 'float64', 'int8', 'uint8', 'int16', 'int32', 'int64', 'bool']) {
  test(`${dtype} both ways`, () => {
    const x = tensor([[1, 0]], { dtype });
    const theirs = toTransformers(x);
    assert.deepEqual([theirs.type, theirs.dims], [dtype, [1, 2]]);
    const back = asTensor(theirs);
    assert.deepEqual([back.dtype, back.toArray()], [dtype, x.toArray()]);
  });
}
