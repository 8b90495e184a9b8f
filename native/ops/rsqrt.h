// 1/√x, the float nearest to the exact value, for every input.
//
//   ±0 → ±inf     +inf → +0     any negative, −inf, NaN → the canonical NaN     subnormals are honoured
//
// Method: a seed within an ulp or two, then one correction. Its residual 1 − x·y² is computed in
// twice the working precision (T. Markstein's scheme, see Muller et al., Handbook of Floating-Point
// Arithmetic, ch. 4). float32 is proved by running all 2^32 inputs on every instruction set (npm
// run exhaustive). For float64, the correction detects when it cannot tell which of two neighbours
// is nearer, and integers decide (ops/rsqrt_exact.h).
#pragma once

#include "ops/arithmetic.h"
#include "ops/complex.h"
#include "ops/rsqrt_exact.h"

RSQRT_TARGET_BEGIN

// a·b as an unevaluated difference hi − error, exact to 2^-106 of the product or better.
template <class V>
struct Product {
  V hi;
  V error;
};

template <Arithmetic V>
RSQRT_FUNCTION Product<V> exact_product(V a, V b) {
  const V hi = a * b;
  if constexpr (V::fused) {
    return {hi, fnma(a, b, hi)};
  } else {
    // Dekker's product. Splitting by masking bits, not by a multiplication, cannot overflow and is
    // exact for subnormals. lo·lo has one bit too many, which is 2^-106 of the product.
    const V a_high = upper_half(a), a_low = a - a_high;
    const V b_high = upper_half(b), b_low = b - b_high;
    return {hi, (((hi - a_high * b_high) - a_high * b_low) - a_low * b_high) - a_low * b_low};
  }
}

// 1 − x·y², where y is within a few ulp of 1/√x. Nothing here overflows or is subnormal: x·y is near √x.
template <Arithmetic V>
RSQRT_FUNCTION V residual(V x, V y) {
  const V one = V::splat(1);
  const auto [h, h_error] = exact_product(x, y);
  if constexpr (V::fused) {
    return fma(h_error, y, fnma(h, y, one));
  } else {
    const auto [product, error] = exact_product(h, y);
    return ((one - product) + error) + h_error * y;
  }
}

// y·(1 + e/2), where e = 1 − x·y²: doubles the number of correct bits.
template <Arithmetic V>
RSQRT_FUNCTION V newton_step(V x, V y) {
  const V e = fnma(x * y, y, V::splat(1));
  return fma(V::splat(0.5f) * y, e, y);
}

// y·(1 + e/2 + ⅜e²): triples the number of correct bits.
template <Arithmetic V>
RSQRT_FUNCTION V halley_step(V x, V y) {
  const V e = fnma(x * y, y, V::splat(1));
  return fma(e * y, fma(V::splat(0.375f), e, V::splat(0.5f)), y);
}

template <class V>
concept Approximates = requires(V x) {
  rsqrt_approximation(x);
};

// How many correct bits the correction needs in its seed: all to within an ulp or so.
template <class V>
inline constexpr int seed_bits = sizeof(typename V::Scalar) == sizeof(float) ? 22 : 52;

// Takes y from `bits` correct bits to those that a seed needs.
template <int bits, Arithmetic V>
RSQRT_FUNCTION V sharpened(V x, V y) {
  if constexpr (bits >= seed_bits<V>) {
    return y;
  } else if constexpr (bits < 14) {
    return sharpened<3 * bits>(x, halley_step(x, y));
  } else {
    return sharpened<2 * bits>(x, newton_step(x, y));
  }
}

// float32 with fused multiply-add: the correction alone is exact. Its form matters. With the cubic
// term factored as (⅜e + ½)·e, or left out, one mantissa of 2^24 is wrong.
template <Arithmetic V>
RSQRT_FUNCTION V rsqrt_corrected(V x, V seed) {
  const V e = residual(x, seed);
  const V p = fma(V::splat(0.375f) * e, e, V::splat(0.5f) * e);
  return fma(seed, p, seed);
}

