// Expressions as loops fused by hand, to compare the interpreter's speed with. Compiled once per
// instruction set.
#pragma once

#include <cstdint>

namespace rsqrt_native::test {

struct Fused {
  const char* set;
  // out[i] = x[i] · 1/√(x[i]² + eps)
  void (*normalised)(const float* x, float eps, float* out, std::int64_t n);
  // out[i][j] = a[i][j] · b[i][j] + row[j]
  void (*scaled)(const float* a, const float* b, const float* row, float* out, std::int64_t rows,
                 std::int64_t columns);
};

}  // namespace rsqrt_native::test
