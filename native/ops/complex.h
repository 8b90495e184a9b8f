// Complex numbers over the arithmetic of ops/arithmetic.h.
//
// Uses additions, products, quotients and square roots only. Each is rounded as IEEE 754 says and
// none is fused, so every instruction set and device gives the same bits. complex64 is computed in
// double, and each part is rounded once at the end. No intermediate result overflows or loses
// digits that a float could show, and a part is off by at most 0.5000001 ulp.
#pragma once

#include <type_traits>

#include "core/dtype.h"
#include "ops/arithmetic.h"

RSQRT_TARGET_BEGIN

// Applies f, computing in double if V holds floats. f takes a Complex of vectors of doubles and
// returns one, or a vector of real results.
template <Arithmetic V, class F>
RSQRT_FUNCTION auto in_double(Complex<V> z, F f) {
  if constexpr (sizeof(typename V::Scalar) == sizeof(double)) {
    return f(z);
  } else {
    using Wide = Complex<decltype(widen_low(z.re))>;
    const auto low = f(Wide{widen_low(z.re), widen_low(z.im)});
    const auto high = V::width == 1 ? low : f(Wide{widen_high(z.re), widen_high(z.im)});
    if constexpr (is_complex<std::remove_const_t<decltype(low)>>) {
      return Complex<V>{narrow(low.re, high.re), narrow(low.im, high.im)};
    } else {
      return narrow(low, high);
    }
  }
}

template <Arithmetic V>
RSQRT_FUNCTION Complex<V> canonical_nan(Complex<V> z) {
  return {canonical_nan(z.re), canonical_nan(z.im)};
}

template <Arithmetic V>
RSQRT_FUNCTION V constant(double value) {
  return V::splat(static_cast<typename V::Scalar>(value));
}

template <Arithmetic V>
RSQRT_FUNCTION V infinity() {
  return constant<V>(__builtin_inf());
}

// From here on, V is a vector of doubles.
template <Arithmetic V>
RSQRT_FUNCTION auto is_infinite(V value) {
  return less(constant<V>(0x1.fffffffffffffp1023), absolute(value));
}

template <Arithmetic V>
RSQRT_FUNCTION auto is_zero(Complex<V> z) {
  return less(absolute(z.re) + absolute(z.im), constant<V>(0x1p-1074));
}

// A finite number that a power of four has brought near to 1, so that the square of its larger part
// neither overflows nor underflows; and the factor that scales its root back.
template <class V>
struct Scaled {
  Complex<V> z;
  V root_scale;  // √(what z was divided by)
};

template <Arithmetic V>
RSQRT_FUNCTION Scaled<V> scaled(Complex<V> z) {
  const V larger = select(less(absolute(z.re), absolute(z.im)), absolute(z.im), absolute(z.re));
  const auto small = less(larger, constant<V>(0x1p-400));
  const auto large = less(constant<V>(0x1p400), larger);
  const V one = constant<V>(1);
  const V scale = select(small, constant<V>(0x1p600), select(large, constant<V>(0x1p-600), one));
  const V root_scale = select(small, constant<V>(0x1p-300), select(large, constant<V>(0x1p300), one));
  return {{z.re * scale, z.im * scale}, root_scale};
}

// Common terms of √z and 1/√z, for a finite z ≠ 0 whose square does not overflow.
template <class V>
struct Polar {
  V square;  // |z|²
  V half;    // (|z| + |re z|)/2, the square of the larger part of √z
};

template <Arithmetic V>
RSQRT_FUNCTION Polar<V> polar(Complex<V> z) {
  const V square = z.re * z.re + z.im * z.im;
  return {square, constant<V>(0.5) * (sqrt(square) + absolute(z.re))};
}

// Infinities and zeros below follow torch. For √, so does C99's Annex G.