// Settles the lanes in which `low` and `high` are different floats.
template <Arithmetic V>
RSQRT_RARE V rsqrt_decided(V x, V low, V high) {
  double xs[V::width], lows[V::width], highs[V::width];
  x.store(xs);
  low.store(lows);
  high.store(highs);
  for (int i = 0; i < V::width; ++i) {
    if (lows[i] < highs[i] || lows[i] > highs[i]) lows[i] = rsqrt_nearest(xs[i], lows[i]);
  }
  return V::load(lows);
}

// float64: the corrected value is y + c. c is known to a relative 2^-48 wherever y + c is near a
// midpoint between two floats (there |c| ≥ 2^-54·y, and the error of c is below 2^-102·y;
// docs/numerics.md). If both y + c·(1 ± 2^-46) round to the same float, that is the answer. About
// one input in 2^46 is left to decide.
template <Arithmetic V>
RSQRT_FUNCTION V rsqrt_checked(V x, V y) {
  const V e = residual(x, y);
  const V c = y * (V::splat(0.5) * e + V::splat(0.375) * e * e);
  const V doubt = c * V::splat(0x1p-46);
  const V low = y + (c - doubt);
  const V high = y + (c + doubt);
  if (any(differs(low, high))) [[unlikely]]
    return rsqrt_decided(x, low, high);
  return low;
}

struct Rsqrt {
  // Whether quick() and careful() can be used with a vector. float32 without fused multiply-add is
  // computed in double instead.
  template <class V>
  static constexpr bool has_quick = V::fused || sizeof(typename V::Scalar) == sizeof(double);

  // 1/√x of positive normal numbers. NaN for everything else, and for subnormals if the hardware's
  // estimate flushes them to zero.
  template <Arithmetic V>
  RSQRT_FUNCTION V quick(V x) const {
    V y;
    if constexpr (Approximates<V>) {
      y = rsqrt_approximation(x);
    } else {
      y = rsqrt_estimate(x);
    }
    return from_seed(x, sharpened<V::approximation_bits>(x, y));
  }

  // 1/√x of any x, where y is the result of quick(x).
  template <Arithmetic V>
  RSQRT_FUNCTION V careful(V x, V y) const {
    const V estimate = rsqrt_estimate(x);
    if constexpr (Approximates<V>) y = from_seed(x, estimate);  // subnormals
    // For ±0 and ±inf the estimate is already the answer, and the residual is 0·inf.
    return canonical_nan(select(is_nan(y), estimate, y));
  }

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    if constexpr (has_quick<V>) {
      const V y = quick(x);
      if (any(is_nan(y))) [[unlikely]]
        return careful(x, y);
      return y;
    } else {
      // float32 through double is correctly rounded for every input (checked for all 2^32).
      const auto low = widen_low(x), high = widen_high(x);
      const auto one = decltype(low)::splat(1);
      return canonical_nan(narrow(one / sqrt(low), one / sqrt(high)));
    }
  }

  // A float that rounds to the same float16 or bfloat16 as 1/√x, for an x of that dtype. Any float
  // within 2 ulp does: between it and 1/√x there is no midpoint of two 16-bit floats, for any x
  // (native/test/seeds.cpp tries all).
  template <Arithmetic V>
  requires(sizeof(typename V::Scalar) == sizeof(float) && V::approximation_bits >= 21) RSQRT_FUNCTION V
      coarse(V x)
  const { return rsqrt_estimate(x); }

  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> z) const {
    return canonical_nan(in_double(z, [](auto wide) { return complex_rsqrt(wide); }));
  }

 private:
  template <Arithmetic V>
  RSQRT_FUNCTION static V from_seed(V x, V seed) {
    if constexpr (sizeof(typename V::Scalar) == sizeof(float)) {
      return rsqrt_corrected(x, seed);
    } else {
      return rsqrt_checked(x, seed);
    }
  }
};

RSQRT_TARGET_END
