/**
 * What only the simulated device can show of GPUs: work that runs late, little memory, no access from one to another, workers that
 * are ended amid their work, and no GPU at all.
 */

import { covered } from './support/coverage';
import { late } from './support/simulated';

// ---------------------------------------------------------------- copies

test('without a GPU there is no page-locked memory', () => {
  expect(
    late('console.log(codeOf(() => ones(2).pinMemory()), ones(2).isPinned())', { RSQRT_SIMULATED_DEVICES: '0' }),
  ).toEqual(['ERR_CUDA_UNAVAILABLE false']);
});

test('copies not waited for really are under way, and in order', () => {
  expect(
    late(`
      const pinned = full([1000], 7).pinMemory();
      const seen = pinned.data;
      const onGpu = pinned.to({ device: 'cuda', nonBlocking: true });
      seen.fill(8); // which nobody can see, so the copy finds it
      console.log(onGpu.at(0));
      const back = onGpu.to({ device: 'cpu', nonBlocking: true });
      onGpu.fill_(9); // queued behind it
      console.log(back.at(999), onGpu.at(0));
      const x = full([1000], 3, { device: 'cuda:0' });
      const y = x.to('cuda:1');
      x.fill_(4);
      const z = y.neg().to({ device: 'cpu', nonBlocking: true });
      y.dispose();
      x.dispose();
      console.log(z.at(500));
      const plain = new Float32Array(1000).fill(4);
      const copied = asTensor(plain).to({ device: 'cuda', nonBlocking: true });
      plain.fill(9);
      console.log(copied.at(0));`),
  ).toEqual(['8', '8 9', '-3', '4']);
});

// ---------------------------------------------------------------- reading without blocking

test('the event loop is free meanwhile, and the process lives until the read is done, and no longer', () => {
  expect(
    late(`
      const x = full([1 << 20], 4, { device: 'cuda' });
      let y = x;
      for (let i = 0; i < 20; i++) y = y.neg();
      let turns = 0, done = false;
      const spin = () => { turns++; if (!done) setImmediate(spin); };
      setImmediate(spin);
      y.dataAsync().then((data) => { done = true; console.log(data[7], turns > 3); });
      console.log('called');`),
  ).toEqual(['called', '4 true']);
  expect(
    late(`
      const x = full([1000], 4, { device: 'cuda' });
      const controller = new AbortController();
      rejection(x.dataAsync({ signal: controller.signal })).then(console.log);
      controller.abort();
      const y = x.neg();
      rejection(y.toArrayAsync()).then(console.log);
      y.dispose();`),
  ).toEqual(['20', 'ERR_DISPOSED']);
});

test('an exit, or the end of a worker, amid a read is no crash', () => {
  expect(late(`full([1000], 4, { device: 'cuda' }).dataAsync(); setImmediate(() => process.exit());`)).toEqual([]);
  expect(
    late(`
      const { Worker } = require('node:worker_threads');
      const text = \`
        const { full } = require('rsqrt');
        full([1000], 4, { device: 'cuda' }).dataAsync();
        full([1000], 4, { device: 'cuda' }).toArrayAsync().then(() => console.log('never'));
        require('node:worker_threads').parentPort.postMessage('read');
        // Nothing else happens in the worker until it is ended.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);\`;
      const worker = new Worker(text, { eval: true });
      worker.on('message', () => worker.terminate());
      worker.on('exit', () => console.log('ended'));`),
  ).toEqual(['ended']);
});

// ---------------------------------------------------------------- memory

test('emptyCache without a GPU does nothing', () => {
  expect(late('console.log(cuda.emptyCache())', { RSQRT_SIMULATED_DEVICES: '0' })).toEqual(['undefined']);
});

test.each([
  ['pools', {}],
  ['no pools', { RSQRT_SIMULATED_POOLS: '0' }],
])(
  'a synchronous loop that disposes nothing stays within the memory of the device, with %s',
  (_, env) => {
    expect(
      late(
        `
      const x = full([1], 4, { device: 'cuda' });
      let y;
      for (let i = 0; i < 5000; i++) {
        y = empty(1 << 18, { device: 'cuda' });
        y.narrow(0, i, 1).copy_(x);
      }
      console.log(y.at(4999), cuda.memGetInfo().total);`,
        { RSQRT_SIMULATED_MEMORY: String(32 << 20), RSQRT_SIMULATED_DELAY: '2000', ...env },
      ),
    ).toEqual(['4 33554432']);
  },
  120_000,
);

test('out of memory: what is kept is given back first, and one that is disposed is enough to go on', () => {
  expect(
    late(
      `
      const mega = 1 << 18;
      const kept = [];
      for (let i = 0; i < 6; i++) kept.push(ones(2 * mega, { device: 'cuda' }));
      for (const each of kept) each.dispose();
      const x = ones(14 * mega, { device: 'cuda' });
      console.log(codeOf(() => ones(4 * mega, { device: 'cuda' })));
      console.log(x.at(14 * mega - 1), cuda.memoryAllocated() >= 14 << 20);
      x.dispose();
      console.log(ones(10 * mega, { device: 'cuda' }).at(0));`,
      { RSQRT_SIMULATED_MEMORY: String(16 << 20) },
    ),
  ).toEqual(['ERR_OUT_OF_MEMORY', '1 true', '1']);
});

