/** The default dtype: of numbers that come without one, and of what is computed from integers, against torch. */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType, FloatDType } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { type UnaryName, unaryNames, unaryNamesWhere, unaryOf } from './support/ops';
import { nearest, reference, resultDType, toWord } from './support/reference';
import { dataOf, inputs, wordsOf } from './support/values';

const read = (name: string) => JSON.parse(readFileSync(path.join(__dirname, 'vectors', name), 'utf8'));
const { rsqrt_when_default_dtype_is_float64: results } = read('promotion.json') as {
  rsqrt_when_default_dtype_is_float64: Record<DType, DType>;
};
const creation = read('creation.json') as {
  integers: string[];
  defaults: Record<'float16' | 'bfloat16' | 'float64', Record<string, (number | string)[]>>;
};
covered('vectors', 'promotion.json (default dtype float64)', 'creation.json (defaults)');

const settings = ['float16', 'bfloat16', 'float32', 'float64'] as const;
const whole = ['int8', 'uint8', 'int16', 'int32', 'int64', 'bool'] as const;
const fractional = unaryNamesWhere(({ result }) => result === 'float');
const others = unaryNames.filter((op) => !fractional.includes(op));
const refusesCast = expect.objectContaining({ code: 'ERR_DTYPE' });

describe.each(configurations)('$name', ({ rsqrt: api, device }) => {
  const { arange, asTensor, empty, full, getDefaultDtype, linspace, ones, setDefaultDtype, tensor, zeros } = api;
  afterEach(() => setDefaultDtype('float32'));

  test('it is float32 until set, and a refused one changes nothing', () => {
    expect(getDefaultDtype()).toBe('float32');
    setDefaultDtype('bfloat16');
    expect(() => setDefaultDtype('int8' as FloatDType)).toThrow(TypeError);
    expect(getDefaultDtype()).toBe('bfloat16');
  });

  test.each(settings)('%s: numbers without a dtype', (dtype) => {
    setDefaultDtype(dtype);
    const complex = dtype === 'float64' ? 'complex128' : 'complex64';
    const i = { re: 0, im: 1 };
    const options = { device };
    const made = { number: tensor(0.1, options), list: tensor([[1, 0.1]], options), none: tensor([], options) };
    const filled = {
      zeros: zeros(2, options),
      ones: ones([2], options),
      empty: empty(2, options),
      full: full(2, 0.1, options),
    };
    const spaced = {
      arange: arange(0, 1, 0.1, options),
      mixed: arange(0, 2n, options),
      linspace: linspace(0n, 1n, 3, options),
    };
    const all = { ...made, ...filled, ...spaced, mixture: tensor([1.5, 2n, true], options) };
    for (const [name, x] of Object.entries(all)) expect([name, x.dtype, x.device]).toEqual([name, dtype, device]);
    for (const x of [tensor(i, options), tensor([1.5, i], options), full(2, i, options), linspace(0, i, 3, options)]) {
      expect([x.dtype, x.device]).toEqual([complex, device]);
    }
    expect(made.number.item()).toBe(nearest(dtype, 0.1));
    expect(all.mixture.toArray()).toEqual([1.5, 2, 1]);
    // What has a dtype of its own keeps it.
    const own = [
      tensor([1n]),
      full(2, 1n),
      arange(2n),
      tensor([true]),
      tensor(new Int8Array(1)),
      tensor(new Float32Array(1)),
    ];
    expect(own.map((x) => x.dtype)).toEqual(['int64', 'int64', 'int64', 'bool', 'int8', 'float32']);
    expect(zeros(2, { dtype: 'int8' }).dtype).toBe('int8');
  });

  test.each(Object.keys(results) as DType[])('float64: rsqrt of %s, new, in place and into out', (dtype) => {
    setDefaultDtype('float64');
    const expected = results[dtype];
    const values = (y: number, of: DType) => Array(3).fill(of.startsWith('complex') ? { re: y, im: 0 } : y);
    const root = dtype === 'bool' ? 1 : 0.5;
    const x = full([3], 4, { dtype, device });
    expect([x.rsqrt().dtype, x.rsqrt().toArray()]).toEqual([expected, values(root, expected)]);
    for (const to of ['float16', 'float32', 'float64', 'complex64'] as const) {
      const out = empty(3, { dtype: to, device });
      if (dtype.startsWith('complex') && !to.startsWith('complex')) {
        expect(() => api.rsqrt(x, { out })).toThrow(refusesCast);
      } else {
        expect(api.rsqrt(x, { out }).toArray()).toEqual(values(root, to));
      }
    }
    if ((whole as readonly DType[]).includes(dtype)) {
      const before = x.toArray();
      expect(() => x.rsqrt_()).toThrow(
        expect.objectContaining({ message: `rsqrt_: a float64 result cannot be stored in a tensor of dtype ${dtype}` }),
      );
      expect(x.toArray()).toEqual(before);
    } else {
      expect(x.rsqrt_().toArray()).toEqual(values(root, dtype));
    }
  });

  // The integers are converted to the default dtype first, with all that it loses, and computed in it.
  test.each(settings.flatMap((setting) => whole.map((dtype) => [setting, dtype] as const)))(
    '%s: every operation on %s against the reference',
    (setting, dtype) => {
      setDefaultDtype(setting);
      const x = asTensor(inputs(dtype, 300), { dtype, device });
      const elements = x.toArray() as (number | bigint | boolean)[];
      const columns = x.reshape(20, 15).t();
      for (const op of fractional) {
        const run = unaryOf(api, op);
        const expected = elements.map((value) =>
          toWord(setting, reference(op, setting, nearest(setting, value)) as number),
        );
        const y = run(x);
        expect(y.dtype).toBe(setting);
        expect(words(y)).toEqual(expected);
        expect(words(run(columns).t().reshape(-1))).toEqual(expected);
        const wide = run(x, { out: empty(300, { dtype: 'float64', device }) });
        expect(wide.toArray()).toEqual(y.toArray());
        const single = run(columns, { out: empty(15, 20, { dtype: 'float32', device }) });
        expect(single.t().reshape(-1).toArray()).toEqual(y.to('float32').toArray());
      }
    },
  );

  test.each(Object.keys(creation.defaults) as (keyof typeof creation.defaults)[])(
    '%s: as torch computes it',
    (setting) => {
      setDefaultDtype(setting);
      const x = tensor(creation.integers.map(BigInt), { device });
      for (const [op, results] of Object.entries(creation.defaults[setting])) {
        const torch = results.map(Number);
        const ours = unaryOf(api, op as UnaryName)(x).toArray() as unknown as number[];
        // torch does not round correctly; it may be off by a unit.
        const unit = { float16: 2 ** -10, bfloat16: 2 ** -7, float64: 2 ** -52 }[setting];
        ours.forEach((y, i) => {
          const isSame = Object.is(y, torch[i]);
          if (!isSame) expect([op, Math.abs(y / torch[i] - 1) <= unit]).toEqual([op, true]);
        });
      }
    },
  );

  test.each(settings)('%s: other operations, and other dtypes, do not see it', (setting) => {
    const run = () => {
      const inputs = [tensor([-3, 7], { dtype: 'int16', device }), tensor([true], { device })];
      const ints = inputs.flatMap((x) =>
        others.filter((op) => resultDType(op, x.dtype) !== null).map((op) => unaryOf(api, op)(x)),
      );
      const floats = (['float16', 'bfloat16', 'float32', 'float64', 'complex64'] as DType[]).flatMap((dtype) =>
        fractional.map((op) => unaryOf(api, op)(full(3, 3, { dtype, device }))),
      );
      return [...ints, ...floats].map((x) => [x.dtype, [...wordsOf(dataOf(x))]]);
    };
    const before = run();
    setDefaultDtype(setting);
    expect(run()).toEqual(before);
  });

  /** The bits of each element of a float tensor. */
  function words(x: import('../src/index').Tensor): bigint[] {
    const raw = dataOf(x);
    if (raw instanceof Float64Array) return [...new BigUint64Array(raw.buffer, raw.byteOffset, raw.length)];
    return [...wordsOf(raw)].map(BigInt);
  }
});
