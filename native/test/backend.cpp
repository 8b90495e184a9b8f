// The CUDA backend on the simulated device: what the addon does with it, in several threads at once, each
// with a backend of its own as a worker has; and with a failure in every call in turn.

#include "cuda/backend.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ops/table.h"
#include "test/draft.h"
#include "test/execute.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

using cuda::Backend;
using cuda::Block;
using cuda::Place;

using Blocks = std::shared_ptr<Block>;
using Floats = std::vector<float>;

constexpr std::int64_t element_count = 5000;

Place host(Floats& values) { return {nullptr, reinterpret_cast<std::byte*>(values.data())}; }
Place at(const Blocks& block) { return {block.get(), block->data}; }

Floats squares() {
  Floats values(element_count);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i % 100 + 1) * (i % 100 + 1));
  return values;
}

bool is_reciprocal_of_roots(const float* values) {
  for (std::int64_t i = 0; i < element_count; ++i) {
    if (values[i] != 1.0F / static_cast<float>(i % 100 + 1)) return false;
  }
  return true;
}

constexpr std::size_t bytes = sizeof(float) * element_count;

void apply(Backend& backend, const char* op, const Blocks& in, const Blocks& out) {
  Block* const blocks[] = {in.get(), out.get()};
  backend.run(blocks,
              dense_job(op_named(op), DType::float32, DType::float32, in->data, out->data, element_count));
}

// A program of some number of operands over a matrix. The first operand becomes 1 plus the sum of
// the others. The last one, if there are more than two, becomes the negative of that. Every second
// input is a row, which repeats.
class Sum {
 public:
  Sum(Backend& backend, int operands) : layout_{2, {rows, columns}, {}} {
    Draft draft;
    for (int k = 0; k < operands; ++k) draft.add_operand(DType::float32);
    draft.add_scalar(DType::float32);
    const float one = 1;
    std::memcpy(one_.bytes, &one, sizeof(one));
    int sum = draft.scalar(0);
    for (int k = 0; k < operands; ++k) {
      const bool row = k % 2 == 1 && !is_output(operands, k);
      layout_.strides[k][0] = row ? 0 : columns;
      layout_.strides[k][1] = 1;
      if (!is_output(operands, k)) {
        sum = draft.apply(op_named("add"), DType::float32, sum, draft.load(k));
      }
      blocks_.push_back(backend.allocate(0, matrix_bytes));
      Floats values(matrix_size);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = element(k, i);
      backend.copy(host(values), at(blocks_.back()), matrix_bytes, false);
    }
    const int negative = operands > 2 ? draft.apply(op_named("neg"), DType::float32, sum) : 0;
    draft.store(0, sum);
    if (operands > 2) draft.store(operands - 1, negative);
    program_ = draft.make();
  }

  void run(Backend& backend) const {
    Job job{};
    job.program = &program_;
    job.numel = matrix_size;
    job.layout = &layout_;
    job.scalars = &one_;
    Block* blocks[max_operands] = {};
    for (int k = 0; k < program_.operands; ++k) {
      const Blocks& block = blocks_[static_cast<std::size_t>(k)];
      blocks[k] = block.get();
      job.memory[k] = block->data;
    }
    backend.run(blocks, job);
  }

  bool is_right(Backend& backend) const {
    const int operands = program_.operands;
    bool right = true;
    for (int k = 0; k < operands; ++k) {
      if (!is_output(operands, k)) continue;
      Floats values(matrix_size);
      backend.copy(at(blocks_[static_cast<std::size_t>(k)]), host(values), matrix_bytes, false);
      for (std::size_t i = 0; i < values.size(); ++i) {
        float sum = 1;
        for (int input = 1; input < operands; ++input) {
          if (is_output(operands, input)) continue;
          sum += element(input, input % 2 == 1 ? i % columns : i);
        }
        right = right && values[i] == (k == 0 ? sum : -sum);
      }
    }
    return right;
  }

 private:
  static constexpr std::int64_t rows = 9, columns = 70, matrix_size = rows * columns;
  static constexpr std::size_t matrix_bytes = matrix_size * sizeof(float);

  static bool is_output(int operands, int k) { return k == 0 || (operands > 2 && k == operands - 1); }
  static float element(int k, std::size_t i) {
    return static_cast<float>(i % 101 + static_cast<std::size_t>(k));
  }

  Program program_ = {};
  Layout layout_;
  Scalar one_ = {};
  std::vector<Blocks> blocks_;
};

// Page-locked memory for as long as one lives.
class PinnedMemory {
 public:
  explicit PinnedMemory(Backend& backend) : data(backend.allocate_pinned(bytes)), backend_(backend) {}
  ~PinnedMemory() { backend_.release_pinned(data); }
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;

  Place place() const { return {nullptr, data}; }
  const float* floats() const { return reinterpret_cast<const float*>(data); }

  std::byte* const data;

