// AVX2 with fused multiply-add: 32-byte vectors. vrsqrtps has a relative error of
// at most 1.5·2^-12 and treats subnormals as zero.
#pragma once

#include <immintrin.h>

#include "core/dtype.h"
#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class T>
struct Vec;

template <>
struct Vec<float> {
  using Scalar = float;
  struct Mask {
    __m256 v;
  };
  static constexpr int width = 8;
  static constexpr bool fused = true;
  static constexpr bool converts_int64 = false;  // in one instruction, with one rounding
  static constexpr int approximation_bits = 11;

  __m256 v;

  static RSQRT_FUNCTION Vec splat(float s) { return {_mm256_set1_ps(s)}; }
  static RSQRT_FUNCTION Vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
  RSQRT_FUNCTION void store(float* p) const { _mm256_storeu_ps(p, v); }
  RSQRT_FUNCTION void stream(float* p) const { _mm256_stream_ps(p, v); }
  static RSQRT_FUNCTION void fence() { _mm_sfence(); }  // ends a sequence of streaming stores

  // 16-bit floats. A NaN must be canonical before it is stored.
  static RSQRT_FUNCTION Vec load(const Half* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  RSQRT_FUNCTION void store(Half* p) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), half()); }
  RSQRT_FUNCTION void stream(Half* p) const { _mm_stream_si128(reinterpret_cast<__m128i*>(p), half()); }
  static RSQRT_FUNCTION Vec load(const BFloat16* p) {
    const __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_castsi256_ps(_mm256_slli_epi32(bits, 16))};
  }
  RSQRT_FUNCTION void store(BFloat16* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bfloat16());
  }
  RSQRT_FUNCTION void stream(BFloat16* p) const {
    _mm_stream_si128(reinterpret_cast<__m128i*>(p), bfloat16());
  }
  RSQRT_FUNCTION __m128i half() const {
    return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  RSQRT_FUNCTION __m128i bfloat16() const {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    const __m256i upper = _mm256_srli_epi32(rounded, 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(upper), _mm256_extracti128_si256(upper, 1));
  }

  // Loads n lanes, n < width. The others are 0.
  static RSQRT_FUNCTION Vec load_part(const float* p, int n) {
    return {_mm256_maskload_ps(p, first_lanes(n))};
  }
  RSQRT_FUNCTION void store_part(float* p, int n) const { _mm256_maskstore_ps(p, first_lanes(n), v); }
  static RSQRT_FUNCTION __m256i first_lanes(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const float* p) {
    const __m256 a = _mm256_loadu_ps(p), b = _mm256_loadu_ps(p + width);
    return {{_mm256_shuffle_ps(a, b, 0x88)}, {_mm256_shuffle_ps(a, b, 0xdd)}};
  }
  static RSQRT_FUNCTION void store_complex(float* p, Complex<Vec> z) {
    _mm256_storeu_ps(p, _mm256_unpacklo_ps(z.re.v, z.im.v));
    _mm256_storeu_ps(p + width, _mm256_unpackhi_ps(z.re.v, z.im.v));
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {_mm256_or_ps(absolute(a).v, _mm256_and_ps(b.v, _mm256_set1_ps(-0.0f)))};
  }
  friend RSQRT_FUNCTION Vec rsqrt_approximation(Vec a) { return {_mm256_rsqrt_ps(a.v)}; }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return splat(1) / sqrt(a); }

  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_UNORD_Q)}; }
  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return unordered(a, a); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_NEQ_OQ)}; }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return {_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)}; }
  friend RSQRT_FUNCTION bool any(Mask m) { return _mm256_movemask_ps(m.v) != 0; }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {_mm256_blendv_ps(b.v, a.v, m.v)}; }
};

template <>
struct Vec<double> {
  using Scalar = double;
  struct Mask {
    __m256d v;
  };
  static constexpr int width = 4;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = 52;

  __m256d v;

  static RSQRT_FUNCTION Vec splat(double s) { return {_mm256_set1_pd(s)}; }
  static RSQRT_FUNCTION Vec load(const double* p) { return {_mm256_loadu_pd(p)}; }
  RSQRT_FUNCTION void store(double* p) const { _mm256_storeu_pd(p, v); }
  RSQRT_FUNCTION void stream(double* p) const { _mm256_stream_pd(p, v); }
  static RSQRT_FUNCTION void fence() { _mm_sfence(); }  // ends a sequence of streaming stores

