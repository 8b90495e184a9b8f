// AVX-512 F and DQ: 64-byte vectors. vrsqrt14 is good to 2^-14 and honours subnormals.
#pragma once

#include <immintrin.h>

#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class T>
struct Vec;

// Masks are integers here, and a free function serves both types.
template <class M>
RSQRT_FUNCTION bool any(M mask) {
  return mask != 0;
}

template <>
struct Vec<float> {
  using Scalar = float;
  using Mask = __mmask16;
  static constexpr int width = 16;
  static constexpr bool fused = true;
  static constexpr int estimate_steps = 1;

  __m512 v;

  static RSQRT_FUNCTION Vec splat(float s) { return {_mm512_set1_ps(s)}; }
  static RSQRT_FUNCTION Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  RSQRT_FUNCTION void store(float* p) const { _mm512_storeu_ps(p, v); }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return {_mm512_rsqrt14_ps(a.v)}; }

  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return _mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_OQ); }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_ps(m, b.v, a.v)}; }
};

template <>
struct Vec<double> {
  using Scalar = double;
  using Mask = __mmask8;
  static constexpr int width = 8;
  static constexpr bool fused = true;
  static constexpr int estimate_steps = 2;

  __m512d v;

  static RSQRT_FUNCTION Vec splat(double s) { return {_mm512_set1_pd(s)}; }
  static RSQRT_FUNCTION Vec load(const double* p) { return {_mm512_loadu_pd(p)}; }
  RSQRT_FUNCTION void store(double* p) const { _mm512_storeu_pd(p, v); }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm512_add_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm512_sub_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm512_mul_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm512_div_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm512_sqrt_pd(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm512_xor_pd(a.v, _mm512_set1_pd(-0.0))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v)}; }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return {_mm512_rsqrt14_pd(a.v)}; }

  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return _mm512_cmp_pd_mask(a.v, a.v, _CMP_UNORD_Q); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_NEQ_OQ); }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_pd(m, b.v, a.v)}; }
};

RSQRT_TARGET_END
