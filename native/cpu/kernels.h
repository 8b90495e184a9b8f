// What one instruction set offers: the table that is filled once per set and chosen once at load.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace rsqrt_native::cpu {

inline constexpr std::int64_t cache_line = 64;  // bytes

// Converts n elements to another dtype, or moves them; they lie `in_stride` and `out_stride` elements apart.
using Convert = void (*)(const std::byte* in, std::int64_t in_stride, std::byte* out, std::int64_t out_stride,
                         std::int64_t n);
// Applies an operation to n dense elements, of the dtype it computes in or a 16-bit float, and makes elements
// of that dtype; in and out may be the same.
using Apply = void (*)(const std::byte* in, std::byte* out, std::int64_t n);
// Draws the numbers that a distribution makes for a dtype of the blocks from `block` on, two of each. n is a
// multiple of draw_step.
using Draw = void (*)(DType dtype, std::uint64_t key, std::uint64_t block, double* numbers, std::int64_t n);
inline constexpr std::int64_t draw_step = 16;

// The row of a table, by the code of a dtype.
struct ConvertRow {
  Convert to[dtype_count];
};
struct ApplyRow {
  // Null where the op refuses that dtype, or converts it before it computes.
  Apply in[dtype_count];
  // The same with stores that bypass the caches, for outputs too large for them; null where there is none.
  Apply stream[dtype_count];
};

// One loop per op and computed dtype, one per pair of dtypes: an op never meets a layout, and of conversions
// only those that a vector load and store can do, so the number of loops is a sum and not a product.
struct Kernels {
  ConvertRow convert[dtype_count];  // by the dtype converted from
  const ApplyRow* apply;            // by op
  const Draw* draw;                 // by distribution
};

}  // namespace rsqrt_native::cpu
