// Chooses the GPU kernel for a job. Compiled by nvcc, or as plain C++ for the simulated device.
//
// `dense` exists for the unary ops of many instructions, and `transposed` for copies. `interpreter`
// runs everything else.
#include "cuda/kernels.h"

#include <cstdint>
#include <type_traits>
#include <vector>

#include "cuda/kernels/dense.h"
#include "cuda/kernels/interpreter.h"
#include "cuda/kernels/random.h"
#include "cuda/kernels/translate.h"
#include "cuda/kernels/transpose.h"
#include "cuda/pieces.h"
#include "ops/table.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {
namespace {

// A copy within a dtype moves bits: one kernel for all dtypes of a size.
template <std::size_t size>
struct BitsOf;
// clang-format off
template <> struct BitsOf<1> { using type = std::uint8_t; };
template <> struct BitsOf<2> { using type = std::uint16_t; };
template <> struct BitsOf<4> { using type = std::uint32_t; };
template <> struct BitsOf<8> { using type = std::uint64_t; };
template <> struct BitsOf<16> { using type = Complex<double>; };
// clang-format on

template <class T>
using Bits = typename BitsOf<sizeof(T)>::type;

// Which dtypes of an op have a kernel of their own for contiguous memory: floats and complex numbers,
// if the op has many instructions, and copies. They read four packs before they compute, and
// rsqrt of 16-bit floats needs fewer instructions than rsqrt of float32.
template <class Op, class From>
constexpr bool is_direct() {
  if constexpr (std::is_void_v<Compute<Op, From>>) {
    return false;
  } else if constexpr (std::is_same_v<Op, Copy>) {
    return true;
  } else if constexpr (is_complex<From>) {
    return arity_of<Op>() == 1 && !std::is_same_v<Op, Neg>;
  } else if constexpr (is_float16<From> || std::is_floating_point_v<From>) {
    return std::is_same_v<Op, Rsqrt> || std::is_same_v<Op, Sqrt> || std::is_same_v<Op, Reciprocal>;
  } else {
    return false;
  }
}

using LaunchDense = cudaError_t (*)(const std::byte* in, std::byte* out, std::int64_t n, int multiprocessors,
                                    cudaStream_t stream);

template <class Op, class From>
constexpr LaunchDense dense_or_null() {
  if constexpr (!is_direct<Op, From>()) {
    return nullptr;
  } else if constexpr (std::is_same_v<Op, Copy>) {
    return &launch_dense<Copy, Bits<From>>;
  } else {
    return &launch_dense<Op, From>;
  }
}

struct Row {
  LaunchDense dense[dtype_count];  // by the dtype of the input
};

template <class Op>
constexpr Row row() {
#define X(id, name, type) dense_or_null<Op, type>(),
  return {{RSQRT_DTYPES(X)}};
#undef X
}

constexpr Row rows[] = {
#define X(name, functor) row<functor>(),
    RSQRT_OPS(X)
#undef X
};

constexpr decltype(&launch_transposed<std::uint8_t>) transposed_copies[] = {
#define X(id, name, type) &launch_transposed<Bits<type>>,
    RSQRT_DTYPES(X)
#undef X
};

// A program that applies one op to one operand.
struct Short {
  int op;  // −1: the program is another
  int in;
  int out;
};

Short short_of(const Program& program) {
  const Step* const step = program.step;
  const Short other{-1, 0, 0};
  if (step[0].kind != Kind::load) return other;
  if (program.steps == 2) return {copy_op, step[0].code, step[1].code};
  if (program.steps != 3 || step[1].kind != Kind::apply || step[2].in[0] != 1) return other;
  if (input_count(step[1]) != 1) return other;
  if (step[1].code == copy_op && step[0].dtype != step[1].dtype) return other;
  return {step[1].code, step[0].code, step[2].code};
}

// The lead that lets the first output be written in whole packs.
std::uint32_t lead_of(const Program& program, const Piece& piece, int elements) {
  const Layout& layout = piece.layout;
  for (int k = 0; k < program.operands; ++k) {
    if (!program.is_output(k) || layout.strides[k][layout.ndim - 1] != 1) continue;
    const auto address = reinterpret_cast<std::uintptr_t>(piece.memory[k]);
    return static_cast<std::uint32_t>(address / size_of(program.operand[k]) %
                                      static_cast<unsigned>(elements));
  }
  return 0;
}

// Whether an operand's packs are contiguous and aligned, those that are cut off excepted.
bool has_whole_packs(const Program& program, const Piece& piece, int k, std::uint32_t lead, int elements) {
  const Layout& layout = piece.layout;
  const std::int64_t* const strides = layout.strides[k];
  if (strides[layout.ndim - 1] != 1) return false;
  for (int dim = 0; dim < layout.ndim - 1; ++dim) {
    if (strides[dim] % elements != 0) return false;
  }
  const auto first = reinterpret_cast<std::uintptr_t>(piece.memory[k]) / size_of(program.operand[k]);
  return (first - lead) % static_cast<unsigned>(elements) == 0;
}

// The tiers of every op, by the form that it computes.
struct Tiers {
  Tier of[form_count];
};
template <class Op>
constexpr Tiers tiers() {
#define X(name, type) tier_of<Op, type>,
  return {{RSQRT_FORMS(X)}};
#undef X
}
constexpr Tiers tiers_of_ops[] = {
#define X(name, functor) tiers<functor>(),
    RSQRT_OPS(X)
#undef X
};

Tier tier_of_program(const Program& program) {
  for (int i = 0; i < program.steps; ++i) {
    const Step& step = program.step[i];
    if (step.kind != Kind::apply) continue;
    if (tiers_of_ops[step.code].of[static_cast<int>(form_of(step.dtype))] == Tier::full) return Tier::full;
  }
  return Tier::light;
}

template <int width, Tier tier>
cudaError_t launch_interpreter(const Program& program, const Scalar* scalars, Piece& piece,
                               int multiprocessors, cudaStream_t stream) {
  constexpr int elements = elements_in_slot<width>;
  Layout& layout = piece.layout;
  if (layout.ndim == 0) {
    layout.ndim = 1;
    layout.sizes[0] = 1;
    for (int k = 0; k < program.operands; ++k) layout.strides[k][0] = 1;
  }
  const int inner = layout.ndim - 1;
  Task<width> task;
  task.stores = 0;
  write_tape(program, scalars, task);
  task.size = static_cast<std::uint32_t>(layout.sizes[inner]);
  task.lead = lead_of(program, piece, elements);
  const auto packs = static_cast<std::uint32_t>(quotient_up(layout.sizes[inner] + task.lead, elements));
  task.packs_in_row = divisor_of(packs);
  task.packs = packs * static_cast<std::uint32_t>(piece.numel / layout.sizes[inner]);
  task.outer = static_cast<std::uint32_t>(inner);
  for (int dim = 0; dim < inner; ++dim) {
    task.sizes[dim] = divisor_of(static_cast<std::uint32_t>(layout.sizes[dim]));
  }
  for (int k = 0; k < program.operands; ++k) {
    TaskOperand& operand = task.operand[k];
    operand.memory = piece.memory[k];
    operand.inner_stride = static_cast<std::uint32_t>(layout.strides[k][inner]);
    operand.size = static_cast<std::uint16_t>(size_of(program.operand[k]));
    operand.whole = has_whole_packs(program, piece, k, task.lead, elements) ? 1 : 0;
    for (int dim = 0; dim < inner; ++dim) {
      operand.strides[dim] = static_cast<std::uint32_t>(layout.strides[k][dim]);
    }
  }
  task.ahead = 0;
  for (int k = 0; k < program.operands; ++k) {
    if (program.is_output(k) || task.operand[k].whole == 0) continue;
    task.fetched[task.ahead++] = static_cast<std::uint8_t>(k);
  }
  void* args[] = {&task};
  const std::uint32_t threads = task.packs < threads_per_block ? task.packs : threads_per_block;
  const dim3 grid = grid_for(quotient_up(task.packs, threads_per_block), multiprocessors, interpreter_blocks);
  // Beside a long op, the way to shared memory does not matter.
  if constexpr (tier == Tier::light) {
    if (program.slots <= register_slots) {
      return cudaLaunchKernel(interpreter<width, tier, RegisterSlots<width>>, grid, dim3(threads), args, 0,
                              stream);
    }
  }
  return cudaLaunchKernel(interpreter<width, tier, SharedSlots<width>>, grid, dim3(threads), args,
                          program.slots * shared_slot_bytes, stream);
}

using LaunchInterpreter = decltype(&launch_interpreter<4, Tier::light>);

struct Interpreter {
  int width;  // bytes of a value
  Tier tier;
  LaunchInterpreter launch;
};

// The smallest come first. Nothing of 4 bytes is in the full tier, and whatever is computed in 16
// bytes is.
constexpr Interpreter interpreters[] = {
    {4, Tier::light, &launch_interpreter<4, Tier::light>},
    {8, Tier::light, &launch_interpreter<8, Tier::light>},
    {8, Tier::full, &launch_interpreter<8, Tier::full>},
    {16, Tier::full, &launch_interpreter<16, Tier::full>},
};

// The first one that holds a program.
const Interpreter& interpreter_of(const Program& program) {
  const Tier tier = tier_of_program(program);
  const Interpreter* found = interpreters;
  while (found->width < program.slot_size || found->tier < tier) ++found;
  return *found;
}

// Launches a piece, in as many parts as it takes.
cudaError_t launch_piece(const Program& program, const Scalar* scalars, Piece& piece, int multiprocessors,
                         cudaStream_t stream) {
  const auto [op, in, out] = short_of(program);
  const Interpreter& smallest = interpreter_of(program);
  std::vector<Piece> waiting;
  Piece rest;
  for (;;) {
    while (split(program, piece, rest)) waiting.push_back(rest);
    const int across = op == copy_op ? crossing_dim(program, piece.layout, in) : -1;
    cudaError_t status = cudaSuccess;
    if (across >= 0) {
      const auto start = transposed_copies[index_of(program.operand[in])];
      status = start(piece.memory, piece.layout, in, out, across, multiprocessors, stream);
    } else {
      while (cut_edge(program, smallest.width, piece, rest)) waiting.push_back(rest);
      reorder_tiles(program, smallest.width, piece);
      status = smallest.launch(program, scalars, piece, multiprocessors, stream);
    }
    if (status != cudaSuccess || waiting.empty()) return status;
    piece = waiting.back();
    waiting.pop_back();
  }
}

template <class Distribution>
cudaError_t launch_distribution(const RandomJob& job, int multiprocessors, cudaStream_t stream) {
  switch (part_of(job.dtype)) {
    case DType::float16:
      return launch_random_parts<Distribution, Half>(job, multiprocessors, stream);
    case DType::bfloat16:
      return launch_random_parts<Distribution, BFloat16>(job, multiprocessors, stream);
    case DType::float32:
      return launch_random_parts<Distribution, float>(job, multiprocessors, stream);
    default:
      return launch_random_parts<Distribution, double>(job, multiprocessors, stream);
  }
}

constexpr decltype(&launch_distribution<Uniform>) random_rows[] = {
#define X(name, functor) &launch_distribution<functor>,
    RSQRT_DISTRIBUTIONS(X)
#undef X
};

}  // namespace
}  // namespace RSQRT_TARGET

cudaError_t launch(const Job& job, int multiprocessors, cudaStream_t stream) {
  if (job.numel == 0) return cudaSuccess;
  const Program& program = *job.program;
  Piece piece = piece_of(job);
  if (is_dense(program, piece)) {
    const auto [op, in, out] = short_of(program);
    const LaunchDense start = op < 0 ? nullptr : rows[op].dense[index_of(program.operand[in])];
    if (start != nullptr) {
      return start(piece.memory[in], piece.memory[out], piece.numel, multiprocessors, stream);
    }
  }
  return launch_piece(program, job.scalars, piece, multiprocessors, stream);
}

cudaError_t launch_random(const RandomJob& job, int multiprocessors, cudaStream_t stream) {
  if (job.numel == 0) return cudaSuccess;
  return random_rows[job.distribution](job, multiprocessors, stream);
}

const void* probe_kernel() { return reinterpret_cast<const void*>(&dense<Rsqrt, float>); }

}  // namespace rsqrt_native::cuda
