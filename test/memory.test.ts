/** The memory of CPU tensors: what is used again, what never is, and how much there is at most. */

import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import * as api from '../src/index';
import { Spares } from '../src/memory/spares';
import { storageOf } from '../src/tensor/tensor';
import { node } from './support/command';
import { covered, skip } from './support/coverage';
import { testUnlessEmulated } from './support/emulation';
import { range, type } from './support/wrong-calls';

covered('suite', 'memory: reuse, cache, slabs, bounds');

const { arange, asTensor, emptyCache, full, getCacheLimit, ones, rsqrt, setCacheLimit, tensor, zeros } = api;
const empty = (length: number) => api.empty(length, { dtype: 'uint8' });

const MiB = 1024 * 1024;
const LARGE = 100_000; // bytes; larger than what is cut from slabs
const defaultLimit = 256 * MiB;

/** The ArrayBuffer that a tensor lies in, which no user could get at without `data`. */
const bufferOf = (x: api.Tensor) => storageOf(x, 'test').owner as ArrayBuffer;
const offsetOf = (x: api.Tensor) => storageOf(x, 'test').byteOffset;

/** Disposes a tensor and returns the buffer that it had. */
function disposed(x: api.Tensor): ArrayBuffer {
  const buffer = bufferOf(x);
  x.dispose();
  return buffer;
}

/** Whether the memory of a tensor goes to the next one of its size. */
function isReused(x: api.Tensor): boolean {
  const length = storageOf(x, 'test').byteLength;
  return bufferOf(empty(length)) !== bufferOf(x) && disposed(x) === bufferOf(empty(length));
}

beforeEach(() => {
  emptyCache();
  setCacheLimit(defaultLimit);
});

describe('reuse of disposed tensors', () => {
  const x = full([LARGE], 4);

  // biome-ignore format: a table
  test.each<[string, () => api.Tensor]>([
    ['empty', () => empty(LARGE)],
    ['full', () => full([LARGE], 4)],
    ['zeros', () => zeros(LARGE)],
    ['ones', () => ones(LARGE)],
    ['arange', () => arange(LARGE)],
    ['tensor of a typed array', () => tensor(new Float32Array(LARGE))],
    ['tensor of a list', () => tensor(Array(LARGE).fill(2))],
    ['an operation', () => rsqrt(x)],
    ['a conversion', () => x.to('float64')],
    ['a copy', () => x.clone()],
    ['what is in dtype bool', () => x.to('bool')],
  ])('what %s made is used again', (_name, make) => {
    expect(isReused(make())).toBe(true);
  });

  test('reading does not end it, as long as no memory is handed out', () => {
    const y = full([LARGE], 4);
    {
      using part = y.asStrided([1], [1], 7);
      using matrix = y.reshape(2, LARGE / 2);
      using transposed = matrix.t();
      part.item();
      y.toArray();
      y.toString();
      inspect(y);
      transposed.data; // not contiguous: a copy
      y.clone().data;
      y.to('float64').data;
      rsqrt(y);
      rsqrt(y, { out: y });
      y.rsqrt_();
    }
    expect(isReused(y)).toBe(true);
  });

  // biome-ignore format: a table
  test.each<[string, (y: api.Tensor) => unknown]>([
    ['data', (y) => y.data],
    ['data of a view', (y) => { using view = y.reshape(2, LARGE / 2); return view.data; }],
    ['data of a part', (y) => { using part = y.asStrided([2], [1], 5); return part.data; }],
    ['data that a tensor shares', (y) => asTensor(y.data)],
  ])('%s ends it', (_name, read) => {
    const y = full([LARGE], 4);
    const seen = read(y);
    expect(isReused(y)).toBe(false);
    expect(seen).toBeDefined();
  });

  test('an array that was handed out keeps its elements', () => {
    const y = full([LARGE], 4);
    const array = y.data;
    y.dispose();
    for (let i = 0; i < 5; i++) full([LARGE], 9).dispose();
    full([LARGE], 9);
    expect(array.every((value) => value === 4)).toBe(true);
  });

  test('memory of asTensor is never given to another tensor, nor freed', () => {
    const array = new Float32Array(LARGE).fill(4);
    const y = asTensor(array);
    expect(isReused(y)).toBe(false);
    asTensor(new Float32Array(array.buffer)).dispose();
    emptyCache();
    expect(array[LARGE - 1]).toBe(4);
  });

  test('a view keeps the memory; the last to be disposed gives it back', () => {
    const y = empty(LARGE);
    const view = y.reshape(2, LARGE / 2);
    const viewOfView = view.t();
    const buffer = bufferOf(y);
    y.dispose();
    view.dispose();
    view.dispose();
    expect(bufferOf(empty(LARGE))).not.toBe(buffer);
    viewOfView.dispose();
    expect(bufferOf(empty(LARGE))).toBe(buffer);
    expect(bufferOf(empty(LARGE))).not.toBe(buffer); // once
  });

  test('a disposed tensor stays an error after its memory went to another', () => {
    const y = empty(LARGE);
    const buffer = disposed(y);
    expect(bufferOf(empty(LARGE))).toBe(buffer);
    expect(() => y.data).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
    expect(() => rsqrt(y)).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }));
    y.dispose();
    expect(bufferOf(empty(LARGE))).not.toBe(buffer);
  });

  test('a buffer that was transferred away does not come back', () => {
    const y = empty(LARGE);
    const { buffer } = y.data;
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    y.dispose();
    const next = empty(LARGE);
    expect(bufferOf(next)).not.toBe(buffer);
    expect(next.data.length).toBe(LARGE);
  });

  test.each([
    ['the same size', 100_000, 100_000, true],
    ['a quarter larger', 100_000, 80_000, false],
    ['a little larger', 100_000, 92_000, true],
    ['a byte too small', 100_000, 100_001, false],
    ['far larger', 1_000_000, 100_000, false],
  ])('a spare of %s', (_name, kept, wanted, taken) => {
    const buffer = disposed(empty(kept));
    const y = empty(wanted);
    expect(bufferOf(y) === buffer).toBe(taken);
    // The tensor is as large as was asked for, whatever it lies in.
    expect(storageOf(y, 'test').byteLength).toBe(wanted);
    expect(y.data.length).toBe(wanted);
    expect(() => y.asStrided([wanted + 1], [1], 0)).toThrow(RangeError);
  });

  test('fresh memory has no byte too many', () => {
    expect(bufferOf(empty(LARGE)).byteLength).toBe(LARGE);
  });
});

