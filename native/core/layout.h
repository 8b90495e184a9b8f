// The memory layout of one elementwise job.
#pragma once

#include <cstdint>

namespace rsqrt_native {

// Same limit as torch.
inline constexpr int max_dims = 64;

// Sizes and strides of an input and an output that are walked together: outermost dimension first,
// strides in elements. Plain data, because it is passed to GPU kernels by value.
struct Layout {
  int ndim;
  std::int64_t sizes[max_dims];
  std::int64_t in_strides[max_dims];
  std::int64_t out_strides[max_dims];
};

}  // namespace rsqrt_native
