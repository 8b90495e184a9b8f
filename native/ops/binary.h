// Operations of two inputs. As in ops/basic.h, each is correctly rounded for real numbers, and what
// it does with integers, bool and complex numbers follows from its overloads.
#pragma once

#include "core/dtype.h"
#include "ops/arithmetic.h"
#include "ops/complex.h"
#include "ops/rsqrt.h"

RSQRT_TARGET_BEGIN

struct Add {
  static constexpr int arity = 2;

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x, V y) const {
    return canonical_nan(x + y);
  }
  template <class V>
  RSQRT_FUNCTION Complex<V> operator()(Complex<V> x, Complex<V> y) const {
    return {(*this)(x.re, y.re), (*this)(x.im, y.im)};
  }
  template <Integer T>
  RSQRT_FUNCTION T operator()(T x, T y) const {
    return static_cast<T>(static_cast<std::uint64_t>(x) + static_cast<std::uint64_t>(y));
  }
};

struct Mul {
  static constexpr int arity = 2;

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x, V y) const {
    return canonical_nan(x * y);
  }
  template <Integer T>
  RSQRT_FUNCTION T operator()(T x, T y) const {
    return static_cast<T>(static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(y));
  }
};

// Pairs of the operations above as one expression, both rounded. The first need not make its NaN
// canonical.
struct MulAdd {
  static constexpr int arity = 3;

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x, V y, V z) const {
    return canonical_nan(x * y + z);
  }
};

struct MulMul {
  static constexpr int arity = 3;

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x, V y, V z) const {
    return canonical_nan(x * y * z);
  }
};

struct AddMul {
  static constexpr int arity = 3;

  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x, V y, V z) const {
    return canonical_nan((x + y) * z);
  }
};

// Normalising is mostly this. See Rsqrt for `quick` and `careful`.
struct RsqrtMul {
  static constexpr int arity = 2;
  template <class V>
  static constexpr bool has_quick = Rsqrt::has_quick<V>;

  template <Arithmetic V>
  RSQRT_FUNCTION V quick(V x) const {
    return Rsqrt().quick(x);
  }
  template <Arithmetic V>
  RSQRT_FUNCTION V careful(V x, V y) const {
    return Rsqrt().careful(x, y);
  }
  template <Arithmetic V>
  RSQRT_FUNCTION V finish(V y, V z) const {
    return canonical_nan(y * z);
  }
  template <Arithmetic V>
  RSQRT_FUNCTION V operator()(V x, V z) const {
    return finish(Rsqrt()(x), z);
  }
};

RSQRT_TARGET_END
