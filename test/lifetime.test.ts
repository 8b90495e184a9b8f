/** tidy, memoryStats and the warnings, on the CPU and on the simulated device. */

import { node } from './support/command';
import { binaries, load } from './support/configurations';
import { covered } from './support/coverage';

covered('suite', 'lifetime: tidy, memoryStats, views, warnings');

const disposed = expect.objectContaining({ code: 'ERR_DISPOSED' });

describe.each([
  ['cpu', load('local')],
  ['cuda:0', load('simulated')],
] as const)('%s', (device, api) => {
  const { arange, asTensor, emptyCache, full, memoryStats, ones, rsqrt, tensor, tidy, zeros } = api;
  const options = { device };
  type Tensor = ReturnType<typeof tensor>;

  /** How many tensors and bytes a function leaves. */
  function left(fn: () => unknown): [tensors: number, bytes: number] {
    const before = memoryStats();
    fn();
    const after = memoryStats();
    return [after.undisposedTensors - before.undisposedTensors, after.undisposedBytes - before.undisposedBytes];
  }

  test('tidy keeps what is returned, however it is returned', () => {
    const made = () => rsqrt(ones(2, options)).neg();
    expect(left(() => tidy(made))).toEqual([1, 8]);
    expect(left(() => tidy(() => [made(), { a: made(), b: [made()] }, 7, null]))).toEqual([3, 24]);
    expect(left(() => tidy(() => new Map([['x', new Set([made()])]])))).toEqual([1, 8]);
    class Pair {
      a = made();
      b = made();
    }
    expect(left(() => tidy(() => new Pair()))).toEqual([2, 16]);
    expect(left(() => tidy(() => void made()))).toEqual([0, 0]);
    expect(left(() => tidy(() => tidy(() => [made(), made()])[0]))).toEqual([1, 8]);
    const cycle: unknown[] = [];
    expect(left(() => tidy(() => cycle[cycle.push(cycle, made()) - 2]))).toEqual([1, 8]);
    expect(tidy(() => 4)).toBe(4);
    expect(tidy(() => made()).toArray()).toEqual([-1, -1]);
  });

  test('tidy disposes everything else: views, copies, temporaries, and all if it throws', () => {
    const kept: Tensor[] = [];
    const outside = ones(3, options);
    const inner = tidy(() => {
      const x = arange(6, options).view(2, 3);
      kept.push(x, x.t(), x.clone(), x.to('float64'), zeros(2, options));
      return x.select(0, 1);
    });
    for (const each of kept) expect(() => each.toArray()).toThrow(disposed);
    expect(inner.toArray()).toEqual([3, 4, 5]); // the storage lives as long as a view of it
    expect(outside.toArray()).toEqual([1, 1, 1]);
    const failing = () => {
      kept.push(ones(1, options));
      throw new Error('mine');
    };
    expect(left(() => expect(() => tidy(failing)).toThrow('mine'))).toEqual([0, 0]);
    expect(left(() => expect(() => tidy(() => tidy(failing))).toThrow('mine'))).toEqual([0, 0]);
    expect(left(() => ones(1, options))).toEqual([1, 4]); // and no scope is left open
  });

  test('tidy disposes all that it can, and throws the first error', () => {
    const stubborn = (text: string) =>
      Object.assign(ones(1, options), {
        dispose() {
          throw new Error(text);
        },
      });
    const failing = (fn: () => void, text: string) => () => expect(() => tidy(fn)).toThrow(text);
    const three = () => {
      stubborn('first');
      ones(1, options);
      stubborn('second');
    };
    const throws = () => {
      three();
      throw new Error('mine');
    };
    expect(left(failing(three, 'first'))).toEqual([2, 8]);
    expect(left(failing(throws, 'mine'))).toEqual([2, 8]);
    expect(left(failing(() => tidy(three), 'first'))).toEqual([2, 8]);
    expect(left(() => ones(1, options))).toEqual([1, 4]); // and no scope is left open
  });

  test('tidy: what is disposed inside, made outside, or returned twice', () => {
    const outside = ones(1, options);
    tidy(() => outside.neg().dispose());
    const [a, b] = tidy(() => {
      const x = outside.neg();
      return [x, x];
    });
    expect(a).toBe(b);
    expect([a.item(), tidy(() => outside).item(), outside.item()]).toEqual([-1, 1, 1]);
    expect(left(() => tidy(() => outside.rsqrt_()))).toEqual([0, 0]);
  });

  test('tidy refuses what is not synchronous, and disposes what it made', async () => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    expect(left(() => expect(() => tidy(async () => ones(1, options))).toThrow(refused))).toEqual([0, 0]);
    const rejecting = async () => {
      throw new Error('told by the TypeError');
    };
    expect(() => tidy(rejecting)).toThrow('tidy: fn must be synchronous; received one that returns a promise');
    await new Promise((resolve) => setImmediate(resolve)); // where an unhandled rejection would show
  });

  test('memoryStats counts tensors and bytes of ours, once for a storage and its views', () => {
    let x: Tensor | undefined;
    expect(left(() => (x = full([1000], 2, options)))).toEqual([1, 4000]);
    expect(left(() => x?.view(10, 100))).toEqual([1, 0]);
    expect(left(() => x?.dispose())).toEqual([-1, 0]); // a view is left
    expect(left(() => x?.dispose())).toEqual([0, 0]);
    expect(left(() => tidy(() => asTensor(new Float32Array(10)).dispose()))).toEqual([0, 0]);
    expect(left(() => asTensor(new Float32Array(10)))).toEqual([1, 0]);
    // Moved to a device, or given a shape, it leaves nothing in between.
    expect(left(() => asTensor(new Float32Array(10), options))).toEqual([1, device === 'cpu' ? 0 : 40]);
    expect(left(() => asTensor([1, 2, 3, 4], { shape: [2, 2], device }))).toEqual([1, 16]);
    expect(left(() => asTensor(zeros(4), { shape: [2, 2], dtype: 'int8', device })?.dispose())).toEqual([1, 16]);
    const out = zeros(0, options);
    expect(left(() => rsqrt(ones(100, options), { out }))[1]).toBe(800); // the input and the memory that grew
    if (device === 'cpu') out.data; // which hands it out
    expect(left(() => out.dispose())).toEqual([-1, -400]);
  });

  test('memoryStats tells what is kept for the next tensors', () => {
    emptyCache();
    api.setCacheLimit(1 << 22);
    const x = zeros(1 << 18, options).cpu();
    x.dispose();
    const kept = memoryStats();
    expect(kept.cachedBytes).toBeGreaterThanOrEqual(1 << 20);
    expect(kept).toMatchObject({ cacheLimit: 1 << 22 });
    emptyCache();
    expect(memoryStats().cachedBytes).toBe(0);
  });

  test('using disposes at the end of the block, and Symbol.dispose is dispose', () => {
    let seen: Tensor;
    {
      using x = ones(2, options);
      seen = x;
      expect(x.neg().toArray()).toEqual([-1, -1]);
    }
    expect(() => seen.toArray()).toThrow(disposed);
    expect(() => seen.t()).toThrow(disposed);
    expect(() => [...seen]).toThrow(disposed);
    const y = ones(1, options);
    y[Symbol.dispose]();
    y[Symbol.dispose]();
    y.dispose();
    expect(() => y.fill_(1)).toThrow(disposed);
    expect([y.shape, y.dtype, y.numel]).toEqual([[1], 'float32', 1]); // what it was can still be asked
  });

  test('every method of a disposed tensor throws ERR_DISPOSED, or rejects with it, or says what it is', async () => {
    const x = ones(2, 2, options);
    x.dispose();
    const harmless = ['constructor', 'dispose', 'isContiguous'];
    const args: Record<string, unknown[]> = {
      view: [4],
      reshape: [4],
      unflatten: [0, [2, 1]],
      transpose: [0, 1],
      permute: [1, 0],
      movedim: [0, 1],
      narrow: [0, 0, 1],
      select: [0, 0],
      slice: [0],
      expand: [2, 2],
      broadcastTo: [2, 2],
      expandAs: [ones(2, 2, options)],
      unsqueeze: [0],
      unfold: [0, 1, 1],
      asStrided: [[1], [1]],
      at: [0, 0],
      set: [1, 0, 0],
      fill_: [1],
      copy_: [ones(2, 2, options)],
      to: ['float64'],
      toAsync: ['float64'],
      cuda: [],
    };
    const names = Object.getOwnPropertyNames(api.Tensor.prototype).filter((name) => {
      const { value } = Object.getOwnPropertyDescriptor(api.Tensor.prototype, name) as PropertyDescriptor;
      return typeof value === 'function' && !harmless.includes(name);
    });
    expect(names.length).toBeGreaterThan(45);
    const survivors: string[] = [];
    for (const name of names) {
      try {
        await Reflect.get(x, name).apply(x, args[name] ?? []);
        survivors.push(name);
      } catch (error) {
        const isDisposed = (error as { code?: string }).code === 'ERR_DISPOSED';
        if (!isDisposed && device === 'cpu' && name !== 'cuda') survivors.push(name);
      }
    }
    expect(survivors).toEqual([]);
  });
});

test('warnings: once each, through process.emitWarning, with a code', () => {
  const program = `
    const { ones, rsqrt, tensor, zeros } = require('rsqrt');
    process.on('warning', ({ name, code, message }) => console.log(name, code, message));
    for (let i = 0; i < 3; i++) rsqrt(ones(3), { out: ones(2) });
    rsqrt(ones(3), { out: zeros(0) });
    rsqrt(ones(3), { out: ones(3) });
    for (let i = 0; i < 3; i++) tensor({ re: 1, im: 2 }).to('float32');
    ones(1).copy_(tensor({ re: 1, im: 2 }));
    tensor({ re: 1, im: 2 }).to('bool');
    tensor({ re: 1, im: 2 }).to('complex128');`;
  const { stdout } = node(['--no-warnings', '-e', program], { env: { RSQRT_BINARY: binaries.local } });
  expect(stdout).toBe(
    'RsqrtWarning RSQRT_OUT_RESIZED rsqrt: out of shape [2] was resized to [3]; give one of that shape\n' +
      'RsqrtWarning RSQRT_COMPLEX_TO_REAL conversion from complex64 to float32 discards the imaginary parts\n',
  );
});
