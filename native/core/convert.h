// Converts one element to another dtype. The result is the same on every device.
#pragma once

#include <limits>
#include <type_traits>

#include "core/dtype.h"
#include "core/float16.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

// The range of an integer type, [begin, end) in a float type: powers of two or zero, so exact.
template <class To, class From>
struct Limits {
  To min = std::numeric_limits<To>::min();
  To max = std::numeric_limits<To>::max();
  From begin = static_cast<From>(std::numeric_limits<To>::min());
  From end = static_cast<From>((std::numeric_limits<To>::max() >> 1) + 1) * From(2);
};
template <class To, class From>
inline constexpr Limits<To, From> limits{};

// Float to integer: truncates, saturates at the ends of the range, and maps NaN to 0. C++ leaves
// the last two undefined, and CPUs and GPUs differ there, so they are written out.
template <class To, class From>
RSQRT_FUNCTION To truncate(From value) {
  if (value >= limits<To, From>.end) return limits<To, From>.max;
  if (value > limits<To, From>.begin) return static_cast<To>(value);
  return value <= limits<To, From>.begin ? limits<To, From>.min : To(0);
}

// Float to another float type: rounds to nearest, ties to even. Any NaN becomes the canonical one,
// because hardware differs in which bits of a NaN it keeps.
template <class To, class From>
RSQRT_FUNCTION To convert_float(From value) {
  return value == value ? static_cast<To>(value) : static_cast<To>(__builtin_nanf(""));
}

// Whether this compiler rounds twice when it converts int64 to float32. arm64 has no vector
// instruction for it, so clang vectorises it through double.
#if defined(__clang__) && defined(__aarch64__)
inline constexpr bool rounds_int64_twice = true;
#else
inline constexpr bool rounds_int64_twice = false;
#endif

// A number of any real dtype as a float that rounds to the same 16-bit floats as the number itself.
template <class From>
RSQRT_FUNCTION float float_to_narrow(From value) {
  if constexpr (is_float16<From>) {
    return widen(value);
  } else if constexpr (std::is_same_v<From, double>) {
    return rounded_to_odd(value);
  } else if constexpr (std::is_same_v<From, std::int64_t>) {
    return rounded_to_odd(rounded_to_odd(value));
  } else if constexpr (sizeof(From) == 4 && std::is_integral_v<From>) {
    return rounded_to_odd(static_cast<double>(value));
  } else {
    return static_cast<float>(value);  // exact
  }
}

// Converts a number of any real dtype to a 16-bit float, with one rounding.
template <class To, class From>
RSQRT_FUNCTION To convert_to_float16(From value) {
  To result;
  narrow(float_to_narrow(value), result);
  return result;
}

// Float to float and integer to float round once, to nearest even. Integer to integer keeps the low
// bits. Complex to real drops the imaginary part. Anything to bool is "not zero".
template <class To, class From>
RSQRT_FUNCTION To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, Bool>) {
    return convert<To>(static_cast<std::uint8_t>(value.byte != 0 ? 1 : 0));
  } else if constexpr (is_complex<From> && is_complex<To>) {
    return {convert<decltype(To::re)>(value.re), convert<decltype(To::re)>(value.im)};
  } else if constexpr (is_complex<To>) {
    return {convert<decltype(To::re)>(value), 0};
  } else if constexpr (is_complex<From> && std::is_same_v<To, Bool>) {
    return Bool{static_cast<std::uint8_t>(value.re != 0 || value.im != 0 ? 1 : 0)};
  } else if constexpr (is_complex<From>) {
    return convert<To>(value.re);
  } else if constexpr (is_float16<To>) {
    return convert_to_float16<To>(value);
  } else if constexpr (is_float16<From>) {
    return convert<To>(convert_float<float>(widen(value)));
  } else if constexpr (std::is_same_v<To, Bool>) {
    return Bool{static_cast<std::uint8_t>(value != From(0) ? 1 : 0)};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(value);
  } else if constexpr (std::is_floating_point_v<From>) {
    return convert_float<To>(value);
  } else if constexpr (rounds_int64_twice && std::is_same_v<From, std::int64_t> &&
                       std::is_same_v<To, float>) {
    return static_cast<float>(rounded_to_odd(value));
  } else {
    return static_cast<To>(value);
  }
}

RSQRT_TARGET_END
