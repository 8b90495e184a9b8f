// Injected failures: RSQRT_SIMULATED_FAIL (see cuda_runtime.h).
#pragma once

#include <cstdint>
#include <string>

#include "cuda_runtime.h"

namespace rsqrt_simulated {

// Guarded by State::mutex.
class Failures {
 public:
  // Counts a call of a function. Returns the status that the call must fail with, or cudaSuccess.
  cudaError_t next(const char* function);

 private:
  std::string serial_;
  std::uint64_t remaining_ = 0;  // calls up to and including the failing one; 0 after it
  cudaError_t error_ = cudaSuccess;
};

// Whether a device fails permanently after this failure.
constexpr bool is_sticky(cudaError_t error) {
  return error == cudaErrorIllegalAddress || error == cudaErrorMisalignedAddress ||
         error == cudaErrorLaunchFailure;
}

// While an object of this class exists, test/support/failing_malloc.c makes no allocation of this
// thread fail. Those tests are about the addon and not about this runtime.
class Exempt {
 public:
  Exempt() noexcept { change(1); }
  ~Exempt() { change(-1); }
  Exempt(const Exempt&) = delete;
  Exempt& operator=(const Exempt&) = delete;

 private:
  static void change(int by) noexcept;
};

}  // namespace rsqrt_simulated
