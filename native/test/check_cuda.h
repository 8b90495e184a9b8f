// For calls of the CUDA runtime that cannot fail in a test.

#pragma once

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>

namespace rsqrt_native::test {

// Ends the program if a call failed.
inline void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(status));
  std::abort();
}

}  // namespace rsqrt_native::test
