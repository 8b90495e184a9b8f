/** The examples print exactly what they promise. */

import { node } from './support/command';
import { binaries } from './support/configurations';
import { covered } from './support/coverage';

const simulated = { RSQRT_BINARY: binaries.simulated };
const withoutDriver = { ...simulated, RSQRT_SIMULATED_DRIVER: 'none' };
const VECTOR = 'tensor([0.5000, 0.2500, 0.2000])\n';

test.each([
  ['1-vector', VECTOR, {}],
  ['2-matrix', 'tensor([[0.5000, 0.3333],\n        [0.2500, 0.2000]])\n', {}],
  ['3-in-place', VECTOR, {}],
  ['4-cuda', "tensor([0.5000, 0.2500, 0.2000], device='cuda:0')\n", simulated],
  [
    '4-cuda',
    'CUDA is not available: no driver: no NVIDIA driver is installed on this machine; install one that supports CUDA 13.0\n',
    withoutDriver,
  ],
  ['5-lambda', `${VECTOR}tensor([1.0000, 0.5000])\ntensor([0.3333, 0.2500])\ntensor([0.2000, 0.1000])\n`, {}],
])('%s', (name, expected, env) => {
  const { code, stdout, stderr } = node([`examples/${name}.mjs`], { env });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: expected, stderr: '' });
  covered('examples', name);
});

test('6-normalise: every length and root mean square is 1, and a row of zeros is as torch has it', () => {
  const { code, stdout } = node(['examples/6-normalise.mjs']);
  expect(code).toBe(0);
  // torch.nn.functional.normalize(torch.tensor([[3., 4.], [0., 0.]]))
  const zeros = 'tensor([[0.6000, 0.8000],\n        [0.0000, 0.0000]])\n';
  expect(stdout).toContain(`A row of zeros stays one:\n${zeros}`);
  expect(stdout).not.toMatch(/nan/i);
  const numbers = stdout.replace(zeros, '').match(/\d\.\d{4}/g) ?? [];
  expect(numbers).toHaveLength(6 * 6 + 2);
  expect(new Set(numbers)).toEqual(new Set(['1.0000']));
  covered('examples', '6-normalise');
});

test('npm run demo ends with the five ways', () => {
  const { code, stdout } = node(['scripts/demo.mjs'], { env: simulated });
  expect(code).toBe(0);
  const tensors = stdout.slice(stdout.indexOf('── examples/1')).replace(/^── .*\n/gm, '');
  expect(tensors).toBe(
    `${VECTOR}\ntensor([[0.5000, 0.3333],\n        [0.2500, 0.2000]])\n\n${VECTOR}\n` +
      "tensor([0.5000, 0.2500, 0.2000], device='cuda:0')\n\n" +
      `${VECTOR}tensor([1.0000, 0.5000])\ntensor([0.3333, 0.2500])\ntensor([0.2000, 0.1000])\n`,
  );
});
