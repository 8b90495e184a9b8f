// ONNX Runtime on the CPU, with a model that is made here.

import { DTYPES, emptyArray, inputArray, resultOf } from '../dtypes.mjs';
import { hasType, model } from './onnx_model.mjs';
import { samplesOf } from './samples.mjs';

export async function open(threads) {
  const { default: ort } = await import('onnxruntime-node');
  const options = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  };
  const prepare = (each) => prepareWith(ort, options, each);
  return { about: { version: ort.env.versions.node, threads }, prepare };
}

async function prepareWith(ort, options, { op, dtype, size, layout }) {
  if (!hasType(dtype)) return 'no such dtype';
  if (layout !== 'contiguous') return 'contiguous tensors only';
  const result = resultOf(dtype);
  const session = await ort.InferenceSession.create(model(op, dtype, result), options);
  const tensor = (type, array) => new ort.Tensor(type, array, [size]);
  const x = { x: tensor(dtype, inputArray(dtype, size)) };
  const out = { y: tensor(result, emptyArray(result, size)) };
  const loops = {
    async new(count) {
      let y;
      for (let i = 0; i < count; i++) ({ y } = await session.run(x));
      return y;
    },
    async disposed(count) {
      for (let i = 0; i < count; i++) (await session.run(x)).y.dispose();
    },
    async out(count) {
      for (let i = 0; i < count; i++) await session.run(x, out);
      return out.y;
    },
  };
  const { array } = DTYPES[result];
  return {
    loops,
    // As it is stored, because float16 may come as a Float16Array.
    read: ({ data }, indices) => samplesOf(dtype, new array(data.buffer, data.byteOffset, data.length), indices),
    release: () => session.release(),
  };
}
