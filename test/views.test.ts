/**
 * Views and operations on them, against data taken from torch: strides, values, result strides, in
 * place, refusals.
 */

import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { DType, Tensor } from '../src/index';
import { configurations } from './support/configurations';
import { covered } from './support/coverage';
import { type UnaryName, unaryNames, unaryOf } from './support/ops';
import { type Element, partOf, resultDType } from './support/reference';
import { dataOf, decode, decodeAll, type Encoded, elementAt, positions, rawOf, setElement } from './support/values';

interface ViewCase {
  name: string;
  dtype: DType;
  base_shape: number[];
  storage: Encoded[];
  ops: [name: string, ...args: (number | number[] | null)[]][];
  shape: number[];
  strides: number[];
  offset: number;
  is_contiguous: boolean;
  result: {
    dtype: DType;
    shape: number[];
    strides: number[];
    is_contiguous: boolean;
    values: Encoded[];
    correctly_rounded?: Encoded[];
  };
  in_place: { storage: Encoded[] } | { error: 'cast' | 'overlap' } | { undefined: string };
}

const cases: ViewCase[] = JSON.parse(readFileSync(path.join(__dirname, 'vectors', 'views.json'), 'utf8')).cases;

/** Ours is called as torch's, but in camel case. */
function view(of: Tensor, [name, ...args]: ViewCase['ops'][number]): Tensor {
  const method = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return (of as unknown as Record<string, (...args: unknown[]) => Tensor>)[method](...args);
}

describe.each(configurations)('$name', ({ rsqrt, device }) => {
  covered('vectors', 'views.json');
  test.each(cases.map((c) => [`${c.dtype} ${c.name}`, c] as const))('%s', (_, c) => {
    using base = rsqrt.asTensor(decodeAll(c.storage, c.dtype), { dtype: c.dtype, device });
    using viewed = c.ops.reduce(view, base.view(c.base_shape));
    expect([viewed.shape, viewed.strides, viewed.storageOffset]).toEqual([c.shape, c.strides, c.offset]);
    expect(viewed.isContiguous()).toBe(c.is_contiguous);

    using result = rsqrt.rsqrt(viewed);
    expect([result.dtype, result.shape, result.strides]).toEqual([c.result.dtype, c.result.shape, c.result.strides]);
    expect(result.isContiguous()).toBe(c.result.is_contiguous);
    const raw = rawOf(result);
    const places = positions(result.shape, result.strides, 0);
    const values = places.map((p) => elementAt(raw, result.dtype, p));
    const words = c.result.correctly_rounded ?? c.result.values;
    // torch's own complex results are not the nearest, nor are ours.
    const near = (value: Element): unknown =>
      typeof value === 'object' ? { re: expect.closeTo(value.re, 6), im: expect.closeTo(value.im, 6) } : value;
    expect(values).toEqual(words.map((word) => near(decode(word, result.dtype))));

    if (!('storage' in c.in_place)) {
      // Overlap without a zero stride is not detected by torch, and its result undefined; we refuse
      // it.
      const refusal = 'error' in c.in_place ? c.in_place.error : 'overlap';
      const code = { cast: 'ERR_DTYPE', overlap: 'ERR_OVERLAP' }[refusal];
      expect(() => rsqrt.rsqrt_(viewed)).toThrow(expect.objectContaining({ code }));
      expect(dataOf(base)).toEqual(decodeAll(c.storage, c.dtype));
    } else {
      rsqrt.rsqrt_(viewed);
      const after = decodeAll(c.storage, c.dtype);
      // torch's own in-place values are not correctly rounded; place ours where it places its.
      positions(c.shape, c.strides, c.offset).forEach((p, i) => {
        setElement(after, c.dtype, p, values[i]);
      });
      expect(dataOf(base)).toEqual(after);
    }
  });
});

// ---------------------------------------------------------------- shapes, strides and offsets alone

interface Geometry {
  shape: number[];
  strides: number[];
  offset: number;
  contiguous: boolean;
}
interface GeometryCase {
  shape: number[];
  steps: ViewCase['ops'];
  result?: Geometry | Geometry[];
  refused?: true;
}

const geometries: GeometryCase[] = JSON.parse(
  readFileSync(path.join(__dirname, 'vectors', 'view-geometry.json'), 'utf8'),
).cases;

describe('torch.empty, then the steps', () => {
  const { empty } = configurations[0].rsqrt;
  const geometryOf = (tensor: Tensor): Geometry => ({
    shape: [...tensor.shape],
    strides: [...tensor.strides],
    offset: tensor.storageOffset,
    contiguous: tensor.isContiguous(),
  });
  covered('vectors', 'view-geometry.json');

  test.each(geometries.map((c) => [`[${c.shape}] ${JSON.stringify(c.steps)}`, c] as const))('%s', (_, c) => {
    const before = c.steps.slice(0, -1).reduce(view, empty(c.shape));
    const last = () => view(before, c.steps[c.steps.length - 1]);
    if (c.refused) {
      expect(last).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_(SHAPE|OUT_OF_RANGE)$/) }));
    } else {
      const result = last() as Tensor | Tensor[];
      const found = Array.isArray(result) ? result.map(geometryOf) : geometryOf(result);
      expect(found).toEqual(c.result);
    }
  });
});