 private:
  Backend& backend_;
};

// Each scenario returns whether all results were right, and throws Failure.

bool computes(Backend& backend) {
  Floats values = squares();
  const Blocks x = backend.allocate(0, bytes);
  backend.copy(host(values), at(x), bytes, false);
  std::fill(values.begin(), values.end(), 0.0F);  // it was read
  Blocks y = backend.allocate(0, bytes);
  apply(backend, "rsqrt", x, y);
  for (int i = 0; i < 3; ++i) {  // memory that is released with its work still queued
    const Blocks z = backend.allocate(0, bytes);
    apply(backend, "neg", y, z);
    apply(backend, "neg", z, y);
  }
  backend.copy(at(y), host(values), bytes, false);
  return is_reciprocal_of_roots(values.data());
}

bool orders_streams(Backend& backend) {
  Floats values = squares();
  const Blocks x = backend.allocate(0, bytes);
  const Blocks y = backend.allocate(0, bytes);
  const int previous = backend.enter_stream(0);
  backend.copy(host(values), at(x), bytes, false);
  backend.leave_stream(0, previous);
  apply(backend, "rsqrt", x, y);
  const int again = backend.enter_stream(0);
  apply(backend, "neg", y, y);
  backend.leave_stream(0, again);
  apply(backend, "neg", y, y);
  const Blocks there = backend.allocate(1, bytes);
  backend.copy(at(y), at(there), bytes, false);
  apply(backend, "neg", y, y);  // after it was read
  apply(backend, "neg", there, there);
  apply(backend, "neg", there, there);
  backend.copy(at(there), host(values), bytes, false);
  return is_reciprocal_of_roots(values.data());
}

// What is only written must wait for those who read it before.
bool orders_writes(Backend& backend) {
  bool right = true;
  for (int i = 0; i < 8; ++i) {
    Floats values = squares();
    const Blocks x = backend.allocate(0, bytes), y = backend.allocate(0, bytes),
                 z = backend.allocate(0, bytes);
    backend.copy(host(values), at(x), bytes, false);
    backend.copy(at(x), at(z), bytes, false);
    apply(backend, "neg", x, y);
    apply(backend, "neg", y, y);
    apply(backend, "rsqrt", x, y);
    const int previous = backend.enter_stream(0);
    apply(backend, "neg", z, x);
    backend.leave_stream(0, previous);
    backend.copy(at(y), host(values), bytes, false);
    right = is_reciprocal_of_roots(values.data()) && right;
  }
  return right;
}

// More than the staging memory holds at a time, both ways.
bool stages(Backend& backend) {
  std::vector<std::uint64_t> values(std::size_t{9} << 17);  // 9 MiB
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i;
  std::vector<std::uint64_t> back(values.size());
  const std::size_t size = values.size() * sizeof(std::uint64_t);
  const Blocks x = backend.allocate(0, size), y = backend.allocate(0, size);
  backend.copy({nullptr, reinterpret_cast<std::byte*>(values.data())}, at(x), size, false);
  backend.copy(at(x), at(y), size, false);
  backend.copy(at(y), {nullptr, reinterpret_cast<std::byte*>(back.data())}, size, false);
  return back == values;
}

// Calls what it is given when it is told, with whether the work failed.
class Waiting final : public cuda::Done {
 public:
  explicit Waiting(std::function<void(bool)> call) : call_(std::move(call)) {}
  void tell(std::exception_ptr failure) noexcept override { call_(failure != nullptr); }

 private:
  std::function<void(bool)> call_;
};

bool pins(Backend& backend) {
  const PinnedMemory from(backend);
  const PinnedMemory to(backend);
  const Floats values = squares();
  std::memcpy(from.data, values.data(), bytes);
  const Blocks x = backend.allocate(0, bytes);
  backend.copy(from.place(), at(x), bytes, true);
  apply(backend, "rsqrt", x, x);
  backend.copy(at(x), to.place(), bytes, true);
  backend.settle(from.data);
  std::memset(from.data, 0, bytes);

  std::mutex mutex;
  std::condition_variable changed;
  bool called = false, failed = false;
  backend.when_settled(to.data, std::make_unique<Waiting>([&](bool with_failure) {
                         const std::lock_guard lock(mutex);
                         called = true;
                         failed = with_failure;
                         changed.notify_one();
                       }));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return called; });
  if (failed) throw Failure("ERR_CUDA", "told by the waiter");
  return is_reciprocal_of_roots(to.floats());
}