describe('small tensors', () => {
  test.each([4, 4096, 4100, 32_768])('%d bytes: share a buffer, and lie on cache lines', (bytes) => {
    const made = Array.from({ length: 5 }, () => empty(bytes));
    expect(new Set(made.map(bufferOf)).size).toBeLessThan(3);
    const starts = made.map((x) => offsetOf(x));
    expect(starts.every((start) => start % 64 === 0)).toBe(true);
    for (const [i, x] of made.entries()) x.data.fill(i);
    expect(made.map((x) => x.data.every((value, _, array) => value === array[0] && value < 5))).not.toContain(false);
    expect(made.map((x) => x.data[0])).toEqual([0, 1, 2, 3, 4]);
  });

  test.each([4, 20_000])('%d bytes: the last that was made gives back its place', (bytes) => {
    emptyPlaces(bytes);
    const first = empty(bytes);
    const second = empty(bytes);
    const place = offsetOf(second);
    second.dispose();
    const third = empty(bytes);
    expect([bufferOf(third), offsetOf(third)]).toEqual([bufferOf(first), place]);
    const start = offsetOf(first);
    first.dispose(); // not the last
    expect(offsetOf(empty(bytes))).not.toBe(start);
  });

  test.each([4, 20_000])('%d bytes: not if its memory was handed out', (bytes) => {
    emptyPlaces(bytes);
    const x = empty(bytes);
    const array = x.data.fill(7);
    x.dispose();
    empty(bytes).data.fill(9);
    expect(array.every((value) => value === 7)).toBe(true);
  });

  /** Begins a new slab, so that a test does not run over its end. */
  function emptyPlaces(bytes: number): void {
    const buffer = bufferOf(empty(bytes));
    for (let i = 0; i < 2000 && bufferOf(empty(bytes)) === buffer; i++);
  }
});

