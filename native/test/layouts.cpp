// Tests every operation and pair of dtypes over random layouts, against the same operation on one
// element at a time. A result must not depend on where an element is or on its neighbours.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cpu/float_environment.h"
#include "ops/table.h"
#include "test/execute.h"
#include "test/guarded_memory.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

constexpr std::int64_t pool_size = 256;
constexpr std::size_t memory_size = std::size_t{18} << 20;  // only the part that is used is touched

// The number of elements of a layout: a few thousand; enough to be distributed over threads; or
// enough, if contiguous, to be written past the caches.
enum class Size { small, shared, streamed };
constexpr std::int64_t most_elements(Size size) { return size == Size::small ? 5000 : 150'000; }
constexpr std::byte untouched{0xa5};

// A case: elements of one dtype and the result of each.
struct Case {
  int op;
  DType in_dtype, out_dtype;
  std::vector<std::byte> in, out;
};

// Bits of every kind: all random, or with an exponent of all ones or all zeros.
void random_elements(Random& random, DType dtype, std::vector<std::byte>& elements) {
  const std::size_t part = size_of(dtype) / (dtype == DType::complex64 || dtype == DType::complex128 ? 2 : 1);
  for (std::size_t i = 0; i < elements.size(); i += part) {
    std::uint64_t bits = random.bits();
    const int sign = static_cast<int>(part) * 8 - 1;
    if (random.one_in(8)) bits &= std::uint64_t{1} << sign;                             // ±0
    if (random.one_in(8)) bits &= (std::uint64_t{1} << sign) | 0xff;                    // subnormal
    if (random.one_in(8)) bits |= ~(~std::uint64_t{0} << sign) & ~std::uint64_t{0xff};  // NaN, or the largest
    std::memcpy(elements.data() + i, &bits, part);
  }
}

// Computes one element at a time, on the widest instruction set.
Case make_case(int op, DType in_dtype, DType out_dtype, std::uint64_t seed) {
  Case result{op, in_dtype, out_dtype, {}, {}};
  result.in.resize(pool_size * size_of(in_dtype));
  result.out.resize(pool_size * size_of(out_dtype));
  Random random(seed);
  random_elements(random, in_dtype, result.in);
  const cpu::InstructionSet set = cpu::available_instruction_sets().front();
  for (std::size_t i = 0; i < pool_size; ++i) {
    execute(set, dense_job(op, in_dtype, out_dtype, result.in.data() + i * size_of(in_dtype),
                           result.out.data() + i * size_of(out_dtype), 1));
  }
  return result;
}

// Numbers of elements at which something changes (whole vectors, blocks of the driver, ranges of
// its threads), and one or two more or less.
std::int64_t edge_size(Random& random, Size size, std::int64_t limit) {
  static constexpr std::int64_t edges[] = {1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 2048, 3072, 4096};
  std::int64_t edge = size == Size::small ? edges[random.below(13)] : 16384 * random.between(1, 8);
  edge += random.between(-2, 2);
  return std::clamp<std::int64_t>(random.one_in(3) ? random.between(1, 70) : edge, 1, limit);
}

struct Strides {
  std::int64_t of[max_dims];
  std::int64_t extent;  // elements from the first to the last, both included
};

// Random strides for these sizes. Without `shared`, no two indices have the same element.
Strides random_strides(Random& random, const Layout& layout, bool shared) {
  int order[max_dims];
  for (int i = 0; i < layout.ndim; ++i) order[i] = layout.ndim - 1 - i;  // the innermost first
  if (random.one_in(2)) {
    for (int i = layout.ndim - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  }
  Strides strides{};
  std::int64_t next = random.one_in(3) ? random.between(2, 5) : 1;  // every k-th column, or all of them
  strides.extent = 1;
  for (int i = 0; i < layout.ndim; ++i) {
    const int dim = order[i];
    strides.of[dim] = shared && random.one_in(4) ? 0 : shared && random.one_in(6) ? 1 : next;
    strides.extent += (layout.sizes[dim] - 1) * strides.of[dim];
    next = std::max(next, strides.of[dim] * layout.sizes[dim]);
    if (random.one_in(4)) next += random.between(1, 3);  // a gap
  }
  return strides;
}

Layout random_layout(Random& random, Size size, Strides& in, Strides& out) {
  Layout layout;
  layout.ndim = static_cast<int>(random.between(1, 5));
  std::int64_t left = most_elements(size);
  const std::int64_t side = size == Size::small ? 70 : 380;  // of a matrix
  const bool matrix = random.one_in(2);
  for (int dim = 0; dim < layout.ndim; ++dim) layout.sizes[dim] = 1;
  // One or two long dimensions at random positions; the others are short.
  for (int i = 0; i < layout.ndim; ++i) {
    const auto dim = static_cast<int>(random.below(layout.ndim));
    if (layout.sizes[dim] != 1) continue;
    if (i < 2 && matrix) {
      layout.sizes[dim] = std::min(left, random.between(12, side));
    } else {
      layout.sizes[dim] =
          i == 0 ? edge_size(random, size, left) : random.between(1, std::min<std::int64_t>(left, 20));
    }
    left /= layout.sizes[dim];
  }
  in = random_strides(random, layout, true);
  out = random.one_in(3) ? in : random_strides(random, layout, false);
  std::copy_n(in.of, layout.ndim, layout.strides[0]);
  std::copy_n(out.of, layout.ndim, layout.strides[1]);
  return layout;
}

// Calls visit(in, out) with the positions of each pair of elements, in logical order.
template <class Visit>
void for_each_position(const Layout& layout, const Visit& visit) {
  std::int64_t index[max_dims] = {};
  for (;;) {
    std::int64_t in = 0, out = 0;
    for (int dim = 0; dim < layout.ndim; ++dim) {
      in += index[dim] * layout.strides[0][dim];
      out += index[dim] * layout.strides[1][dim];
    }
    visit(static_cast<std::size_t>(in), static_cast<std::size_t>(out));
    int dim = layout.ndim - 1;
    while (dim >= 0 && ++index[dim] == layout.sizes[dim]) index[dim--] = 0;
    if (dim < 0) return;
  }
}

bool output_shares_elements(const Layout& layout, std::int64_t extent) {
  std::vector<bool> used(static_cast<std::size_t>(extent));
  bool shares = false;
  for_each_position(layout, [&](std::size_t, std::size_t out) {
    shares = shares || used[out];
    used[out] = true;
  });
  return shares;
}

std::string describe(const Case& test, const Layout* layout, std::int64_t numel) {
  std::string text = std::string(op_table[test.op].name) + " " + dtype_names[index_of(test.in_dtype)] +
                     " to " + dtype_names[index_of(test.out_dtype)];
  if (layout == nullptr) return text + ", " + std::to_string(numel) + " dense";
  for (int dim = 0; dim < layout->ndim; ++dim) {
    text += (dim == 0 ? ", sizes (strides in, out): " : ", ") + std::to_string(layout->sizes[dim]) + " (" +
            std::to_string(layout->strides[0][dim]) + ", " + std::to_string(layout->strides[1][dim]) + ")";
  }
  return text;
}

// The memory of one thread of the test.
struct Memory {
  GuardedMemory in{memory_size}, out{memory_size};
};

std::byte* place(Random& random, GuardedMemory& memory, std::size_t bytes) {
  // At the end of the memory, every overrun is detected. At the start, every underrun, with any
  // alignment.
  return random.one_in(2) ? memory.at_end(bytes)
                          : memory.at_start(bytes, static_cast<std::size_t>(random.below(17)));
}

// A random layout, or one contiguous run.
Layout layout_or_run(Random& random, const Case& test, Size size, Strides& in, Strides& out, bool& dense) {
  Layout layout = random_layout(random, size, in, out);
  dense = size == Size::streamed || random.one_in(5);
  if (!dense) return layout;
  layout.ndim = 1;
  layout.sizes[0] = edge_size(random, size, most_elements(size));
  if (size == Size::streamed) {
    layout.sizes[0] += (std::int64_t{16} << 20) / static_cast<std::int64_t>(size_of(test.out_dtype));
  }
  layout.strides[0][0] = layout.strides[1][0] = in.of[0] = out.of[0] = 1;
  in.extent = out.extent = layout.sizes[0];
  return layout;
}

// Runs one random layout of a case on every instruction set.
void check_layout(Report& report, const Case& test, Memory& memory, Random& random, Size size, int threads) {
  Strides in_strides{}, out_strides{};
  bool dense = false;
  const Layout layout = layout_or_run(random, test, size, in_strides, out_strides, dense);
  if (output_shares_elements(layout, out_strides.extent)) return;  // no caller does that
  std::int64_t numel = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) numel *= layout.sizes[dim];

  const std::size_t in_size = size_of(test.in_dtype), out_size = size_of(test.out_dtype);
  const auto in_bytes = static_cast<std::size_t>(in_strides.extent) * in_size;
  const auto out_bytes = static_cast<std::size_t>(out_strides.extent) * out_size;
  if (std::max(in_bytes, out_bytes) > memory_size) return;
  const bool in_place = in_size == out_size && random.one_in(3) &&
                        std::equal(in_strides.of, in_strides.of + layout.ndim, out_strides.of);
  std::byte* const in = place(random, memory.in, in_bytes);
  std::byte* const out = in_place ? in : place(random, memory.out, out_bytes);

  // Which element of the pool is at each position, and the result expected there.
  std::vector<std::uint8_t> picks(static_cast<std::size_t>(in_strides.extent));
  for (std::uint8_t& pick : picks) pick = static_cast<std::uint8_t>(random.bits());
  std::vector<std::byte> right(out_bytes, untouched);
  const auto fill_in = [&] {
    for (std::size_t i = 0; i < picks.size(); ++i) {
      std::memcpy(in + i * in_size, test.in.data() + picks[i] * in_size, in_size);
    }
  };
  if (in_place) {
    fill_in();
    std::copy_n(in, in_bytes, right.data());
  }
  for_each_position(layout, [&](std::size_t from, std::size_t to) {
    std::memcpy(right.data() + to * out_size, test.out.data() + picks[from] * out_size, out_size);
  });

  Job job = dense_job(test.op, test.in_dtype, test.out_dtype, in, out, numel);
  if (!dense) job.layout = &layout;
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    if (!in_place) std::fill_n(out, out_bytes, untouched);
    fill_in();
    execute(set, job, threads);
    const bool wrong = std::memcmp(out, right.data(), out_bytes) != 0;
    report.checked(set.name, numel, wrong ? 1 : 0);
    if (!wrong) continue;
    const auto at = static_cast<std::size_t>(std::mismatch(out, out + out_bytes, right.data()).first - out);
    report.explain(set.name, describe(test, job.layout, numel) + (in_place ? ", in place" : "") +
                                 ": differs at element " + std::to_string(at / out_size) +
                                 " of the output's memory");
  }
}

