// Walks a layout.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/layout.h"

namespace rsqrt_native::cpu {

// Walks the outermost `dims` dimensions of a layout in row-major order, in runs along the innermost
// of them, and knows the offset of every operand.
class Cursor {
 public:
  Cursor(const Layout& layout, int operands, int dims, std::int64_t start)
      : layout_(layout), operands_(operands), inner_(dims - 1) {
    for (int dim = inner_; dim >= 0; --dim) {
      index_[dim] = 0;
      move(dim, start % layout.sizes[dim]);
      start /= layout.sizes[dim];
    }
  }

  // In elements, from the first element of an operand.
  std::int64_t offset(int operand) const { return offsets_[operand]; }

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
    move(inner_, count);
    for (int dim = inner_; dim > 0 && index_[dim] == layout_.sizes[dim]; --dim) {
      move(dim, -index_[dim]);
      move(dim - 1, 1);
    }
  }

 private:
  void move(int dim, std::int64_t steps) {
    index_[dim] += steps;
    for (int k = 0; k < operands_; ++k) offsets_[k] += steps * layout_.strides[k][dim];
  }

  const Layout& layout_;
  const int operands_;
  const int inner_;
  std::int64_t index_[max_dims];
  std::int64_t offsets_[max_operands] = {};
};

}  // namespace rsqrt_native::cpu
