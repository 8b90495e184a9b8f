// Tests rsqrt of every real dtype on every instruction set against exact integers.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "ops/rsqrt_exact.h"
#include "test/exact.h"
#include "test/execute.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

// Runs inputs in pieces that stay in the caches, on every instruction set. The right result is
// found once for all sets: it is the first set's result if that is right, and is computed the slow
// way if not.
template <class Bits>
class Checker {
 public:
  Checker(Report& report, Format format, DType dtype)
      : report_(report), format_(format), dtype_(dtype), rsqrt_(op_named("rsqrt")) {}

  void check(const std::vector<Bits>& x) const {
    const auto n = static_cast<std::int64_t>(x.size());
    std::vector<Bits> right(x.size()), y(x.size());
    for (std::size_t s = 0; s < sets_.size(); ++s) {
      execute(sets_[s], dense_job(rsqrt_, dtype_, dtype_, x.data(), y.data(), n));
      if (s == 0) {
        for (std::size_t i = 0; i < x.size(); ++i) {
          right[i] = is_rsqrt(format_, x[i], y[i]) ? y[i] : static_cast<Bits>(rsqrt_of(format_, x[i]));
        }
      }
      report_.checked(sets_[s].name, n, wrong_in(sets_[s].name, x, y, right));
    }
  }

 private:
  std::int64_t wrong_in(const char* set, const std::vector<Bits>& x, const std::vector<Bits>& y,
                        const std::vector<Bits>& right) const {
    if (std::memcmp(y.data(), right.data(), y.size() * sizeof(Bits)) == 0) return 0;
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (y[i] == right[i]) continue;
      ++wrong;
      report_.explain(set, "rsqrt(" + hex(x[i], format_.width) + ") is " + hex(y[i], format_.width) +
                               ", expected " + hex(right[i], format_.width));
    }
    return wrong;
  }

  Report& report_;
  Format format_;
  DType dtype_;
  int rsqrt_;
  std::vector<cpu::InstructionSet> sets_ = cpu::available_instruction_sets();
};

// Every bit pattern of a format.
template <class Bits>
bool test_all(const char* part, Format format, DType dtype, int threads) {
  Report report(part);
  const Checker<Bits> checker(report, format, dtype);
  const std::int64_t piece = 1 << 14;  // 64 KiB
  const std::int64_t pieces = (std::int64_t{1} << format.width) / piece;
  in_parallel(threads, pieces, [&](std::int64_t i) {
    std::vector<Bits> x(static_cast<std::size_t>(piece));
    for (std::size_t k = 0; k < x.size(); ++k)
      x[k] = static_cast<Bits>(i * piece + static_cast<std::int64_t>(k));
    checker.check(x);
  });
  return report.finish();
}

// Tests a random one of every `thin` consecutive float32 patterns, and all patterns near the start
// of an exponent.
bool test_some_float32(const Options& options) {
  Report report("float32");
  const Checker<std::uint32_t> checker(report, float32, DType::float32);
  const std::int64_t piece = 1 << 14;
  const std::int64_t count = (std::int64_t{1} << 32) / options.thin;
  in_parallel(options.threads, (count + piece - 1) / piece, [&](std::int64_t i) {
    Random random(static_cast<std::uint64_t>(i));
    std::vector<std::uint32_t> x;
    for (std::int64_t k = i * piece; k < std::min((i + 1) * piece, count); ++k) {
      x.push_back(static_cast<std::uint32_t>(k * options.thin + random.below(options.thin)));
    }
    checker.check(x);
  });
  std::vector<std::uint32_t> edges;
  for (std::uint32_t exponent = 0; exponent < 512; ++exponent) {  // with the sign
    for (std::uint32_t k = 0; k < 1024; ++k) edges.push_back((exponent << 23) - 512 + k);
  }
  checker.check(edges);
  return report.finish();
}

constexpr std::uint64_t fraction = (std::uint64_t{1} << 52) - 1;
constexpr std::uint64_t exponents = 2047;  // of finite float64s, 0 is that of subnormals

std::uint64_t random_exponent(Random& random) {
  return static_cast<std::uint64_t>(random.below(exponents)) << 52;
}

