// One elementwise operation on untyped memory: what a backend is asked to do.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "core/layout.h"

namespace rsqrt_native {

// `in` and `out` point at the first element and may be the same memory with the same layout; they may
// not overlap in any other way. Pointers need not be aligned on the CPU; on a GPU they are aligned to
// the element. `compute` is the dtype that the operation works in: elements are converted to it in the
// load and from it in the store.
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

// Random numbers, written densely. Neither pointer nor counter need be aligned.
struct RandomJob {
  int distribution;  // row of RSQRT_DISTRIBUTIONS
  std::uint64_t key;
  std::uint64_t counter;  // the number of the first block; see ops/random.h
  DType dtype;
  std::byte* out;
  std::int64_t numel;
};

}  // namespace rsqrt_native
