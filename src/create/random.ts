/**
 * Random numbers: the generator of this copy of the package, and the tensors that are filled from
 * it. native/ops/random.h says how the numbers are made.
 */

import { isCapturing } from '../cuda/graphs';
import { type DType, kindOf } from '../dtype/dtype';
import { contiguousStrides, type Sizes, sameSizes } from '../layout/layout';
import { binding } from '../load/binding';
import { copyOf } from '../program/copy';
import { RsqrtError, rangeError, show, typeError } from '../support/errors';
import { dtypeInfoOf, storageOf, type Tensor } from '../tensor/tensor';
import { type FillArguments, fillArguments, likeArguments, made, type TensorOptions } from './create';

/**
 * The seed, as a number of 64 bits, and the number of the first block that has not been used yet.
 * Seeded when it is first needed, because the first random number of a process takes 2 ms.
 */
const generator: { seed?: bigint; counter: bigint } = { counter: 0n };

function currentSeed(): bigint {
  generator.seed ??= randomSeed();
  return generator.seed;
}

function randomSeed(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0];
}

/**
 * Seeds the generator of random numbers. What is drawn from now on depends only on the seed and the
 * calls that follow. The same calls give the same bits on every instruction set and device, with
 * any number of threads.
 *
 * Each copy of the package, and so each worker, has its own generator. It starts with a seed from
 * the system's randomness.
 *
 * @param seed a safe integer, or a bigint from -2^63 to 2^64 - 1; 2^64 is added to a negative one
 * @throws TypeError or RangeError if `seed` is not such a number
 *
 * @example
 * ```ts
 * manualSeed(0);
 * console.log(randn(3)); // tensor([-0.3977, -0.3104,  1.3868])
 * manualSeed(0);
 * console.log(randn(3)); // tensor([-0.3977, -0.3104,  1.3868])
 * ```
 */
export function manualSeed(seed: number | bigint): void {
  start(checkSeed(seed));
}

/** Seeds the generator from the system's randomness, and returns the seed. */
export function seed(): bigint {
  start(randomSeed());
  return currentSeed();
}

/**
 * The seed that the generator started with, from {@link manualSeed}, {@link seed}, or the system;
 * from 0 to 2^64 - 1.
 */
export function initialSeed(): bigint {
  return currentSeed();
}

function start(from: bigint): void {
  generator.seed = from;
  generator.counter = 0n;
}

function checkSeed(value: unknown): bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw typeError(`manualSeed: seed must be a number or a bigint; received ${show(value)}`);
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw rangeError(`manualSeed: seed must be an integer below 2^53, or a bigint; received ${show(value)}`);
  }
  const exact = BigInt(value);
  if (exact < -(2n ** 63n) || exact >= 2n ** 64n) {
    throw rangeError(`manualSeed: seed must be from -2^63 to 2^64 - 1; received ${show(value)}`);
  }
  return BigInt.asUintN(64, exact);
}

/**
 * A tensor of random numbers, uniform from 0 (included) to 1 (not included); default float32. Sizes
 * are given one by one or as an array: `rand(2, 3)`, `rand([2, 3], options)`.
 *
 * Every number is a multiple of 2^-p, and all multiples are equally likely. p is the precision of
 * the dtype: 11 bits for float16, 8 for bfloat16, 24 for float32, 53 for float64. Both parts of a
 * complex number are such numbers. Throws `ERR_DTYPE` for integer dtypes and bool.
 */
export function rand<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<D> {
  const { shape, dtype, device } = fillArguments(args, 'rand');
  return drawn(uniform, shape, dtype, device, 'rand') as Tensor<D>;
}

/**
 * A tensor of random numbers from the normal distribution with mean 0 and variance 1; default
 * float32. Sizes are given one by one or as an array. Each part of a complex number has a variance
 * of ½. Throws `ERR_DTYPE` for integer dtypes and bool.
 *
 * Each number is computed in float64 and then rounded to the dtype.
 */
export function randn<D extends DType = 'float32'>(...args: FillArguments<D>): Tensor<D> {
  const { shape, dtype, device } = fillArguments(args, 'randn');
  return drawn(normal, shape, dtype, device, 'randn') as Tensor<D>;
}

/**
 * A tensor of random numbers as from {@link rand}, with the shape of another tensor and, unless the
 * options say otherwise, its dtype and device. Its strides are those of a copy. The numbers do not
 * depend on them.
 */
export function randLike<D extends DType, E extends DType = D>(
  input: Tensor<D>,
  options?: TensorOptions<E>,
): Tensor<NoInfer<E>> {
  return drawnLike(uniform, input, options, 'randLike') as Tensor<E>;
}

/** A tensor of random numbers as from {@link randn}; otherwise like {@link randLike}. */
export function randnLike<D extends DType, E extends DType = D>(
  input: Tensor<D>,
  options?: TensorOptions<E>,
): Tensor<NoInfer<E>> {
  return drawnLike(normal, input, options, 'randnLike') as Tensor<E>;
}

const uniform = binding.distributions.indexOf('uniform');
const normal = binding.distributions.indexOf('normal');

/**
 * A contiguous tensor of random numbers. The generator advances by the blocks used, once everything
 * has succeeded.
 */
function drawn(distribution: number, shape: Sizes, dtype: DType, device: number, where: string): Tensor {
  const kind = kindOf(dtype);
  if (kind !== 'float' && kind !== 'complex') {
    throw new RsqrtError('ERR_DTYPE', `${where} is not defined for ${dtype} tensors`);
  }
  if (isCapturing(device)) {
    throw new RsqrtError(
      'ERR_CUDA',
      `${where}: a graph of cuda:${device} is being captured, whose replays would all draw the same numbers; draw them before`,
    );
  }
  const result = made(dtype, shape, contiguousStrides(shape), device, (tensor) => {
    const { memory, byteOffset } = storageOf(tensor, where);
    const dtypeCode = dtypeInfoOf(tensor).code;
    // biome-ignore lint/style/noNonNullAssertion: a storage that a live tensor refers to has memory
    binding.random(distribution, currentSeed(), generator.counter, memory!, dtypeCode, byteOffset, tensor.numel);
  });
  const blocks = kind === 'complex' ? result.numel : Math.ceil(result.numel / 2);
  generator.counter = BigInt.asUintN(64, generator.counter + BigInt(blocks));
  return result;
}

function drawnLike(distribution: number, input: unknown, options: TensorOptions | undefined, where: string): Tensor {
  const { shape, strides, dtype, device } = likeArguments(input, options, where);
  const result = drawn(distribution, shape, dtype, device, where);
  if (sameSizes(strides, result.strides)) return result;
  using contiguous = result;
  return copyOf(contiguous, strides);
}
