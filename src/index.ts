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
import './support/symbol-dispose';
import './methods/async-reading';
import './methods/converting';
import './exchange/json';
import './exchange/interop';
import './print/printing';
import './methods/reading';
import './methods/views';
import './methods/writing';

export { asTensor, type Shareable, type SharedDType, type TensorLike } from './create/as-tensor';
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
} from './create/create';
export { cat, type Joinable, type JoinedDType, type JoinOptions, stack } from './create/joining';
export { initialSeed, manualSeed, rand, randLike, randn, randnLike, seed } from './create/random';
export { arange, linspace } from './create/ranges';
export { type CudaDeviceProperties, cuda } from './cuda/cuda';
export type { CudaEvent, CudaEventOptions } from './cuda/events';
export type { CudaGraph } from './cuda/graphs';
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
} from './dtype/dtype';
export type { TensorObject, TransferableObject, WithBuffer } from './exchange/interop';
export { fromJSON, type JsonComplex, type JsonElement, type TensorJson } from './exchange/json';
export type { ArrowVector } from './foreign/arrow';
export type { Index } from './layout/geometry';
export type { Sizes } from './layout/layout';
export { emptyCache, getCacheLimit, setCacheLimit } from './memory/cpu-memory';
export type { DeviceName, GpuName } from './memory/device';
export type { AsyncOptions, Signal } from './methods/async-reading';
export type { Nested, NestedOf, ToArrayOptions } from './methods/reading';
export type { CopyOptions } from './methods/writing';
export type { InPlaceOp, ResultOf, Rule, UnaryOp } from './ops/op';
export * from './ops/ops';
export type { PrintOptions } from './print/format';
export { getPrintOptions, type PrintOptionsToSet, setPrintOptions } from './print/print-options';
export type { ToOptions } from './program/convert';
export { RsqrtError, type RsqrtErrorCode } from './support/errors';
export { type Info, info } from './system/info';
export { type MemoryStats, memoryStats } from './system/memory-stats';
export { getNumThreads, setNumThreads } from './system/threads';
export { resultType } from './tensor/promotion';
export type { Scalar } from './tensor/scalar';
export { tidy } from './tensor/scope';
export { Tensor } from './tensor/tensor';
