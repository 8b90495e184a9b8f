// Finds the offsets of an element from its number, in 32 bits and without division.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/layout.h"
#include "core/target.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// Divides by multiplying with a precomputed number (T. Granlund, P. L. Montgomery, Division by
// invariant integers using multiplication, PLDI 1994). Exact for dividends and divisors below 2^31.
struct Divisor {
  std::uint32_t divisor;
  std::uint32_t multiplier;
  std::uint32_t shift;
};

constexpr Divisor divisor_of(std::uint32_t divisor) {
  std::uint32_t shift = 0;
  while ((std::uint64_t{1} << shift) < divisor) ++shift;
  const std::uint64_t excess = (std::uint64_t{1} << shift) - divisor;
  return {divisor, static_cast<std::uint32_t>((excess << 32) / divisor + 1), shift};
}

// ⌊n/d⌋. The sum does not overflow, because both terms are below 2^31.
RSQRT_FUNCTION std::uint32_t quotient(std::uint32_t n, const Divisor& d) {
  return (static_cast<std::uint32_t>((std::uint64_t{n} * d.multiplier) >> 32) + n) >> d.shift;
}

// Some dimensions of a layout, outermost first, each with the divisor for its size.
struct Walk {
  int ndim;
  Divisor sizes[max_dims];
  std::uint32_t in_strides[max_dims];
  std::uint32_t out_strides[max_dims];
};

inline void add_dim(Walk& walk, const Layout& layout, int dim) {
  walk.sizes[walk.ndim] = divisor_of(static_cast<std::uint32_t>(layout.sizes[dim]));
  walk.in_strides[walk.ndim] = static_cast<std::uint32_t>(layout.in_strides[dim]);
  walk.out_strides[walk.ndim] = static_cast<std::uint32_t>(layout.out_strides[dim]);
  ++walk.ndim;
}

// Whether every count and offset of the layout is below 2^31.
inline bool fits_in_32_bits(const Layout& layout) {
  const std::int64_t limit = std::int64_t{1} << 31;
  std::int64_t numel = 1, in_extent = 1, out_extent = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) {
    numel *= layout.sizes[dim];
    in_extent += (layout.sizes[dim] - 1) * layout.in_strides[dim];
    out_extent += (layout.sizes[dim] - 1) * layout.out_strides[dim];
  }
  return numel < limit && in_extent < limit && out_extent < limit;
}

struct Offsets {
  std::uint32_t in;
  std::uint32_t out;
};

// The offsets of n numbers at once, so that the size and strides of each dimension are fetched once
// for all of them. A number outside of the layout gets arbitrary offsets.
template <int n>
__device__ __forceinline__ void locate(const Walk& walk, std::uint32_t (&numbers)[n], Offsets (&offsets)[n]) {
#pragma unroll
  for (int k = 0; k < n; ++k) offsets[k] = {0, 0};
#pragma unroll 1
  for (int dim = walk.ndim - 1; dim > 0; --dim) {
    const Divisor size = walk.sizes[dim];
    const std::uint32_t in_stride = walk.in_strides[dim], out_stride = walk.out_strides[dim];
#pragma unroll
    for (int k = 0; k < n; ++k) {
      const std::uint32_t outer = quotient(numbers[k], size);
      const std::uint32_t index = numbers[k] - outer * size.divisor;
      offsets[k].in += index * in_stride;
      offsets[k].out += index * out_stride;
      numbers[k] = outer;
    }
  }
  // The rest is the index of the outermost dimension. Without dimensions it is 0.
#pragma unroll
  for (int k = 0; k < n; ++k) {
    offsets[k].in += numbers[k] * walk.in_strides[0];
    offsets[k].out += numbers[k] * walk.out_strides[0];
  }
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
