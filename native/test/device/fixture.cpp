#include "test/device/fixture.h"

#include <chrono>
#include <thread>

namespace rsqrt_native::test::device {
namespace {

void add_to(int* p, int n, int value) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) p[i] += value;
}

void sleep_for(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

}  // namespace

cudaError_t launch_add(int* p, int n, int value, cudaStream_t stream) {
  void* args[] = {&p, &n, &value};
  return cudaLaunchKernel(add_to, dim3(static_cast<unsigned>(n + 63) / 64), dim3(64), args, 0, stream);
}

cudaError_t launch_sleep(int milliseconds, cudaStream_t stream) {
  void* args[] = {&milliseconds};
  return cudaLaunchKernel(sleep_for, dim3(1), dim3(1), args, 0, stream);
}

cudaError_t find_add() {
  cudaFuncAttributes attributes;
  return cudaFuncGetAttributes(&attributes, add_to);
}

}  // namespace rsqrt_native::test::device
