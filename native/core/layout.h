// The memory layout of the operands of one job.
#pragma once

#include <cstdint>

#include "core/program.h"

namespace rsqrt_native {

// Same limit as torch.
inline constexpr int max_dims = 64;

// Sizes, and the strides of every operand, all walked together: outermost dimension first, strides
// in elements. A stride of 0 repeats an input along that dimension. Only the first `ndim` sizes and
// strides and the operands of the program are set.
struct Layout {
  int ndim;
  std::int64_t sizes[max_dims];
  std::int64_t strides[max_operands][max_dims];
};

}  // namespace rsqrt_native
