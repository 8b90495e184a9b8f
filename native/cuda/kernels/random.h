// Random numbers. A thread draws one block of the generator after another, and each block gives two
// parts of elements.
#pragma once

#include "core/job.h"
#include "cuda/kernels/dense.h"
#include "ops/random.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// `parts` is the number of Parts to write. `aligned` means that the output allows writing two at
// once.
template <class Distribution, class Part>
__global__ void __launch_bounds__(threads_per_block)
    random(Part* out, std::int64_t parts, std::uint64_t key, std::uint64_t counter,
           const Distribution distribution, bool aligned) {
  using Bits = Lane<std::uint64_t>;
  const std::int64_t step = std::int64_t{gridDim.x} * threads_per_block * 2;
#pragma unroll 1
  for (std::int64_t i = (std::int64_t{blockIdx.x} * threads_per_block + threadIdx.x) * 2; i < parts;
       i += step) {
    const Pair<Bits> bits = philox(key, Pair<Bits>{{counter + static_cast<std::uint64_t>(i / 2)}, {0}});
    const Pair<Lane<double>> drawn = distribution.template draw<Lane<double>>(bits);
    const Pack<Part, 2> pair = {{convert<Part>(drawn.first.v), convert<Part>(drawn.second.v)}};
    const bool whole = i + 1 < parts;
    if (aligned && whole) {
      write(out + i, pair);
    } else {
      write(out + i, pair.element[0]);
      if (whole) write(out + i + 1, pair.element[1]);
    }
  }
}

template <class Distribution, class Part>
cudaError_t launch_random_parts(const RandomJob& job, int multiprocessors, cudaStream_t stream) {
  Part* out = reinterpret_cast<Part*>(job.out);
  std::int64_t parts = job.numel * static_cast<std::int64_t>(size_of(job.dtype) / sizeof(Part));
  std::uint64_t key = job.key, counter = job.counter;
  Distribution distribution(job.dtype);
  bool aligned = reinterpret_cast<std::uintptr_t>(out) % (2 * sizeof(Part)) == 0;
  void* args[] = {&out, &parts, &key, &counter, &distribution, &aligned};
  return cudaLaunchKernel(random<Distribution, Part>,
                          grid_for(quotient_up(parts, 2 * std::int64_t{threads_per_block}), multiprocessors),
                          dim3(threads_per_block), args, 0, stream);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
