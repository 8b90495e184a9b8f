// The functions that floating-point operations are written with.
//
// An operation is one expression over a value type V. V is a SIMD register on the CPU
// (native/cpu/simd) and one element in a GPU thread (native/cuda/lane.h). Each operation rounds to
// nearest even, lane by lane. Nothing is contracted except where a fused multiply-add is written.
//
// A V may also have rsqrt_approximation(a), which is faster than rsqrt_estimate(a) and treats
// subnormals as zero.
#pragma once

#include <concepts>
#include <cstdint>

#include "core/target.h"

RSQRT_TARGET_BEGIN

// clang-format off
template <class V>
concept Arithmetic = requires(V a, typename V::Mask m, typename V::Scalar s, typename V::Scalar* p) {
  requires std::same_as<typename V::Scalar, float> || std::same_as<typename V::Scalar, double>;
  { V::width } -> std::convertible_to<int>;           // lanes
  { V::fused } -> std::convertible_to<bool>;          // fma(a, b, c) = a·b + c and fnma(a, b, c) = c − a·b exist and round once
  { V::approximation_bits } -> std::convertible_to<int>;  // of rsqrt_approximation, or of rsqrt_estimate without one

  { V::splat(s) } -> std::same_as<V>;
  { V::load(p) } -> std::same_as<V>;                  // any alignment
  a.store(p);
  { a + a } -> std::same_as<V>;
  { a - a } -> std::same_as<V>;
  { a * a } -> std::same_as<V>;
  { a / a } -> std::same_as<V>;
  { sqrt(a) } -> std::same_as<V>;                     // correctly rounded
  { negate(a) } -> std::same_as<V>;                   // flips the sign bit, of a NaN too
  { absolute(a) } -> std::same_as<V>;                 // clears the sign bit, of a NaN too
  { copy_sign(a, a) } -> std::same_as<V>;             // the magnitude of the first with the sign bit of the second
  { rsqrt_estimate(a) } -> std::same_as<V>;           // ±0, ±inf, NaN and negatives exact in kind; subnormals honoured
  { is_nan(a) } -> std::same_as<typename V::Mask>;
  { unordered(a, a) } -> std::same_as<typename V::Mask>;  // either is NaN
  { differs(a, a) } -> std::same_as<typename V::Mask>;  // false where either is NaN, as is the next
  { less(a, a) } -> std::same_as<typename V::Mask>;
  { any(m) } -> std::same_as<bool>;
  { select(m, a, a) } -> std::same_as<V>;             // m ? first : second
};

template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;
// clang-format on

// The NaN that every operation returns: quiet, positive, no payload (0x7fc00000,
// 0x7ff8000000000000). Without this, x86 would return 0xffc00000, CUDA 0x7fffffff, and a NaN input
// would keep its payload.
template <Arithmetic V>
RSQRT_FUNCTION V canonical_nan(V value) {
  const V nan = V::splat(static_cast<typename V::Scalar>(__builtin_nanf("")));
  return select(is_nan(value), nan, value);
}

RSQRT_TARGET_END