// Calls visit(op, in dtype, out dtype) for all combinations that exist.
template <class Visit>
void for_each_case(const Visit& visit) {
  for (int op = 0; op < op_count; ++op) {
    for (int in = 0; in < dtype_count; ++in) {
      if (op_table[op].computes[in] < 0) continue;
      for (int out = 0; out < dtype_count; ++out) visit(op, static_cast<DType>(in), static_cast<DType>(out));
    }
  }
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for_each_case([&](int op, DType in, DType out) { cases.push_back(make_case(op, in, out, cases.size())); });
  return cases;
}

void check_case(Report& report, const Case& test, Size size, std::int64_t layouts, std::uint64_t seed,
                int threads) {
  Memory memory;
  Random random(seed);
  for (std::int64_t i = 0; i < layouts; ++i) check_layout(report, test, memory, random, size, threads);
}

#if defined(__x86_64__)
// Settings: flush to zero and denormals are zero; each rounding direction; exceptions not masked.
constexpr unsigned environments[] = {0x9fc0, 0x3f80, 0x5f80, 0x7f80, 0xffc0, 0x0000};
unsigned read_environment() { return _mm_getcsr() & ~0x3fu; }
void write_environment(unsigned value) { _mm_setcsr(value); }
#else
// Settings: flush to zero, default NaN; each rounding direction.
constexpr std::uint64_t environments[] = {0x03000000, 0x00400000, 0x00800000, 0x00c00000};
std::uint64_t read_environment() {
  std::uint64_t value;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
void write_environment(std::uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#endif

// A contiguous job must give the same bits in every floating-point environment, and leave the
// environment as it was.
void check_environments(Report& report, const Case& test) {
  std::vector<std::byte> out(test.out.size());
  const auto before = read_environment();
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    const Job job = dense_job(test.op, test.in_dtype, test.out_dtype, test.in.data(), out.data(), pool_size);
    for (const auto environment : environments) {
      write_environment(environment);
      execute(set, job);
      const auto after = read_environment();
      write_environment(before);
      const bool wrong = out != test.out;
      const std::string which = hex(environment, 32);
      if (wrong)
        report.explain(set.name, describe(test, nullptr, pool_size) + " under " + which + " differs");
      if (after != environment) {
        report.explain(set.name, "environment " + which + " became " + hex(after, 32));
      }
      report.checked(set.name, pool_size, (wrong ? 1 : 0) + (after != environment ? 1 : 0));
    }
  }
}

}  // namespace

