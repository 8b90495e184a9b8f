// Division by numbers that are known before the launch.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/target.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// Without dimensions of size 1, fewer than 2^31 elements have no more.
inline constexpr int max_walked_dims = 30;

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

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
