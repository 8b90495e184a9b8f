// The kernel for any layout whose counts and offsets fit in 32 bits.
#pragma once

#include "core/job.h"
#include "cuda/kernels/element.h"
#include "cuda/kernels/walk.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

template <class Op, class From>
__global__ void __launch_bounds__(threads_per_block)
    strided(const From* in, Result<Op, From>* out, std::uint32_t numel, const Walk walk) {
  struct Loaded {
    From value;
    std::uint32_t out;
  };
  const std::uint32_t step = gridDim.x * (threads_per_block * in_flight);
#pragma unroll 1
  for (std::uint32_t first = blockIdx.x * (threads_per_block * in_flight) + threadIdx.x; first < numel;
       first += step) {
    std::uint32_t numbers[in_flight];
    Offsets offsets[in_flight];
#pragma unroll
    for (int k = 0; k < in_flight; ++k) numbers[k] = first + k * threads_per_block;
    locate(walk, numbers, offsets);
    Loaded loaded[in_flight];
#pragma unroll
    for (int k = 0; k < in_flight; ++k) {
      loaded[k] = {{}, offsets[k].out};
      if (first + k * threads_per_block < numel) loaded[k].value = read<From>(in + offsets[k].in);
    }
    for_each<!is_long<Op, Compute<Op, From>>>(loaded, [&](const Loaded& element, int k) {
      const Result<Op, From> result = result_of<Op>(element.value);
      if (first + k * threads_per_block < numel) write(out + element.out, result);
    });
  }
}

template <class Op, class From>
cudaError_t launch_strided(const Job& job, int multiprocessors, cudaStream_t stream) {
  const From* in = reinterpret_cast<const From*>(job.in);
  auto* out = reinterpret_cast<Result<Op, From>*>(job.out);
  auto numel = static_cast<std::uint32_t>(job.numel);
  Walk walk{};
  for (int dim = 0; dim < job.layout->ndim; ++dim) add_dim(walk, *job.layout, dim);
  void* args[] = {&in, &out, &numel, &walk};
  const std::int64_t blocks = quotient_up(numel, std::int64_t{threads_per_block} * in_flight);
  return cudaLaunchKernel(strided<Op, From>, grid_for(blocks, multiprocessors), dim3(threads_per_block), args,
                          0, stream);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
