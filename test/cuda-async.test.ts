/** Reading from a GPU while the event loop goes on. */

import { getEventListeners } from 'node:events';
import { gpusOf, loadWatched } from './support/configurations';
import { covered } from './support/coverage';

const { rsqrt, binding } = loadWatched('simulated');
const { arange, cuda, full, memoryStats, ones, tensor, tidy } = rsqrt;
const gpus = gpusOf(rsqrt);
const last = gpus[gpus.length - 1];

const onGpu = () => tensor([[1, 2, 3], [4, 5, 6]], { device: 'cuda' }); // biome-ignore format: short

/** Each reads a tensor, and gives plain values. */
const reads = {
  dataAsync: async (x: ReturnType<typeof onGpu>, options?: { signal?: AbortSignal }) => [
    ...(await x.dataAsync(options)),
  ],
  toArrayAsync: async (x: ReturnType<typeof onGpu>, options?: { signal?: AbortSignal }) =>
    [await x.toArrayAsync(options)].flat(3),
  toAsync: async (x: ReturnType<typeof onGpu>, options?: { signal?: AbortSignal }) => {
    const host = await x.toAsync('cpu', options);
    const values = [host.toArray()].flat(3);
    if (host !== x) host.dispose();
    return values;
  },
};
const entries = Object.entries(reads);

