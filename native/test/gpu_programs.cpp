// Executes random programs on the simulated device, and compares the bits with those of the same
// program executed step by step (test/step_by_step.h). The memory is the host's, which the simulated
// device can access as long as it is not protected.

#include <cuda_runtime.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/pieces.h"
#include "test/check_cuda.h"
#include "test/random_program.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

using cuda::Piece;

// The stream of a thread of the test.
class OwnStream {
 public:
  OwnStream() {
    check(cudaSetDevice(0));
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~OwnStream() { check(cudaStreamDestroy(stream_)); }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

  void execute(const Job& job) const {
    constexpr int multiprocessors = 1;  // so that loops over more than a grid are short
    check(cuda::launch(job, multiprocessors, stream_));
    check(cudaStreamSynchronize(stream_));
  }

 private:
  cudaStream_t stream_ = nullptr;
};

OwnStream& own_stream() {
  thread_local OwnStream stream;
  return stream;
}

TrialMemory& own_memory() {
  thread_local TrialMemory memory;
  return memory;
}

void check_trial(Report& report, const std::string& target, const Trial& trial, const Job& job,
                 std::int64_t number) {
  own_memory().fill(trial);
  own_stream().execute(job);
  const std::string difference = own_memory().difference(trial);
  report.checked(target, 1, difference.empty() ? 0 : 1);
  if (difference.empty()) return;
  report.explain(target, "program " + std::to_string(number) + ": " + difference + "; " +
                             describe(trial.program, trial.shape));
}

}  // namespace

bool test_gpu_programs(const Options& options) {
  Report report("gpu programs");
  in_parallel(options.threads, options.programs, [&](std::int64_t i) {
    Random random(static_cast<std::uint64_t>(i) + 1'000'000);
    const Program program = random_draft(random).make();
    const Amount amount = random.one_in(32) ? Amount::many : Amount::few;  // a few are more than a grid
    const Trial trial = make_trial(random, program, random_shape(random, program, amount));
    own_memory().place(random, trial, true);
    const Job job = own_memory().job(trial, !trial.shape.contiguous || random.one_in(2));
    const std::string target = std::to_string(std::max<int>(program.slot_size, 4)) + " bytes, " +
                               (program.slots > 4 ? "many slots" : "few slots");
    check_trial(report, target, trial, job, i);
  });
  return report.finish();
}

