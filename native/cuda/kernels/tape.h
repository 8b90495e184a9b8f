// What the interpreter reads: a program translated to a tape of instructions, and the task of one
// launch.
//
// On a GPU a value is held in one of a few forms. The 16-bit floats are held as float32 and the
// integers of up to 32 bits as int32, so a dtype needs instructions of its own only where it is
// loaded, rounded or stored.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "core/bits.h"
#include "core/program.h"
#include "cuda/half.h"
#include "cuda/kernels/divisor.h"
#include "ops/table.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// X(name, type): the forms that a value is held and computed in.
#define RSQRT_FORMS(X)                   \
  X(f32, float)                          \
  X(i32, std::int32_t)                   \
  X(truth, ::rsqrt_native::Bool)         \
  X(f64, double)                         \
  X(i64, std::int64_t)                   \
  X(c64, ::rsqrt_native::Complex<float>) \
  X(c128, ::rsqrt_native::Complex<double>)

enum class Form {
#define X(name, type) name,
  RSQRT_FORMS(X)
#undef X
};
inline constexpr int form_count = 7;

template <Form form>
struct TypeOf;
#define X(name, form_type)    \
  template <>                 \
  struct TypeOf<Form::name> { \
    using type = form_type;   \
  };
RSQRT_FORMS(X)
#undef X

// X(name, type): the ways in which an element is read and written. The type has its size.
#define RSQRT_STORED(X)                 \
  X(signed8, std::int8_t)               \
  X(unsigned8, std::uint8_t)            \
  X(signed16, std::int16_t)             \
  X(half, ::rsqrt_native::Half)         \
  X(bfloat16, ::rsqrt_native::BFloat16) \
  X(bytes4, std::uint32_t)              \
  X(bytes8, std::uint64_t)              \
  X(bytes16, ::rsqrt_native::Complex<double>)

enum class Stored {
#define X(name, type) name,
  RSQRT_STORED(X)
#undef X
};
inline constexpr int stored_count = 8;

// What is done to a result so that it is a value of its dtype.
enum class Fit {
  none,
  half,       // rounded
  bfloat16,   // rounded
  wrap_int8,  // the low bits are kept
  wrap_uint8,
  wrap_int16,
  clamp_int8,  // saturated at the ends of the range
  clamp_uint8,
  clamp_int16,
};

// The codes of instructions, one range after the other.
inline constexpr int load_codes = 0;                                       // + Stored
inline constexpr int convert_codes = load_codes + stored_count;            // + from · form_count + to
inline constexpr int odd_codes = convert_codes + form_count * form_count;  // + from: to f32, rounded to odd
inline constexpr int canonical_code = odd_codes + form_count;              // a float with the canonical NaN
inline constexpr int canonical_complex_code = canonical_code + 1;          // the same, to c64
inline constexpr int apply_codes = canonical_complex_code + 1;             // + op · form_count + form

RSQRT_FUNCTION constexpr int convert_code(Form from, Form to) {
  return convert_codes + static_cast<int>(from) * form_count + static_cast<int>(to);
}
RSQRT_FUNCTION constexpr int odd_code(Form from) { return odd_codes + static_cast<int>(from); }
RSQRT_FUNCTION constexpr int apply_code(int op, Form form) {
  return apply_codes + op * form_count + static_cast<int>(form);
}
static_assert(apply_code(op_count, Form::f32) <= 4096, "a code has 12 bits");

// An input is a slot, or max_slots + the number of a scalar. That of a load is an operand.
struct alignas(8) Instruction {
  std::uint32_t what;   // code, and from bit 12 on arity, Fit, slot of the result with 4 bits each
  std::uint32_t where;  // inputs, with 8 bits each

  RSQRT_FUNCTION int code() const { return static_cast<int>(what & 0xfff); }
  RSQRT_FUNCTION int arity() const { return static_cast<int>(what >> 12 & 0xf); }
  RSQRT_FUNCTION Fit fit() const { return static_cast<Fit>(what >> 16 & 0xf); }
  RSQRT_FUNCTION int out() const { return static_cast<int>(what >> 20 & 0xf); }
  RSQRT_FUNCTION int in(int k) const { return static_cast<int>(where >> 8 * k & 0xff); }
};