// A random positive finite float64 of one of several kinds.
std::uint64_t structured_input(Random& random, std::int64_t kind) {
  switch (kind) {
    case 0:  // any
      return random_exponent(random) | (random.bits() & fraction);
    case 1: {  // few bits set, at random places
      std::uint64_t bits = 0;
      for (std::int64_t i = random.below(6); i > 0; --i) bits |= std::uint64_t{1} << random.below(52);
      return random_exponent(random) | bits;
    }
    case 2: {  // few bits clear
      std::uint64_t bits = fraction;
      for (std::int64_t i = random.below(6); i > 0; --i) bits &= ~(std::uint64_t{1} << random.below(52));
      return random_exponent(random) | bits;
    }
    case 3:  // a few ulp around a power of two
      return (static_cast<std::uint64_t>(random.between(1, 2046)) << 52) +
             static_cast<std::uint64_t>(random.between(-8, 8));
    case 4: {
      // 4^k·(1 − 2s·2^−53) with s odd. 1/√x is then (1.5·s²·2^−54) ulp from a middle: the smaller
      // s, the nearer. With log-uniform s, every distance from 2^−53 ulp on occurs, and with it the
      // exact decision.
      const std::uint64_t four_to_k = (2 * static_cast<std::uint64_t>(random.below(1022)) + 1) << 52;
      const std::uint64_t s = (random.bits() & ((std::uint64_t{1} << random.below(27)) - 1)) | 1;
      return four_to_k - 2 * s;
    }
    case 5: {
      // The float nearest to 1/m², for the middle m of two neighbouring floats, and the floats
      // beside it.
      const std::uint64_t m = 2 * (std::uint64_t{1} << 52 | (random.bits() & fraction)) + 1;  // 54 bits
      // 2^161/m², between 2^53 and 2^55, and its upper 53 bits.
      const auto upper = static_cast<std::uint64_t>((Wide{m} * m) >> 49);
      const auto quotient = static_cast<std::uint64_t>((Wide{1} << 112) / upper);
      const int shift = quotient >> 54 != 0 ? 2 : 1;
      const std::uint64_t x = ((quotient >> (shift - 1)) + 1) >> 1;
      // 1/√x is m times a power of two if the exponent has the right parity.
      const auto exponent = static_cast<std::uint64_t>(shift + 2 * random.below(1023));
      return exponent << 52 | ((x + static_cast<std::uint64_t>(random.between(-3, 3))) & fraction);
    }
    case 6:  // subnormal, of any length
      return (random.bits() & fraction) >> random.below(52);
    default:  // near the largest
      return (exponents << 52) - 1 - (random.bits() & fraction) % 4096;
  }
}
constexpr std::int64_t kinds = 8;

// Zeros, infinities, NaNs with payloads, negatives.
std::vector<std::uint64_t> special_inputs() {
  std::vector<std::uint64_t> inputs;
  for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
    for (std::uint64_t exponent = 0; exponent <= exponents; ++exponent) {
      for (const std::uint64_t low :
           {std::uint64_t{0}, std::uint64_t{1}, fraction / 2, fraction / 2 + 1, fraction}) {
        inputs.push_back(sign | exponent << 52 | low);
      }
    }
  }
  return inputs;
}

// The significands in a file (each line begins with the input bits in hexadecimal) with every
// exponent of the same parity. They are equally hard with each.
std::vector<std::uint64_t> hard_inputs(const std::string& path) {
  std::vector<std::uint64_t> inputs;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) inputs.push_back(std::stoull(line, nullptr, 16));
  return inputs;
}

void check_decision(Report& report, const std::vector<std::uint64_t>& inputs) {
  // The decision alone, from a guess that is one ulp off in either direction, as it may be.
  std::int64_t wrong = 0;
  for (const std::uint64_t x : inputs) {
    const std::uint64_t right = rsqrt_of(float64, x);
    for (const std::uint64_t guess : {right - 1, right, right + 1}) {
      const auto decided =
          std::bit_cast<std::uint64_t>(rsqrt_nearest(std::bit_cast<double>(x), std::bit_cast<double>(guess)));
      if (decided == right) continue;
      ++wrong;
      report.explain("the exact decision", "rsqrt(" + hex(x, 64) + ") from " + hex(guess, 64) + " is " +
                                               hex(decided, 64) + ", expected " + hex(right, 64));
    }
  }
  report.checked("the exact decision", 3 * static_cast<std::int64_t>(inputs.size()), wrong);
}

}  // namespace

bool test_float16(const Options& options) {
  return test_all<std::uint16_t>("float16", float16, DType::float16, options.threads);
}

bool test_bfloat16(const Options& options) {
  return test_all<std::uint16_t>("bfloat16", bfloat16, DType::bfloat16, options.threads);
}

bool test_float32(const Options& options) {
  if (options.thin > 1) return test_some_float32(options);
  return test_all<std::uint32_t>("float32", float32, DType::float32, options.threads);
}

bool test_float64(const Options& options) {
  Report report("float64");
  const Checker<std::uint64_t> checker(report, float64, DType::float64);
  checker.check(special_inputs());

  constexpr std::int64_t piece = 8192;
  in_parallel(options.threads, (options.float64 + piece - 1) / piece, [&](std::int64_t i) {
    Random random(static_cast<std::uint64_t>(i));
    std::vector<std::uint64_t> x(piece);
    for (std::uint64_t& each : x) each = structured_input(random, i % kinds);
    checker.check(x);
    if (i % 64 < kinds) {
      x.resize(256);
      std::erase(x, 0);
      check_decision(report, x);
    }
  });

  if (!options.hard_inputs.empty()) {
    const std::vector<std::uint64_t> hard = hard_inputs(options.hard_inputs);
    if (hard.empty()) std::printf("  float64: %s cannot be read\n", options.hard_inputs.c_str());
    in_parallel(options.threads, static_cast<std::int64_t>(hard.size()), [&](std::int64_t i) {
      const std::uint64_t input = hard[static_cast<std::size_t>(i)];
      std::vector<std::uint64_t> x;
      for (std::uint64_t exponent = 2 - (input >> 52 & 1); exponent < exponents; exponent += 2) {
        x.push_back(exponent << 52 | (input & fraction));
      }
      checker.check(x);
    });
    if (hard.empty()) report.checked(options.hard_inputs, 0, 1);
  }
  return report.finish();
}

}  // namespace rsqrt_native::test