describe('the cache', () => {
  test('keeps up to the limit, and gives up what was kept longest', () => {
    setCacheLimit(1_000_000);
    expect(getCacheLimit()).toBe(1_000_000);
    const sizes = [400_000, 50_000, 300_000, 200_000, 100_000];
    const buffers = sizes.map(empty).map(disposed);
    // 400,000 had to go for the last; the others fit.
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual([0, 50_000, 300_000, 200_000, 100_000]);
    setCacheLimit(350_000);
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual([0, 0, 0, 200_000, 100_000]);
    expect(bufferOf(empty(200_000))).toBe(buffers[3]);
  });

  test('does not keep what is above the limit, but frees it at once', () => {
    setCacheLimit(LARGE);
    const kept = disposed(empty(LARGE));
    const freed = disposed(empty(LARGE + 1));
    expect([kept.byteLength, freed.byteLength]).toEqual([LARGE, 0]);
    setCacheLimit(0);
    expect(kept.byteLength).toBe(0);
  });

  test('emptyCache frees all that is kept, and nothing in use', () => {
    const used = full([LARGE], 4);
    const buffers = [200_000, LARGE, LARGE].map(empty).map(disposed);
    expect(emptyCache()).toBeUndefined();
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual([0, 0, 0]);
    expect(used.data.every((value) => value === 4)).toBe(true);
    expect(buffers).not.toContain(bufferOf(empty(LARGE)));
  });

  test('is emptied before memory runs out', () => {
    const buffer = disposed(empty(LARGE));
    const bytes = 2 ** 47;
    expect(() => empty(bytes)).toThrow(
      expect.objectContaining({
        code: 'ERR_OUT_OF_MEMORY',
        message: `out of memory on the CPU: cannot allocate ${bytes} bytes`,
      }),
    );
    expect(buffer.byteLength).toBe(0);
  });

  test.each([
    ['nothing', undefined, type, /^setCacheLimit: bytes must be a number; received undefined$/],
    ['a string', '1 GB', type, /^setCacheLimit: bytes must be a number; received '1 GB'$/],
    ['a fraction', 0.5, range, /^setCacheLimit: bytes must be an integer from 0 to .*; received 0.5$/],
    ['a negative number', -1, range, /^setCacheLimit: bytes must be .*; received -1$/],
    ['NaN', Number.NaN, range, /^setCacheLimit: bytes must be .*; received NaN$/],
  ])('refuses %s as its limit', (_name, bytes, expected, message) => {
    expect(() => setCacheLimit(bytes as number)).toThrow(
      expect.objectContaining({ ...expected, message: expect.stringMatching(message) }),
    );
    expect(getCacheLimit()).toBe(defaultLimit);
  });
});

test('spares: as a list that is searched from its end', () => {
  const freed: ArrayBuffer[] = [];
  const spares = new Spares(60_000, (buffer) => freed.push(buffer));
  let model: ArrayBuffer[] = []; // the oldest first
  let missed = 0;
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const sizes = (buffers: ArrayBuffer[]) => buffers.map(({ byteLength }) => byteLength);
  // In the 20,000 steps, jest's expect would take most of the time.
  const given = (count: number) => {
    const [actual, wanted] = [freed.splice(0), model.splice(0, count)];
    if (actual.length !== wanted.length || actual.some((buffer, i) => buffer !== wanted[i]))
      throw new Error(`buffers of [${sizes(actual)}] bytes were freed, expected [${sizes(wanted)}]`);
  };
  const excess = (limit: number) => {
    let count = 0;
    for (let sum = spares.bytes; sum > limit; count++) sum -= model[count].byteLength;
    return count;
  };
  for (let step = 0; step < 20_000; step++) {
    const bytes = 1 + random(random(2) ? 8000 : 300);
    const action = random(1000);
    if (action < 500) {
      const buffer = new ArrayBuffer(bytes);
      const count = excess(spares.limit - bytes);
      spares.keep(buffer);
      given(count);
      model.push(buffer);
    } else if (action < 998) {
      const buffer = spares.take(bytes);
      const fitting = model.filter(({ byteLength }) => byteLength >= bytes && byteLength <= 1.25 * bytes);
      if (buffer === undefined) missed += Number(fitting.length > 0);
      else if (!fitting.includes(buffer)) expect(fitting).toContain(buffer);
      model = model.filter((other) => other !== buffer);
    } else if (action < 999) {
      const limit = 20_000 + random(80_000);
      const count = excess(limit);
      spares.limit = limit;
      given(count);
    } else {
      spares.clear();
      given(model.length);
    }
    const sum = model.reduce((total, { byteLength }) => total + byteLength, 0);
    if (spares.bytes !== sum || sum > spares.limit) {
      expect([step, spares.bytes]).toEqual([step, sum]);
      expect(spares.bytes).toBeLessThanOrEqual(spares.limit);
    }
  }
  // Only the newest of a class are tried: now and then one that would do is not seen.
  expect(missed).toBeLessThan(2000);
});

