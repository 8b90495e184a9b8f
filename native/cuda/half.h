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

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
