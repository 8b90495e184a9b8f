// SSE2, which every x86-64 CPU has: 16-byte vectors, no fused multiply-add.
#pragma once

#include <emmintrin.h>

#include "core/dtype.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class T>
struct Vec;

template <>
struct Vec<double> {
  using Scalar = double;
  struct Mask {
    __m128d v;
  };
  static constexpr int width = 2;
  static constexpr bool fused = false;
  static constexpr int approximation_bits = 52;

  __m128d v;

  static RSQRT_FUNCTION Vec splat(double s) { return {_mm_set1_pd(s)}; }
  static RSQRT_FUNCTION Vec load(const double* p) { return {_mm_loadu_pd(p)}; }
  RSQRT_FUNCTION void store(double* p) const { _mm_storeu_pd(p, v); }
  RSQRT_FUNCTION void stream(double* p) const { _mm_stream_pd(p, v); }
  static RSQRT_FUNCTION void fence() { _mm_sfence(); }  // ends a sequence of streaming stores

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const double* p) {
    const __m128d a = _mm_loadu_pd(p), b = _mm_loadu_pd(p + width);
    return {{_mm_shuffle_pd(a, b, 0x0)}, {_mm_shuffle_pd(a, b, 0x3)}};
  }
  static RSQRT_FUNCTION void store_complex(double* p, Complex<Vec> z) {
    _mm_storeu_pd(p, _mm_unpacklo_pd(z.re.v, z.im.v));
    _mm_storeu_pd(p + width, _mm_unpackhi_pd(z.re.v, z.im.v));
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm_add_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm_sub_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm_mul_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm_div_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm_sqrt_pd(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm_xor_pd(a.v, _mm_set1_pd(-0.0))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm_andnot_pd(_mm_set1_pd(-0.0), a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {_mm_or_pd(absolute(a).v, _mm_and_pd(b.v, _mm_set1_pd(-0.0)))};
  }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return splat(1) / sqrt(a); }
  // The upper 26 bits of the significand.
  friend RSQRT_FUNCTION Vec upper_half(Vec a) {
    return {_mm_and_pd(a.v, _mm_castsi128_pd(_mm_set1_epi64x(-(1LL << 27))))};
  }

  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return {_mm_cmpunord_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return unordered(a, a); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) {
    return {_mm_or_pd(_mm_cmplt_pd(a.v, b.v), _mm_cmpgt_pd(a.v, b.v))};
  }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return {_mm_cmplt_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION bool any(Mask m) { return _mm_movemask_pd(m.v) != 0; }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) {
    return {_mm_or_pd(_mm_and_pd(m.v, a.v), _mm_andnot_pd(m.v, b.v))};
  }
};

template <>
struct Vec<float> {
  using Scalar = float;
  struct Mask {
    __m128 v;
  };
  static constexpr int width = 4;
  static constexpr bool fused = false;
  static constexpr bool converts_int64 = false;  // in one instruction, with one rounding
  static constexpr int approximation_bits = 22;

  __m128 v;

  static RSQRT_FUNCTION Vec splat(float s) { return {_mm_set1_ps(s)}; }
  static RSQRT_FUNCTION Vec load(const float* p) { return {_mm_loadu_ps(p)}; }
  RSQRT_FUNCTION void store(float* p) const { _mm_storeu_ps(p, v); }
  RSQRT_FUNCTION void stream(float* p) const { _mm_stream_ps(p, v); }
  static RSQRT_FUNCTION void fence() { _mm_sfence(); }  // ends a sequence of streaming stores

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const float* p) {
    const __m128 a = _mm_loadu_ps(p), b = _mm_loadu_ps(p + width);
    return {{_mm_shuffle_ps(a, b, 0x88)}, {_mm_shuffle_ps(a, b, 0xdd)}};
  }
  static RSQRT_FUNCTION void store_complex(float* p, Complex<Vec> z) {
    _mm_storeu_ps(p, _mm_unpacklo_ps(z.re.v, z.im.v));
    _mm_storeu_ps(p + width, _mm_unpackhi_ps(z.re.v, z.im.v));
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm_add_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm_sub_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm_mul_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm_div_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm_sqrt_ps(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm_xor_ps(a.v, _mm_set1_ps(-0.0f))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm_andnot_ps(_mm_set1_ps(-0.0f), a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {_mm_or_ps(absolute(a).v, _mm_and_ps(b.v, _mm_set1_ps(-0.0f)))};
  }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return splat(1) / sqrt(a); }

  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return {_mm_cmpunord_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return unordered(a, a); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) {
    return {_mm_or_ps(_mm_cmplt_ps(a.v, b.v), _mm_cmpgt_ps(a.v, b.v))};
  }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return {_mm_cmplt_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION bool any(Mask m) { return _mm_movemask_ps(m.v) != 0; }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) {
    return {_mm_or_ps(_mm_and_ps(m.v, a.v), _mm_andnot_ps(m.v, b.v))};
  }
};

// 64-bit integers, for random numbers (ops/random.h).
template <>
struct Vec<std::uint64_t> {
  static constexpr int width = 2;

  __m128i v;

  static RSQRT_FUNCTION Vec splat(std::uint64_t s) { return {_mm_set1_epi64x(static_cast<long long>(s))}; }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm_add_epi64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator&(Vec a, Vec b) { return {_mm_and_si128(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator|(Vec a, Vec b) { return {_mm_or_si128(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator^(Vec a, Vec b) { return {_mm_xor_si128(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator<<(Vec a, int n) { return {_mm_slli_epi64(a.v, n)}; }
  friend RSQRT_FUNCTION Vec operator>>(Vec a, int n) { return {_mm_srli_epi64(a.v, n)}; }
  // The product of the lower halves of each lane.
  friend RSQRT_FUNCTION Vec product_of_lows(Vec a, Vec b) { return {_mm_mul_epu32(a.v, b.v)}; }
};

RSQRT_FUNCTION Vec<double> widen_low(Vec<float> a) { return {_mm_cvtps_pd(a.v)}; }
RSQRT_FUNCTION Vec<double> widen_high(Vec<float> a) { return {_mm_cvtps_pd(_mm_movehl_ps(a.v, a.v))}; }
RSQRT_FUNCTION Vec<float> narrow(Vec<double> low, Vec<double> high) {
  return {_mm_movelh_ps(_mm_cvtpd_ps(low.v), _mm_cvtpd_ps(high.v))};
}

RSQRT_TARGET_END
