// What rsqrt is for: L2-normalising a batch of embeddings, and RMSNorm of an activation.
import { asTensor, tensor } from 'rsqrt';

/**
 * x / max(√Σx², ε) for each row of a matrix, in place, as normalize of torch does it: the length becomes 1, and a row of
 * zeros stays one.
 */
function l2Normalise(values, rows, columns, epsilon = 1e-12) {
  const squares = sumsOfSquares(values, rows, columns);
  for (let row = 0; row < rows; row++) squares.data[row] = Math.max(squares.data[row], epsilon ** 2);
  const scale = squares.rsqrt_().data;
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) values[i] *= scale[row];
  }
}

/** x / √(mean(x²) + ε) · weight for each row, in place, as transformers apply it before every layer. */
function rmsNorm(values, rows, columns, weight, epsilon = 1e-6) {
  const squares = sumsOfSquares(values, rows, columns);
  for (let row = 0; row < rows; row++) squares.data[row] = squares.data[row] / columns + epsilon;
  const scale = squares.rsqrt_().data;
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) values[i] *= scale[row] * weight[column];
  }
}

/** Σx² of each row, as a float64 tensor. */
function sumsOfSquares(values, rows, columns) {
  const sums = new Float64Array(rows);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) sums[row] += values[i] * values[i];
  }
  return asTensor(sums);
}

/** Numbers that look like a model's output and are the same on every run. */
function activations(count, scale) {
  return Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * 1.7 + Math.cos(i * 0.3)));
}

const rows = 10_000;
const columns = 768;
const embeddings = activations(rows * columns, 3);
l2Normalise(embeddings, rows, columns);
const lengths = sumsOfSquares(embeddings, rows, columns).sqrt();
console.log(`${rows} embeddings of ${columns} floats, lengths after normalising:`);
console.log(lengths.reshape(100, 100));

const withZeros = Float32Array.of(3, 4, 0, 0);
l2Normalise(withZeros, 2, 2);
console.log('A row of zeros stays one:');
console.log(tensor(withZeros).reshape(2, 2));

const hidden = activations(2 * 4096, 20);
rmsNorm(hidden, 2, 4096, new Float32Array(4096).fill(1));
console.log('RMSNorm of a 2 × 4096 activation, root mean squares after it:');
console.log(tensor(sumsOfSquares(hidden, 2, 4096).data.map((sum) => sum / 4096)).sqrt());
