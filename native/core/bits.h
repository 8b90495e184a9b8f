// Reinterpreting the bits of values.
#pragma once

#include "core/target.h"

RSQRT_TARGET_BEGIN

// The bits of a value as another type of the same size.
template <class To, class From>
RSQRT_FUNCTION To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  __builtin_memcpy(&result, &value, sizeof(To));
  return result;
}

// a + b, rounded on its own: no compiler may fuse it with a multiplication.
RSQRT_FUNCTION float sum(float a, float b) {
#ifdef __CUDA_ARCH__
  return __fadd_rn(a, b);
#else
  return a + b;
#endif
}

RSQRT_TARGET_END
