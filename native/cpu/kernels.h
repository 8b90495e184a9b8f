// The kernels of one instruction set: a table that is filled once per set and chosen once at load.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace rsqrt_native::cpu {

inline constexpr std::int64_t cache_line = 64;  // bytes

// Converts n elements to another dtype, or moves them. They are `in_stride` and `out_stride`
// elements apart.
using Convert = void (*)(const std::byte* in, std::int64_t in_stride, std::byte* out, std::int64_t out_stride,
                         std::int64_t n);
// Applies an operation to n contiguous elements of each of its inputs. They are of the computed dtype
// or of a 16-bit float, and the results of the dtype that the op table says. The output may be the
// same memory as an input whose elements are as wide.
using Apply = void (*)(const std::byte* const* in, std::byte* out, std::int64_t n);
// Draws random numbers, as a distribution makes them for a dtype, from the blocks from `block` on,
// two from each. n is a multiple of draw_step.
using Draw = void (*)(DType dtype, std::uint64_t key, std::uint64_t block, double* numbers, std::int64_t n);
inline constexpr std::int64_t draw_step = 16;

// A row of a table, indexed by the code of a dtype.
struct ConvertRow {
  Convert to[dtype_count];
};
struct ApplyRow {
  // Null where the operation refuses that dtype, or converts it before computing.
  Apply in[dtype_count];
  // The same with stores that bypass the caches, for outputs that do not fit there. Null where
  // there is none.
  Apply stream[dtype_count];
};

// Two operations as one loop: second(first(x), z) or second(first(x, y), z), both rounded. The second is
// commutative.
struct PairRow {
  Apply in[dtype_count];  // null where there is none
};

// One loop per operation and computed dtype, and one conversion per pair of dtypes. An operation
// never sees a layout, and the only conversions it sees are those that a vector load or store can
// do. So the number of loops is a sum and not a product (decision 1).
struct Kernels {
  ConvertRow convert[dtype_count];  // by the dtype converted from
  const ApplyRow* apply;            // by op
  const PairRow* pairs;             // in the order of RSQRT_PAIRS
  const Draw* draw;                 // by distribution
};

}  // namespace rsqrt_native::cpu
