/** What the type checker knows of dtypes, and of what follows from them. */

import {
  abs,
  arange,
  asTensor,
  type Complex,
  type CudaEvent,
  type CudaGraph,
  cat,
  cuda,
  type DeviceName,
  type DType,
  empty,
  full,
  type Nested,
  type NestedOf,
  neg,
  ones,
  type Rule,
  rsqrt,
  rsqrt_,
  type Scalar,
  type Sizes,
  square,
  stack,
  type Tensor,
  type TensorOptions,
  type ToOptions,
  tensor,
  zeros,
} from 'rsqrt';
import { typeOf } from './expect.js';

// ---------------------------------------------------------------- making

typeOf(tensor([1], { dtype: 'float64' })).is<Tensor<'float64'>>();
typeOf(tensor([1n], { dtype: 'int64', device: 'cuda:1' })).is<Tensor<'int64'>>();
typeOf(asTensor(new ArrayBuffer(8), { dtype: 'bfloat16', shape: [2, 2] })).is<Tensor<'bfloat16'>>();
typeOf(asTensor({ data: new Float32Array(2), dims: [2], type: 'float32' }, { dtype: 'float32' })).is<
  Tensor<'float32'>
>();
typeOf(full([2], 7, { dtype: 'uint8' })).is<Tensor<'uint8'>>();
typeOf(arange(3, { dtype: 'int32' })).is<Tensor<'int32'>>();
typeOf(arange(0n, 3n, 1n, { dtype: 'int64' })).is<Tensor<'int64'>>();

typeOf(zeros(2, 3)).is<Tensor<'float32'>>();
typeOf(ones([2, 3])).is<Tensor<'float32'>>();
typeOf(zeros(2, 3, { dtype: 'bool' })).is<Tensor<'bool'>>();
typeOf(empty([], { dtype: 'complex64', device: 'cuda' })).is<Tensor<'complex64'>>();

// Tensors as data.
declare const flags: Tensor<'bool'>[];
declare const mixed: (Tensor<'bool'> | Tensor<'int8'>)[];
typeOf(tensor(ones(2, { dtype: 'int16' }))).is<Tensor<'int16'>>();
typeOf(tensor(ones(2), { dtype: 'float64' })).is<Tensor<'float64'>>();
typeOf(tensor(flags)).is<Tensor<'bool'>>();
typeOf(tensor([[flags[0]], [flags[1]]])).is<Tensor<'bool'>>();
typeOf(tensor([flags[0], true])).is<Tensor<'bool'>>();
typeOf(tensor(mixed)).is<Tensor>();
typeOf(tensor([ones(2), 1])).is<Tensor<'float32'>>();
typeOf(tensor(mixed, { dtype: 'int64' })).is<Tensor<'int64'>>();
typeOf(tensor(new Uint32Array(2))).is<Tensor<'int64'>>();
typeOf(tensor(new BigUint64Array(2))).is<Tensor<'int64'>>();
typeOf(tensor(new Uint16Array(2), { dtype: 'int32' })).is<Tensor<'int32'>>();

// The shape as the second argument.
typeOf(asTensor(new Float32Array(4), [2, -1])).is<Tensor<'float32'>>();
typeOf(asTensor(new Uint8Array(4), [2, 2], { dtype: 'bool' })).is<Tensor<'bool'>>();
typeOf(asTensor(new Int8Array(4), [4], { device: 'cuda' })).is<Tensor<'int8'>>();
typeOf(asTensor(new ArrayBuffer(8), [-1, 2], { dtype: 'float32' })).is<Tensor<'float32'>>();

// Joining: the dtype of all, if it is the same.
declare const sources: { data: Float32Array; dims: number[]; type: 'float32' }[];
typeOf(stack(flags)).is<Tensor<'bool'>>();
typeOf(cat(new Set(flags), 1)).is<Tensor<'bool'>>();
typeOf(cat([ones(2), zeros(2)], { dim: -1 })).is<Tensor<'float32'>>();
typeOf(stack([ones(2), new Float32Array(2)])).is<Tensor<'float32'>>();
typeOf(stack(sources)).is<Tensor<'float32'>>();
typeOf(cat(mixed)).is<Tensor>();
typeOf(cat([ones(2), new Float64Array(2)])).is<Tensor>();
typeOf(cat([] as Tensor[])).is<Tensor>();
typeOf(cat([])).is<Tensor>();
typeOf(stack(mixed, { out: ones(2, { dtype: 'int64' }) })).is<Tensor<'int64'>>();
typeOf(cat(flags, { dim: 1, out: ones(2) })).is<Tensor<'float32'>>();

