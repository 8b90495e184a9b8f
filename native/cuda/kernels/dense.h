// The kernel for one op of one input, where both sides are contiguous. It moves 16 bytes at a time.
#pragma once

#include "cuda/kernels/element.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// The number of elements that a thread reads and writes at once: 16 bytes of the wider side.
template <class From, class To>
inline constexpr int pack_size = 16 / static_cast<int>(sizeof(From) > sizeof(To) ? sizeof(From) : sizeof(To));

template <class T, int n>
struct Pack {
  T element[n];
};

// Writes a whole pack. With a plain assignment, the compiler would split a pack of small elements
// again.
__device__ __forceinline__ void write_word(uint4* p, uint4 word) { __stwb(p, word); }
__device__ __forceinline__ void write_word(uint2* p, uint2 word) { __stwb(p, word); }

// The elements of a pack that belong to a job: those from `begin` on and before `end`.
struct Range {
  int begin;
  int end;

  // For a pack of `size` elements that begins at element `first` of n.
  __device__ __forceinline__ Range(std::int64_t first, std::int64_t n, int size)
      : begin(first < 0 ? static_cast<int>(-first) : 0),
        end(n - first < size ? static_cast<int>(n - first) : size) {}

  __device__ __forceinline__ bool has(int i) const { return i >= begin && i < end; }
};

template <class T, int size>
__device__ __forceinline__ void read_some(const T* p, Range range, Pack<T, size>& pack) {
#pragma unroll
  for (int i = 0; i < size; ++i) {
    if (range.has(i)) pack.element[i] = read<T>(p + i);
  }
}

template <class T, int size>
__device__ __forceinline__ void write_some(T* p, Range range, const Pack<T, size>& pack) {
#pragma unroll
  for (int i = 0; i < size; ++i) {
    if (range.has(i)) write(p + i, pack.element[i]);
  }
}

// Packs are counted from the one that begins `lead` elements before the first element, where the
// address of the output allows whole packs. So only the first and the last pack may be short.
// `aligned` means that the input allows whole packs at the same elements. Otherwise its elements
// are read one by one, and packs are still written whole.
template <class Op, class From>
__global__ void __launch_bounds__(threads_per_block)
    dense(const From* in, Result<Op, From>* out, std::int64_t n, int lead, bool aligned) {
  using To = Result<Op, From>;
  constexpr int size = pack_size<From, To>;
  constexpr std::int64_t row = std::int64_t{threads_per_block} * size;
  constexpr std::int64_t block_span = row * in_flight;
  constexpr bool repeats_code = !is_long<Op, Compute<Op, From>> && size * in_flight <= 16;
  const std::int64_t step = gridDim.x * block_span;
#pragma unroll 1
  for (std::int64_t block = blockIdx.x * block_span - lead; block < n; block += step) {
    const std::int64_t first = block + std::int64_t{threadIdx.x} * size;
    const bool quick = aligned && block >= 0 && n - block >= block_span;
    Pack<From, size> packs[in_flight] = {};
    if (quick) {
#pragma unroll
      for (int k = 0; k < in_flight; ++k) packs[k] = read<Pack<From, size>>(in + (first + k * row));
    }
    for_each<repeats_code>(packs, [&](Pack<From, size> pack, int k) {
      const std::int64_t i = first + k * row;
      const Range range(i, n, size);
      if (!quick) read_some(in + i, range, pack);
      Pack<To, size> results;
#pragma unroll
      for (int j = 0; j < size; ++j) results.element[j] = result_of<Op>(pack.element[j]);
      if (range.begin == 0 && range.end == size) {
        using Word = typename WordOf<sizeof(results)>::type;
        write_word(reinterpret_cast<Word*>(out + i), bits_as<Word>(results));
      } else {
        write_some(out + i, range, results);
      }
    });
  }
}

template <class Op, class From>
cudaError_t launch_dense(const std::byte* from, std::byte* to, std::int64_t n, int multiprocessors,
                         cudaStream_t stream) {
  using To = Result<Op, From>;
  constexpr int size = pack_size<From, To>;
  const From* in = reinterpret_cast<const From*>(from);
  To* out = reinterpret_cast<To*>(to);
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
