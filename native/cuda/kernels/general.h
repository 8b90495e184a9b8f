// The fallback kernel: any output dtype, counts and offsets of 64 bits. Switches on dtypes at run
// time.
#pragma once

#include <cstddef>

#include "core/job.h"
#include "cuda/kernels/element.h"
#include "cuda/kernels/walk.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// The arguments of a launch, passed by value.
struct General {
  const std::byte* in;
  std::byte* out;
  std::int64_t numel;
  DType in_dtype;
  DType result_dtype;
  DType out_dtype;
  bool small;  // `walk` is set
  Walk walk;
  Layout layout;
};
static_assert(sizeof(General) <= 4096, "as much as GPUs before Volta take");

// Loads elements of one dtype, if Op computes that dtype as T.
template <class Op, class From, class T, int n>
__device__ __forceinline__ void load_from(const std::byte* memory, const std::int64_t (&offsets)[n],
                                          const bool (&present)[n], T (&values)[n]) {
  if constexpr (std::is_same_v<Compute<Op, From>, T>) {
#pragma unroll
    for (int k = 0; k < n; ++k) {
      if (present[k]) {
        values[k] = convert<T>(read<From>(reinterpret_cast<const From*>(memory) + offsets[k]));
      }
    }
  }
}

// Loads the elements at some offsets. Every thread takes the same branch.
template <class Op, class T, int n>
__device__ __forceinline__ void load(const General& job, const std::int64_t (&offsets)[n],
                                     const bool (&present)[n], T (&values)[n]) {
  switch (job.in_dtype) {
#define X(id, name, type)                                  \
  case DType::id:                                          \
    load_from<Op, type>(job.in, offsets, present, values); \
    break;
    RSQRT_DTYPES(X)
#undef X
  }
}

template <class T>
__device__ __forceinline__ void store(const General& job, std::int64_t offset, T value) {
  switch (job.out_dtype) {
#define X(id, name, type)                                                   \
  case DType::id:                                                           \
    write(reinterpret_cast<type*>(job.out) + offset, convert<type>(value)); \
    break;
    RSQRT_DTYPES(X)
#undef X
  }
}

// Rounds a result that was computed in float32 to its dtype, if that has 16 bits.
__device__ __forceinline__ float rounded_to(DType dtype, float value) {
  if (dtype == DType::float16) return convert<float>(convert<Half>(value));
  if (dtype == DType::bfloat16) return convert<float>(convert<BFloat16>(value));
  return value;
}
template <class T>
__device__ __forceinline__ T rounded_to(DType, T value) {
  return value;
}

// The offsets of any element, found by division.
__device__ __forceinline__ void locate(const Layout& layout, std::int64_t number, std::int64_t& in,
                                       std::int64_t& out) {
  auto rest = static_cast<std::uint64_t>(number);
  in = out = 0;
#pragma unroll 1
  for (int dim = layout.ndim - 1; dim >= 0; --dim) {
    const auto size = static_cast<std::uint64_t>(layout.sizes[dim]);
    const auto index = static_cast<std::int64_t>(rest % size);
    rest /= size;
    in += index * layout.in_strides[dim];
    out += index * layout.out_strides[dim];
  }
}

// The offsets of the elements that a thread has in flight: `first` and those at distances of a
// block.
__device__ __forceinline__ void locate(const General& job, std::int64_t first, std::int64_t (&in)[in_flight],
                                       std::int64_t (&out)[in_flight]) {
  if (job.small) {
    std::uint32_t numbers[in_flight];
    Offsets offsets[in_flight];
#pragma unroll
    for (unsigned k = 0; k < in_flight; ++k) {
      numbers[k] = static_cast<std::uint32_t>(first) + k * threads_per_block;
    }
    locate(job.walk, numbers, offsets);
#pragma unroll
    for (int k = 0; k < in_flight; ++k) {
      in[k] = offsets[k].in;
      out[k] = offsets[k].out;
    }
    return;
  }
  // A division of 64 bits is long, so the code contains it once and the offsets are shifted down,
  // as in for_each.
#pragma unroll 1
  for (int k = 0; k < in_flight; ++k) {
#pragma unroll
    for (int i = 1; i < in_flight; ++i) {
      in[i - 1] = in[i];
      out[i - 1] = out[i];
    }
    locate(job.layout, first, in[in_flight - 1], out[in_flight - 1]);
    first += threads_per_block;
  }
}

// Op computing T; see Compute.
template <class Op, class T>
__global__ void __launch_bounds__(threads_per_block) general(const General job) {
  struct Loaded {
    std::int64_t out;
    T value;
    bool present;
  };
  constexpr std::int64_t block_span = std::int64_t{threads_per_block} * in_flight;
  const std::int64_t step = gridDim.x * block_span;
#pragma unroll 1
  for (std::int64_t first = blockIdx.x * block_span + threadIdx.x; first < job.numel; first += step) {
    std::int64_t in[in_flight] = {}, out[in_flight] = {};
    locate(job, first, in, out);
    bool present[in_flight];
#pragma unroll
    for (int k = 0; k < in_flight; ++k) present[k] = first + k * std::int64_t{threads_per_block} < job.numel;
    T values[in_flight] = {};
    load<Op>(job, in, present, values);
    Loaded loaded[in_flight];
#pragma unroll
    for (int k = 0; k < in_flight; ++k) loaded[k] = {out[k], values[k], present[k]};
    for_each<false>(loaded, [&](const Loaded& element, int) {
      const auto result = rounded_to(job.result_dtype, evaluate<Op>(element.value));
      if (element.present) store(job, element.out, result);
    });
  }
}

template <class Op, class T>
cudaError_t launch_general(const Job& job, int multiprocessors, cudaStream_t stream) {
  const auto result_dtype = static_cast<DType>(op_table[job.op].results[index_of(job.in_dtype)]);
  General all{job.in, job.out, job.numel, job.in_dtype, result_dtype, job.out_dtype, false, {}, {}};
  if (job.layout != nullptr) {
    all.layout = *job.layout;
  } else {
    all.layout = Layout{1, {job.numel}, {1}, {1}};
  }
  all.small = fits_in_32_bits(all.layout);
  if (all.small) {
    for (int dim = 0; dim < all.layout.ndim; ++dim) add_dim(all.walk, all.layout, dim);
  }
  void* args[] = {&all};
  const std::int64_t blocks = quotient_up(job.numel, std::int64_t{threads_per_block} * in_flight);
  return cudaLaunchKernel(general<Op, T>, grid_for(blocks, multiprocessors), dim3(threads_per_block), args, 0,
                          stream);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