bool captures(Backend& backend) {
  Floats values = squares();
  const Blocks x = backend.allocate(0, bytes);
  Blocks y = backend.allocate(0, bytes);
  backend.begin_capture(0);
  std::shared_ptr<cuda::Graph> graph;
  try {
    apply(backend, "rsqrt", x, y);
    const Blocks inside = backend.allocate(0, bytes);
    apply(backend, "neg", y, inside);
    apply(backend, "neg", inside, y);
    graph = backend.end_capture(0);
  } catch (const Failure&) {
    backend.abandon_capture(0);
    throw;
  }
  backend.copy(host(values), at(x), bytes, false);
  const std::shared_ptr<cuda::Event> start = backend.create_event(0), end = backend.create_event(0);
  backend.record(*start);
  backend.launch(*graph);
  backend.record(*end);
  backend.copy(at(y), host(values), bytes, false);
  return is_reciprocal_of_roots(values.data()) && backend.query(*end) &&
         backend.elapsed_time(*start, *end) >= 0;
}

// Programs of every number of operands, each on another stream than the one before.
bool runs_programs(Backend& backend) {
  bool right = true;
  for (int operands = 1; operands <= max_operands; ++operands) {
    const Sum sum(backend, operands);
    if (operands % 2 == 0) {
      const int previous = backend.enter_stream(0);
      sum.run(backend);
      backend.leave_stream(0, previous);
    } else {
      sum.run(backend);
    }
    right = sum.is_right(backend) && right;
  }
  return right;
}

// The same in one graph, which keeps their memory.
bool captures_programs(Backend& backend) {
  std::vector<Sum> sums;
  for (int operands = 1; operands <= max_operands; ++operands) sums.emplace_back(backend, operands);
  backend.begin_capture(0);
  std::shared_ptr<cuda::Graph> graph;
  try {
    for (const Sum& sum : sums) sum.run(backend);
    graph = backend.end_capture(0);
  } catch (const Failure&) {
    backend.abandon_capture(0);
    throw;
  }
  backend.launch(*graph);
  return std::all_of(sums.begin(), sums.end(), [&](const Sum& sum) { return sum.is_right(backend); });
}

bool counts(Backend& backend) {
  const std::size_t before = backend.memory_stats(0).allocated;
  {
    const Blocks x = backend.allocate(0, bytes);
    if (backend.memory_stats(0).allocated != before + bytes) return false;
  }
  backend.synchronize(0);
  backend.trim();
  const cuda::MemoryStats stats = backend.memory_stats(0);
  return stats.allocated == before && stats.max_allocated >= before + bytes;
}

struct Scenario {
  const char* name;
  bool (*run)(Backend&);
};
constexpr Scenario scenarios[] = {
    {"computes", computes},
    {"orders streams", orders_streams},
    {"orders writes", orders_writes},
    {"stages", stages},
    {"pins", pins},
    {"captures", captures},
    {"runs programs", runs_programs},
    {"captures programs", captures_programs},
    {"counts", counts},
};

void test_backends_of_threads(Report& report) {
  in_parallel(4, 12, [&](std::int64_t) {
    const std::shared_ptr<Backend> backend = cuda::make_backend();
    for (const auto& [name, run] : scenarios) report.checked(name, 1, run(*backend) ? 0 : 1);
  });
}

// Whether the failure came to pass. `right`: what must hold did, and afterwards all goes well with the same
// backend.
bool fail_once(const Scenario& scenario, const std::string& serial, int nth, bool& right) {
  const std::shared_ptr<Backend> backend = cuda::make_backend();
  setenv("RSQRT_SIMULATED_FAIL", (serial + ":" + std::to_string(nth)).c_str(), 1);
  bool failed = false;
  try {
    right = scenario.run(*backend);
  } catch (const Failure& failure) {
    failed = true;
    right = std::strstr(failure.what(), "(cudaErrorUnknown, 999)") != nullptr ||
            std::strcmp(failure.what(), "told by the waiter") == 0;
  }
  setenv("RSQRT_SIMULATED_FAIL", (serial + "-off:0").c_str(), 1);
  right = scenario.run(*backend) && pins(*backend) && right;
  right = right && backend->memory_stats(0).allocated == 0 && backend->memory_stats(1).allocated == 0;
  return failed;
}

// Every call, or every `thin`-th.
void test_each_call(Report& report, std::int64_t thin) {
  for (const Scenario& scenario : scenarios) {
    // Some failures are swallowed, those of releasing; so the end is where many in a row are not met.
    for (int nth = 1, quiet = 0; quiet < 30; nth += static_cast<int>(thin)) {
      bool right = false;
      const bool failed = fail_once(scenario, std::string(scenario.name) + std::to_string(nth), nth, right);
      quiet = failed ? 0 : quiet + static_cast<int>(thin);
      report.checked(scenario.name, 1, right ? 0 : 1);
      if (!right) report.explain(scenario.name, "call " + std::to_string(nth));
    }
  }
}

}  // namespace

bool test_backend(const Options&) {
  Report report("backend");
  test_backends_of_threads(report);
  return report.finish();
}

bool test_failures(const Options& options) {
  Report report("failures");
  test_each_call(report, options.thin);
  return report.finish();
}

}  // namespace rsqrt_native::test