// ---------------------------------------------------------------- the order of work

test('streams on the same tensors, devices in a row, and what is disposed at once: in the order of the calls', () => {
  expect(
    late(`
      const n = 10000;
      const x = full([n], 1, { device: 'cuda' });
      for (let i = 0; i < 8; i++) {
        cuda.stream(() => x.copy_(x.neg()));
        x.copy_(tidy(() => cuda.stream(() => x.square().neg())));
        cuda.stream(() => cuda.stream(() => x.neg_()));
      }
      console.log(x.at(0), x.at(n - 1));
      const y = cuda.stream(() => full([n], 4, { device: 'cuda' }));
      const moved = cuda.stream(() => y.rsqrt()).to('cuda:1');
      y.fill_(9);
      const z = cuda.stream(() => moved.neg(), 1);
      moved.dispose();
      y.dispose();
      zeros(n, { device: 'cuda:1' });
      zeros(n, { device: 'cuda:0' });
      console.log(z.cpu().data.every((value) => value === -0.5));`),
  ).toEqual(['1 1', 'true']);
  covered('cuda', 'streams');
});

test('work of other streams needs no access from one GPU to another', () => {
  expect(
    late(
      `
      const x = cuda.stream(() => full([1000], 4, { device: 'cuda' }));
      const y = x.to('cuda:1');
      x.dispose();
      console.log(y.rsqrt().to('cuda:0').at(999));`,
      { RSQRT_SIMULATED_PEER: '0' },
    ),
  ).toEqual(['0.5']);
});

test('workers have streams of their own, several at once, also when they are ended amid their work', () => {
  expect(
    late(
      `
      const { Worker } = require('node:worker_threads');
      const text = \`
        const { arange, cuda } = require('rsqrt');
        const { parentPort, workerData: { device, ends } } = require('node:worker_threads');
        cuda.setDevice(device);
        const x = arange(1, 1001, { dtype: 'float64', device: 'cuda' });
        let y;
        for (let i = 0; i < 40; i++) y = cuda.stream(() => x.rsqrt());
        if (ends) parentPort.postMessage(y.device + ' ' + y.at(99) + ' ' + (cuda.memoryAllocated() > 0));
        else for (;;) y = cuda.stream(() => y.rsqrt());\`;
      const run = (device, ends) => new Promise((resolve) => {
        const worker = new Worker(text, { eval: true, workerData: { device, ends } });
        let said;
        worker.on('message', (message) => (said = message));
        worker.on('error', (error) => (said = String(error)));
        worker.on('exit', () => resolve(said));
        if (!ends) worker.on('online', () => setTimeout(() => worker.terminate(), 200));
      });
      console.log((await Promise.all([run(0, true), run(1, true), run(0, false), run(0, true), run(1, false)])).join());
      console.log(cuda.memoryAllocated(), full([2], 4, { device: 'cuda' }).rsqrt().at(1), cuda.currentDevice());`,
      { RSQRT_SIMULATED_DELAY: '2000' },
    ),
  ).toEqual(['cuda:0 0.1 true,cuda:1 0.1 true,,cuda:0 0.1 true,', '0 0.5 0']);
  covered('cuda', 'workers');
});

test('an event tells whether the work before it is done, and waits for it', () => {
  expect(
    late(
      `
      const start = new cuda.Event();
      const end = new cuda.Event({ device: 0 });
      console.log(start.query(), start.device);
      const x = ones(1000, { device: 'cuda' });
      start.record();
      let y = x;
      for (let i = 0; i < 20; i++) y = y.neg();
      console.log(end.record() === end, end.query());
      end.synchronize();
      console.log(end.query(), start.query(), start.elapsedTime(end) >= 0, end.elapsedTime(start) <= 0);
      const again = cuda.stream(() => [y.neg(), end.record()]);
      console.log(end.query(), start.elapsedTime(end) >= 0, end.query(), again.length);
      start.dispose();
      start.dispose();
      { const third = new cuda.Event(); end.dispose(); third.record(); }
      console.log(codeOf(() => start.query()), codeOf(() => end.record()));`,
    ),
  ).toEqual(['true cuda:0', 'true false', 'true true true true', 'false true true 2', 'ERR_DISPOSED ERR_DISPOSED']);
  covered('cuda', 'events');
});

test('replays are in order with what is queued around them, on any stream and device', () => {
  expect(
    late(`
      const x = full([1000], 2, { device: 'cuda' });
      const graph = cuda.graph(() => x.copy_(x.square()));
      const before = x.neg();
      graph.replay();
      const between = cuda.stream(() => x.neg());
      cuda.stream(() => graph.replay());
      const after = x.to('cuda:1').neg();
      graph.dispose();
      console.log(before.at(0), between.at(1), after.at(999));`),
  ).toEqual(['-2 -4 -16']);
});
