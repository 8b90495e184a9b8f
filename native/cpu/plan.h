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
  // What becomes of a step, or of the value that it defines.
  struct Fate {
    bool skipped;        // part of another task
    bool paired;         // computed by one loop with the step before
    std::int8_t output;  // the operand that the value is computed in, or −1
    std::uint8_t place;  // where the value is
  };

  const Step& step(int i) const { return job.program->step[i]; }
  int place_of(int value) const { return fates_[value].place; }
  int set_place(int value, int place) {
    fates_[value].place = static_cast<std::uint8_t>(place);
    return place;
  }
  Access access_to(int i) const { return access_[step(i).code]; }  // of a load or store
  bool is_gathered(int i) const { return step(i).kind == Kind::load && access_to(i) != Access::direct; }
  std::uint8_t find_shared() const;
  bool is_shared(int operand) const { return (shared_ >> operand & 1) != 0; }
  bool is_overwritten(int load) const;
  Apply stream_of(int operand) const;
  bool gathers_for(int i) const;
  bool can_write_directly(int i, int operand) const;
  bool can_scatter(int i, int store) const;
  Apply pair_loop(int i) const;
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
  unsigned repeated_ = 0;      // bit k: operand k has its place for repeated elements
  const std::uint8_t shared_;  // bit k: operand k is in the memory of another operand
  Fate fates_[max_steps];      // only those of the program's steps are set
};

}  // namespace rsqrt_native::cpu
