// TensorFlow.js with its WebAssembly backend, which has one thread in Node.

import { inputArray } from '../dtypes.mjs';
import { samplesOf } from './samples.mjs';

export async function open() {
  const tf = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  const [simd, multithreaded] = await Promise.all(
    ['WASM_HAS_SIMD_SUPPORT', 'WASM_HAS_MULTITHREAD_SUPPORT'].map((flag) => tf.env().getAsync(flag)),
  );
  return { about: { version: tf.version_core, simd, multithreaded }, prepare: (each) => prepareWith(tf, each) };
}

function prepareWith(tf, { op, dtype, size, layout }) {
  if (dtype !== 'float32') return 'no such dtype';
  if (layout !== 'contiguous') return 'contiguous tensors only';
  const compute = tf[op];
  const x = tf.tensor1d(inputArray(dtype, size));
  let y = compute(x);
  const loops = {
    new(count) {
      for (let i = 0; i < count; i++) {
        const next = compute(x);
        y.dispose(); // the collector does not
        y = next;
      }
      return y;
    },
    disposed(count) {
      for (let i = 0; i < count; i++) compute(x).dispose();
    },
  };
  return {
    loops,
    read: async (result, indices) => samplesOf(dtype, await result.data(), indices),
    release: () => tf.dispose([x, y]),
  };
}
