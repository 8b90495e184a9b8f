// Executes programs by the simplest means: one step after the other, each over whole arrays, one
// element at a time. Uses the functors of native/ops and nothing of native/cpu and native/cuda.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/job.h"

namespace rsqrt_native::test {

// Contiguous elements.
using Elements = std::vector<std::byte>;

// Takes n elements of every input, and returns those of every output. Others are empty.
std::vector<Elements> execute_step_by_step(const Program& program, const std::vector<Elements>& inputs,
                                           const Scalar* scalars, std::int64_t n);

// Converts one element.
void convert_element(DType from, const std::byte* in, DType to, std::byte* out);

}  // namespace rsqrt_native::test