constexpr Instruction instruction(int code, int arity, Fit fit, int out, unsigned inputs) {
  return {static_cast<std::uint32_t>(code) | static_cast<std::uint32_t>(arity) << 12 |
              static_cast<std::uint32_t>(fit) << 16 | static_cast<std::uint32_t>(out) << 20,
          inputs};
}

// The bits of an element of a slot. `width` is its bytes.
template <int width>
struct WordOfWidth;
struct alignas(16) Word16 {
  std::uint64_t low;
  std::uint64_t high;
};
// clang-format off
template <> struct WordOfWidth<4> { using type = std::uint32_t; };
template <> struct WordOfWidth<8> { using type = std::uint64_t; };
template <> struct WordOfWidth<16> { using type = Word16; };
// clang-format on
template <int width>
using Word = typename WordOfWidth<width>::type;

// A slot of a thread has 16 bytes in every width: the elements that a thread handles at a time.
template <int width>
inline constexpr int elements_in_slot = 16 / width;

template <int width>
struct Values {
  Word<width> word[elements_in_slot<width>];
};

// A value as bits, and back.
template <class Word, class T>
RSQRT_FUNCTION Word word_of(T value) {
  if constexpr (std::is_same_v<T, Bool>) {
    return word_of<Word>(std::uint32_t{value.byte});
  } else if constexpr (sizeof(T) == 4) {
    if constexpr (sizeof(Word) == 16) {
      return {bits_as<std::uint32_t>(value), 0};
    } else {
      return bits_as<std::uint32_t>(value);
    }
  } else if constexpr (sizeof(T) == 8) {
    if constexpr (sizeof(Word) == 16) {
      return {bits_as<std::uint64_t>(value), 0};
    } else {
      return bits_as<std::uint64_t>(value);
    }
  } else {
    static_assert(sizeof(T) == 16);
    return bits_as<Word>(value);
  }
}

template <class T, class Word>
RSQRT_FUNCTION T value_of(Word word) {
  if constexpr (sizeof(T) == sizeof(Word)) {
    return bits_as<T>(word);
  } else if constexpr (sizeof(Word) == 16) {
    return value_of<T>(word.low);
  } else if constexpr (std::is_same_v<T, Bool>) {
    return Bool{static_cast<std::uint8_t>(word)};
  } else {
    return bits_as<T>(static_cast<std::uint32_t>(word));
  }
}

// An element from memory in its form. Keeps every bit.
template <class Word, class T>
RSQRT_FUNCTION Word loaded(T element) {
  if constexpr (is_float16<T>) {
    return word_of<Word>(widened_with_payload(element));
  } else if constexpr (sizeof(T) < 4) {
    return word_of<Word>(static_cast<std::int32_t>(element));
  } else {
    return word_of<Word>(element);
  }
}

// The reverse, of a value of the dtype.
template <class T, class Word>
RSQRT_FUNCTION T stored(Word word) {
  if constexpr (is_float16<T>) {
    T element;
    narrow_with_payload(value_of<float>(word), element);
    return element;
  } else if constexpr (sizeof(T) < 4) {
    return static_cast<T>(value_of<std::int32_t>(word));
  } else {
    return value_of<T>(word);
  }
}

struct TaskOperand {
  std::byte* memory;
  std::uint32_t inner_stride;
  std::uint16_t size;   // of an element, in bytes
  std::uint16_t whole;  // 1: the elements of a pack that is not cut off are read and written at once
  std::uint32_t strides[max_walked_dims];  // of the outer dimensions
};

// One launch. Elements are handled in packs of elements_in_slot, which run along the innermost
// dimension; each row of it begins with a pack of its own.
template <int width>
struct Task {
  std::uint32_t packs;
  std::uint32_t size;   // of the innermost dimension
  std::uint32_t lead;   // the number of elements by which the first pack of a row begins before it
  std::uint32_t outer;  // the number of outer dimensions
  Divisor packs_in_row;
  std::uint32_t length;  // of the tape
  std::uint32_t stores;
  std::uint32_t ahead;             // the number of operands to fetch ahead
  Divisor sizes[max_walked_dims];  // of the outer dimensions, outermost first
  TaskOperand operand[max_operands];
  Word<width> scalar[max_scalars];
  Instruction tape[max_steps];  // at the end the stores: code is Stored, input 1 the operand
  std::uint8_t fetched[max_operands];
};
static_assert(sizeof(Task<16>) <= 4096, "as much as GPUs before Volta and drivers before 530 take");

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
