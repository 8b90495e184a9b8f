// A single number with the interface that the operations of native/ops expect.
#pragma once

#include <cmath>
#include <cstdint>

namespace rsqrt_native::test {

template <class T>
struct Lone {
  using Scalar = T;
  struct Mask {
    bool v;
  };
  static constexpr int width = 1;
  static constexpr bool fused = true;
  static constexpr int approximation_bits = sizeof(T) == sizeof(float) ? 22 : 52;

  T v;

  static Lone splat(T s) { return {s}; }
  static Lone load(const T* p) { return {*p}; }
  void store(T* p) const { *p = v; }

  friend Lone operator+(Lone a, Lone b) { return {a.v + b.v}; }
  friend Lone operator-(Lone a, Lone b) { return {a.v - b.v}; }
  friend Lone operator*(Lone a, Lone b) { return {a.v * b.v}; }
  friend Lone operator/(Lone a, Lone b) { return {a.v / b.v}; }
  friend Lone fma(Lone a, Lone b, Lone c) { return {std::fma(a.v, b.v, c.v)}; }
  friend Lone fnma(Lone a, Lone b, Lone c) { return {std::fma(-a.v, b.v, c.v)}; }
  friend Lone sqrt(Lone a) { return {std::sqrt(a.v)}; }
  friend Lone negate(Lone a) { return {-a.v}; }
  friend Lone absolute(Lone a) { return {std::fabs(a.v)}; }
  friend Lone copy_sign(Lone a, Lone b) { return {std::copysign(a.v, b.v)}; }
  friend Lone rsqrt_estimate(Lone a) { return splat(1) / sqrt(a); }
  friend Mask unordered(Lone a, Lone b) { return {std::isunordered(a.v, b.v)}; }
  friend Mask is_nan(Lone a) { return unordered(a, a); }
  friend Mask differs(Lone a, Lone b) { return {a.v < b.v || a.v > b.v}; }
  friend Mask less(Lone a, Lone b) { return {a.v < b.v}; }
  friend bool any(Mask m) { return m.v; }
  friend Lone select(Mask m, Lone a, Lone b) { return m.v ? a : b; }
};

inline Lone<double> widen_low(Lone<float> a) { return {static_cast<double>(a.v)}; }
inline Lone<double> widen_high(Lone<float> a) { return widen_low(a); }
inline Lone<float> narrow(Lone<double> low, Lone<double>) { return {static_cast<float>(low.v)}; }

template <>
struct Lone<std::uint64_t> {
  static constexpr int width = 1;

  std::uint64_t v;

  static Lone splat(std::uint64_t s) { return {s}; }

  friend Lone operator+(Lone a, Lone b) { return {a.v + b.v}; }
  friend Lone operator&(Lone a, Lone b) { return {a.v & b.v}; }
  friend Lone operator|(Lone a, Lone b) { return {a.v | b.v}; }
  friend Lone operator^(Lone a, Lone b) { return {a.v ^ b.v}; }
  friend Lone operator<<(Lone a, int n) { return {a.v << n}; }
  friend Lone operator>>(Lone a, int n) { return {a.v >> n}; }
  friend Lone product_of_lows(Lone a, Lone b) { return {(a.v & 0xffffffff) * (b.v & 0xffffffff)}; }
};

}  // namespace rsqrt_native::test
