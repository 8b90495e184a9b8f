// Tests complex128 over the whole range of exponents. Scaling a number by a power of four scales
// its root by a power of two, so no intermediate result may overflow or underflow where the result
// does not.

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "test/execute.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

using Number = Complex<double>;

// How f scales: f(z·4^k) = f(z)·2^(k·power).
struct Law {
  const char* op;
  int power;
  bool real;  // the result
};
constexpr Law laws[] = {
    {"sqrt", 1, false}, {"rsqrt", -1, false}, {"reciprocal", -2, false}, {"abs", 2, true}};

double random_part(Random& random, std::int64_t exponent) {
  const std::uint64_t fraction = random.bits() >> 12;
  const double one_to_two = std::bit_cast<double>(std::uint64_t{1023} << 52 | fraction);
  return std::ldexp(random.one_in(2) ? one_to_two : -one_to_two, static_cast<int>(exponent));
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Scales exactly by 2^exponent. False if that is not possible.
bool scale(double& value, int exponent) {
  if (value == 0) return true;
  value = std::ldexp(value, exponent);
  return std::isnormal(value);
}

std::vector<Number> apply(const cpu::InstructionSet& set, const Law& law, const std::vector<Number>& z) {
  std::vector<Number> result(z.size());
  const auto n = static_cast<std::int64_t>(z.size());
  const int op = op_named(law.op);
  if (!law.real) {
    execute(set, dense_job(op, DType::complex128, DType::complex128, z.data(), result.data(), n));
    return result;
  }
  std::vector<double> real(z.size());
  execute(set, dense_job(op, DType::complex128, DType::float64, z.data(), real.data(), n));
  for (std::size_t i = 0; i < z.size(); ++i) result[i].re = real[i];
  return result;
}

void check_law(Report& report, const cpu::InstructionSet& set, const Law& law) {
  Random random(1);
  std::vector<Number> near, far;
  std::vector<int> scales;
  while (near.size() < 200'000) {
    // The larger part is near to 1, and the other is up to 2^900 times smaller. (With parts still
    // further apart, the smaller part of the result comes from subnormal intermediate results and
    // has fewer bits.)
    const double larger = random_part(random, random.between(-30, 30));
    const double smaller =
        random_part(random, random.one_in(2) ? random.between(-40, 0) : random.between(-870, 0));
    const Number z = random.one_in(2) ? Number{larger, smaller} : Number{smaller, larger};
    const int k = static_cast<int>(random.between(-510, 510));
    Number moved = z;
    if (!scale(moved.re, 2 * k) || !scale(moved.im, 2 * k)) continue;
    near.push_back(z);
    far.push_back(moved);
    scales.push_back(k);
  }
  const std::vector<Number> of_near = apply(set, law, near), of_far = apply(set, law, far);
  std::int64_t inputs = 0, wrong = 0;
  for (std::size_t i = 0; i < near.size(); ++i) {
    Number right = of_near[i];
    if (!scale(right.re, law.power * scales[i]) || !scale(right.im, law.power * scales[i])) continue;
    ++inputs;
    if (same_bits(right.re, of_far[i].re) && same_bits(right.im, of_far[i].im)) continue;
    ++wrong;
    report.explain(set.name, std::string(law.op) + " of (" +
                                 hex(std::bit_cast<std::uint64_t>(far[i].re), 64) + ", " +
                                 hex(std::bit_cast<std::uint64_t>(far[i].im), 64) + ") is (" +
                                 hex(std::bit_cast<std::uint64_t>(of_far[i].re), 64) + ", " +
                                 hex(std::bit_cast<std::uint64_t>(of_far[i].im), 64) + "), expected (" +
                                 hex(std::bit_cast<std::uint64_t>(right.re), 64) + ", " +
                                 hex(std::bit_cast<std::uint64_t>(right.im), 64) + ")");
  }
  report.checked(set.name, inputs, wrong);
}

// An input for which the divisor of Smith's method would overflow: 1/(2^1023·(1 + i)) is 2^−1024·(1
// − i).
void check_largest(Report& report, const cpu::InstructionSet& set) {
  const std::vector<Number> result = apply(set, {"reciprocal", -2, false}, {{0x1p1023, 0x1p1023}});
  const bool right = result[0].re == 0x1p-1024 && result[0].im == -0x1p-1024;
  if (!right) report.explain(set.name, "reciprocal of 2^1023·(1 + i) is not 2^−1024·(1 − i)");
  report.checked(set.name, 1, right ? 0 : 1);
}

}  // namespace

bool test_complex(const Options& /*options*/) {
  Report report("complex");
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    for (const Law& law : laws) check_law(report, set, law);
    check_largest(report, set);
  }
  return report.finish();
}

}  // namespace rsqrt_native::test