// What only a variable says is known to be one of its dtypes.
declare const someFloat: 'float32' | 'float64';
typeOf(zeros(2, { dtype: someFloat }).dtype).is<'float32' | 'float64'>();
declare const options: TensorOptions;
typeOf(tensor([1], options)).is<Tensor>();

// ---------------------------------------------------------------- reading

declare const half: Tensor<'float16'>;
declare const double: Tensor<'float64'>;
declare const complex: Tensor<'complex64'>;
declare const byte: Tensor<'uint8'>;
declare const long: Tensor<'int64'>;
declare const flag: Tensor<'bool'>;
declare const any: Tensor;

typeOf(double.dtype).is<'float64'>();
typeOf(any.dtype).is<DType>();
typeOf(double.shape).is<Sizes>();
typeOf(double.strides).is<readonly number[]>();
typeOf(double.device).is<DeviceName>();

typeOf(half.data).is<Uint16Array<ArrayBuffer>>();
typeOf(double.data).is<Float64Array<ArrayBuffer>>();
typeOf(complex.data).is<Float32Array<ArrayBuffer>>();
typeOf(byte.data).is<Uint8Array<ArrayBuffer>>();
typeOf(long.data).is<BigInt64Array<ArrayBuffer>>();
typeOf(flag.data).is<Uint8Array<ArrayBuffer>>();

typeOf(half.item()).is<number>();
typeOf(complex.item()).is<Complex>();
typeOf(long.item()).is<bigint>();
typeOf(flag.item()).is<boolean>();
typeOf(any.item()).is<Scalar>();

typeOf(double.toArray()).is<Nested<number>>();
typeOf(long.toArray()).is<Nested<bigint>>();
typeOf(flag.toArray()).is<Nested<boolean>>();
typeOf(complex.toArray()).is<Nested<Complex>>();

typeOf(double.toArray({ ndim: 0 })).is<number>();
typeOf(double.toArray({ ndim: 1 })).is<number[]>();
typeOf(long.toArray({ ndim: 2 })).is<bigint[][]>();
typeOf(complex.toArray({ ndim: 3 })).is<Complex[][][]>();
typeOf(any.toArray({ ndim: 1 })).is<Scalar[]>();
typeOf(double.toArray({ ndim: any.ndim })).is<Nested<number>>();
typeOf(double.toArray({})).is<Nested<number>>();
declare const oneOrTwo: 1 | 2;
typeOf(double.toArray({ ndim: oneOrTwo })).is<number[] | number[][]>();
typeOf(long.toArrayAsync({ ndim: 2 })).is<Promise<bigint[][]>>();
typeOf(long.toArrayAsync({ signal: AbortSignal.timeout(1) })).is<Promise<Nested<bigint>>>();
export const nested: NestedOf<boolean, 2> = [[true]];

typeOf(any.toObject('float32').type).is<'float32'>();
typeOf(any.toObject('float32').data).is<Float32Array<ArrayBuffer>>();
typeOf(any.toObject('int64').data).is<BigInt64Array<ArrayBuffer>>();
typeOf(double.toObject().type).is<'float64'>();

// ---------------------------------------------------------------- operations

// Fractional results: float and complex dtypes stay.
typeOf(rsqrt(double)).is<Tensor<'float64'>>();
typeOf(rsqrt(half)).is<Tensor<'float16'>>();
typeOf(rsqrt(complex)).is<Tensor<'complex64'>>();
typeOf(rsqrt(tensor([4], { dtype: 'int8' }))).is<Tensor<'float32'>>();
typeOf(rsqrt(flag)).is<Tensor<'float32'>>();
typeOf(long.reciprocal()).is<Tensor<'float32'>>();
typeOf(long.sqrt().data).is<Float32Array<ArrayBuffer>>();

// Real results of complex tensors.
typeOf(abs(complex)).is<Tensor<'float32'>>();
typeOf(complex.abs()).is<Tensor<'float32'>>();
typeOf(abs(complex.to('complex128'))).is<Tensor<'float64'>>();
typeOf(abs(byte)).is<Tensor<'uint8'>>();

typeOf(neg(long)).is<Tensor<'int64'>>();
typeOf(square(byte)).is<Tensor<'uint8'>>();
typeOf(square(flag)).is<Tensor<'int64'>>();
typeOf(flag.square().item()).is<bigint>();

