// Device intrinsics on the host.
//
// The *_rn functions round once each, provided that the compiler contracts nothing
// (-ffp-contract=off), as the whole project is built. rsqrtf and rsqrt have errors as
// large as NVIDIA documents ("CUDA Math API", maximum error from the correctly rounded result): at
// most 2 ulp and 1 ulp. A hash of an input's bits chooses its error, so results are reproducible.
#pragma once

#include <math.h>  // NOLINT(modernize-deprecated-headers): for the names outside std

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }

inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double a) { return std::sqrt(a); }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }

inline unsigned __float_as_uint(float a) { return std::bit_cast<unsigned>(a); }
inline float __uint_as_float(unsigned a) { return std::bit_cast<float>(a); }
inline long long __double_as_longlong(double a) { return std::bit_cast<long long>(a); }
inline double __longlong_as_double(long long a) { return std::bit_cast<double>(a); }

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<unsigned long long>((static_cast<Wide>(a) * b) >> 64);
}

namespace rsqrt_simulated {

// splitmix64's finaliser.
constexpr std::uint64_t hash(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

// `nearest` moved by −limit to +limit units in the last place. The result of a reciprocal square
// root is far from zero, the subnormals and infinity, so this is arithmetic on its bits.
template <class Bits, class Float>
Float moved(Float nearest, Float input, unsigned limit) {
  const std::uint64_t choice = hash(std::bit_cast<Bits>(input) + std::uint64_t{1}) % (2 * limit + 1);
  return std::bit_cast<Float>(
      static_cast<Bits>(std::bit_cast<Bits>(nearest) + static_cast<Bits>(choice) - Bits{limit}));
}

}  // namespace rsqrt_simulated

inline float rsqrt_simulated_rsqrtf(float x) {
  if (std::isnan(x) || x < 0) return std::bit_cast<float>(0x7fffffffu);  // the NaN of CUDA
  if (x == 0) return std::copysign(std::numeric_limits<float>::infinity(), x);
  if (std::isinf(x)) return 0;
  const auto nearest = static_cast<float>(1 / std::sqrt(static_cast<double>(x)));
  return rsqrt_simulated::moved<std::uint32_t>(nearest, x, 2);
}

inline double rsqrt_simulated_rsqrt(double x) {
  if (std::isnan(x) || x < 0) return std::bit_cast<double>(0xfff8000000000000u);
  if (x == 0) return std::copysign(std::numeric_limits<double>::infinity(), x);
  if (std::isinf(x)) return 0;
  const auto nearest = static_cast<double>(1 / std::sqrt(static_cast<long double>(x)));
  return rsqrt_simulated::moved<std::uint64_t>(nearest, x, 1);
}

// Both nvcc and C23's <math.h> (glibc 2.42 and later) declare these two in the global namespace.
// They are declared here too, so that code that uses a name for something else does not compile.
// C++ cannot redefine functions of the C library, so the definitions are macros, which work for
// `rsqrtf(x)` and `::rsqrtf(x)`.
extern "C" {
float rsqrtf(float) noexcept;
double rsqrt(double) noexcept;
}
#define rsqrtf(x) rsqrt_simulated_rsqrtf(x)
#define rsqrt(x) rsqrt_simulated_rsqrt(x)
