// The GPU kernels. Compiled by nvcc, or as plain C++ for the simulated device.
//
// Two kernels per operation and dtype: `dense` where both sides are contiguous and the result is stored in
// its own dtype, `strided` for everything else.
#include "cuda/kernels.h"

#include <cstdint>
#include <type_traits>

#include "core/convert.h"
#include "cuda/lane.h"
#include "ops/table.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {
namespace {

constexpr unsigned threads_per_block = 256;
constexpr int blocks_per_multiprocessor =
    32;  // enough to fill any, few enough that a block has work to amortise

// What Op makes of an element that it computes as T: a T, or of a complex number perhaps a real one.
template <class Op, class T>
__device__ __forceinline__ auto evaluate(T value) {
  if constexpr (is_complex<T>) {
    using V = Lane<decltype(T::re)>;
    const auto result = Op()(Complex<V>{{value.re}, {value.im}});
    if constexpr (is_complex<std::remove_const_t<decltype(result)>>) {
      return T{result.re.v, result.im.v};
    } else {
      return result.v;
    }
  } else if constexpr (std::is_invocable_v<Op, T>) {
    return Op()(value);
  } else {
    return Op()(Lane<T>{value}).v;
  }
}

// Elements that a thread reads and writes at once: 16 bytes of the wider side.
template <class From, class To>
constexpr int pack_size = 16 / static_cast<int>(sizeof(From) > sizeof(To) ? sizeof(From) : sizeof(To));

template <class T, int n>
struct alignas(sizeof(T) * n) Pack {
  T element[n];
};

// `aligned`: both pointers allow whole packs. The last pack may be short.
template <class Op, class From, class To>
__global__ void __launch_bounds__(threads_per_block)
    dense(const From* __restrict__ in, To* __restrict__ out, std::int64_t n, bool aligned) {
  using T = Compute<Op, From>;
  constexpr int size = pack_size<From, To>;
  const std::int64_t step = std::int64_t{gridDim.x} * blockDim.x * size;
#pragma unroll 1
  for (std::int64_t i = (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * size; i < n; i += step) {
    const bool whole = aligned && n - i >= size;
    Pack<From, size> source = {};
    if (whole) {
      source = *reinterpret_cast<const Pack<From, size>*>(in + i);
    } else {
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if (i + k < n) source.element[k] = in[i + k];
      }
    }
    Pack<To, size> result;
#pragma unroll
    for (int k = 0; k < size; ++k) {
      result.element[k] = convert<To>(evaluate<Op, T>(convert<T>(source.element[k])));
    }
    if (whole) {
      *reinterpret_cast<Pack<To, size>*>(out + i) = result;
    } else {
#pragma unroll
      for (int k = 0; k < size; ++k) {
        if (i + k < n) out[i + k] = result.element[k];
      }
    }
  }
}

// An element of a dtype known at run time; every thread of a launch takes the same branch.
template <class T>
__device__ __forceinline__ T load(const std::byte* memory, DType dtype, std::int64_t i) {
  switch (dtype) {
#define X(id, name, type) \
  case DType::id:         \
    return convert<T>(reinterpret_cast<const type*>(memory)[i]);
    RSQRT_DTYPES(X)
#undef X
  }
  return T{};
}

template <class T>
__device__ __forceinline__ void store(std::byte* memory, DType dtype, std::int64_t i, T value) {
  switch (dtype) {
#define X(id, name, type)                                      \
  case DType::id:                                              \
    reinterpret_cast<type*>(memory)[i] = convert<type>(value); \
    break;
    RSQRT_DTYPES(X)
#undef X
  }
}

// What a strided launch needs; passed by value.
struct Strided {
  const std::byte* in;
  std::byte* out;
  std::int64_t numel;
  DType in_dtype;
  DType out_dtype;
  Layout layout;
};

// Index is 32 bits wide where every count and offset fits: 64-bit division is many times slower.
template <class Op, class T, class Index>
__global__ void __launch_bounds__(threads_per_block) strided(const Strided job) {
  const Index threads = static_cast<Index>(gridDim.x) * blockDim.x;
  const Index numel = static_cast<Index>(job.numel);
#pragma unroll 1
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < numel; i += threads) {
    Index rest = i;
    Index in_offset = 0;
    Index out_offset = 0;
#pragma unroll 1
    for (int dim = job.layout.ndim - 1; dim >= 0; --dim) {
      const Index size = static_cast<Index>(job.layout.sizes[dim]);
      const Index index = rest % size;
      rest /= size;
      in_offset += index * static_cast<Index>(job.layout.in_strides[dim]);
      out_offset += index * static_cast<Index>(job.layout.out_strides[dim]);
    }
    const T value = load<T>(job.in, job.in_dtype, static_cast<std::int64_t>(in_offset));
    store(job.out, job.out_dtype, static_cast<std::int64_t>(out_offset), evaluate<Op, T>(value));
  }
}

