// Translates programs to tapes, on the host.
#pragma once

#include <cstdint>

#include "core/program.h"
#include "cuda/kernels/tape.h"
#include "ops/program.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

constexpr Form form_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
    case DType::bfloat16:
    case DType::float32:
      return Form::f32;
    case DType::float64:
      return Form::f64;
    case DType::complex64:
      return Form::c64;
    case DType::complex128:
      return Form::c128;
    case DType::int64:
      return Form::i64;
    case DType::boolean:
      return Form::truth;
    default:
      return Form::i32;
  }
}

constexpr Stored stored_of(DType dtype) {
  switch (dtype) {
    case DType::int8:
      return Stored::signed8;
    case DType::uint8:
    case DType::boolean:
      return Stored::unsigned8;
    case DType::int16:
      return Stored::signed16;
    case DType::float16:
      return Stored::half;
    case DType::bfloat16:
      return Stored::bfloat16;
    case DType::float32:
    case DType::int32:
      return Stored::bytes4;
    case DType::complex128:
      return Stored::bytes16;
    default:
      return Stored::bytes8;
  }
}

// How a result becomes a value of a dtype. Small integers are clamped where a float is converted,
// and keep their low bits otherwise.
constexpr Fit fit_of(DType dtype, bool clamps) {
  switch (dtype) {
    case DType::float16:
      return Fit::half;
    case DType::bfloat16:
      return Fit::bfloat16;
    case DType::int8:
      return clamps ? Fit::clamp_int8 : Fit::wrap_int8;
    case DType::uint8:
      return clamps ? Fit::clamp_uint8 : Fit::wrap_uint8;
    case DType::int16:
      return clamps ? Fit::clamp_int16 : Fit::wrap_int16;
    default:
      return Fit::none;
  }
}

struct Conversion {
  int code;
  Fit fit;
};

// convert<To>(From) of core/convert.h.
constexpr Conversion conversion(DType from, DType to) {
  const Form held = form_of(from), wanted = form_of(to);
  if (from == to) return {convert_code(held, wanted), Fit::none};
  const bool integer = held == Form::i32 || held == Form::i64 || held == Form::truth;
  const Fit fit = fit_of(to, !integer);
  if (held == Form::f32 && wanted == Form::f32) return {canonical_code, fit};
  if (is_float16_dtype(from) && to == DType::complex64) return {canonical_complex_code, fit};
  if (is_float16_dtype(to) && held != Form::truth && held != Form::c64) return {odd_code(held), fit};
  return {convert_code(held, wanted), fit};
}

// The bits of a scalar in its form.
template <int width>
Word<width> scalar_word(DType dtype, const Scalar& scalar) {
  switch (stored_of(dtype)) {
#define X(name, type)                                         \
  case Stored::name:                                          \
    if constexpr (sizeof(type) <= width) {                    \
      type element;                                           \
      __builtin_memcpy(&element, scalar.bytes, sizeof(type)); \
      return loaded<Word<width>>(element);                    \
    }                                                         \
    break;
    RSQRT_STORED(X)
#undef X
  }
  return {};
}

template <int width>
void write_tape(const Program& program, const Scalar* scalars, Task<width>& task) {
  for (int i = 0; i < program.scalars; ++i) {
    task.scalar[i] = scalar_word<width>(program.scalar[i], scalars[i]);
  }
  const auto value = [&](std::uint8_t number) -> unsigned {
    const Step& step = program.step[number];
    return step.kind == Kind::scalar ? max_slots + unsigned{step.code} : step.slot;
  };
  std::uint32_t length = 0;
  for (int i = 0; i < program.steps; ++i) {
    const Step& step = program.step[i];
    if (step.kind == Kind::load) {
      const int code = load_codes + static_cast<int>(stored_of(step.dtype));
      task.tape[length++] = instruction(code, 0, Fit::none, step.slot, step.code);
    } else if (step.kind == Kind::store) {
      const int code = static_cast<int>(stored_of(step.dtype));
      const unsigned inputs = value(step.in[0]) | unsigned{step.code} << 8;
      task.tape[length++] = instruction(code, 0, Fit::none, 0, inputs);
      ++task.stores;
    } else if (step.kind == Kind::apply && step.code == copy_op) {
      const auto [code, fit] = conversion(program.step[step.in[0]].result, step.dtype);
      task.tape[length++] = instruction(code, 1, fit, step.slot, value(step.in[0]));
    } else if (step.kind == Kind::apply) {
      const int arity = input_count(step);
      unsigned inputs = 0;
      for (int k = 0; k < arity; ++k) inputs |= value(step.in[k]) << 8 * k;
      task.tape[length++] = instruction(apply_code(step.code, form_of(step.dtype)), arity,
                                        fit_of(step.result, false), step.slot, inputs);
    }
  }
  task.length = length - task.stores;
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
