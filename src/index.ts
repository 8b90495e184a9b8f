/**
 * `torch.rsqrt` for Node: tensors on the CPU and on NVIDIA GPUs, and elementwise operations that
 * give the same correctly rounded bits everywhere.
 *
 * @example
 * ```ts
 * import { rsqrt, tensor } from 'rsqrt';
 *
 * console.log(rsqrt(tensor([4, 16, 25]))); // tensor([0.5000, 0.2500, 0.2000])
 * ```
 *
 * @document ../docs/numerics.md
 * @document ../docs/cuda.md
 * @document ../docs/decisions.md
 * @document ../CHANGELOG.md
 *
 * @packageDocumentation
 */

// Must come before everything that defines a disposer.
import './symbol-dispose';
import './async-reading';
import './converting';
import './json';
import './interop';
import './printing';
import './reading';
import './views';
import './writing';

export type { ArrowVector } from './arrow';
export type { AsyncOptions, Signal } from './async-reading';
export type { ToOptions } from './copy';
export { emptyCache, getCacheLimit, setCacheLimit } from './cpu-memory';
export {
  type DTypeOf,
  empty,
  emptyLike,
  full,
  fullLike,
  ones,
  onesLike,
  type TensorData,
  type TensorOptions,
  tensor,
  zeros,
  zerosLike,
} from './create';
export { type CudaDeviceProperties, cuda } from './cuda';
export type { CudaEvent, CudaEventOptions } from './cuda-events';
export type { CudaGraph } from './cuda-graphs';
export type { DeviceName, GpuName } from './device';
export {
  type Complex,
  canCast,
  type DType,
  dtypes,
  type ElementOf,
  type FloatDType,
  getDefaultDtype,
  promoteTypes,
  setDefaultDtype,
  type TypedArray,
  type TypedArrayOf,
} from './dtype';
export { RsqrtError, type RsqrtErrorCode } from './errors';
export type { PrintOptions } from './format';
export type { Index } from './geometry';
export { type Info, info } from './info';
export type { TensorObject, TransferableObject, WithBuffer } from './interop';
export { cat, type Joinable, type JoinedDType, type JoinOptions, stack } from './joining';
export { fromJSON, type JsonComplex, type JsonElement, type TensorJson } from './json';
export type { Sizes } from './layout';
export type { Scalar } from './literal';
export { type MemoryStats, memoryStats } from './memory-stats';
export type { InPlaceOp, ResultOf, Rule, UnaryOp } from './op';
export * from './ops';
export { getPrintOptions, type PrintOptionsToSet, setPrintOptions } from './print-options';
export { resultType } from './promotion';
export { initialSeed, manualSeed, rand, randLike, randn, randnLike, seed } from './random';
export { arange, linspace } from './ranges';
export type { Nested, NestedOf, ToArrayOptions } from './reading';
export { tidy } from './scope';
export { asTensor, type Shareable, type SharedDType, type TensorLike } from './share';
export { Tensor } from './tensor';
export { getNumThreads, setNumThreads } from './threads';
export type { CopyOptions } from './writing';
