// The bits of a value as another type of the same size.
#pragma once

#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class To, class From>
RSQRT_FUNCTION To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  __builtin_memcpy(&result, &value, sizeof(To));
  return result;
}

RSQRT_TARGET_END
