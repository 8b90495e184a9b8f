// How a program runs on blocks of elements: the loops to call, one after the other, and which memory
// each reads and writes. Made for each run, because it depends on the layout.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/job.h"
#include "cpu/kernels.h"

namespace rsqrt_native::cpu {

// Where loops read and write. Places are numbered: the slots of the program, then the rest.
inline constexpr int first_temporary = max_slots;                    // for 16-bit inputs of one op
inline constexpr int first_scalar = first_temporary + max_inputs;    // a block of each scalar
inline constexpr int first_operand = first_scalar + max_scalars;     // an operand itself
inline constexpr int first_repeated = first_operand + max_operands;  // an input that repeats
inline constexpr int place_count = first_repeated + max_operands;

// How a path through a layout reaches an operand.
enum class Access : std::uint8_t {
  direct,  // in place: the elements of a block are contiguous
  gather,  // element by element or row by row, into or out of a block
  repeat,  // an input: as gather, but consecutive blocks may have the same elements
};

struct Task {
  enum class Type : std::uint8_t {
    apply,    // apply(in, out, n)
    convert,  // convert(in[0], 1, out, 1, n)
    load,     // gathers `operand` into place `out`, converting it
    store,    // scatters place in[0] into `operand`, converting it
  };
  Type type;
  std::uint8_t in[max_inputs];
  std::uint8_t out;
  std::uint8_t operand;
  bool repeats;  // load: nothing else is kept in the place, so it need not be loaded again
  DType dtype;   // load and store: of the place
  union {
    Apply apply;
    Convert convert;
  };
};

class Plan {
 public:
  // `access` is by operand. `run_length` is the number of consecutive contiguous elements of operands
  // with direct access.
  Plan(const Kernels& kernels, const Job& job, const Access* access, std::int64_t run_length = 0);

  const Job& job;
  int count = 0;
  // An op on 16-bit floats may take five tasks: it converts its inputs and its result.
  Task tasks[max_steps * (max_inputs + 2)];
  std::uint64_t blocks = 0;  // bit k: place k needs a block
  int block_count = 0;
  std::int64_t widest = 1;  // bytes of the widest element of a block

 private:
  const Step& step(int i) const { return job.program->step[i]; }
  Access access_to(int i) const { return access_[step(i).code]; }  // of a load or store
  bool is_gathered(int i) const { return step(i).kind == Kind::load && access_to(i) != Access::direct; }
  bool is_overwritten(int load) const;
  Apply stream_of(int operand) const;
  bool gathers_for(int i) const;
  bool can_write_directly(int i, int operand) const;
  bool can_scatter(int i, int store) const;
  const PairRow* find_pair(int i) const;
  void add_step(int i);
  void add_store(int i);
  int define(int i);
  int use(int place, DType dtype);
  void add_direct_load(int i);
  void add_load(int load, int defined);
  void add_apply(int i);
  void add_convert(int from, DType from_dtype, int to, DType to_dtype);
  void add_loop(Apply apply, const int* in, int inputs, int out);

  const Kernels& kernels_;
  const Access* const access_;
  const bool long_runs_;
  unsigned repeated_ = 0;  // bit k: operand k has its place for repeated elements
  // Only what belongs to a step of the program is set.
  bool skipped_[max_steps];         // part of another task
  const PairRow* pair_[max_steps];  // by step: what computes it and the step before it
  std::uint8_t uses_[max_steps];    // by value: how often it is used
  std::int8_t output_[max_steps];   // by value: the operand that it is computed in, or −1
  int place_[max_steps];            // by value
};

}  // namespace rsqrt_native::cpu