test('spares: one above 4 GiB has its class too', () => {
  // No such memory is made: only the length counts.
  const buffer = (byteLength: number) => ({ byteLength }) as ArrayBuffer;
  const spares = new Spares(2 ** 50, () => {});
  const large = buffer(2 ** 40);
  spares.keep(buffer(1));
  spares.keep(large);
  expect(spares.take(2 ** 32)).toBeUndefined();
  expect(spares.take(2 ** 40 - 2 ** 30)).toBe(large);
  expect(spares.take(1)?.byteLength).toBe(1);
  expect(spares.take(1)).toBeUndefined();
});

describe('of the whole process', () => {
  const measured = testUnlessEmulated('memory', "what the system counts is the emulator's memory");

  /** What a program prints, run on the built package. */
  function run(program: string, ...options: string[]): number[] {
    const setUp = `
      const { asTensor, emptyCache, empty, full, rsqrt, setCacheLimit, tensor } = require('.');
      // MiB. Not resourceUsage().maxRSS, which starts at what the process had that started this one.
      const peak = () => Number(/VmHWM:\\s*(\\d+)/.exec(require('fs').readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
      const resident = () => process.memoryUsage().rss / 2 ** 20;
      const print = (...numbers) => console.log(JSON.stringify(numbers));`;
    const { code, stdout, stderr } = node([...options, '-e', setUp + program]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  measured('20,000 outputs of 1 MB, left to the collector, in under 400 MB', () => {
    const [most, value] = run(`
      const x = full([250_000], 4);
      let y;
      for (let i = 0; i < 20_000; i++) y = rsqrt(x);
      print(peak(), y.asStrided([], [], 249_999).item());`);
    expect(most).toBeLessThan(400);
    expect(value).toBe(0.5);
  });

  measured('20,000 outputs of 1 MB, disposed at once, in under 150 MB', () => {
    const [most, value] = run(`
      const x = full([250_000], 4);
      let last;
      for (let i = 0; i < 20_000; i++) {
        const y = rsqrt(x);
        const end = y.asStrided([], [], 249_999);
        last = end.item();
        for (const ended of [y, end]) ended.dispose();
      }
      print(peak(), last);`);
    expect(most).toBeLessThan(150);
    expect(value).toBe(0.5);
  });

  measured('small outputs, left to the collector and disposed at once, in under 150 MB', () => {
    const [most] = run(`
      const x = full([1000], 4);
      let y;
      for (let i = 0; i < 500_000; i++) y = rsqrt(x);
      for (let i = 0; i < 500_000; i++) rsqrt(x).dispose();
      print(peak());`);
    expect(most).toBeLessThan(150);
  });

  measured('a large output left to the collector becomes the next one: no new page faults', () => {
    const [faults, value] = run(`
      const x = full([2 ** 24], 4);
      let y;
      const faults = () => process.resourceUsage().minorPageFault;
      for (let i = 0; i < 8; i++) y = rsqrt(x);
      const before = faults();
      for (let i = 0; i < 24; i++) y = rsqrt(x);
      print((faults() - before) / 24, y.asStrided([], [], 2 ** 24 - 1).item());`);
    expect(faults).toBeLessThan(24); // 64 MiB fresh are 32 huge pages, or 16,384 small ones
    expect(value).toBe(0.5);
  });

  test('large tensors that live, their views, and what data handed out are never overwritten', () => {
    const values = run(`
      const n = 2 ** 23;
      const output = (i) => rsqrt(full([1], 4 ** i).asStrided([n], [0], 0)); // 2^-i everywhere
      const array = (i) => output(i).data;
      const view = (i) => output(i).asStrided([2], [n - 1], 0);
      const arrays = [array(0), array(1)];
      const views = [view(2), view(3)];
      const live = [output(4), output(5)];
      for (let i = 0; i < 40; i++) output(10);
      for (const y of live) views.push(y.asStrided([2], [n - 1], 0));
      print(...arrays.flatMap((y) => [y[0], y[n - 1]]), ...views.flatMap((y) => y.toArray()));`);
    expect(values).toEqual([0, 1, 2, 3, 4, 5].flatMap((i) => [2 ** -i, 2 ** -i]));
  });

  measured('emptyCache frees what large tensors left behind', () => {
    const [held, left] = run(
      `
      const x = full([2 ** 24], 4);
      for (let i = 0; i < 8; i++) rsqrt(x);
      const held = resident();
      gc();
      emptyCache();
      print(held, resident());`,
      '--expose-gc',
    );
    expect(left).toBeLessThan(held - 120);
  });

  measured('emptyCache returns the memory to the system', () => {
    const [held, left] = run(`
      for (const x of Array.from({ length: 100 }, () => full([250_000], 4))) x.dispose();
      const held = resident();
      emptyCache();
      print(held, resident());`);
    expect(left).toBeLessThan(held - 60);
  });

  measured('a tensor above the limit is freed when it is disposed, not by the collector', () => {
    const [most] = run(`
      setCacheLimit(0);
      for (let i = 0; i < 20; i++) full([64 * 2 ** 20], 4, { dtype: 'uint8' }).dispose();
      print(peak());`);
    expect(most).toBeLessThan(150);
  });

  const gnu = 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;
  if (gnu) {
    measured('freed memory stays with the process: no new page faults', () => {
      const [faults] = run(`
        setCacheLimit(0); // disposed buffers are freed at once, as others are by the collector
        const round = () => {
          for (const x of Array.from({ length: 20 }, () => full([250_000], 4))) x.dispose();
        };
        for (let i = 0; i < 3; i++) round();
        const before = process.resourceUsage().minorPageFault;
        for (let i = 0; i < 10; i++) round();
        print((process.resourceUsage().minorPageFault - before) / 10);`);
      expect(faults).toBeLessThan(500); // 20 MB are 4,900 pages
    });
  } else {
    skip('freed memory stays with the process', 'the C library is not glibc');
  }

  if (gnu && existsSync('/sys/kernel/mm/transparent_hugepage')) {
    measured('huge pages are asked for where they pay', () => {
      const [before, after] = run(`
        const advised = () => {
          const mappings = require('fs').readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-)/m);
          const sizes = mappings.filter((text) => /^VmFlags:.* hg/m.test(text)).map((text) => /^Size: *(\\d+)/m.exec(text)[1]);
          return sizes.reduce((sum, size) => sum + size / 1024, 0);
        };
        const small = Array.from({ length: 5 }, () => empty(7 * 2 ** 18)); // 7 MiB
        const before = advised();
        const large = empty(2 ** 24);
        print(before, advised(), small.length, large.numel);`);
      expect(before).toBe(0);
      expect(after).toBeGreaterThanOrEqual(62); // the inside of 64 MiB
      expect(after).toBeLessThanOrEqual(64);
    });
  } else {
    skip('huge pages', 'this system has none');
  }

  test('each worker has a cache of its own, and may end with spares in it', () => {
    const [code, mine, theirs] = run(`
      const { Worker } = require('worker_threads');
      setCacheLimit(1000);
      const source = \`
        const { empty, getCacheLimit } = require('.');
        for (let i = 0; i < 100; i++) empty(250_000).dispose();
        require('worker_threads').parentPort.postMessage(getCacheLimit());\`;
      const worker = new Worker(source, { eval: true });
      let theirs;
      worker.on('message', (limit) => { theirs = limit; });
      worker.on('exit', (code) => print(code, require('.').getCacheLimit(), theirs));`);
    expect([code, mine, theirs]).toEqual([0, 1000, defaultLimit]);
  });
});
