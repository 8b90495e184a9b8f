// The simple operations. Each is correctly rounded for real numbers, because IEEE 754 requires that
// of √ and of a single division or product.
//
// An operation on Complex returns the type of its result: real vectors if it makes real numbers of
// complex ones. An operation without such an overload refuses complex dtypes.
//
// An operation that also takes an Integer keeps integer dtypes, with wrap-around as in torch. One
// that does not computes integers in float32. `bool_type` is the type that bool is computed in.
// Without it, an operation on integers refuses bool.
#pragma once

#include <type_traits>

#include "core/dtype.h"
#include "ops/arithmetic.h"
#include "ops/complex.h"

RSQRT_TARGET_BEGIN

struct Sqrt {
  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    return canonical_nan(sqrt(x));
  }
  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> z) const {
    return canonical_nan(in_double(z, [](auto wide) { return complex_sqrt(wide); }));
  }
};

struct Reciprocal {
  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    return canonical_nan(V::splat(1) / x);
  }
  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> z) const {
    return canonical_nan(in_double(z, [](auto wide) { return complex_reciprocal(wide); }));
  }
};

struct Square {
  using bool_type = std::int64_t;

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    return canonical_nan(x * x);
  }
  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> z) const {
    return canonical_nan(in_double(z, [](auto wide) { return complex_square(wide); }));
  }
  template <Integer T>
  RSQRT_FUNCTION T operator()(T x) const {
    const auto wide = static_cast<std::uint64_t>(x);
    return static_cast<T>(wide * wide);
  }
};

struct Neg {
  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    return canonical_nan(negate(x));
  }
  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> z) const {
    return {(*this)(z.re), (*this)(z.im)};
  }
  template <Integer T>
  RSQRT_FUNCTION T operator()(T x) const {
    return static_cast<T>(std::uint64_t{0} - static_cast<std::uint64_t>(x));
  }
};

struct Abs {
  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x) const {
    return canonical_nan(absolute(x));
  }
  template <class V>
  RSQRT_FUNCTION V operator()(Complex<V> z) const {
    return canonical_nan(in_double(z, [](auto wide) { return complex_abs(wide); }));
  }
  template <Integer T>
  RSQRT_FUNCTION T operator()(T x) const {
    if constexpr (std::is_signed_v<T>) return x < 0 ? Neg()(x) : x;
    return x;
  }
};

// Moves elements between layouts and dtypes; not an operation of the public API. Keeps every bit.
struct Copy {
  template <class T>
  RSQRT_FUNCTION T operator()(T x) const {
    return x;
  }
};

RSQRT_TARGET_END
