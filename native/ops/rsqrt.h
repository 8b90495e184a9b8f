// 1/√x, the float nearest to the exact value, for every input.
//
//   ±0 → ±inf     +inf → +0     any negative, −inf, NaN → the canonical NaN     subnormals are honoured
//
// Method: a seed within an ulp or two, then one correction whose residual 1 − x·y² is carried in twice
// the working precision (T. Markstein's scheme, see Muller et al., Handbook of Floating-Point Arithmetic,
// ch. 4). float32: proved by running all 2^32 inputs on every instruction set (npm run exhaustive).
// float64: the correction knows when it cannot tell which of two neighbours is nearer, and integers
// decide (ops/rsqrt_exact.h).
#pragma once

#include "ops/arithmetic.h"
#include "ops/complex.h"
#include "ops/rsqrt_exact.h"

RSQRT_TARGET_BEGIN

// a·b as an unevaluated sum hi + lo, exact to 2^-106 of the product or better.
template <class V>
struct Product {
  V hi;
  V lo;
};

template <Arithmetic V>
RSQRT_FUNCTION Product<V> exact_product(V a, V b) {
  const V hi = a * b;
  if constexpr (V::fused) {
    return {hi, fma(a, b, negate(hi))};
  } else {
    // Dekker's product. Splitting by masking bits (not by a multiplication) cannot overflow and is
    // exact for subnormals; lo·lo has one bit too many, which is 2^-106 of the product.
    const V a_high = upper_half(a), a_low = a - a_high;
    const V b_high = upper_half(b), b_low = b - b_high;
    return {hi, (((a_high * b_high - hi) + a_high * b_low) + a_low * b_high) + a_low * b_low};
  }
}

// 1 − x·y², where y is within a few ulp of 1/√x. Nothing here overflows or is subnormal: x·y is near √x.
template <Arithmetic V>
RSQRT_FUNCTION V residual(V x, V y) {
  const V one = V::splat(1);
  const auto [h, l] = exact_product(x, y);
  if constexpr (V::fused) {
    return fma(negate(l), y, fma(negate(h), y, one));
  } else {
    const auto [hi, lo] = exact_product(h, y);
    return ((one - hi) - lo) - l * y;
  }
}

// y·(1 + e/2), where e = 1 − x·y²: doubles the number of correct bits.
template <Arithmetic V>
RSQRT_FUNCTION V newton_step(V x, V y) {
  const V half = V::splat(0.5f);
  if constexpr (V::fused) {
    const V e = fma(negate(x * y), y, V::splat(1));
    return fma(half * y, e, y);
  } else {
    return y + half * y * (V::splat(1) - x * y * y);
  }
}

template <Arithmetic V>
RSQRT_FUNCTION V refined(V x, V estimate) {
  V y = estimate;
  for (int i = 0; i < V::estimate_steps; ++i) y = newton_step(x, y);
  return y;
}

// float32 with fused multiply-add: the correction alone is exact. Its form matters: with the cubic term
// factored as (⅜e + ½)·e, or left out, one mantissa of 2^24 comes out wrong.
template <Arithmetic V>
RSQRT_FUNCTION V rsqrt_corrected(V x, V estimate) {
  const V y = refined(x, estimate);
  const V e = residual(x, y);
  const V p = fma(V::splat(0.375f) * e, e, V::splat(0.5f) * e);
  return fma(y, p, y);
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

// float64: the corrected value is y + c, with c known to a relative 2^-50 wherever y + c is near a
// midpoint between two floats (there |c| ≥ 2^-54·y, and the error of c is below 2^-104·y). If c widened
// to 1 ± 2^-46 still rounds to one float, that is the answer; about one input in 2^46 is left to decide.
template <Arithmetic V>
RSQRT_FUNCTION V rsqrt_checked(V x, V estimate) {
  const V y = refined(x, estimate);
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
  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    if constexpr (sizeof(typename V::Scalar) == sizeof(float) && !V::fused) {
      // float32 through double is correctly rounded for every input (checked for all 2^32).
      const auto low = widen_low(x), high = widen_high(x);
      const auto one = decltype(low)::splat(1);
      return canonical_nan(narrow(one / sqrt(low), one / sqrt(high)));
    } else {
      const V estimate = rsqrt_estimate(x);
      V y;
      if constexpr (sizeof(typename V::Scalar) == sizeof(float)) {
        y = rsqrt_corrected(x, estimate);
      } else {
        y = rsqrt_checked(x, estimate);
      }
      // Of ±0 and ±inf the estimate is already the answer, and the residual is 0·inf.
      return canonical_nan(select(is_nan(y), estimate, y));
    }
  }

  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> z) const {
    return canonical_nan(in_double(z, [](auto wide) { return complex_rsqrt(wide); }));
  }
};

RSQRT_TARGET_END
