// One elementwise operation on untyped memory: what a backend executes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "core/layout.h"

namespace rsqrt_native {

// `in` and `out` point at the first element. They may be the same memory with the same layout, and
// must not overlap in any other way. On the CPU the pointers need not be aligned. On a GPU they are
// aligned to the element. `compute` is the dtype that the operation is computed in: elements are
// converted to it when loaded and from it when stored.
struct Job {
  int op;  // row of the op table
  DType in_dtype;
  DType compute;
  DType out_dtype;
  const std::byte* in;
  std::byte* out;
  std::int64_t numel;
  const Layout* layout;  // null: both sides are contiguous
};

// Random numbers, written to contiguous memory. Neither the pointer nor the counter need be
// aligned.
struct RandomJob {
  int distribution;  // row of RSQRT_DISTRIBUTIONS
  std::uint64_t key;
  std::uint64_t counter;  // the number of the first block; see ops/random.h
  DType dtype;
  std::byte* out;
  std::int64_t numel;
};

}  // namespace rsqrt_native