// √z with a real part ≥ 0. Its imaginary part has the sign of z's; −0 selects the lower side of the
// branch cut.
template <Arithmetic V>
RSQRT_FUNCTION Complex<V> complex_sqrt(Complex<V> z) {
  const auto [near, root_scale] = scaled(z);
  const V larger = sqrt(polar(near).half) * root_scale;
  // From z itself: if z was scaled down, a small imaginary part could underflow to 0, and the
  // root's with it.
  const V smaller = absolute(z.im) / (larger + larger);
  const auto left = less(z.re, V::splat(0));
  V re = select(left, smaller, larger);
  V im = select(left, larger, smaller);
  if (any(is_nan(smaller))) [[unlikely]] {
    const V zero = V::splat(0);
    const auto zeros = is_zero(z);
    re = select(zeros, zero, re);
    im = select(zeros, zero, im);
    const auto re_infinite = is_infinite(z.re);
    const V zero_or_nan = absolute(z.im) * zero;
    re = select(re_infinite, select(left, zero_or_nan, infinity<V>()), re);
    im = select(re_infinite, select(left, infinity<V>(), zero_or_nan), im);
    const auto im_infinite = is_infinite(z.im);
    re = select(im_infinite, infinity<V>(), re);
    im = select(im_infinite, infinity<V>(), im);
  }
  return {re, copy_sign(im, z.im)};
}

// 1/√z. With s the larger part of √z, 1/√z = (s − i·im/(2s))/|z| to the right of the imaginary
// axis. To the left of it, the parts are exchanged. s/|z| is √(s²/|z|²), so two roots and two
// quotients are enough.
template <Arithmetic V>
RSQRT_FUNCTION Complex<V> complex_rsqrt(Complex<V> z) {
  const V zero = V::splat(0);
  const auto [near, root_scale] = scaled(z);
  const auto [square, half] = polar(near);
  const V larger = sqrt(half / square);
  const V twice = larger + larger;
  const auto left = less(z.re, zero);
  // Right of the axis: an exact zero stays +0, whatever its sign.
  const V smaller = (zero - near.im) / (twice * square);
  // Left of the axis: |im|, but −0 for −0.
  const auto on_axis = less(absolute(z.im), constant<V>(0x1p-1074));
  const V magnitude = select(on_axis, z.im, absolute(smaller));
  const V back = constant<V>(1) / root_scale;
  V re = select(left, magnitude, larger) * back;
  V im = select(left, copy_sign(larger, negate(z.im)), smaller) * back;
  if (any(is_nan(im))) [[unlikely]] {
    re = select(is_zero(z), infinity<V>(), re);
    // An infinite real part with a finite imaginary one.
    const V zero_or_nan = absolute(z.im) * zero;
    const auto infinite = is_infinite(z.re);
    re = select(infinite, select(left, copy_sign(zero_or_nan, z.im), zero_or_nan), re);
    im = select(infinite, select(left, copy_sign(zero_or_nan, negate(z.im)), zero_or_nan), im);
  }
  return {re, im};
}

// 1/z by R. L. Smith's method, which divides by the larger part first (Comm. ACM 5, 1962).
template <Arithmetic V>
RSQRT_FUNCTION Complex<V> complex_reciprocal(Complex<V> z) {
  const V zero = V::splat(0), one = V::splat(1);
  const auto [near, root_scale] = scaled(z);  // otherwise the divisor could overflow
  const auto steep = less(absolute(near.re), absolute(near.im));
  const V larger = select(steep, near.im, near.re);
  const V smaller = select(steep, near.re, near.im);
  const V ratio = smaller / larger;
  const V divisor = larger + smaller * ratio;
  const V back = one / root_scale;
  const V re = select(steep, ratio + zero, one) / divisor * back * back;
  const V im = select(steep, zero - one, zero - ratio) / divisor * back * back;
  return {select(is_zero(z), infinity<V>(), re), im};
}

// |z|. Infinite if either part is, whatever the other is.
template <Arithmetic V>
RSQRT_FUNCTION V complex_abs(Complex<V> z) {
  const auto [near, root_scale] = scaled(z);
  const V result = sqrt(polar(near).square) * root_scale * root_scale;
  return select(is_infinite(z.re), infinity<V>(), select(is_infinite(z.im), infinity<V>(), result));
}

// z², with (re − im)·(re + im), which does not cancel as a difference of two squares does.
template <Arithmetic V>
RSQRT_FUNCTION Complex<V> complex_square(Complex<V> z) {
  const V product = z.re * z.im;
  return {(z.re - z.im) * (z.re + z.im) + V::splat(0), product + product};
}

RSQRT_TARGET_END
