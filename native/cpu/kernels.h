// What one instruction set offers: the table that is filled once per set and chosen once at load.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace rsqrt_native::cpu {

// Converts n elements, `stride` elements apart, into a dense block of another dtype.
using Load = void (*)(const std::byte* in, std::int64_t stride, std::byte* block, std::int64_t n);
// The way back: a dense block to n elements `stride` apart.
using Store = void (*)(const std::byte* block, std::byte* out, std::int64_t stride, std::int64_t n);
// Applies an operation to n dense elements of the dtype it computes in; in and out may be the same.
using Apply = void (*)(const std::byte* in, std::byte* out, std::int64_t n);

// The row of a table, by the code of a dtype.
struct LoadRow {
  Load to[dtype_count];
};
struct StoreRow {
  Store to[dtype_count];
};
struct ApplyRow {
  Apply in[dtype_count];  // null where the op does not compute that dtype
};

// One loop per op and computed dtype, one per pair of dtypes: an op never meets a layout or a
// conversion, so the number of loops is a sum and not a product.
struct Kernels {
  LoadRow load[dtype_count];    // by the dtype converted from
  StoreRow store[dtype_count];  // by the dtype converted from
  const ApplyRow* apply;        // by op
};

}  // namespace rsqrt_native::cpu
