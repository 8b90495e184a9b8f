// Tests random numbers: the generator against its authors' answers, the distributions against wider
// arithmetic, and the loops of every instruction set against both, one number at a time.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/convert.h"
#include "ops/random.h"
#include "test/execute.h"
#include "test/guarded_memory.h"
#include "test/lone.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

using Word = Lone<std::uint64_t>;
using Real = Lone<double>;

Pair<Word> halves_of(const std::uint32_t (&words)[4]) {
  const auto half = [](std::uint64_t low, std::uint64_t high) { return Word{low | high << 32}; };
  return {half(words[0], words[1]), half(words[2], words[3])};
}

}  // namespace

bool test_philox(const Options&) {
  // From kat_vectors in Random123.
  struct Answer {
    std::uint32_t counter[4];
    std::uint64_t key;
    std::uint32_t block[4];
  };
  static constexpr std::uint32_t ones = 0xffffffff;
  static constexpr Answer answers[] = {
      {{0, 0, 0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{ones, ones, ones, ones}, ~std::uint64_t{0}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       0x299f31d0a4093822,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  Report report("philox");
  for (const Answer& answer : answers) {
    const Pair<Word> is = philox(answer.key, halves_of(answer.counter)), must = halves_of(answer.block);
    const bool wrong = is.first.v != must.first.v || is.second.v != must.second.v;
    if (wrong) {
      report.explain("known answers", "a block is " + hex(is.first.v, 64) + ", " + hex(is.second.v, 64) +
                                          ", expected " + hex(must.first.v, 64) + ", " +
                                          hex(must.second.v, 64));
    }
    report.checked("known answers", 1, wrong ? 1 : 0);
  }
  return report.finish();
}

namespace {

// The error, in units in the last place of the right result.
double ulps(double is, long double must) {
  const double nearest = std::fabs(static_cast<double>(must));
  const long double unit = std::ldexp(1.0L, std::ilogb(nearest) - 52);
  return static_cast<double>(std::fabs(is - must) / unit);
}

// The largest error of one function, in ulp, and the bound that docs/numerics.md states.
class Worst {
 public:
  Worst(Report& report, const char* name, double bound) : report_(report), name_(name), bound_(bound) {}

  void add(double is, long double must, std::uint64_t bits) {
    const double error = ulps(is, must);
    ++inputs_;
    if (error > worst_) worst_ = error;
    if (error < bound_) return;
    ++wrong_;
    report_.explain(name_, "of " + hex(bits, 64) + " is off by " + std::to_string(error) + " ulp");
  }
  void finish() {
    report_.checked(name_, inputs_, wrong_);
    std::printf("  %s: at most %.3f ulp\n", name_, worst_);
  }

 private:
  Report& report_;
  const char* name_;
  double bound_;
  double worst_ = 0;
  std::int64_t inputs_ = 0;
  std::int64_t wrong_ = 0;
};

// Random bits. A quarter of them have long runs of zeros or ones, near the ends and the middle of a
// range.
std::uint64_t sparse_bits(Random& random) {
  const std::uint64_t bits = random.bits();
  switch (random.below(8)) {
    case 0:
      return bits >> random.below(64);
    case 1:
      return ~(bits >> random.below(64));
    case 2:  // near an eighth of the whole
      return (random.bits() << 61) + (bits >> random.below(64)) - (random.bits() >> random.below(64));
    default:
      return bits;
  }
}

// Whether the functions of long double are more accurate than those of double. Those of Zig's
// compiler_rt are not.
bool has_long_double_functions() {
  const volatile long double one = 1;
  return std::fabs(std::cos(one) - 0.54030230586813971740093660744297661L) < 1e-18L;
}

}  // namespace

bool test_distributions(const Options&) {
  if (!has_long_double_functions()) {
    std::puts("distributions: skipped, the functions of long double are as inexact here as those of double");
    return true;
  }
  Report report("distributions");
  const long double pi = 3.14159265358979323846264338327950288L;
  Random random(7);
  Worst log(report, "logarithm", 1), sine(report, "sine", 2), cosine(report, "cosine", 2),
      gauss(report, "normal", 4);
  for (int i = 0; i < 2'000'000; ++i) {
    const std::uint64_t first = sparse_bits(random), second = sparse_bits(random);
    // u as the header defines it, and 4v minus the nearest integer, so that the rest is exact.
    const std::uint64_t u_units = 2 * (first >> 12) + 1, v_units = 2 * (second >> 10) + 1;
    const long double u = std::ldexp(static_cast<long double>(u_units), -53);
    const std::uint64_t quarter = (v_units + (std::uint64_t{1} << 52)) >> 53;
    const auto left = static_cast<std::int64_t>(v_units - (quarter << 53));
    const long double angle = pi / 2 * std::ldexp(static_cast<long double>(left), -53);
    const long double c = std::cos(angle), s = std::sin(angle);
    const long double points[4][2] = {{c, s}, {-s, c}, {-c, -s}, {s, -c}};
    const long double right_log = std::log(u), *point = points[quarter % 4];

    log.add(logarithm<Word>(between_0_and_1<Real>(Word{first})).v, right_log, first);
    const Pair<Real> on = on_circle<Real>(Word{second});
    cosine.add(on.first.v, point[0], second);
    sine.add(on.second.v, point[1], second);
    const Pair<Real> drawn = Normal(DType::float64).draw<Real>(Pair<Word>{{first}, {second}});
    gauss.add(drawn.first.v, std::sqrt(-2 * right_log) * point[0], first);
    gauss.add(drawn.second.v, std::sqrt(-2 * right_log) * point[1], second);
  }
  for (Worst* each : {&log, &sine, &cosine, &gauss}) each->finish();
  return report.finish();
}

namespace {

// The value of one part of an element, computed by itself.
double drawn_alone(int distribution, DType dtype, std::uint64_t key, std::uint64_t counter,
                   std::int64_t part) {
  const Word block = {counter + static_cast<std::uint64_t>(part / 2)};
  const Pair<Word> bits = philox(key, Pair<Word>{block, {0}});
  const Pair<Real> pair =
      distribution == 0 ? Uniform(dtype).draw<Real>(bits) : Normal(dtype).draw<Real>(bits);
  return (part % 2 == 0 ? pair.first : pair.second).v;
}

void round_to(DType part, double value, std::byte* p) {
  const auto write = [&](auto converted) { std::memcpy(p, &converted, sizeof(converted)); };
  switch (part) {
    case DType::float16:
      return write(convert<Half>(value));
    case DType::bfloat16:
      return write(convert<BFloat16>(value));
    case DType::float32:
      return write(convert<float>(value));
    default:
      return write(value);
  }
}

// All bytes of a job, with each part computed by itself.
std::vector<std::byte> drawn_one_by_one(const RandomJob& job) {
  const DType part_dtype = part_of(job.dtype);
  const std::size_t part_size = size_of(part_dtype);
  std::vector<std::byte> bytes(static_cast<std::size_t>(job.numel) * size_of(job.dtype));
  for (std::size_t part = 0; part < bytes.size() / part_size; ++part) {
    const double value =
        drawn_alone(job.distribution, job.dtype, job.key, job.counter, static_cast<std::int64_t>(part));
    round_to(part_dtype, value, bytes.data() + part * part_size);
  }
  return bytes;
}

// Runs one job on every instruction set, in guarded memory.
void check_job(RandomJob job, int threads, bool at_end, GuardedMemory& memory, Random& random,
               Report& report) {
  const std::vector<std::byte> right = drawn_one_by_one(job);
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    job.out = at_end ? memory.at_end(right.size())
                     : memory.at_start(right.size(), static_cast<std::size_t>(random.below(9)));
    execute(set, job, threads);
    const bool wrong = !std::equal(right.begin(), right.end(), job.out);
    if (wrong) {
      report.explain(set.name, std::to_string(job.numel) + " " + dtype_names[index_of(job.dtype)] + ", " +
                                   distribution_names[job.distribution] + ", key " + hex(job.key, 64) +
                                   ", counter " + hex(job.counter, 64) + ", differ from one at a time");
    }
    report.checked(set.name, 1, wrong ? 1 : 0);
  }
}

}  // namespace

// Every length up to a limit, in guarded memory at any byte; and long ones on several threads.
bool test_draws(const Options&) {
  constexpr int short_jobs = 40, jobs = 48;
  Report report("draws");
  GuardedMemory memory(std::size_t{1} << 20);
  Random random(11);
  for (int kind = 0; kind < distribution_count * dtype_count * jobs; ++kind) {
    const int i = kind % jobs, code = kind / jobs % dtype_count, distribution = kind / jobs / dtype_count;
    if (!has_random[code]) continue;
    const std::int64_t numel = i < short_jobs ? i : random.between(1000, 60'000);
    const std::uint64_t key = random.bits();
    // Sometimes near the point at which the lower half of the counter, or all of it, carries over.
    const std::uint64_t end = random.one_in(2) ? std::uint64_t{1} << 32 : 0;
    const std::uint64_t counter =
        random.one_in(3) ? random.bits() : end - static_cast<std::uint64_t>(random.below(30));
    check_job({distribution, key, counter, static_cast<DType>(code), nullptr, numel},
              i < short_jobs ? 1 : 1 + i % 4, i % 2 == 0, memory, random, report);
  }
  return report.finish();
}

}  // namespace rsqrt_native::test
