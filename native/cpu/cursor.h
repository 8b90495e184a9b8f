// Walks a layout.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/job.h"

namespace rsqrt_native::cpu {

// Walks the outermost `dims` dimensions of a layout in row-major order, in runs along the innermost
// of them, and knows where every operand is.
class Cursor {
 public:
  // Keeps the current element of every operand in `at`.
  Cursor(const Job& job, const Layout& layout, int operands, int dims, std::int64_t start, std::byte** at)
      : program_(*job.program), layout_(layout), operands_(operands), inner_(dims - 1), at_(at) {
    for (int dim = inner_; dim >= 0; --dim) {
      const std::int64_t size = layout.sizes[dim];
      const std::int64_t rest = start == 0 ? 0 : start / size;  // most walks start at 0, and division is slow
      index_[dim] = start - rest * size;
      start = rest;
    }
    for (int k = 0; k < operands_; ++k) {
      std::int64_t offset = 0;
      for (int dim = inner_; dim >= 0; --dim) offset += index_[dim] * layout.strides[k][dim];
      const std::int64_t* const strides = layout.strides[k];
      at_[k] = job.memory[k] + offset * size_of_operand(k);
      step_[k] = strides[inner_] * size_of_operand(k);
      turn_[k] = inner_ == 0 ? 0 : turn(k, inner_);
    }
  }

  // Walks on from where another cursor is.
  Cursor(const Cursor& other, std::byte** at)
      : program_(other.program_),
        layout_(other.layout_),
        operands_(other.operands_),
        inner_(other.inner_),
        at_(at) {
    std::copy_n(other.at_, operands_, at_);
    std::copy_n(other.step_, operands_, step_);
    std::copy_n(other.turn_, operands_, turn_);
    std::copy_n(other.index_, inner_ + 1, index_);
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  // The current element of an operand.
  std::byte* at(int operand) const { return at_[operand]; }

  // The number of positions that are left in the current run.
  std::int64_t left() const { return layout_.sizes[inner_] - index_[inner_]; }

  // Moves on by any number of positions.
  void advance_by(std::int64_t count) {
    for (std::int64_t n; count > 0; count -= n) {
      n = std::min(count, left());
      advance(n);
    }
  }

  // Moves on by at most left() positions.
  void advance(std::int64_t count) {
    index_[inner_] += count;
    const bool at_end = index_[inner_] == layout_.sizes[inner_];
    for (int k = 0; k < operands_; ++k) at_[k] += count * step_[k] + (at_end ? turn_[k] : 0);
    if (!at_end || inner_ == 0) return;
    index_[inner_] = 0;
    ++index_[inner_ - 1];
    for (int dim = inner_ - 1; dim > 0 && index_[dim] == layout_.sizes[dim]; --dim) {
      index_[dim] = 0;
      ++index_[dim - 1];
      for (int k = 0; k < operands_; ++k) at_[k] += turn(k, dim);
    }
  }

 private:
  // Bytes from the end of a dimension to the start of the next index of the one around it.
  std::int64_t turn(int k, int dim) const {
    const std::int64_t* const strides = layout_.strides[k];
    return (strides[dim - 1] - layout_.sizes[dim] * strides[dim]) * size_of_operand(k);
  }

  std::int64_t size_of_operand(int k) const {
    return static_cast<std::int64_t>(size_of(program_.operand[k]));
  }

  const Program& program_;
  const Layout& layout_;
  const int operands_;
  const int inner_;
  std::byte** const at_;
  std::int64_t step_[max_operands];  // bytes from one position of a run to the next
  std::int64_t turn_[max_operands];  // bytes from the end of a run to the next run
  std::int64_t index_[max_dims];
};

}  // namespace rsqrt_native::cpu
