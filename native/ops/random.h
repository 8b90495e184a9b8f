// Random numbers from a counter.
//
// The bits of a block depend only on the seed and the block's number, so any thread, vector or
// device may start at any block. A distribution makes two doubles of a block, with sums, products,
// quotients and roots that are never fused, so all of these give the same bits. A dtype rounds a
// double once.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "core/bits.h"
#include "core/dtype.h"
#include "core/target.h"
#include "ops/arithmetic.h"

RSQRT_TARGET_BEGIN

// Lanes of 64 bits: a SIMD register on the CPU, one integer in a GPU thread.
// clang-format off
template <class W>
concept Words = requires(W a, std::uint64_t s, int n) {
  { W::splat(s) } -> std::same_as<W>;
  { a + a } -> std::same_as<W>;                   // modulo 2^64
  { a & a } -> std::same_as<W>;
  { a | a } -> std::same_as<W>;
  { a ^ a } -> std::same_as<W>;
  { a << n } -> std::same_as<W>;
  { a >> n } -> std::same_as<W>;                  // zeros come in
  { product_of_lows(a, a) } -> std::same_as<W>;   // of the lower 32 bits of both
};
// clang-format on

// The two halves of a block, or what was made of them.
template <class T>
struct Pair {
  T first;
  T second;
};

// ---------------------------------------------------------------- bits

// One number of 64 bits from the lower halves of two.
template <Words W>
RSQRT_FUNCTION W joined(W low, W high) {
  return (low & W::splat(0xffffffff)) | (high << 32);
}

// Philox4x32-10 (J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as
// easy as 1, 2, 3; SC11). Its four words of 32 bits are here the lower and upper halves of `first`,
// then those of `second`.
template <Words W>
RSQRT_FUNCTION Pair<W> philox(std::uint64_t key, Pair<W> counter) {
  // The upper halves of these lanes are not used.
  W word0 = counter.first, word1 = counter.first >> 32;
  W word2 = counter.second, word3 = counter.second >> 32;
  auto low_key = static_cast<std::uint32_t>(key), high_key = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const W product0 = product_of_lows(word0, W::splat(0xd2511f53));
    const W product2 = product_of_lows(word2, W::splat(0xcd9e8d57));
    word0 = (product2 >> 32) ^ word1 ^ W::splat(low_key);
    word1 = product2;
    word2 = (product0 >> 32) ^ word3 ^ W::splat(high_key);
    word3 = product0;
    low_key += 0x9e3779b9;
    high_key += 0xbb67ae85;
  }
  return {joined(word0, word1), joined(word2, word3)};
}

// ---------------------------------------------------------------- numbers

// Converts an integer below 2^53 exactly. Its halves become the last bits of 2^52 and of 2^84,
// which are then subtracted.
template <Arithmetic V, Words W>
RSQRT_FUNCTION V to_double(W n) {
  const V low = bits_as<V>((n & W::splat(0xffffffff)) | W::splat(bits_as<std::uint64_t>(0x1p52)));
  const V high = bits_as<V>((n >> 32) | W::splat(bits_as<std::uint64_t>(0x1p84)));
  return (high - V::splat(0x1p84 + 0x1p52)) + low;
}

// (2n + 1)·2^-53, where n is the upper 52 bits: between 0 and 1, and never either of them.
template <Arithmetic V, Words W>
RSQRT_FUNCTION V between_0_and_1(W bits) {
  const V one_and_more = bits_as<V>((bits >> 12) | W::splat(bits_as<std::uint64_t>(1.0)));
  return one_and_more - V::splat(1 - 0x1p-53);
}

template <Arithmetic V>
RSQRT_FUNCTION V polynomial(V, double coefficient) {
  return V::splat(coefficient);
}
// The coefficients start with the constant one.
template <Arithmetic V, class... Rest>
RSQRT_FUNCTION V polynomial(V x, double coefficient, Rest... rest) {
  return V::splat(coefficient) + x * polynomial(x, rest...);
}

// The polynomials below are minimax approximations (E. Remez's algorithm in 60 digits); docs/numerics.md has
// the errors.

// ln x of a positive normal number, with an error of less than one ulp. With x = m·2^k, m from √½
// to √2, f = m − 1 and s = f/(2 + f) = f/(m + 1), ln m = 2·artanh s = f − (½f² − s·(½f² + R)), R =
// ⅔s² + ⅖s⁴ + …, as in fdlibm.
template <Words W, Arithmetic V>
RSQRT_FUNCTION V logarithm(V x) {
  const auto one = bits_as<std::uint64_t>(1.0), root_half = bits_as<std::uint64_t>(0x1.6a09e667f3bcdp-1);
  const std::uint64_t fraction = (std::uint64_t{1} << 52) - 1;
  const W shifted = bits_as<W>(x) + W::splat(one - root_half);
  const V m = bits_as<V>((shifted & W::splat(fraction)) + W::splat(root_half));
  const V k =
      bits_as<V>((shifted >> 52) | W::splat(bits_as<std::uint64_t>(0x1p52))) - V::splat(0x1p52 + 1023);

  const V f = m - V::splat(1);
  const V s = f / (m + V::splat(1));
  const V z = s * s;
  const V r =
      z * polynomial(z, 0x1.5555555555592p-1, 0x1.999999997fdb8p-2, 0x1.24924941f121fp-2,
                     0x1.c71c52095f030p-3, 0x1.74663ee81c0a5p-3, 0x1.39a1babe2a053p-3, 0x1.2f05634bdc771p-3);
  const V half_square = V::splat(0.5) * f * f;
  // ln 2 in two parts; k times the upper one is exact.
  const V low = s * (half_square + r) + k * V::splat(0x1.de6af278ece60p-46);
  return k * V::splat(0x1.62e42fefa3900p-1) - ((half_square - low) - f);
}