// The dtype in place is that of the tensor, and into `out` that of `out`.
typeOf(rsqrt_(double)).is<Tensor<'float64'>>();
typeOf(double.rsqrt_()).is<Tensor<'float64'>>();
typeOf(byte.neg_()).is<Tensor<'uint8'>>();
typeOf(any.abs_()).is<Tensor>();
typeOf(rsqrt(byte, { out: double })).is<Tensor<'float64'>>();

// A function over tensors of any dtype.
function halved<D extends DType>(x: Tensor<D>): Tensor<D> {
  return x.t().clone().contiguous().neg();
}
typeOf(halved(long)).is<Tensor<'int64'>>();
typeOf([double, double].map((x) => rsqrt(x))).is<Tensor<'float64'>[]>();
typeOf([double, double].map(rsqrt)).is<Tensor[]>(); // TypeScript does not look through the overloads

// ---------------------------------------------------------------- views and conversions

typeOf(long.reshape(2, -1)).is<Tensor<'int64'>>();
typeOf(long.reshape([2, -1]).transpose(0, 1).t()).is<Tensor<'int64'>>();
typeOf(long.asStrided([2], [1], 0)).is<Tensor<'int64'>>();

typeOf(long.to('float64')).is<Tensor<'float64'>>();
typeOf(long.to('float64').data).is<Float64Array<ArrayBuffer>>();
typeOf(long.to('cuda')).is<Tensor<'int64'>>();
typeOf(long.to('cuda:1')).is<Tensor<'int64'>>();
typeOf(long.to({ device: 'cpu' })).is<Tensor<'int64'>>();
typeOf(long.to({ copy: true, dtype: 'bool' })).is<Tensor<'bool'>>();
typeOf(long.to(double)).is<Tensor<'float64'>>();
typeOf(long.toAsync(double)).is<Promise<Tensor<'float64'>>>();
typeOf(any.float()).is<Tensor<'float32'>>();
typeOf(any.double()).is<Tensor<'float64'>>();
typeOf(any.half()).is<Tensor<'float16'>>();
typeOf(any.bfloat16()).is<Tensor<'bfloat16'>>();
typeOf(any.long()).is<Tensor<'int64'>>();
typeOf(any.int()).is<Tensor<'int32'>>();
typeOf(any.short()).is<Tensor<'int16'>>();
typeOf(any.char()).is<Tensor<'int8'>>();
typeOf(any.byte()).is<Tensor<'uint8'>>();
typeOf(any.bool()).is<Tensor<'bool'>>();
typeOf(any.cfloat()).is<Tensor<'complex64'>>();
typeOf(any.cdouble()).is<Tensor<'complex128'>>();
typeOf(long.cuda(1).cpu()).is<Tensor<'int64'>>();

// ---------------------------------------------------------------- the rest

const everything: Tensor[] = [half, double, complex, byte, long, flag];
const toOptions: ToOptions<'int8'> = { dtype: 'int8' };
const rules: Rule[] = ['float', 'real', 'same', 'number'];
typeOf(cuda.unavailableReason()).is<string | null>();
typeOf(cuda.getDeviceProperties().totalMemory).is<number>();

export { everything, rules, toOptions };

// ---------------------------------------------------------------- GPUs

typeOf(cuda.stream(() => long, 'cuda:1')).is<Tensor<'int64'>>();
const graph = cuda.graph(() => ({ long }));
typeOf(graph).is<CudaGraph<{ long: Tensor<'int64'> }>>();
typeOf(graph.result.long).is<Tensor<'int64'>>();
typeOf(graph.replay()).is<void>();
const event: CudaEvent = new cuda.Event({ device: 1 });
typeOf(event.record()).is<CudaEvent>();
typeOf(event.elapsedTime(event)).is<number>();
typeOf(cuda.memGetInfo()).is<{ free: number; total: number }>();
typeOf(long.pinMemory()).is<Tensor<'int64'>>();
typeOf(long.to({ device: 'cuda', nonBlocking: true })).is<Tensor<'int64'>>();
typeOf(long.copy_(long, { nonBlocking: true })).is<Tensor<'int64'>>();
typeOf(long.dataAsync()).is<Promise<BigInt64Array<ArrayBuffer>>>();
typeOf(long.toArrayAsync()).is<Promise<Nested<bigint>>>();
typeOf(long.toAsync('cpu')).is<Promise<Tensor<'int64'>>>();
typeOf(long.toAsync('int8', { signal: AbortSignal.timeout(1) })).is<Promise<Tensor<'int8'>>>();
typeOf(long.toAsync({ dtype: 'bool', device: 'cpu' })).is<Promise<Tensor<'bool'>>>();
