// The float64 nearest to 1/√x, decided with integers. Slow and rare: see ops/rsqrt.h.
#pragma once

#include <cstdint>

#include "core/bits.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

// The upper 64 bits of a·b, in portable arithmetic, because the same code runs in a GPU thread.
RSQRT_FUNCTION std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t low_mask = 0xffffffffu;
  const std::uint64_t a_low = a & low_mask, a_high = a >> 32;
  const std::uint64_t b_low = b & low_mask, b_high = b >> 32;
  const std::uint64_t cross = a_high * b_low + ((a_low * b_low) >> 32);
  const std::uint64_t middle = a_low * b_high + (cross & low_mask);
  return a_high * b_high + (cross >> 32) + (middle >> 32);
}

// Whether m²·x > 1. x > 0 is a significand of 53 bits, and m one of 54 or 55 bits that is within a
// few units of 2^k/√x for some k. Then m²·x is within 2^112 of a power of two that is at least
// 2^128, so the sign of the difference is the top bit of the product modulo 2^128. The two are
// never equal, because m is odd and greater than 1.
RSQRT_FUNCTION bool square_times_exceeds_one(std::uint64_t m, std::uint64_t x) {
  const std::uint64_t square_low = m * m;
  const std::uint64_t square_high = multiply_high(m, m);
  const std::uint64_t product_high = multiply_high(square_low, x) + square_high * x;
  return (product_high >> 63) == 0;
}

// x: positive and finite. guess: within one ulp of 1/√x.
RSQRT_FUNCTION double rsqrt_nearest(double x, double guess) {
  const std::uint64_t mantissa_mask = (std::uint64_t{1} << 52) - 1;
  const std::uint64_t implicit = std::uint64_t{1} << 52;

  const std::uint64_t x_bits = bits_as<std::uint64_t>(x);
  std::uint64_t x_significand = x_bits & mantissa_mask;
  if (x_bits >> 52 != 0) {
    x_significand |= implicit;
  } else {
    while (x_significand < implicit) x_significand <<= 1;  // subnormal; powers of two make no difference
  }

  const std::uint64_t bits = bits_as<std::uint64_t>(guess);
  const std::uint64_t significand = (bits & mantissa_mask) | implicit;  // the result is never subnormal
  const std::uint64_t above = 2 * significand + 1;
  // Below a power of two, floats are twice as dense, so that midpoint is only a quarter unit away.
  const std::uint64_t below = significand == implicit ? 4 * significand - 1 : 2 * significand - 1;

  if (!square_times_exceeds_one(above, x_significand)) return bits_as<double>(bits + 1);
  if (square_times_exceeds_one(below, x_significand)) return bits_as<double>(bits - 1);
  return guess;
}

RSQRT_TARGET_END
