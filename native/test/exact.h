// Right results, computed with integers only. Shares no code with native/core and native/ops.
#pragma once

#include <bit>
#include <cstdint>

namespace rsqrt_native::test {

__extension__ using Wide = unsigned __int128;

// An IEEE 754 binary format. The bits of all formats are passed as std::uint64_t.
struct Format {
  int width;      // bits in total
  int precision;  // bits of a normal significand, including the implied one

  constexpr int exponent_bits() const { return width - precision; }
  constexpr int bias() const { return (1 << (exponent_bits() - 1)) - 1; }
  constexpr int least_exponent() const { return 2 - bias() - precision; }  // of the last bit of a subnormal
  constexpr std::uint64_t sign() const { return std::uint64_t{1} << (width - 1); }
  constexpr std::uint64_t fraction() const { return (std::uint64_t{1} << (precision - 1)) - 1; }
  constexpr std::uint64_t infinity() const { return (sign() - 1) & ~fraction(); }
  constexpr std::uint64_t nan() const { return infinity() | (std::uint64_t{1} << (precision - 2)); }
};

inline constexpr Format float16{16, 11};
inline constexpr Format bfloat16{16, 8};
inline constexpr Format float32{32, 24};
inline constexpr Format float64{64, 53};

// (negative ? −1 : 1)·significand·2^exponent, unless the number is infinite or NaN.
struct Number {
  enum class Kind { finite, infinite, nan };
  Kind kind = Kind::finite;
  bool negative = false;
  std::uint64_t significand = 0;
  int exponent = 0;
};

constexpr Number decode(Format format, std::uint64_t bits) {
  const bool negative = (bits & format.sign()) != 0;
  const std::uint64_t magnitude = bits & (format.sign() - 1);
  if (magnitude > format.infinity()) return {Number::Kind::nan, false, 0, 0};
  if (magnitude == format.infinity()) return {Number::Kind::infinite, negative, 0, 0};
  const int field = static_cast<int>(magnitude >> (format.precision - 1));
  const std::uint64_t fraction = magnitude & format.fraction();
  if (field == 0) return {Number::Kind::finite, negative, fraction, format.least_exponent()};
  return {Number::Kind::finite, negative, fraction + format.fraction() + 1,
          format.least_exponent() + field - 1};
}

// Rounds to nearest, ties to even. Beyond the largest finite number the result is infinite. NaN
// becomes the canonical one.
constexpr std::uint64_t encode(Format format, Number number) {
  if (number.kind == Number::Kind::nan) return format.nan();
  const std::uint64_t sign = number.negative ? format.sign() : 0;
  if (number.kind == Number::Kind::infinite) return sign | format.infinity();
  if (number.significand == 0) return sign;
  const int length = static_cast<int>(std::bit_width(number.significand));
  int exponent = number.exponent + length - format.precision;  // of the last bit that is kept
  if (exponent < format.least_exponent()) exponent = format.least_exponent();
  const int dropped = exponent - number.exponent;
  std::uint64_t kept = 0;
  if (dropped <= 0) {
    kept = number.significand << -dropped;
  } else if (dropped <= 64) {
    const Wide whole = number.significand;
    const Wide rest = whole & ((Wide{1} << dropped) - 1), half = Wide{1} << (dropped - 1);
    kept = static_cast<std::uint64_t>(whole >> dropped);
    if (rest > half || (rest == half && (kept & 1) != 0)) ++kept;
  }  // else less than half of the smallest subnormal
  // Counted in units of the last bit, floats of one sign equal their bits, so a carry goes into the
  // exponent.
  const auto steps = static_cast<std::uint64_t>(exponent - format.least_exponent());
  if (steps > format.infinity() >> (format.precision - 1)) return sign | format.infinity();
  const std::uint64_t bits = kept + (steps << (format.precision - 1));
  return sign | (bits < format.infinity() ? bits : format.infinity());
}

// Whether the middle of the positive float `below` and the next one above it exceeds 1/√x, for
// positive and finite x. They are never equal, because (2s + 1)²·x would have to be a power of two.
constexpr bool middle_exceeds_rsqrt(Format format, std::uint64_t below, Number x) {
  const Number y = decode(format, below);
  const std::uint64_t middle = 2 * y.significand + 1;  // · 2^(y.exponent − 1)
  const Wide square = Wide{middle} * middle;
  const Wide low = Wide{static_cast<std::uint64_t>(square)} * x.significand;
  const Wide high = Wide{static_cast<std::uint64_t>(square >> 64)} * x.significand + (low >> 64);
  // middle²·x is high·2^64 + (low mod 2^64); it exceeds 1 if that exceeds 2^k.
  const int k = -(2 * (y.exponent - 1) + x.exponent);
  if (k < 0) return true;
  if (k < 64) return high != 0 || static_cast<std::uint64_t>(low) >> k != 0;
  return k < 192 && high >> (k - 64) != 0;
}

// 1/√x where no rounding is involved. Returns false where rounding is involved.
constexpr bool special_rsqrt(Format format, std::uint64_t x, std::uint64_t& result) {
  const std::uint64_t magnitude = x & (format.sign() - 1);
  if (magnitude == 0) {
    result = format.infinity() | x;
  } else if (magnitude > format.infinity() || (x & format.sign()) != 0) {
    result = format.nan();
  } else if (x == format.infinity()) {
    result = 0;
  } else {
    return false;
  }
  return true;
}

// Whether y is the one right result for x.
constexpr bool is_rsqrt(Format format, std::uint64_t x, std::uint64_t y) {
  std::uint64_t special = 0;
  if (special_rsqrt(format, x, special)) return y == special;
  if (y == 0 || y >= format.infinity()) return false;  // never 0, infinite, negative or NaN
  const Number number = decode(format, x);
  return middle_exceeds_rsqrt(format, y, number) && !middle_exceeds_rsqrt(format, y - 1, number);
}

// The right result for x, by bisection.
constexpr std::uint64_t rsqrt_of(Format format, std::uint64_t x) {
  std::uint64_t result = 0;
  if (special_rsqrt(format, x, result)) return result;
  const Number number = decode(format, x);
  std::uint64_t low = 0, high = format.infinity() - 1;  // the answer is in (low, high]
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (middle_exceeds_rsqrt(format, middle, number) ? high : low) = middle;
  }
  return high;
}

// Worked out by hand: 1, 4, the smallest subnormal 2^−1074, and the hardest input of all, 1 −
// 2^−52. Its 1/√x is 1 + 2^−53 + ⅜·2^−104, barely above the middle of 1 and the next float.
static_assert(rsqrt_of(float64, 0x3ff0000000000000) == 0x3ff0000000000000);
static_assert(rsqrt_of(float32, 0x40800000) == 0x3f000000);
static_assert(rsqrt_of(float64, 1) == 0x6180000000000000);
static_assert(rsqrt_of(float64, 0x3feffffffffffffe) == 0x3ff0000000000001);
static_assert(is_rsqrt(float64, 0x3feffffffffffffe, 0x3ff0000000000001));
static_assert(!is_rsqrt(float64, 0x3feffffffffffffe, 0x3ff0000000000000));
static_assert(encode(float16, {Number::Kind::finite, false, 65519, 0}) == 0x7bff);
static_assert(encode(float16, {Number::Kind::finite, true, 65520, 0}) == 0xfc00);
static_assert(encode(float16, {Number::Kind::finite, false, 1, -25}) == 0);
static_assert(encode(float16, {Number::Kind::finite, false, 3, -26}) == 1);
static_assert(encode(bfloat16, {Number::Kind::finite, false, 257, 0}) == 0x4380);

}  // namespace rsqrt_native::test