namespace {

// Inputs of which each runs along any dimension, and outputs that run along the last one.
Shape crossing_shape(Random& random, const Program& program) {
  constexpr int ndim = 3;
  Shape shape{};
  Layout& layout = shape.layout;
  layout.ndim = ndim;
  layout.sizes[0] = random.between(1, 3);
  layout.sizes[1] = random.between(100, 190);
  layout.sizes[2] = random.between(100, 190);
  if (random.one_in(2)) std::swap(layout.sizes[0], layout.sizes[1]);
  shape.numel = 1;
  for (int dim = 0; dim < ndim; ++dim) shape.numel *= layout.sizes[dim];
  for (int k = 0; k < program.operands; ++k) {
    int order[] = {0, 1, 2};  // outermost first
    if (!program.is_output(k)) {
      for (int i = ndim - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
    }
    std::int64_t stride = 1;
    shape.extent[k] = 1;
    shape.place_of[k] = k;
    for (int i = ndim - 1; i >= 0; --i) {
      const int dim = order[i];
      const bool repeats = !program.is_output(k) && random.one_in(8);
      layout.strides[k][dim] = repeats ? 0 : stride;
      shape.extent[k] += (layout.sizes[dim] - 1) * layout.strides[k][dim];
      if (!repeats) stride *= layout.sizes[dim] + (random.one_in(3) ? random.below(4) : 0);
    }
  }
  return shape;
}

bool crosses(const Program& program, const Piece& piece) {
  for (int k = 0; k < program.operands; ++k) {
    if (!program.is_output(k) && cuda::crossing_dim(program, piece.layout, k) >= 0) return true;
  }
  return false;
}

}  // namespace

// Layouts that are divided into tiles.
bool test_gpu_tiles(const Options& options) {
  Report report("gpu tiles");
  in_parallel(options.threads, options.programs / 20, [&](std::int64_t i) {
    Random random(static_cast<std::uint64_t>(i) + 2'000'000);
    const Program program = random_draft(random).make();
    const Trial trial = make_trial(random, program, crossing_shape(random, program));
    own_memory().place(random, trial, true);
    const Job job = own_memory().job(trial, true);
    Piece piece = cuda::piece_of(job), edge;
    const int size = std::max<int>(program.slot_size, 4);
    const bool tiled = crosses(program, piece) && cuda::cut_edge(program, size, piece, edge);
    check_trial(report, tiled ? "with edges" : crosses(program, piece) ? "crossing" : "along", trial, job, i);
  });
  return report.finish();
}

namespace {

// Twice the sum of the addresses of all elements of an operand, modulo 2^64.
std::uint64_t twice_the_sum(const Piece& piece, int k, std::size_t size) {
  const auto n = static_cast<std::uint64_t>(piece.numel);
  std::uint64_t last = 0;
  for (int dim = 0; dim < piece.layout.ndim; ++dim) {
    last += static_cast<std::uint64_t>((piece.layout.sizes[dim] - 1) * piece.layout.strides[k][dim]);
  }
  return n *
         (2 * static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(piece.memory[k])) + last * size);
}

struct Sums {
  std::int64_t numel = 0;
  std::uint64_t operand[max_operands] = {};
  std::int64_t pieces = 0, too_long = 0;
};

void add(const Program& program, const Piece& piece, Sums& sums) {
  sums.numel += piece.numel;
  ++sums.pieces;
  for (int k = 0; k < program.operands; ++k) {
    sums.operand[k] += twice_the_sum(piece, k, size_of(program.operand[k]));
  }
}

bool is_too_long(const Program& program, const Piece& piece) {
  constexpr std::int64_t limit = std::int64_t{1} << 31;
  for (int k = 0; k < program.operands; ++k) {
    std::int64_t last = 0;
    for (int dim = 0; dim < piece.layout.ndim; ++dim) {
      last += (piece.layout.sizes[dim] - 1) * piece.layout.strides[k][dim];
    }
    if (last >= limit) return true;
  }
  return piece.numel >= limit || piece.layout.ndim > 31;
}

// The sums over the parts that a piece is launched in.
Sums divided(const Program& program, const Piece& whole) {
  const int size = std::max<int>(program.slot_size, 4);
  Sums sums;
  std::vector<Piece> waiting = {whole};
  while (!waiting.empty()) {
    Piece piece = waiting.back(), rest;
    waiting.pop_back();
    while (cuda::split(program, piece, rest) || cuda::cut_edge(program, size, piece, rest)) {
      waiting.push_back(rest);
    }
    cuda::reorder_tiles(program, size, piece);
    if (is_too_long(program, piece)) ++sums.too_long;
    add(program, piece, sums);
  }
  return sums;
}

// A program of one to eight operands, of any dtypes.
Program program_of_operands(Random& random) {
  Draft draft;
  const auto operands = static_cast<int>(random.between(1, max_operands));
  for (int k = 0; k < operands; ++k) draft.add_operand(static_cast<DType>(random.below(dtype_count)));
  int value = draft.scalar(draft.add_scalar(DType::float32));
  for (int k = 1; k < operands; ++k) value = draft.copy(DType::float32, draft.load(k));
  draft.store(0, draft.copy(static_cast<DType>(draft.operands[0]), value));
  return draft.make();
}

// Up to 2^34 elements. Returns how many.
std::int64_t random_sizes(Random& random, Layout& layout) {
  layout.ndim = static_cast<int>(random.below(9));
  const std::int64_t bits = random.between(1, 34);
  std::int64_t numel = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) {
    const std::int64_t most = (std::int64_t{1} << bits) / numel;
    layout.sizes[dim] = random.between(1, random.one_in(4) ? most : std::min<std::int64_t>(most, 300));
    numel *= layout.sizes[dim];
  }
  return numel;
}

// Dimensions in any order, with gaps; those of an input may also repeat.
void random_strides(Random& random, Layout& layout, int k, bool is_output) {
  std::vector<int> order(static_cast<std::size_t>(layout.ndim));
  for (int dim = 0; dim < layout.ndim; ++dim) order[static_cast<std::size_t>(dim)] = dim;
  for (std::size_t j = order.size(); j > 1 && !is_output && random.one_in(2); --j) {
    std::swap(order[j - 1], order[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(j)))]);
  }
  std::int64_t stride = 1;
  for (std::size_t j = order.size(); j-- > 0;) {
    const bool repeats = !is_output && random.one_in(6);
    layout.strides[k][order[j]] = repeats ? 0 : stride;
    if (!repeats) stride *= layout.sizes[order[j]] + (random.one_in(5) ? random.below(3) : 0);
  }
}

}  // namespace

// Divides layouts of any size, without memory: the parts fit, and have the elements of the whole.
bool test_gpu_pieces(const Options&) {
  Report report("gpu pieces");
  Random random(24);
  for (int i = 0; i < 20'000; ++i) {
    const Program program = program_of_operands(random);
    Layout layout{};
    Job job{};
    job.program = &program;
    job.layout = &layout;
    job.numel = random_sizes(random, layout);
    for (int k = 0; k < program.operands; ++k) {
      job.memory[k] = reinterpret_cast<std::byte*>(random.bits() >> 30 << 4);  // never accessed
      random_strides(random, layout, k, program.is_output(k));
    }
    const Piece piece = cuda::piece_of(job);
    Sums whole;
    add(program, piece, whole);
    const Sums parts = divided(program, piece);
    const bool same = std::equal(whole.operand, whole.operand + program.operands, parts.operand);
    const bool wrong = whole.numel != job.numel || parts.numel != job.numel || parts.too_long > 0 || !same;
    const std::string target = parts.pieces > 1 ? "divided" : "whole";
    if (wrong) report.explain(target, "layout " + std::to_string(i) + " has other elements, or too many");
    report.checked(target, 1, wrong ? 1 : 0);
  }
  return report.finish();
}

}  // namespace rsqrt_native::test
