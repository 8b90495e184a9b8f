// The contenders on a GPU. contenders.mjs says how each is driven.

import { here, inNode, PYTHON } from './contenders.mjs';

const inPython = (...args) => ({ command: PYTHON, args: [here('torch_gpu_worker.py'), ...args] });

export const GPU_CONTENDERS = [
  { name: 'rsqrt', ...inNode('gpu_rsqrt'), required: true, ulps: 0.5 },
  { name: 'rsqrt calls', ...inNode('gpu_calls'), ulps: 0.5 },
  { name: 'rsqrt copy', ...inNode('gpu_copy'), copies: true, ulps: 0 },
  { name: 'torch', ...inPython(), ulps: 2 },
  { name: 'torch copy', ...inPython('copy'), copies: true, ulps: 0 },
];

export const GPU_NAMES = GPU_CONTENDERS.map(({ name }) => name);
