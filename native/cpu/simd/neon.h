// NEON, which every 64-bit Arm CPU has: 16-byte vectors with fused multiply-add.
#pragma once

#include <arm_neon.h>

#include "core/dtype.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class T>
struct Vec;

template <>
struct Vec<float> {
  using Scalar = float;
  struct Mask {
    uint32x4_t v;
  };
  static constexpr int width = 4;
  static constexpr bool fused = true;
  static constexpr bool converts_int64 = false;  // in one instruction, with one rounding
  static constexpr int approximation_bits = 22;

  float32x4_t v;

  static RSQRT_FUNCTION Vec splat(float s) { return {vdupq_n_f32(s)}; }
  static RSQRT_FUNCTION Vec load(const float* p) { return {vld1q_f32(p)}; }
  RSQRT_FUNCTION void store(float* p) const { vst1q_f32(p, v); }

  // 16-bit floats. A NaN must be canonical before it is stored.
  static RSQRT_FUNCTION Vec load(const Half* p) {
    return {vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(&p->bits)))};
  }
  RSQRT_FUNCTION void store(Half* p) const { vst1_u16(&p->bits, vreinterpret_u16_f16(vcvt_f16_f32(v))); }
  static RSQRT_FUNCTION Vec load(const BFloat16* p) {
    return {vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(vld1_u16(&p->bits)), 16))};
  }
  RSQRT_FUNCTION void store(BFloat16* p) const {
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    vst1_u16(&p->bits, vshrn_n_u32(vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd), 16));
  }

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const float* p) {
    const float32x4x2_t parts = vld2q_f32(p);
    return {{parts.val[0]}, {parts.val[1]}};
  }
  static RSQRT_FUNCTION void store_complex(float* p, Complex<Vec> z) {
    const float32x4x2_t parts{{z.re.v, z.im.v}};
    vst2q_f32(p, parts);  // may be a macro
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {vaddq_f32(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {vsubq_f32(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {vmulq_f32(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {vdivq_f32(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {vsqrtq_f32(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {vnegq_f32(a.v)}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {vabsq_f32(a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {vbslq_f32(vdupq_n_u32(0x80000000u), b.v, a.v)};
  }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return splat(1) / sqrt(a); }

  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return {veorq_u32(vceqq_f32(a.v, a.v), vdupq_n_u32(~0u))}; }
  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return {vorrq_u32(is_nan(a).v, is_nan(b).v)}; }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) {
    return {vorrq_u32(vcltq_f32(a.v, b.v), vcgtq_f32(a.v, b.v))};
  }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return {vcltq_f32(a.v, b.v)}; }
  friend RSQRT_FUNCTION bool any(Mask m) { return vmaxvq_u32(m.v) != 0; }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {vbslq_f32(m.v, a.v, b.v)}; }
};

template <>
struct Vec<double> {
  using Scalar = double;
  struct Mask {
    uint64x2_t v;
  };
  static constexpr int width = 2;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = 52;

  float64x2_t v;

  static RSQRT_FUNCTION Vec splat(double s) { return {vdupq_n_f64(s)}; }
  static RSQRT_FUNCTION Vec load(const double* p) { return {vld1q_f64(p)}; }
  RSQRT_FUNCTION void store(double* p) const { vst1q_f64(p, v); }

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const double* p) {
    const float64x2x2_t parts = vld2q_f64(p);
    return {{parts.val[0]}, {parts.val[1]}};
  }
  static RSQRT_FUNCTION void store_complex(double* p, Complex<Vec> z) {
    const float64x2x2_t parts{{z.re.v, z.im.v}};
    vst2q_f64(p, parts);  // may be a macro
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {vaddq_f64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {vsubq_f64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {vmulq_f64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {vdivq_f64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {vfmaq_f64(c.v, a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fnma(Vec a, Vec b, Vec c) { return {vfmsq_f64(c.v, a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {vsqrtq_f64(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {vnegq_f64(a.v)}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {vabsq_f64(a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) { return {vbslq_f64(vdupq_n_u64(1ULL << 63), b.v, a.v)}; }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return splat(1) / sqrt(a); }

  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return {veorq_u64(vceqq_f64(a.v, a.v), vdupq_n_u64(~0ULL))}; }
  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return {vorrq_u64(is_nan(a).v, is_nan(b).v)}; }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) {
    return {vorrq_u64(vcltq_f64(a.v, b.v), vcgtq_f64(a.v, b.v))};
  }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return {vcltq_f64(a.v, b.v)}; }
  friend RSQRT_FUNCTION bool any(Mask m) { return vmaxvq_u32(vreinterpretq_u32_u64(m.v)) != 0; }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {vbslq_f64(m.v, a.v, b.v)}; }
};

// 64-bit integers, for random numbers (ops/random.h).
template <>
struct Vec<std::uint64_t> {
  static constexpr int width = 2;

  uint64x2_t v;

  static RSQRT_FUNCTION Vec splat(std::uint64_t s) { return {vdupq_n_u64(s)}; }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {vaddq_u64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator&(Vec a, Vec b) { return {vandq_u64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator|(Vec a, Vec b) { return {vorrq_u64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator^(Vec a, Vec b) { return {veorq_u64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator<<(Vec a, int n) { return {vshlq_u64(a.v, vdupq_n_s64(n))}; }
  friend RSQRT_FUNCTION Vec operator>>(Vec a, int n) { return {vshlq_u64(a.v, vdupq_n_s64(-n))}; }
  // The product of the lower halves of each lane.
  friend RSQRT_FUNCTION Vec product_of_lows(Vec a, Vec b) {
    return {vmull_u32(vmovn_u64(a.v), vmovn_u64(b.v))};
  }
};

RSQRT_FUNCTION Vec<double> widen_low(Vec<float> a) { return {vcvt_f64_f32(vget_low_f32(a.v))}; }
RSQRT_FUNCTION Vec<double> widen_high(Vec<float> a) { return {vcvt_high_f64_f32(a.v)}; }
RSQRT_FUNCTION Vec<float> narrow(Vec<double> low, Vec<double> high) {
  return {vcvt_high_f32_f64(vcvt_f32_f64(low.v), high.v)};
}

RSQRT_TARGET_END
