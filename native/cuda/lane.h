// One element in a GPU thread, for the operations of native/ops. Intrinsics with a named rounding
// are never contracted, whatever the compiler's flags.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/target.h"

#define RSQRT_DEVICE __device__ __forceinline__

RSQRT_TARGET_BEGIN

template <class T>
struct Lane;

template <>
struct Lane<float> {
  using Scalar = float;
  struct Mask {
    bool v;
  };
  static constexpr int width = 1;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = 21;  // rsqrtf is within 2 ulp, the correction needs 1

  float v;

  static RSQRT_DEVICE Lane splat(float s) { return {s}; }
  static RSQRT_DEVICE Lane load(const float* p) { return {*p}; }
  RSQRT_DEVICE void store(float* p) const { *p = v; }

  friend RSQRT_DEVICE Lane operator+(Lane a, Lane b) { return {__fadd_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane operator-(Lane a, Lane b) { return {__fsub_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane operator*(Lane a, Lane b) { return {__fmul_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane operator/(Lane a, Lane b) { return {__fdiv_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane fma(Lane a, Lane b, Lane c) { return {__fmaf_rn(a.v, b.v, c.v)}; }
  friend RSQRT_DEVICE Lane fnma(Lane a, Lane b, Lane c) { return {__fmaf_rn(-a.v, b.v, c.v)}; }
  friend RSQRT_DEVICE Lane sqrt(Lane a) { return {__fsqrt_rn(a.v)}; }
  friend RSQRT_DEVICE Lane negate(Lane a) { return {__uint_as_float(__float_as_uint(a.v) ^ 0x80000000u)}; }
  friend RSQRT_DEVICE Lane absolute(Lane a) { return {__uint_as_float(__float_as_uint(a.v) & ~0x80000000u)}; }
  friend RSQRT_DEVICE Lane copy_sign(Lane a, Lane b) {
    return {__uint_as_float((__float_as_uint(a.v) & ~0x80000000u) | (__float_as_uint(b.v) & 0x80000000u))};
  }
  friend RSQRT_DEVICE Lane rsqrt_estimate(Lane a) { return {::rsqrtf(a.v)}; }

  friend RSQRT_DEVICE Mask is_nan(Lane a) { return {a.v != a.v}; }
  friend RSQRT_DEVICE Mask unordered(Lane a, Lane b) { return {a.v != a.v || b.v != b.v}; }
  friend RSQRT_DEVICE Mask differs(Lane a, Lane b) { return {a.v < b.v || a.v > b.v}; }
  friend RSQRT_DEVICE Mask less(Lane a, Lane b) { return {a.v < b.v}; }
  friend RSQRT_DEVICE bool any(Mask m) { return m.v; }
  friend RSQRT_DEVICE Lane select(Mask m, Lane a, Lane b) { return m.v ? a : b; }
};

template <>
struct Lane<double> {
  using Scalar = double;
  struct Mask {
    bool v;
  };
  static constexpr int width = 1;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = 52;  // rsqrt is within 1 ulp

  double v;

  static RSQRT_DEVICE Lane splat(double s) { return {s}; }
  static RSQRT_DEVICE Lane load(const double* p) { return {*p}; }
  RSQRT_DEVICE void store(double* p) const { *p = v; }

  friend RSQRT_DEVICE Lane operator+(Lane a, Lane b) { return {__dadd_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane operator-(Lane a, Lane b) { return {__dsub_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane operator*(Lane a, Lane b) { return {__dmul_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane operator/(Lane a, Lane b) { return {__ddiv_rn(a.v, b.v)}; }
  friend RSQRT_DEVICE Lane fma(Lane a, Lane b, Lane c) { return {__fma_rn(a.v, b.v, c.v)}; }
  friend RSQRT_DEVICE Lane fnma(Lane a, Lane b, Lane c) { return {__fma_rn(-a.v, b.v, c.v)}; }
  friend RSQRT_DEVICE Lane sqrt(Lane a) { return {__dsqrt_rn(a.v)}; }
  friend RSQRT_DEVICE Lane negate(Lane a) {
    return {__longlong_as_double(__double_as_longlong(a.v) ^ (1LL << 63))};
  }
  friend RSQRT_DEVICE Lane absolute(Lane a) {
    return {__longlong_as_double(__double_as_longlong(a.v) & ~(1LL << 63))};
  }
  friend RSQRT_DEVICE Lane copy_sign(Lane a, Lane b) {
    const long long sign = 1LL << 63;
    return {__longlong_as_double((__double_as_longlong(a.v) & ~sign) | (__double_as_longlong(b.v) & sign))};
  }
  friend RSQRT_DEVICE Lane rsqrt_estimate(Lane a) { return {::rsqrt(a.v)}; }

  friend RSQRT_DEVICE Mask is_nan(Lane a) { return {a.v != a.v}; }
  friend RSQRT_DEVICE Mask unordered(Lane a, Lane b) { return {a.v != a.v || b.v != b.v}; }
  friend RSQRT_DEVICE Mask differs(Lane a, Lane b) { return {a.v < b.v || a.v > b.v}; }
  friend RSQRT_DEVICE Mask less(Lane a, Lane b) { return {a.v < b.v}; }
  friend RSQRT_DEVICE bool any(Mask m) { return m.v; }
  friend RSQRT_DEVICE Lane select(Mask m, Lane a, Lane b) { return m.v ? a : b; }
};

template <>
struct Lane<std::uint64_t> {
  std::uint64_t v;

  static RSQRT_DEVICE Lane splat(std::uint64_t s) { return {s}; }

  friend RSQRT_DEVICE Lane operator+(Lane a, Lane b) { return {a.v + b.v}; }
  friend RSQRT_DEVICE Lane operator&(Lane a, Lane b) { return {a.v & b.v}; }
  friend RSQRT_DEVICE Lane operator|(Lane a, Lane b) { return {a.v | b.v}; }
  friend RSQRT_DEVICE Lane operator^(Lane a, Lane b) { return {a.v ^ b.v}; }
  friend RSQRT_DEVICE Lane operator<<(Lane a, int n) { return {a.v << n}; }
  friend RSQRT_DEVICE Lane operator>>(Lane a, int n) { return {a.v >> n}; }
  friend RSQRT_DEVICE Lane product_of_lows(Lane a, Lane b) {
    return {std::uint64_t{static_cast<std::uint32_t>(a.v)} * static_cast<std::uint32_t>(b.v)};
  }
};

// One element has no halves: both are the element.
RSQRT_DEVICE Lane<double> widen_low(Lane<float> a) { return {static_cast<double>(a.v)}; }
RSQRT_DEVICE Lane<double> widen_high(Lane<float> a) { return widen_low(a); }
RSQRT_DEVICE Lane<float> narrow(Lane<double> low, Lane<double>) { return {static_cast<float>(low.v)}; }

RSQRT_TARGET_END

#undef RSQRT_DEVICE
