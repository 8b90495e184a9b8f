// One run of a program on untyped memory: what a backend executes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"
#include "core/layout.h"
#include "core/program.h"

namespace rsqrt_native {

// `memory` points at the first element of each operand. An output may be the same memory as an
// input, with the same size of elements and the same strides. It must not overlap an input in any
// other way, nor another output, and its own elements must be apart. On the CPU the pointers need
// not be aligned. On a GPU they are aligned to the element.
struct Job {
  const Program* program;
  std::byte* memory[max_operands];
  std::int64_t numel;
  const Layout* layout;   // null: every operand is contiguous
  const Scalar* scalars;  // one for each scalar of the program
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
