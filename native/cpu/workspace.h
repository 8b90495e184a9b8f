// The memory in which a thread interprets a plan.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "cpu/plan.h"

namespace rsqrt_native::cpu {

// Any block can hold this many elements.
inline constexpr std::int64_t min_capacity = 64;

#ifdef RSQRT_NATIVE_TEST
// Whether blocks start with bytes that no test expects, and what a plan does not use is null.
// Without this, an element that is read before it is written is often right: the blocks of the run
// before were at the same place of the stack.
inline bool poisons_blocks = false;
#endif

// Blocks for the places of a plan, in `bytes` bytes.
template <std::size_t bytes =
              std::size_t{place_count - max_operands} * min_capacity * sizeof(Complex<double>)>
class Workspace {
 public:
  // Blocks of `count` elements, those of scalars filled with their values.
  Workspace(const Kernels& kernels, const Plan& plan, std::int64_t count) {
#ifdef RSQRT_NATIVE_TEST
    if (poisons_blocks) {
      std::fill_n(memory_, bytes, std::byte{0xa5});
      std::fill_n(at_, int{place_count}, nullptr);
    }
#endif
    std::byte* next = memory_;
    for (std::uint64_t left = plan.blocks; left != 0; left &= left - 1) {
      at_[std::countr_zero(left)] = next;
      next += count * plan.widest;
    }
    for (int k = 0; k < plan.job.program->scalars; ++k) {
      if ((plan.blocks >> (first_scalar + k) & 1) == 0) continue;
      const int dtype = index_of(plan.job.program->scalar[k]);
      kernels.convert[dtype].to[dtype](plan.job.scalars[k].bytes, 0, at_[first_scalar + k], 1, count);
    }
    spare_ = next;
  }

  // Where the operands are: the caller sets them.
  std::byte** operands() { return at_ + first_operand; }

  // The memory after the blocks.
  std::byte* spare() const { return spare_; }

  // Runs the tasks on n elements. load(task, block, n) and store(task, block, n) reach the operands
  // that are not contiguous.
  template <class Load, class Store>
  void run(const Plan& plan, std::int64_t n, Load load, Store store) const {
    for (int i = 0; i < plan.count; ++i) {
      const Task& task = plan.tasks[i];
      switch (task.type) {
        case Task::Type::apply: {
          const std::byte* const in[] = {at_[task.in[0]], at_[task.in[1]], at_[task.in[2]]};
          task.apply(in, at_[task.out], n);
          break;
        }
        case Task::Type::convert:
          task.convert(at_[task.in[0]], 1, at_[task.out], 1, n);
          break;
        case Task::Type::load:
          load(task, at_[task.out], n);
          break;
        case Task::Type::store:
          store(task, at_[task.in[0]], n);
          break;
      }
    }
  }

 private:
  alignas(cache_line) std::byte memory_[bytes];
  std::byte* at_[place_count];  // only what the plan uses is set
  std::byte* spare_;
};

}  // namespace rsqrt_native::cpu
