// AVX-512 F and DQ: 64-byte vectors. vrsqrt14 has a relative error of at most 2^-14
// and honours subnormals.
#pragma once

#include <immintrin.h>

#include "core/dtype.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class T>
struct Vec;

// Masks are integers here, so one free function serves both types.
template <class M>
RSQRT_FUNCTION bool any(M mask) {
  return mask != 0;
}

RSQRT_FUNCTION unsigned first_lanes(int n) { return (1u << n) - 1; }

template <>
struct Vec<float> {
  using Scalar = float;
  using Mask = __mmask16;
  static constexpr int width = 16;
  static constexpr bool fused = true;
  static constexpr bool converts_int64 = true;  // in one instruction, with one rounding
  static constexpr int approximation_bits = 14;

  __m512 v;

  static RSQRT_FUNCTION Vec splat(float s) { return {_mm512_set1_ps(s)}; }
  static RSQRT_FUNCTION Vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
  RSQRT_FUNCTION void store(float* p) const { _mm512_storeu_ps(p, v); }
  RSQRT_FUNCTION void stream(float* p) const { _mm512_stream_ps(p, v); }
  static RSQRT_FUNCTION void fence() { _mm_sfence(); }  // ends a sequence of streaming stores

  // 16-bit floats. A NaN must be canonical before it is stored.
  static RSQRT_FUNCTION Vec load(const Half* p) {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  RSQRT_FUNCTION void store(Half* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), half()); }
  RSQRT_FUNCTION void stream(Half* p) const { _mm256_stream_si256(reinterpret_cast<__m256i*>(p), half()); }
  static RSQRT_FUNCTION Vec load(const BFloat16* p) {
    const __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
    return {_mm512_castsi512_ps(_mm512_slli_epi32(bits, 16))};
  }
  RSQRT_FUNCTION void store(BFloat16* p) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), bfloat16());
  }
  RSQRT_FUNCTION void stream(BFloat16* p) const {
    _mm256_stream_si256(reinterpret_cast<__m256i*>(p), bfloat16());
  }
  RSQRT_FUNCTION __m256i half() const {
    return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  RSQRT_FUNCTION __m256i bfloat16() const {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
  }

  // Loads n lanes, n < width. The others are 0.
  static RSQRT_FUNCTION Vec load_part(const float* p, int n) {
    return {_mm512_maskz_loadu_ps(static_cast<Mask>(first_lanes(n)), p)};
  }
  RSQRT_FUNCTION void store_part(float* p, int n) const {
    _mm512_mask_storeu_ps(p, static_cast<Mask>(first_lanes(n)), v);
  }

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const float* p) {
    const __m512 a = _mm512_loadu_ps(p), b = _mm512_loadu_ps(p + width);
    return {{_mm512_shuffle_ps(a, b, 0x88)}, {_mm512_shuffle_ps(a, b, 0xdd)}};
  }
  static RSQRT_FUNCTION void store_complex(float* p, Complex<Vec> z) {
    _mm512_storeu_ps(p, _mm512_unpacklo_ps(z.re.v, z.im.v));
    _mm512_storeu_ps(p + width, _mm512_unpackhi_ps(z.re.v, z.im.v));
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0f), a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {_mm512_or_ps(absolute(a).v, _mm512_and_ps(b.v, _mm512_set1_ps(-0.0f)))};
  }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return {_mm512_rsqrt14_ps(a.v)}; }

  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_UNORD_Q); }
  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return unordered(a, a); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_OQ); }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return _mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ); }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_ps(m, b.v, a.v)}; }
};

template <>
struct Vec<double> {
  using Scalar = double;
  using Mask = __mmask8;
  static constexpr int width = 8;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = 14;

  __m512d v;

  static RSQRT_FUNCTION Vec splat(double s) { return {_mm512_set1_pd(s)}; }
  static RSQRT_FUNCTION Vec load(const double* p) { return {_mm512_loadu_pd(p)}; }
  RSQRT_FUNCTION void store(double* p) const { _mm512_storeu_pd(p, v); }
  RSQRT_FUNCTION void stream(double* p) const { _mm512_stream_pd(p, v); }
  static RSQRT_FUNCTION void fence() { _mm_sfence(); }  // ends a sequence of streaming stores

  // Loads n lanes, n < width. The others are 0.
  static RSQRT_FUNCTION Vec load_part(const double* p, int n) {
    return {_mm512_maskz_loadu_pd(static_cast<Mask>(first_lanes(n)), p)};
  }
  RSQRT_FUNCTION void store_part(double* p, int n) const {
    _mm512_mask_storeu_pd(p, static_cast<Mask>(first_lanes(n)), v);
  }

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const double* p) {
    const __m512d a = _mm512_loadu_pd(p), b = _mm512_loadu_pd(p + width);
    return {{_mm512_shuffle_pd(a, b, 0x00)}, {_mm512_shuffle_pd(a, b, 0xff)}};
  }
  static RSQRT_FUNCTION void store_complex(double* p, Complex<Vec> z) {
    _mm512_storeu_pd(p, _mm512_unpacklo_pd(z.re.v, z.im.v));
    _mm512_storeu_pd(p + width, _mm512_unpackhi_pd(z.re.v, z.im.v));
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm512_add_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm512_sub_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm512_mul_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm512_div_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_pd(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm512_sqrt_pd(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm512_xor_pd(a.v, _mm512_set1_pd(-0.0))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm512_andnot_pd(_mm512_set1_pd(-0.0), a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {_mm512_or_pd(absolute(a).v, _mm512_and_pd(b.v, _mm512_set1_pd(-0.0)))};
  }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return {_mm512_rsqrt14_pd(a.v)}; }

  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_UNORD_Q); }
  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return unordered(a, a); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_NEQ_OQ); }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return _mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ); }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_pd(m, b.v, a.v)}; }
};

// 64-bit integers, for random numbers (ops/random.h).
template <>
struct Vec<std::uint64_t> {
  static constexpr int width = 8;

  __m512i v;

  static RSQRT_FUNCTION Vec splat(std::uint64_t s) { return {_mm512_set1_epi64(static_cast<long long>(s))}; }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm512_add_epi64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator&(Vec a, Vec b) { return {_mm512_and_si512(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator|(Vec a, Vec b) { return {_mm512_or_si512(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator^(Vec a, Vec b) { return {_mm512_xor_si512(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator<<(Vec a, int n) {
    return {_mm512_slli_epi64(a.v, static_cast<unsigned>(n))};
  }
  friend RSQRT_FUNCTION Vec operator>>(Vec a, int n) {
    return {_mm512_srli_epi64(a.v, static_cast<unsigned>(n))};
  }
  // The product of the lower halves of each lane.
  friend RSQRT_FUNCTION Vec product_of_lows(Vec a, Vec b) { return {_mm512_mul_epu32(a.v, b.v)}; }
};

RSQRT_FUNCTION Vec<double> widen_low(Vec<float> a) { return {_mm512_cvtps_pd(_mm512_castps512_ps256(a.v))}; }
RSQRT_FUNCTION Vec<double> widen_high(Vec<float> a) {
  return {_mm512_cvtps_pd(_mm512_extractf32x8_ps(a.v, 1))};
}
RSQRT_FUNCTION Vec<float> narrow(Vec<double> low, Vec<double> high) {
  return {_mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(low.v)), _mm512_cvtpd_ps(high.v), 1)};
}

RSQRT_TARGET_END
