// Converts float16 and bfloat16 from and to float32 with integer operations. So every device gives
// the same bits, and compilers vectorise the loops on any instruction set.
#pragma once

#include <cstdint>

#include "core/bits.h"
#include "core/dtype.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

// Exact; a NaN keeps its payload.
RSQRT_FUNCTION float widen(BFloat16 value) { return bits_as<float>(std::uint32_t{value.bits} << 16); }

// Exact; a NaN keeps its payload.
RSQRT_FUNCTION float widen(Half value) {
  const std::uint32_t smallest_normal = 113u << 23;  // 2^-14
  const std::uint32_t sign = std::uint32_t{value.bits & 0x8000u} << 16;
  const std::uint32_t magnitude = std::uint32_t{value.bits & 0x7fffu} << 13;
  const std::uint32_t rebiased = magnitude + (112u << 23);
  // A subnormal has no implied leading bit, so the one added above is subtracted again, as a float.
  const float subnormal = sum(bits_as<float>(magnitude + smallest_normal), -bits_as<float>(smallest_normal));
  const std::uint32_t finite = rebiased < smallest_normal ? bits_as<std::uint32_t>(subnormal) : rebiased;
  const std::uint32_t special = magnitude >= (0x7c00u << 13) ? magnitude | 0x7f800000u : finite;
  return bits_as<float>(sign | special);
}

// Rounds to nearest, ties to even, while dropping the low `kept_from` bits.
RSQRT_FUNCTION std::uint32_t rounded_above(std::uint32_t bits, int kept_from) {
  const std::uint32_t half = 1u << (kept_from - 1);
  return (bits + (half - 1) + ((bits >> kept_from) & 1u)) >> kept_from;
}

// The nearest, ties to even; NaN becomes the canonical one.
RSQRT_FUNCTION void narrow(float value, BFloat16& result) {
  const std::uint32_t bits = bits_as<std::uint32_t>(value);
  const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
  result.bits = static_cast<std::uint16_t>(nan ? 0x7fc0u : rounded_above(bits, 16));
}

// The nearest, ties to even; NaN becomes the canonical one.
RSQRT_FUNCTION void narrow(float value, Half& result) {
  const std::uint32_t bits = bits_as<std::uint32_t>(value);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  const std::uint32_t normal = rounded_above(magnitude - (112u << 23), 13);
  // A subnormal half is a multiple of 2^-24, which is the spacing of floats between 0.5 and 1.
  const float shifted = sum(bits_as<float>(magnitude), 0.5f);
  const std::uint32_t subnormal = bits_as<std::uint32_t>(shifted) - bits_as<std::uint32_t>(0.5f);
  std::uint32_t result_bits = magnitude < (113u << 23) ? subnormal : normal;
  result_bits =
      magnitude >= 0x47800000u ? 0x7c00u : result_bits;  // 65536 and above; below it rounding carries
  result_bits |= (bits >> 16) & 0x8000u;
  result.bits = static_cast<std::uint16_t>(magnitude > 0x7f800000u ? 0x7e00u : result_bits);
}

// Rounds to odd: truncates, and sets the last bit if anything was lost. The result rounds to any
// 16-bit float as `value` itself does. Rounding to nearest twice could give the wrong neighbour.
RSQRT_FUNCTION float rounded_to_odd(double value) {
  const float nearest = static_cast<float>(value);
  const double back = static_cast<double>(nearest);
  const bool inexact = back < value || back > value;  // not of a NaN
  const bool away_from_zero = __builtin_fabs(back) > __builtin_fabs(value);
  const std::uint32_t truncated = bits_as<std::uint32_t>(nearest) - (away_from_zero ? 1u : 0u);
  return bits_as<float>(truncated | (inexact ? 1u : 0u));
}

// Rounds to odd: the result rounds to any smaller float as this integer does.
RSQRT_FUNCTION double rounded_to_odd(std::int64_t value) {
  const std::int64_t low = (std::int64_t{1} << 12) - 1;
  const std::int64_t limit = std::int64_t{1} << 53;
  if (value >= -limit && value <= limit) return static_cast<double>(value);
  return static_cast<double>((value & ~low) | ((value & low) != 0 ? low + 1 : 0));
}

RSQRT_TARGET_END
