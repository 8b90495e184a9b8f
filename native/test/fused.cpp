// The same functors and the same rounding as in programs, in one loop.
#include "test/fused.h"

#include RSQRT_SIMD_HEADER
#include "ops/table.h"

namespace rsqrt_native::test {
inline namespace RSQRT_TARGET {
namespace {

using V = Vec<float>;
constexpr std::int64_t width = V::width;

RSQRT_FUNCTION V sum_of_square(V x, V eps) { return canonical_nan(x * x + eps); }

// n is a multiple of two vectors.
void normalised(const float* x, float eps, float* out, std::int64_t n) {
  const V addend = V::splat(eps);
  for (std::int64_t i = 0; i < n; i += 2 * width) {
    const V a = V::load(x + i), b = V::load(x + i + width);
    const V c = sum_of_square(a, addend), d = sum_of_square(b, addend);
    V y, z;
    if constexpr (requires { requires Rsqrt::has_quick<V>; }) {
      y = Rsqrt().quick(c);
      z = Rsqrt().quick(d);
      if (any(unordered(y, z))) [[unlikely]] {
        y = Rsqrt().careful(c, y);
        z = Rsqrt().careful(d, z);
      }
    } else {
      y = Rsqrt()(c);
      z = Rsqrt()(d);
    }
    canonical_nan(a * y).store(out + i);
    canonical_nan(b * z).store(out + i + width);
  }
}

// columns is a multiple of a vector.
void scaled(const float* a, const float* b, const float* row, float* out, std::int64_t rows,
            std::int64_t columns) {
  for (std::int64_t i = 0; i < rows; ++i, a += columns, b += columns, out += columns) {
    for (std::int64_t j = 0; j < columns; j += width) {
      canonical_nan(V::load(a + j) * V::load(b + j) + V::load(row + j)).store(out + j);
    }
  }
}

#define RSQRT_STRING_OF(name) #name
#define RSQRT_STRING(name) RSQRT_STRING_OF(name)

}  // namespace

extern const Fused fused;
const Fused fused = {RSQRT_STRING(RSQRT_TARGET), normalised, scaled};

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::test