describe.each(entries)('%s', (name, read) => {
  test('gives what the method without Async gives, on GPUs and on the CPU, of any layout', async () => {
    for (const device of ['cpu', ...gpus] as const) {
      const x = onGpu().to(device);
      for (const y of [x, x.t(), x.narrow(1, 1, 2), x.select(0, 0).expand(2, 3), x.narrow(0, 0, 0)]) {
        expect(await read(y as typeof x)).toEqual([y.toArray()].flat(3));
      }
    }
    covered('cuda', name);
  });

  test('what the tensor holds when it is called, without a wait', async () => {
    const x = onGpu();
    const settle = jest.spyOn(binding, 'settle');
    const copy = jest.spyOn(binding, 'copy');
    const promise = read(x);
    expect([copy.mock.calls.length, copy.mock.calls[0][5], settle.mock.calls.length]).toEqual([1, true, 0]);
    x.copy_(x.neg());
    expect(await promise).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await read(x)).toEqual([-1, -2, -3, -4, -5, -6]);
    jest.restoreAllMocks();
  });

  test('rejected when the tensor is disposed before, or meanwhile', async () => {
    const x = onGpu();
    const release = jest.spyOn(binding, 'releasePinned');
    const before = memoryStats();
    const promise = read(x);
    const second = read(x);
    x.dispose();
    await expect(promise).rejects.toMatchObject({
      code: 'ERR_DISPOSED',
      message: `${name}: the tensor of shape [2,3] was disposed`,
    });
    await expect(second).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    await expect(read(x)).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    expect(release).toHaveBeenCalledTimes(2);
    expect(memoryStats().undisposedTensors).toBe(before.undisposedTensors - 1);
    release.mockRestore();
  });

  test('disposed afterwards is none of its business, nor is another view', async () => {
    const x = onGpu();
    const view = x.view(2, 3);
    const promise = read(x);
    view.dispose();
    await promise;
    x.dispose();
    expect(await promise).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('rejected with the reason of a signal that fires, or had fired', async () => {
    const x = onGpu();
    const before = memoryStats().undisposedTensors;
    const controller = new AbortController();
    const promise = read(x, { signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(promise).rejects.toBe(reason);
    const copy = jest.spyOn(binding, 'copy');
    await expect(read(x, { signal: controller.signal })).rejects.toBe(reason);
    await expect(read(x, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(copy).not.toHaveBeenCalled();
    copy.mockRestore();
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(memoryStats().undisposedTensors).toBe(before);
    expect(await read(x)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  // Each signal misbehaves in one way; what it throws rejects the promise, and it is told nothing
  // any more.
  const misbehaving: Record<string, (signal: AbortSignal) => object> = {
    'addEventListener throws': () => ({
      addEventListener() {
        throw new Error('mine');
      },
    }),
    'addEventListener registers, then throws': (signal) => ({
      addEventListener(type: 'abort', listener: () => void) {
        signal.addEventListener(type, listener);
        throw new Error('mine');
      },
    }),
    'addEventListener throws, and so does removeEventListener': () => ({
      addEventListener() {
        throw new Error('mine');
      },
      removeEventListener() {
        throw new Error('another');
      },
    }),
    'removeEventListener throws': () => ({
      removeEventListener() {
        throw new Error('mine');
      },
    }),
    'aborted throws': () => ({
      get aborted() {
        throw new Error('mine');
      },
    }),
    'throwIfAborted throws': () => ({
      throwIfAborted() {
        throw new Error('mine');
      },
    }),
    'it fires as a listener is added, and reason throws': () => ({
      addEventListener(_: 'abort', listener: () => void) {
        listener();
      },
      get reason() {
        throw new Error('mine');
      },
    }),
    'it fires as a listener is added': () => ({
      reason: new Error('mine'),
      addEventListener(_: 'abort', listener: () => void) {
        listener();
      },
    }),
    'it fires before a listener is added': () => {
      let aborted = false;
      return {
        reason: new Error('mine'),
        get aborted() {
          return aborted;
        },
        throwIfAborted() {
          aborted = true;
        },
      };
    },
  };

  test.each(Object.entries(misbehaving))('a signal of which %s', async (_, change) => {
    const x = onGpu();
    const { signal } = new AbortController();
    const usual = {
      aborted: false,
      reason: undefined,
      throwIfAborted: () => {},
      addEventListener: signal.addEventListener.bind(signal),
      removeEventListener: signal.removeEventListener.bind(signal),
    };
    const odd = Object.defineProperties(usual, Object.getOwnPropertyDescriptors(change(signal)));
    const before = memoryStats().undisposedTensors;
    await expect(read(x, { signal: odd as never })).rejects.toThrow('mine');
    expect(memoryStats().undisposedTensors).toBe(before);
    // Nothing is registered any more: no listener, and nobody to be told that the tensor is
    // disposed, who would remove it again.
    const removed = jest.fn();
    if (!('removeEventListener' in change(signal))) expect(getEventListeners(signal, 'abort')).toEqual([]);
    Object.defineProperty(odd, 'removeEventListener', { value: removed });
    x.dispose();
    expect(removed).not.toHaveBeenCalled();
  });

  test('dispose() of a tensor that is read does not throw what a signal throws', async () => {
    const signal = Object.assign(new AbortController().signal, {
      removeEventListener() {
        throw new Error('mine');
      },
    });
    const x = onGpu();
    const reading = [read(x, { signal }), read(x, { signal }), read(x)];
    x.dispose();
    for (const each of reading) await expect(each).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
  });

  test('a wait that cannot begin leaves nothing registered', async () => {
    const { signal } = new AbortController();
    const when = jest.spyOn(binding, 'whenSettled').mockImplementation(() => {
      throw new Error('no memory');
    });
    const before = memoryStats().undisposedTensors;
    const x = onGpu();
    await expect(read(x, { signal })).rejects.toThrow('no memory');
    when.mockRestore();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(memoryStats().undisposedTensors).toBe(before + 1);
  });

  test('a signal that does not fire is let go', async () => {
    const { signal } = new AbortController();
    const promise = read(onGpu(), { signal });
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    await promise;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('wrong arguments are rejected, by name', async () => {
    const x = onGpu() as never;
    const known = name === 'toArrayAsync' ? 'signal, ndim' : 'signal';
    for (const signal of [null, 4, 'now', {}, { aborted: false }, () => {}]) {
      await expect(read(x, { signal } as never)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringMatching(`^${name}: signal must be an AbortSignal; received `),
      });
    }
    await expect(read(x, 4 as never)).rejects.toMatchObject({
      message: `${name}: options must be an object such as { ${known} }; received 4`,
    });
    await expect(read(x, { timeout: 4 } as never)).rejects.toMatchObject({
      message: `${name}: options can have ${known}; received 'timeout'`,
    });
  });

  test('its copy belongs to no scope, and is given back', async () => {
    const x = onGpu();
    const before = memoryStats().undisposedTensors;
    let promise: Promise<unknown> | undefined;
    tidy(() => {
      promise = read(x);
    });
    expect(await promise).toEqual([1, 2, 3, 4, 5, 6]);
    expect(memoryStats().undisposedTensors).toBe(before);
    tidy(() => {
      promise = read(x.neg() as typeof x);
      promise.catch(() => {});
    });
    await expect(promise).rejects.toMatchObject({ code: 'ERR_DISPOSED' });
    expect(memoryStats().undisposedTensors).toBe(before);
  });

  test('a copy that failed is an error', async () => {
    const when = jest
      .spyOn(binding, 'whenSettled')
      .mockImplementation((_, done) => setImmediate(done, new Error('lost')));
    const before = memoryStats().undisposedTensors;
    await expect(read(onGpu())).rejects.toThrow('lost');
    expect(memoryStats().undisposedTensors).toBe(before + 1);
    when.mockRestore();
  });
});

test('dataAsync: the memory of a contiguous CPU tensor, page-locked memory of others', async () => {
  const x = tensor([1, 2]);
  (await x.dataAsync())[0] = 7;
  expect(x.toArray()).toEqual([7, 2]);
  const data = await full([1000], 3, { device: 'cuda' }).dataAsync();
  ones(1000, { device: 'cuda' }).to({ device: 'cpu', nonBlocking: true }).toArray();
  expect(data.every((value) => value === 3)).toBe(true);
});

test('where the runtime refuses page-locked memory, all but pinMemory() do with ordinary memory', async () => {
  const refuse = jest.spyOn(binding, 'allocatePinned').mockImplementation(() => {
    throw Object.assign(new Error('no external ArrayBuffers'), { code: 'ERR_CUDA' });
  });
  for (const [, read] of entries) expect(await read(onGpu())).toEqual([1, 2, 3, 4, 5, 6]);
  const host = onGpu().to({ device: 'cpu', nonBlocking: true });
  expect([host.isPinned(), host.toArray()]).toEqual([false, [[1, 2, 3], [4, 5, 6]]]); // biome-ignore format: short
  expect(() => ones(2).pinMemory()).toThrow('no external ArrayBuffers');
  expect(refuse).toHaveBeenCalledTimes(entries.length + 2);
  refuse.mockRestore();
});

test('toAsync: devices, dtypes and options as in to()', async () => {
  const x = onGpu();
  const y = await x.toAsync({ device: 'cpu', dtype: 'int64' });
  expect([y.isPinned(), y.dtype, y.at(1, 2)]).toEqual([true, 'int64', 6n]);
  expect((await x.toAsync('float16')).device).toBe('cuda:0');
  expect((await x.toAsync(last)).toArray()).toEqual(x.toArray());
  expect((await y.toAsync(last)).dtype).toBe('int64');
  expect(await x.toAsync('cuda')).toBe(x);
  expect(await y.toAsync('cpu')).toBe(y);
  expect((await y.toAsync({ device: 'cpu', copy: true })) === y).toBe(false);
  await expect(x.toAsync('cuda:99')).rejects.toMatchObject({
    message: expect.stringMatching(/^toAsync: device must be one of cpu, cuda:0.*; received 'cuda:99'$/),
  });
  await expect(x.toAsync(undefined as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
});

test('a CPU tensor that a copy is on its way to is waited for without blocking', async () => {
  const settle = jest.spyOn(binding, 'settle');
  const host = onGpu().to({ device: 'cpu', nonBlocking: true });
  const promise = host.toArrayAsync();
  expect(settle).not.toHaveBeenCalled();
  expect(await promise).toEqual([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: short
  settle.mockRestore();
});

test('an iterator may close a stream of reads, all at once', async () => {
  const x = arange(0, 64, { device: 'cuda' }).view(64, 1);
  const rows = await Promise.all([...x].map((row) => (row as typeof x).toArrayAsync()));
  expect(rows).toEqual(Array.from({ length: 64 }, (_, i) => [i]));
  cuda.synchronize();
});
