// Tests the float32 correction from every seed within an ulp of 1/√x. The estimates of an
// instruction set differ between makers of CPUs, and this shows that the difference has no effect.
// Also tests the estimates of GPUs for 16-bit floats.

#include <string>

#include "core/float16.h"
#include "ops/rsqrt.h"
#include "test/exact.h"
#include "test/lone.h"
#include "test/test.h"

namespace rsqrt_native::test {

using Single = Lone<float>;

bool test_seeds(const Options& options) {
  Report report("seeds");
  // All floats of [1, 4). Those with other exponents differ by powers of four, which change no
  // mantissa.
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

namespace {

// All positive numbers of a 16-bit dtype, and every float within 2 ulp of 1/√x.
template <class T>
void test_coarse(Report& report, const char* name, Format format, std::uint16_t infinity) {
  std::int64_t wrong = 0;
  for (std::uint16_t bits = 1; bits < infinity; ++bits) {
    const std::uint32_t x = bits_as<std::uint32_t>(widen(T{bits}));
    const auto nearest = static_cast<std::uint32_t>(rsqrt_of(float32, x));
    for (std::uint32_t seed = nearest - 2; seed <= nearest + 2; ++seed) {
      T rounded;
      narrow(bits_as<float>(seed), rounded);
      if (rounded.bits == rsqrt_of(format, bits)) continue;
      ++wrong;
      report.explain(name, hex(seed, 32) + " does not round to rsqrt(" + hex(bits, 16) + ")");
    }
  }
  report.checked(name, std::int64_t{5} * (infinity - 1), wrong);
}

}  // namespace

bool test_coarse_seeds(const Options&) {
  Report report("coarse seeds");
  test_coarse<Half>(report, "float16", float16, 0x7c00);
  test_coarse<BFloat16>(report, "bfloat16", bfloat16, 0x7f80);
  return report.finish();
}

}  // namespace rsqrt_native::test
