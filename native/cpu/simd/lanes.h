// Some lanes of a vector, for instruction sets without masked loads and stores.
#pragma once

#include "core/target.h"

RSQRT_TARGET_BEGIN

template <class V>
RSQRT_FUNCTION V load_lanes(const typename V::Scalar* p, int n) {
  typename V::Scalar lanes[V::width] = {};
  for (int i = 0; i < n; ++i) __builtin_memcpy(lanes + i, p + i, sizeof(lanes[0]));
  return V::load(lanes);
}

template <class V>
RSQRT_FUNCTION void store_lanes(typename V::Scalar* p, V value, int n) {
  typename V::Scalar lanes[V::width];
  value.store(lanes);
  for (int i = 0; i < n; ++i) __builtin_memcpy(p + i, lanes + i, sizeof(lanes[0]));
}

RSQRT_TARGET_END