dim3 grid_for(std::int64_t work, int multiprocessors) {
  const std::int64_t blocks = (work + threads_per_block - 1) / threads_per_block;
  const std::int64_t most = std::int64_t{multiprocessors} * blocks_per_multiprocessor;
  return dim3(static_cast<unsigned>(blocks < most ? blocks : most));
}

using Launch = cudaError_t (*)(const Job& job, int multiprocessors, cudaStream_t stream);

template <class Op, class From>
cudaError_t launch_dense(const Job& job, int multiprocessors, cudaStream_t stream) {
  using To = Result<Op, From>;
  constexpr int size = pack_size<From, To>;
  const From* in = reinterpret_cast<const From*>(job.in);
  To* out = reinterpret_cast<To*>(job.out);
  std::int64_t n = job.numel;
  bool aligned = reinterpret_cast<std::uintptr_t>(in) % sizeof(Pack<From, size>) == 0 &&
                 reinterpret_cast<std::uintptr_t>(out) % sizeof(Pack<To, size>) == 0;
  void* args[] = {&in, &out, &n, &aligned};
  return cudaLaunchKernel(dense<Op, From, To>, grid_for((n + size - 1) / size, multiprocessors),
                          dim3(threads_per_block), args, 0, stream);
}

// Whether every count and offset of the job fits in 31 bits, so that no index overflows in the loop either.
bool fits_in_32_bits(const Layout& layout) {
  const std::int64_t limit = std::int64_t{1} << 31;
  std::int64_t numel = 1, in_extent = 1, out_extent = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) {
    numel *= layout.sizes[dim];
    in_extent += (layout.sizes[dim] - 1) * layout.in_strides[dim];
    out_extent += (layout.sizes[dim] - 1) * layout.out_strides[dim];
  }
  return numel < limit && in_extent < limit && out_extent < limit;
}

// What a strided kernel computes T in. Wrap-around keeps the low bits of a result right in any wider integer,
// so one kernel serves all integers; there are fewer kernels then, and a smaller binary.
template <class T>
using Wide = std::conditional_t<std::is_integral_v<T>, std::int64_t, T>;

template <class Op, class T>
cudaError_t launch_strided(const Job& job, int multiprocessors, cudaStream_t stream) {
  Strided strided_job{job.in, job.out, job.numel, job.in_dtype, job.out_dtype, {}};
  if (job.layout != nullptr) {
    strided_job.layout = *job.layout;
  } else {
    strided_job.layout = Layout{1, {job.numel}, {1}, {1}};
  }
  void* args[] = {&strided_job};
  const dim3 grid = grid_for(job.numel, multiprocessors);
  const dim3 block(threads_per_block);
  if (fits_in_32_bits(strided_job.layout)) {
    return cudaLaunchKernel(strided<Op, Wide<T>, std::uint32_t>, grid, block, args, 0, stream);
  }
  return cudaLaunchKernel(strided<Op, Wide<T>, std::uint64_t>, grid, block, args, 0, stream);
}

template <class Op, class From>
constexpr Launch dense_or_null() {
  if constexpr (std::is_void_v<Compute<Op, From>>) {
    return nullptr;
  } else {
    return &launch_dense<Op, From>;
  }
}

template <class Op, class T>
constexpr Launch strided_or_null() {
  if constexpr (computes<Op, T>) {
    return &launch_strided<Op, T>;
  } else {
    return nullptr;
  }
}

struct Row {
  Launch dense[dtype_count];    // by the input's dtype
  Launch strided[dtype_count];  // by the dtype computed in
};

#define DENSE(id, name, type) dense_or_null<Op, type>(),
#define STRIDED(id, name, type) strided_or_null<Op, type>(),
template <class Op>
constexpr Row row() {
  return {{RSQRT_DTYPES(DENSE)}, {RSQRT_DTYPES(STRIDED)}};
}
#undef DENSE
#undef STRIDED

constexpr Row rows[] = {
#define X(name, functor) row<functor>(),
    RSQRT_OPS(X)
#undef X
};

}  // namespace
}  // namespace RSQRT_TARGET

cudaError_t launch(const Job& job, int multiprocessors, cudaStream_t stream) {
  const Row& row = rows[job.op];
  const bool dense =
      job.layout == nullptr && index_of(job.out_dtype) == op_table[job.op].results[index_of(job.in_dtype)];
  const auto start = dense ? row.dense[index_of(job.in_dtype)] : row.strided[index_of(job.compute)];
  return start(job, multiprocessors, stream);
}

const void* probe_kernel() { return reinterpret_cast<const void*>(&dense<Rsqrt, float, float>); }

}  // namespace rsqrt_native::cuda
