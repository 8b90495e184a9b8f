/**
 * The CUDA side, on the simulated device: work is queued and really runs late, memory is limited
 * and poisoned, and every reason for there being no GPU can be had. The host code and the kernels
 * are those of the real thing.
 */

import { node } from './support/command';
import { binaries, load } from './support/configurations';
import { covered, skip } from './support/coverage';

const { arange, cuda, empty, full, info, rsqrt, tensor, zeros } = load('simulated');
covered('suite', 'simulated device');

function inChild(program: string, env: Record<string, string> = {}) {
  return node(['-e', program], { env: { RSQRT_BINARY: binaries.simulated, ...env } });
}

test('it says that it is simulated', () => {
  expect(cuda.isAvailable()).toBe(true);
  expect(cuda.deviceCount()).toBe(2);
  expect(cuda.unavailableReason()).toBeNull();
  expect(cuda.getDeviceName(1)).toBe('rsqrt simulated device 1');
  expect(info().cuda.build).toBe('simulated');
});

test.each([
  [
    { RSQRT_SIMULATED_DRIVER: 'none' },
    'no driver: no NVIDIA driver is installed on this machine; install one that supports CUDA 13.0',
  ],
  [
    { RSQRT_SIMULATED_DRIVER: 'old' },
    'driver too old: it supports CUDA 12.2, rsqrt was built with CUDA 13.0; install a newer driver',
  ],
  [
    { RSQRT_SIMULATED_DEVICES: '0' },
    'no device: the NVIDIA driver sees no GPU; see what nvidia-smi says and whether CUDA_VISIBLE_DEVICES hides it',
  ],
])('%p: to("cuda") and unavailableReason say why', (env, reason) => {
  const program = `
    const { cuda, tensor } = require('rsqrt');
    console.log(cuda.isAvailable(), cuda.deviceCount(), cuda.unavailableReason());
    try { tensor([4]).to('cuda'); } catch ({ name, code, message }) { console.log(name, code, message); }`;
  expect(inChild(program, env).stdout).toBe(
    `false 0 ${reason}\nRsqrtError ERR_CUDA_UNAVAILABLE to: CUDA is not available: ${reason}\n`,
  );
  covered('no CUDA', reason.split(':')[0]);
});

test('a GPU for which the addon has no code is told from none, when it is used', () => {
  const program = `
    const { cuda, tensor } = require('rsqrt');
    console.log(cuda.isAvailable(), cuda.getDeviceName());
    for (let i = 0; i < 2; i++) {
      try { tensor([4]).to('cuda'); } catch ({ code, message }) { console.log(code, message); }
    }`;
  const refusal =
    'ERR_CUDA_UNAVAILABLE CUDA is not available: no kernel image: this copy of the rsqrt addon has no code for rsqrt simulated device 0 ' +
    '(compute capability 9.0); build it from source with a CUDA toolkit that knows the device\n';
  expect(inChild(program, { RSQRT_SIMULATED_IMAGE: 'none' }).stdout).toBe(
    `true rsqrt simulated device 0\n${refusal}${refusal}`,
  );
  covered('no CUDA', 'no kernel image');
});

test('an addon built without CUDA says so', () => {
  const local = load('local');
  if (local.info().cuda.build !== 'none') {
    skip('the message "not built"', 'this addon was built with CUDA');
    return;
  }
  expect(() => local.tensor([4]).to('cuda')).toThrow('CUDA is not available: not built');
  covered('no CUDA', 'not built');
});

test('calls return before the work is done, reading waits for it', () => {
  // Nothing starts within 30 s unless it is waited for.
  const program = `
    const { arange, cuda } = require('rsqrt');
    const x = arange(1, 100_001, { device: 'cuda' });
    let y = x;
    for (let i = 0; i < 20; i++) y = y.rsqrt().square();
    const end = new cuda.Event();
    end.record();
    const done = end.query();
    x.dispose(); // still in use by the queue
    let want = Math.fround(37);
    for (let i = 0; i < 20; i++) want = Math.fround(Math.fround(1 / Math.sqrt(want)) ** 2);
    console.log(done, y.cpu().data[36] === want, y.to('cuda:1').neg().cpu().data[36] === -want);`;
  expect(inChild(program, { RSQRT_SIMULATED_DELAY: '30000000' })).toEqual({
    code: 0,
    stdout: 'false true true\n',
    stderr: '',
  });
});

test('host memory may be changed as soon as a copy to the device returns', () => {
  const program = `
    const { asTensor, tensor } = require('rsqrt');
    const source = new Float32Array(1000).fill(4);
    const x = asTensor(source, { device: 'cuda' });
    source.fill(9);
    console.log(x.rsqrt().toArray().every((value) => value === 0.5));`;
  expect(inChild(program, { RSQRT_SIMULATED_DELAY: '300000' }).stdout).toBe('true\n');
});

test('fresh device memory is garbage, so nothing relies on zeros', () => {
  expect(empty(1000, { device: 'cuda' }).cpu().data.every(Number.isNaN)).toBe(true);
  expect(
    zeros(1000, { device: 'cuda' })
      .cpu()
      .data.every((value) => value === 0),
  ).toBe(true);
});

test('out of memory: a clear error, inputs intact, and memory to be had again', () => {
  const program = `
    const { full, rsqrt } = require('rsqrt');
    const mega = 1 << 20;
    const x = full([2 * mega], 4, { device: 'cuda' });
    const kept = [];
    try { for (;;) kept.push(rsqrt(x)); } catch ({ name, code, message }) { console.log(name, code, message.replace(/\\d{5,}/g, 'N')); }
    console.log(kept.length, x.cpu().data.every((value) => value === 4), kept.every((y) => y.cpu().data[mega] === 0.5));
    kept[0].dispose();
    console.log(rsqrt(x).cpu().data[5]);`;
  expect(inChild(program, { RSQRT_SIMULATED_MEMORY: String(64 << 20) })).toEqual({
    code: 0,
    stdout:
      'RsqrtError ERR_OUT_OF_MEMORY out of memory on cuda:0: asked for N bytes, N are allocated, 0 of N are free\n7 true true\n0.5\n',
    stderr: '',
  });
});

test('devices are apart: results, copies between them, and mixing them refused', () => {
  const x = arange(1, 9, { device: 'cuda:0' });
  const y = x.rsqrt().to('cuda:1');
  expect([y.device, y.neg().cpu().data[3]]).toEqual(['cuda:1', -0.5]);
  expect(() => rsqrt(x, { out: empty(8, { device: 'cuda:1' }) })).toThrow(
    "rsqrt: out must be on the input's device cuda:0; it is on cuda:1",
  );
  cuda.synchronize(1);
});

test('a result on the CPU and on the device has the same bits, NaN included', () => {
  const x = tensor([-1, Number.NaN, 0, -0, 1e-45, 3], { dtype: 'float32' });
  const bits = (y: typeof x) => [...new Uint32Array(Float32Array.from(y.data as Float32Array).buffer)];
  expect(bits(rsqrt(x.cuda()).cpu())).toEqual(bits(rsqrt(x)));
  expect(full([], -1, { device: 'cuda' }).rsqrt().item()).toBeNaN();
});