  // Loads n lanes, n < width. The others are 0.
  static RSQRT_FUNCTION Vec load_part(const double* p, int n) {
    return {_mm256_maskload_pd(p, first_lanes(n))};
  }
  RSQRT_FUNCTION void store_part(double* p, int n) const { _mm256_maskstore_pd(p, first_lanes(n), v); }
  static RSQRT_FUNCTION __m256i first_lanes(int n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
  }

  // Complex numbers. The order of lanes is internal.
  static RSQRT_FUNCTION Complex<Vec> load_complex(const double* p) {
    const __m256d a = _mm256_loadu_pd(p), b = _mm256_loadu_pd(p + width);
    return {{_mm256_shuffle_pd(a, b, 0x0)}, {_mm256_shuffle_pd(a, b, 0xf)}};
  }
  static RSQRT_FUNCTION void store_complex(double* p, Complex<Vec> z) {
    _mm256_storeu_pd(p, _mm256_unpacklo_pd(z.re.v, z.im.v));
    _mm256_storeu_pd(p + width, _mm256_unpackhi_pd(z.re.v, z.im.v));
  }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm256_add_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator-(Vec a, Vec b) { return {_mm256_sub_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator*(Vec a, Vec b) { return {_mm256_mul_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator/(Vec a, Vec b) { return {_mm256_div_pd(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_pd(a.v, b.v, c.v)}; }
  friend RSQRT_FUNCTION Vec sqrt(Vec a) { return {_mm256_sqrt_pd(a.v)}; }
  friend RSQRT_FUNCTION Vec negate(Vec a) { return {_mm256_xor_pd(a.v, _mm256_set1_pd(-0.0))}; }
  friend RSQRT_FUNCTION Vec absolute(Vec a) { return {_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.v)}; }
  friend RSQRT_FUNCTION Vec copy_sign(Vec a, Vec b) {
    return {_mm256_or_pd(absolute(a).v, _mm256_and_pd(b.v, _mm256_set1_pd(-0.0)))};
  }
  friend RSQRT_FUNCTION Vec rsqrt_estimate(Vec a) { return splat(1) / sqrt(a); }

  friend RSQRT_FUNCTION Mask unordered(Vec a, Vec b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_UNORD_Q)}; }
  friend RSQRT_FUNCTION Mask is_nan(Vec a) { return unordered(a, a); }
  friend RSQRT_FUNCTION Mask differs(Vec a, Vec b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_NEQ_OQ)}; }
  friend RSQRT_FUNCTION Mask less(Vec a, Vec b) { return {_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)}; }
  friend RSQRT_FUNCTION bool any(Mask m) { return _mm256_movemask_pd(m.v) != 0; }
  friend RSQRT_FUNCTION Vec select(Mask m, Vec a, Vec b) { return {_mm256_blendv_pd(b.v, a.v, m.v)}; }
};

// 64-bit integers, for random numbers (ops/random.h).
template <>
struct Vec<std::uint64_t> {
  static constexpr int width = 4;

  __m256i v;

  static RSQRT_FUNCTION Vec splat(std::uint64_t s) { return {_mm256_set1_epi64x(static_cast<long long>(s))}; }

  friend RSQRT_FUNCTION Vec operator+(Vec a, Vec b) { return {_mm256_add_epi64(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator&(Vec a, Vec b) { return {_mm256_and_si256(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator|(Vec a, Vec b) { return {_mm256_or_si256(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator^(Vec a, Vec b) { return {_mm256_xor_si256(a.v, b.v)}; }
  friend RSQRT_FUNCTION Vec operator<<(Vec a, int n) { return {_mm256_slli_epi64(a.v, n)}; }
  friend RSQRT_FUNCTION Vec operator>>(Vec a, int n) { return {_mm256_srli_epi64(a.v, n)}; }
  // The product of the lower halves of each lane.
  friend RSQRT_FUNCTION Vec product_of_lows(Vec a, Vec b) { return {_mm256_mul_epu32(a.v, b.v)}; }
};

RSQRT_FUNCTION Vec<double> widen_low(Vec<float> a) { return {_mm256_cvtps_pd(_mm256_castps256_ps128(a.v))}; }
RSQRT_FUNCTION Vec<double> widen_high(Vec<float> a) {
  return {_mm256_cvtps_pd(_mm256_extractf128_ps(a.v, 1))};
}
RSQRT_FUNCTION Vec<float> narrow(Vec<double> low, Vec<double> high) {
  return {_mm256_set_m128(_mm256_cvtpd_ps(high.v), _mm256_cvtpd_ps(low.v))};
}

RSQRT_TARGET_END
