// Compares the time of a program in cache with that of a loop fused by hand. Prints a line of JSON for
// each case: nanoseconds of processor time, medians of interleaved rounds. `npm run bench` runs this.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>
#include <vector>

#include "ops/program.h"
#include "ops/table.h"
#include "test/execute.h"
#include "test/fused.h"
#include "test/test.h"

namespace rsqrt_native::test {

// CMake defines RSQRT_INSTRUCTION_SETS(X) for this file, as for cpu/isa.cpp.
#define X(set)              \
  inline namespace set {    \
  extern const Fused fused; \
  }
RSQRT_INSTRUCTION_SETS(X)
#undef X

namespace {

constexpr DType f32 = DType::float32;

const Fused& fused_of(const char* set) {
#define X(name) \
  if (std::strcmp(set, #name) == 0) return name::fused;
  RSQRT_INSTRUCTION_SETS(X)
#undef X
  std::abort();
}

class Steps {
 public:
  std::uint8_t add(Kind kind, int code, int x = 0, int y = 0) {
    for (const int byte : {static_cast<int>(kind), code, index_of(f32), x, y, 0}) {
      bytes_.push_back(static_cast<std::uint8_t>(byte));
    }
    return static_cast<std::uint8_t>(bytes_.size() / step_bytes - 1);
  }
  std::uint8_t apply(const char* op, int x, int y = 0) { return add(Kind::apply, op_named(op), x, y); }

  Program make(std::size_t operands, std::size_t scalars) const {
    const std::vector<std::uint8_t> dtypes(max_operands + max_scalars, static_cast<std::uint8_t>(f32));
    return make_program({bytes_.data(), bytes_.size()}, {dtypes.data(), operands}, {dtypes.data(), scalars});
  }

 private:
  std::vector<std::uint8_t> bytes_;
};

double processor_time() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <class F>
double time_of(F f, std::int64_t calls) {
  const double start = processor_time();
  for (std::int64_t i = 0; i < calls; ++i) f();
  return (processor_time() - start) / static_cast<double>(calls);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <class Run, class Loop>
void compare(const char* name, const char* set, std::int64_t n, Run run, Loop loop) {
  const std::int64_t calls = std::max<std::int64_t>(1, 2'000'000 / (n + 200));
  std::vector<double> program, hand;
  for (int round = 0; round < 31; ++round) {
    program.push_back(time_of(run, calls));
    hand.push_back(time_of(loop, calls));
  }
  std::printf(R"({"expression":"%s","isa":"%s","size":%lld,"program":%.1f,"fused":%.1f})"
              "\n",
              name, set, static_cast<long long>(n), median(program), median(hand));
}

// Aligned to a cache line, as the memory of tensors is.
template <class T>
struct Aligned {
  using value_type = T;
  static T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{64}));
  }
  static void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }
  friend bool operator==(const Aligned&, const Aligned&) { return true; }
};
using Floats = std::vector<float, Aligned<float>>;

Floats numbers(std::int64_t n) {
  Floats result(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<float>(i % 1000) * 0.37f - 3;
  return result;
}

std::byte* bytes_of(Floats& values) { return reinterpret_cast<std::byte*>(values.data()); }

}  // namespace

bool test_speed(const Options&) {
  Steps normalised;
  const int x = normalised.add(Kind::load, 0), eps = normalised.add(Kind::scalar, 0);
  const int sum = normalised.apply("add", normalised.apply("mul", x, x), eps);
  normalised.add(Kind::store, 1, normalised.apply("mul", x, normalised.apply("rsqrt", sum)));
  const Program normalise = normalised.make(2, 1);

  Steps scaled;
  const int a = scaled.add(Kind::load, 0), b = scaled.add(Kind::load, 1), row = scaled.add(Kind::load, 2);
  scaled.add(Kind::store, 3, scaled.apply("add", scaled.apply("mul", a, b), row));
  const Program scale = scaled.make(4, 0);

  bool equal = true;
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    const Fused& fused = fused_of(set.name);
    for (const std::int64_t n : {4096, 32'768, 262'144}) {
      Floats in = numbers(n), out(in.size()), right(in.size());
      Scalar scalar = {};
      const float value = 1e-6f;
      std::memcpy(scalar.bytes, &value, sizeof(value));
      const Job job{&normalise, {bytes_of(in), bytes_of(out)}, n, nullptr, &scalar};
      compare(
          "x * rsqrt(x * x + eps)", set.name, n, [&] { execute(set, job); },
          [&] { fused.normalised(in.data(), value, right.data(), n); });
      equal = equal && std::memcmp(out.data(), right.data(), out.size() * sizeof(float)) == 0;
    }
    constexpr std::int64_t columns = 768;
    for (const std::int64_t rows : {4, 42, 340}) {
      const std::int64_t n = rows * columns;
      Floats in = numbers(n), other = numbers(n), bias = numbers(columns), out(in.size()), right(in.size());
      Layout layout;
      layout.ndim = 2;
      layout.sizes[0] = rows;
      layout.sizes[1] = columns;
      for (int k = 0; k < 4; ++k) {
        layout.strides[k][0] = k == 2 ? 0 : columns;
        layout.strides[k][1] = 1;
      }
      const Job job{
          &scale, {bytes_of(in), bytes_of(other), bytes_of(bias), bytes_of(out)}, n, &layout, nullptr};
      compare(
          "a * b + row", set.name, n, [&] { execute(set, job); },
          [&] { fused.scaled(in.data(), other.data(), bias.data(), right.data(), rows, columns); });
      equal = equal && std::memcmp(out.data(), right.data(), out.size() * sizeof(float)) == 0;
    }
  }
  if (!equal) std::fprintf(stderr, "speed: a program and the fused loop differ\n");
  return equal;
}

}  // namespace rsqrt_native::test
