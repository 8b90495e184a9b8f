// Random programs, layouts and elements, and what executing them must give. Shared by the tests of
// the CPU and of the GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/job.h"
#include "test/draft.h"
#include "test/guarded_memory.h"
#include "test/random.h"

namespace rsqrt_native::test {

// A random valid program: any ops and dtypes, up to all limits of core/program.h.
Draft random_draft(Random& random);

// The layout of every operand of a program.
struct Shape {
  Layout layout;
  std::int64_t numel;
  bool contiguous;                    // every operand is
  std::int64_t extent[max_operands];  // elements from the first to the last, both included
  int place_of[max_operands];         // the operand whose memory it is: of an output in place, its input
};

// How many elements a layout has: about one or a few blocks of an executor; enough to be distributed
// over threads; or enough, and in runs that are long enough, for outputs to be written past the
// caches. The last needs a program for which can_stream is true.
enum class Amount { few, many, streamed };
bool can_stream(const Program& program);

// Random sizes and strides: contiguous, broadcast along any dimensions, transposed, with gaps, and
// inputs whose elements overlap. Outputs may be in place of an input. No operand has more than
// max_operand_bytes.
Shape random_shape(Random& random, const Program& program, Amount amount);
inline constexpr std::size_t max_operand_bytes = std::size_t{34} << 20;

// n elements: random bits, numbers near to 1, whose last bits matter in sums, or small integers.
void random_elements(Random& random, DType dtype, std::byte* elements, std::int64_t n);

// One execution of a program, with the memory of every operand before and after it.
struct Trial {
  Program program;
  Shape shape;
  std::vector<Scalar> scalars;
  // Bytes of operands that have a place of their own.
  std::vector<std::byte> before[max_operands], after[max_operands];

  bool has_place(int operand) const { return shape.place_of[operand] == operand; }
};

// Fills the memory, and computes what it must be afterwards, step by step (test/step_by_step.h).
Trial make_trial(Random& random, const Program& program, const Shape& shape);

// Guarded memory for one trial at a time.
class TrialMemory {
 public:
  // Places every operand at one end of its memory. At the end, every overrun is detected; at the
  // start, every underrun. With `aligned`, addresses are multiples of the size of an element;
  // otherwise, anything.
  void place(Random& random, const Trial& trial, bool aligned);
  // Writes the elements from before the execution.
  void fill(const Trial& trial) const;
  // A job with this memory. The trial must outlive it.
  Job job(const Trial& trial, bool with_layout) const;
  // Says where the memory differs from what it must be. Empty if it does not.
  std::string difference(const Trial& trial) const;

 private:
  std::byte* start_[max_operands] = {};
  GuardedMemory memory_[max_operands] = {GuardedMemory(max_operand_bytes), GuardedMemory(max_operand_bytes),
                                         GuardedMemory(max_operand_bytes), GuardedMemory(max_operand_bytes),
                                         GuardedMemory(max_operand_bytes), GuardedMemory(max_operand_bytes),
                                         GuardedMemory(max_operand_bytes), GuardedMemory(max_operand_bytes)};
};

// For messages.
std::string describe(const Program& program);
std::string describe(const Program& program, const Shape& shape);

}  // namespace rsqrt_native::test