// cos 2πv and sin 2πv for v = (2n + 1)·2^-55, where n is the upper 54 bits, with an error of less
// than two ulp.
template <Arithmetic V, Words W>
RSQRT_FUNCTION Pair<V> on_circle(W bits) {
  // 4v = q + t: q is the nearest quarter turn, in the upper two bits, and t is the rest, from −½ to
  // ½.
  const W turned = bits + W::splat(std::uint64_t{1} << 61);
  const V t = between_0_and_1<V>(turned << 2) - V::splat(0.5);
  const V y = t * t;
  // sin ½πt and cos ½πt; ½π in two parts.
  const V tail = V::splat(0x1.1a62633145c07p-54) +
                 y * polynomial(y, -0x1.4abbce625be47p-1, 0x1.466bc67758d85p-4, -0x1.32d2cce3332e5p-8,
                                0x1.5078301b62c91p-13, -0x1.e300a65a91a11p-19, 0x1.e403d0a501887p-25);
  const V sine = t * V::splat(0x1.921fb54442d18p+0) + t * tail;
  const V cosine =
      V::splat(1) - y * polynomial(y, 0x1.3bd3cc9be45dep+0, -0x1.03c1f081b5ab0p-2, 0x1.55d3c7e3c95bcp-6,
                                   -0x1.e1f50683b42c5p-11, 0x1.a6d1ecb73fce9p-16, -0x1.f9cc6acf8adcdp-22,
                                   0x1.b26fe84938730p-28);
  // By q, from 0 to 3: (cos, sin), (−sin, cos), (−cos, −sin), (sin, −cos).
  const W one = W::splat(bits_as<std::uint64_t>(1.0)), sign = W::splat(std::uint64_t{1} << 63);
  const V first_sign = bits_as<V>(one | ((turned ^ (turned << 1)) & sign));
  const V second_sign = bits_as<V>(one | (turned & sign));
  const auto odd = differs(first_sign, second_sign);
  return {first_sign * select(odd, sine, cosine), second_sign * select(odd, cosine, sine)};
}

// ---------------------------------------------------------------- distributions

// Bits of the significand of a float dtype.
constexpr int precision_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return 11;
    case DType::bfloat16:
      return 8;
    case DType::float32:
      return 24;
    default:
      return 53;
  }
}

// From 0 to below 1: the upper p bits of each half times 2^-p, where p is the precision of the
// dtype, which so represents the number exactly.
struct Uniform {
  std::uint64_t kept;

  explicit constexpr Uniform(DType dtype) : kept(~std::uint64_t{0} << (53 - precision_of(part_of(dtype)))) {}

  template <Arithmetic V, Words W>
  RSQRT_FUNCTION Pair<V> draw(Pair<W> block) const {
    return {number<V>(block.first), number<V>(block.second)};
  }

 private:
  template <Arithmetic V, Words W>
  RSQRT_FUNCTION V number(W bits) const {
    return to_double<V>((bits >> 11) & W::splat(kept)) * V::splat(0x1p-53);
  }
};

// Mean 0, variance 1; for a complex number, a variance of ½ for each part. A block gives two
// numbers (G. E. P. Box, M. E. Muller, Ann. Math. Stat. 29, 1958): √(−2 ln u)·(cos 2πv, sin 2πv),
// with u from the first half and v from the second.
struct Normal {
  double minus_two_variances;

  explicit constexpr Normal(DType dtype) : minus_two_variances(is_complex_dtype(dtype) ? -1 : -2) {}

  template <Arithmetic V, Words W>
  RSQRT_FUNCTION Pair<V> draw(Pair<W> block) const {
    const V u = between_0_and_1<V>(block.first);
    const V radius = sqrt(V::splat(minus_two_variances) * logarithm<W>(u));
    const Pair<V> point = on_circle<V>(block.second);
    return {radius * point.first, radius * point.second};
  }
};

// X(public name, functor). The position is the distribution's code, which the addon publishes by name.
#define RSQRT_DISTRIBUTIONS(X) \
  X("uniform", Uniform)        \
  X("normal", Normal)

inline constexpr const char* distribution_names[] = {
#define X(name, functor) name,
    RSQRT_DISTRIBUTIONS(X)
#undef X
};

inline constexpr int distribution_count =
    static_cast<int>(sizeof(distribution_names) / sizeof(distribution_names[0]));

// By dtype: whether random numbers can be drawn in it. True for float and complex dtypes.
inline constexpr bool has_random[] = {
#define X(id, name, type) std::is_floating_point_v<type> || is_float16<type> || is_complex<type>,
    RSQRT_DTYPES(X)
#undef X
};

RSQRT_TARGET_END