// ---------------------------------------------------------------- strides of results and copies

type StridesRow = [shape: number[], strides: number[], result: number[], promoted: number[], copy: number[]];

const stridesRows: StridesRow[] = JSON.parse(
  readFileSync(path.join(__dirname, 'vectors', 'result-strides.json'), 'utf8'),
).rows;

describe('the strides that torch chooses', () => {
  covered('vectors', 'result-strides.json');
  const stored = ['float32', 'int32', 'bool', 'complex64'] as const;
  const textOf = ({ shape, strides }: Pick<Tensor, 'shape' | 'strides'>) =>
    `[${shape}] [${strides}]${Object.isFrozen(strides) ? '' : ' not frozen'}`;
  const named = (tensors: object, shape: number[], strides: number[]) =>
    Object.keys(tensors).map((name) => [name, textOf({ shape, strides: Object.freeze([...strides]) })]);
  const found = (tensors: Record<string, Tensor>) =>
    Object.entries(tensors).map(([name, tensor]) => [name, textOf(tensor)]);

  const [{ rsqrt: local }] = configurations;
  /** What the operations of certain dtypes give, by name: all that are defined. */
  const resultsOf = (inputs: Tensor[], isChosen: (op: UnaryName, dtype: DType) => boolean): Record<string, Tensor> =>
    Object.fromEntries(
      inputs.flatMap((input) =>
        unaryNames
          .filter((op) => resultDType(op, input.dtype) !== null && isChosen(op, input.dtype))
          .map((op) => [`${op} of ${input.dtype}`, unaryOf(local, op)(input)]),
      ),
    );
  const isMadeReal = (op: UnaryName, dtype: DType): boolean =>
    partOf(dtype) !== undefined && resultDType(op, dtype) === partOf(dtype);
  const onCpu = stored.map((dtype) => local.ones(4096, { dtype }));

  test.each(stridesRows)('shape %j, strides %j', (shape, strides, result, promoted, copy) => {
    const inputs = onCpu.map((storage) => storage.asStrided(shape, strides));
    const [x, whole] = inputs;
    const results = {
      ...resultsOf(inputs, (op, dtype) => resultDType(op, dtype) === dtype),
      'x.rsqrt()': x.rsqrt(),
      'rsqrt into out': local.rsqrt(x, { out: local.empty(0) }),
    };
    const promotedResults = {
      ...resultsOf(inputs, (op, dtype) => resultDType(op, dtype) !== dtype && !isMadeReal(op, dtype)),
      'rsqrt of int32 into out': local.rsqrt(whole, { out: local.empty(0) }),
    };
    const copies = {
      clone: x.clone(),
      'to float64': x.to('float64'),
      'to float32, copy': x.to({ dtype: 'float32', copy: true }),
      emptyLike: local.emptyLike(x),
      zerosLike: local.zerosLike(x),
      onesLike: local.onesLike(x),
      fullLike: local.fullLike(x, 7),
      randLike: local.randLike(x),
      randnLike: local.randnLike(x),
      'zerosLike, int8': local.zerosLike(x, { dtype: 'int8' }),
      ...resultsOf(inputs, isMadeReal),
    };
    expect(found({ ...results, ...promotedResults, ...copies })).toEqual([
      ...named(results, shape, result),
      ...named(promotedResults, shape, promoted),
      ...named(copies, shape, copy),
    ]);
  });

  const gpu = configurations.find(({ device }) => device !== 'cpu');
  if (gpu !== undefined) {
    const { rsqrt, device } = gpu;
    const storage = rsqrt.ones(4096, { device });
    const whole = rsqrt.ones(4096, { device, dtype: 'int32' });

    test.each(stridesRows)(`${gpu.name}: shape %j, strides %j`, (shape, strides, result, promoted, copy) => {
      const x = storage.asStrided(shape, strides);
      const results = { rsqrt: rsqrt.rsqrt(x) };
      const promotedResults = { 'rsqrt of int32': rsqrt.rsqrt(whole.asStrided(shape, strides)) };
      const host = x.cpu();
      const copies = {
        host,
        'to cpu, float64': x.to({ device: 'cpu', dtype: 'float64' }),
        'back again': host.to(device),
      };
      expect(found({ ...results, ...promotedResults, ...copies })).toEqual([
        ...named(results, shape, result),
        ...named(promotedResults, shape, promoted),
        ...named(copies, shape, copy),
      ]);
    });
  }
});
