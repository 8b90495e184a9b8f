// A program: a straight list of steps over operands, which runs in one pass over the elements. Plain
// data without pointers, the same bytes for every backend. ops/program.h makes and checks it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/dtype.h"

namespace rsqrt_native {

inline constexpr int max_steps = 64;
inline constexpr int max_operands = 8;
inline constexpr int max_scalars = 16;
inline constexpr int max_slots = 8;
inline constexpr int max_inputs = 3;

// What a step does. Step i defines value i, except that a store defines none.
enum class Kind : std::uint8_t {
  load,    // the elements of operand `code`
  scalar,  // scalar `code`, the same for every element
  apply,   // op `code` of up to three values
  store,   // writes value in[0] to operand `code`
};
inline constexpr int kind_count = 4;

struct Step {
  Kind kind;
  std::uint8_t code;
  // load, scalar and store: the dtype of the operand or scalar. apply: the dtype of the inputs, in
  // which the op computes. No conversion is implicit; converting is `apply copy`, whose dtype is the
  // one to convert to. An op applied to a 16-bit float computes in float32 and rounds once.
  DType dtype;
  std::uint8_t in[max_inputs];  // the values applied or stored: numbers of earlier steps
  // Set by make_program:
  DType result;       // the dtype of the value
  std::uint8_t slot;  // where the value lives
};

// All stores come last, so every element of an input is read before an output is written, and an
// output may be the memory of an input.
struct Program {
  std::uint8_t steps;
  std::uint8_t operands;
  std::uint8_t scalars;
  std::uint8_t slots;                // the number of slots in use
  std::uint8_t slot_size;            // bytes of the widest value
  std::uint8_t outputs;              // bit k: operand k is stored to
  std::uint8_t last_use[max_steps];  // by value: the last step that uses it
  std::uint8_t uses[max_steps];      // by value: how often it is used
  // By step: the row of RSQRT_PAIRS for the step before and this one, if nothing else uses the value
  // of the step before. −1 otherwise.
  std::int8_t pair[max_steps];
  DType operand[max_operands];
  DType scalar[max_scalars];
  Step step[max_steps];

  bool is_output(int k) const { return (outputs >> k & 1) != 0; }
};

// The value of a scalar, as an element of its dtype at the start of the bytes.
struct Scalar {
  alignas(16) std::byte bytes[16];
};

}  // namespace rsqrt_native
