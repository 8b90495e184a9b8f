// Makes programs from bytes that need not be trusted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/program.h"

namespace rsqrt_native {

// A step as it is passed in: kind, code, dtype, in[0], in[1], in[2]. What a step does not use is
// ignored.
inline constexpr std::size_t step_bytes = 3 + max_inputs;

struct Bytes {
  const std::uint8_t* data;
  std::size_t count;
};

// Checks the steps, assigns slots by liveness, and finds pairs of steps. `operands` and `scalars`
// are codes of dtypes. Throws Failure (ERR_OUT_OF_RANGE or ERR_DTYPE) with a sentence that names the
// step, if
// - there are no steps or no operands, or more than core/program.h allows, or no store,
// - a step uses a value that no earlier step defines, a code that does not exist, or a dtype that is
//   not that of its operand, scalar or inputs, or an op that does not compute that dtype,
// - a step other than a store follows a store,
// - an operand is stored twice, both loaded and stored, or neither,
// - more than max_slots values are alive at a time.
Program make_program(Bytes steps, Bytes operands, Bytes scalars);

// The number of values that a step uses: those in step.in.
int input_count(const Step& step);

}  // namespace rsqrt_native
