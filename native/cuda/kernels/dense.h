// Where both sides are contiguous: 16 bytes at a time.
#pragma once

#include "core/job.h"
#include "cuda/kernels/element.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// Elements that a thread reads and writes at once: 16 bytes of the wider side.
template <class From, class To>
inline constexpr int pack_size = 16 / static_cast<int>(sizeof(From) > sizeof(To) ? sizeof(From) : sizeof(To));

template <class T, int n>
struct Pack {
  T element[n];
};

// A pack that is written whole. The compiler would take plain ones of small elements apart again.
__device__ __forceinline__ void write_word(uint4* p, uint4 word) { __stwb(p, word); }
__device__ __forceinline__ void write_word(uint2* p, uint2 word) { __stwb(p, word); }

// Packs are counted from the one that begins `lead` elements before the first, where the output has an
// address that allows whole packs; so only the first and the last pack may be short. `aligned`: the input
// allows whole packs at the same elements. Otherwise its elements are read one by one, and packs are still
// written whole.
template <class Op, class From>
__global__ void __launch_bounds__(threads_per_block)
    dense(const From* in, Result<Op, From>* out, std::int64_t n, int lead, bool aligned) {
  using To = Result<Op, From>;
  using Source = Pack<From, pack_size<From, To>>;
  using Target = Pack<To, pack_size<From, To>>;
  using TargetWord = typename WordOf<sizeof(Target)>::type;
  constexpr int size = pack_size<From, To>;
  constexpr int row = int{threads_per_block} * size;
  constexpr bool repeats_code = !is_long<Op, Compute<Op, From>> && size * in_flight <= 16;
  const std::int64_t step = std::int64_t{gridDim.x} * (row * in_flight);
#pragma unroll 1
  for (std::int64_t block = std::int64_t{blockIdx.x} * (row * in_flight) - lead; block < n; block += step) {
    const std::int64_t first = block + int(threadIdx.x) * size;
    const bool quick = aligned && block >= 0 && n - block >= row * in_flight;
    Source packs[in_flight] = {};
    if (quick) {
#pragma unroll
      for (int k = 0; k < in_flight; ++k) packs[k] = read<Source>(in + first + k * row);
    }
    for_each<repeats_code>(packs, [&](Source pack, int k) {
      const From* const source = in + first + k * row;
      To* const target = out + first + k * row;
      // Those of the pack from `begin` on and before `end` are elements of the job.
      const std::int64_t before = -(first + k * row), left = n + before;
      const int begin = before > 0 ? static_cast<int>(before) : 0;
      const int end = left < size ? static_cast<int>(left) : size;
      if (!quick) {
#pragma unroll
        for (int j = 0; j < size; ++j) {
          if (j >= begin && j < end) pack.element[j] = read<From>(source + j);
        }
      }
      Target results;
#pragma unroll
      for (int j = 0; j < size; ++j) results.element[j] = result_of<Op>(pack.element[j]);
      if (begin == 0 && end == size) {
        write_word(reinterpret_cast<TargetWord*>(target), bits_as<TargetWord>(results));
      } else {
#pragma unroll
        for (int j = 0; j < size; ++j) {
          if (j >= begin && j < end) write(target + j, results.element[j]);
        }
      }
    });
  }
}

template <class Op, class From>
cudaError_t launch_dense(const Job& job, int multiprocessors, cudaStream_t stream) {
  using To = Result<Op, From>;
  constexpr int size = pack_size<From, To>;
  const From* in = reinterpret_cast<const From*>(job.in);
  To* out = reinterpret_cast<To*>(job.out);
  std::int64_t n = job.numel;
  int lead = static_cast<int>(reinterpret_cast<std::uintptr_t>(out) / sizeof(To) % size);
  bool aligned = static_cast<int>(reinterpret_cast<std::uintptr_t>(in) / sizeof(From) % size) == lead;
  void* args[] = {&in, &out, &n, &lead, &aligned};
  constexpr std::int64_t elements_per_block = std::int64_t{threads_per_block} * in_flight * size;
  return cudaLaunchKernel(dense<Op, From>,
                          grid_for(quotient_up(n + lead, elements_per_block), multiprocessors),
                          dim3(threads_per_block), args, 0, stream);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