bool test_layouts(const Options& options) {
  Report report("layouts");
  const std::vector<Case> cases = all_cases();
  in_parallel(options.threads, static_cast<std::int64_t>(cases.size()), [&](std::int64_t i) {
    check_case(report, cases[static_cast<std::size_t>(i)], Size::small, options.layouts,
               static_cast<std::uint64_t>(i), 1);
  });
  return report.finish();
}

bool test_environment(const Options& options) {
  Report report("environment");
  const std::vector<Case> cases = all_cases();
  in_parallel(options.threads, static_cast<std::int64_t>(cases.size()),
              [&](std::int64_t i) { check_environments(report, cases[static_cast<std::size_t>(i)]); });
  return report.finish();
}

// Several callers at once, like worker_threads, each with jobs that the threads of the pool share.
bool test_concurrent(const Options& options) {
  Report report("concurrent");
  std::vector<Case> cases;
  std::int64_t number = 0;
  for_each_case([&](int op, DType in, DType out) {
    const bool everyday = in == DType::float32 || in == DType::float16 || in == DType::int8;
    if (everyday && (out == in || out == DType::float64) && number++ % options.thin == 0)
      cases.push_back(make_case(op, in, out, cases.size()));
  });
  in_parallel(4, 4, [&](std::int64_t caller) {
    static constexpr int threads[] = {1, 2, 3, 7};
    for (const Case& test : cases) {
      check_case(report, test, Size::shared, 2, static_cast<std::uint64_t>(caller), threads[caller]);
    }
  });
  return report.finish();
}

// Outputs of 16 MiB and more: of rsqrt in every dtype that it keeps, and of every operation in
// float32.
bool test_streamed(const Options& options) {
  Report report("streamed");
  const int rsqrt = op_named("rsqrt");
  std::int64_t number = 0;
  for_each_case([&](int op, DType in, DType out) {
    if (in != out || (in != DType::float32 && op != rsqrt) || number++ % options.thin != 0) return;
    const auto seed = static_cast<std::uint64_t>(op) * dtype_count + static_cast<std::uint64_t>(index_of(in));
    check_case(report, make_case(op, in, out, seed), Size::streamed, 1, seed, 2);
  });
  return report.finish();
}

}  // namespace rsqrt_native::test
