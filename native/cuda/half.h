// Converts float16 and bfloat16 with the GPU's instructions, and on the simulated device with the
// CPU's functions.
#pragma once

#include "core/float16.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// Exact, except for the payload of a NaN.
RSQRT_FUNCTION float widened(BFloat16 value) { return widen(value); }

RSQRT_FUNCTION float widened(Half value) {
#ifdef __CUDA_ARCH__
  float result;
  asm("cvt.f32.f16 %0, %1;" : "=f"(result) : "h"(value.bits));
  return result;
#else
  return widen(value);
#endif
}

// Like narrow(): to nearest, ties to even. NaN becomes the canonical NaN.
RSQRT_FUNCTION void narrow_quickly(float value, Half& result) {
#ifdef __CUDA_ARCH__
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  if (value != value) result.bits = 0x7e00;
#else
  narrow(value, result);
#endif
}

RSQRT_FUNCTION void narrow_quickly(float value, BFloat16& result) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(value));
  if (value != value) result.bits = 0x7fc0;
#else
  narrow(value, result);
#endif
}

// These keep the payload of a NaN. The float must be one of the 16-bit type.
RSQRT_FUNCTION float widened_with_payload(BFloat16 value) { return widen(value); }

RSQRT_FUNCTION float widened_with_payload(Half value) {
  if ((value.bits & 0x7fffu) <= 0x7c00u) return widened(value);
  return bits_as<float>(std::uint32_t{value.bits & 0x8000u} << 16 | 0x7f800000u |
                        std::uint32_t{value.bits & 0x3ffu} << 13);
}

RSQRT_FUNCTION void narrow_with_payload(float value, BFloat16& result) {
  result.bits = static_cast<std::uint16_t>(bits_as<std::uint32_t>(value) >> 16);
}

RSQRT_FUNCTION void narrow_with_payload(float value, Half& result) {
  narrow_quickly(value, result);
  const std::uint32_t bits = bits_as<std::uint32_t>(value);
  if (value != value) {
    result.bits = static_cast<std::uint16_t>((bits >> 16 & 0x8000u) | 0x7c00u | (bits >> 13 & 0x3ffu));
  }
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
