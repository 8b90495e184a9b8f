// The float32 correction from every seed within an ulp of 1/√x. What an instruction set estimates differs
// between makers of CPUs; this shows that it cannot matter.

#include <cmath>
#include <string>

#include "ops/rsqrt.h"
#include "test/exact.h"
#include "test/test.h"

namespace rsqrt_native::test {

// One float, as the operations of native/ops want it.
struct Single {
  using Scalar = float;
  struct Mask {
    bool v;
  };
  static constexpr int width = 1;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = 22;

  float v;

  static Single splat(float s) { return {s}; }
  static Single load(const float* p) { return {*p}; }
  void store(float* p) const { *p = v; }

  friend Single operator+(Single a, Single b) { return {a.v + b.v}; }
  friend Single operator-(Single a, Single b) { return {a.v - b.v}; }
  friend Single operator*(Single a, Single b) { return {a.v * b.v}; }
  friend Single operator/(Single a, Single b) { return {a.v / b.v}; }
  friend Single fma(Single a, Single b, Single c) { return {std::fmaf(a.v, b.v, c.v)}; }
  friend Single fnma(Single a, Single b, Single c) { return {std::fmaf(-a.v, b.v, c.v)}; }
  friend Single sqrt(Single a) { return {std::sqrt(a.v)}; }
  friend Single negate(Single a) { return {-a.v}; }
  friend Single absolute(Single a) { return {std::fabs(a.v)}; }
  friend Single copy_sign(Single a, Single b) { return {std::copysign(a.v, b.v)}; }
  friend Single rsqrt_estimate(Single a) { return splat(1) / sqrt(a); }
  friend Mask unordered(Single a, Single b) { return {std::isunordered(a.v, b.v)}; }
  friend Mask is_nan(Single a) { return unordered(a, a); }
  friend Mask differs(Single a, Single b) { return {a.v < b.v || a.v > b.v}; }
  friend Mask less(Single a, Single b) { return {a.v < b.v}; }
  friend bool any(Mask m) { return m.v; }
  friend Single select(Mask m, Single a, Single b) { return m.v ? a : b; }
};

bool test_seeds(const Options& options) {
  Report report("seeds");
  // All floats of [1, 4): those of other exponents differ by powers of four, which change no mantissa.
  const std::uint32_t first = bits_as<std::uint32_t>(1.0f);
  const std::int64_t pieces = 256, piece = (std::int64_t{1} << 24) / pieces;
  in_parallel(options.threads, pieces, [&](std::int64_t i) {
    const std::string names[] = {"an ulp below", "the nearest", "an ulp above"};
    std::int64_t wrong[3] = {};
    for (std::int64_t k = i * piece; k < (i + 1) * piece; ++k) {
      const std::uint32_t x = first + static_cast<std::uint32_t>(k);
      const std::uint32_t right = static_cast<std::uint32_t>(rsqrt_of(float32, x));
      for (int seed = 0; seed < 3; ++seed) {
        const float from = bits_as<float>(right + static_cast<std::uint32_t>(seed) - 1);
        const Single y = rsqrt_corrected(Single{bits_as<float>(x)}, Single{from});
        if (bits_as<std::uint32_t>(y.v) == right) continue;
        ++wrong[seed];
        report.explain(names[seed], "from " + hex(bits_as<std::uint32_t>(from), 32) + " rsqrt(" + hex(x, 32) +
                                        ") becomes " + hex(bits_as<std::uint32_t>(y.v), 32));
      }
    }
    for (int seed = 0; seed < 3; ++seed) report.checked(names[seed], piece, wrong[seed]);
  });
  return report.finish();
}

}  // namespace rsqrt_native::test
