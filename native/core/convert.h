// How one element becomes an element of another dtype, the same on every device.
#pragma once

#include <limits>
#include <type_traits>

#include "core/dtype.h"
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

// Float to integer: towards zero, saturating at the ends, NaN to 0. C++ leaves the last two undefined
// and CPUs and GPUs differ there, so they are written out.
template <class To, class From>
RSQRT_FUNCTION To truncate(From value) {
  if (value >= limits<To, From>.end) return limits<To, From>.max;
  if (value > limits<To, From>.begin) return static_cast<To>(value);
  return value <= limits<To, From>.begin ? limits<To, From>.min : To(0);
}

// Float to float rounds to nearest even; integer to float likewise, in one rounding; integer to
// integer keeps the low bits; anything to bool is "not zero".
template <class To, class From>
RSQRT_FUNCTION To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, Bool>) {
    return static_cast<To>(value.byte != 0 ? 1 : 0);
  } else if constexpr (std::is_same_v<To, Bool>) {
    return Bool{static_cast<std::uint8_t>(value != From(0) ? 1 : 0)};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

RSQRT_TARGET_END
