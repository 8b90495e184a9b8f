#include <cstdlib>
#include <string>

#include "test/device/fixture.h"
#include "test/device/temporary_file.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {

// Requested device failures. No other thread of this process makes calls meanwhile.
void test_injected_failures(Report& report) {
  Fixture f(report, "injected failures", failing_first + 2);
  Topic& t = f.topic;
  const TemporaryFile log;
  setenv("RSQRT_SIMULATED_FAIL_LOG", log.path().c_str(), 1);
  const auto fail = [](const char* wish) { setenv("RSQRT_SIMULATED_FAIL", wish, 1); };
  const cudaStream_t stream = f.stream();
  int* const p = f.allocate<int>(1);
  int device = -1;
  fail("first:3");
  t.succeeds(cudaGetDevice(&device));
  t.succeeds(cudaMemsetAsync(p, 0, 4, stream));
  t.returns(cudaErrorUnknown, launch_add(p, 1, 100, stream));
  t.succeeds(launch_add(p, 1, 10, stream));
  fail("second:1:2");
  t.returns(cudaErrorMemoryAllocation, cudaStreamSynchronize(stream));
  fail("second:2:2");  // the same serial number: no new count
  t.succeeds(cudaStreamSynchronize(stream));
  fail("third:1000");
  t.succeeds(cudaStreamSynchronize(stream));
  int value = 0;
  t.succeeds(cudaMemcpyAsync(&value, p, 4, cudaMemcpyDeviceToHost, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(10, value);  // the failed launch had no effect
  fail("fourth:1");
  t.returns(cudaErrorUnknown, cudaFree(p));
  t.returns(cudaErrorInvalidValue, cudaFree(p));  // it was freed
  fail("fifth:2:700");
  t.succeeds(cudaRuntimeGetVersion(&device));
  t.returns(cudaErrorIllegalAddress, cudaStreamDestroy(stream));
  t.returns(cudaErrorInvalidResourceHandle, cudaStreamDestroy(stream));  // it was destroyed
  void* none = nullptr;
  t.returns(cudaErrorIllegalAddress, cudaMalloc(&none, 1));  // permanently
  unsetenv("RSQRT_SIMULATED_FAIL");
  unsetenv("RSQRT_SIMULATED_FAIL_LOG");
  const std::string logged = log.text();
  t.holds(
      logged ==
          "first cudaLaunchKernel\nsecond cudaStreamSynchronize\nfourth cudaFree\nfifth cudaStreamDestroy\n",
      "the log says " + logged);
}

}  // namespace rsqrt_native::test::device
