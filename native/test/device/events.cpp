#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {

void test_events(Report& report) {
  Fixture f(report, "events");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  const cudaEvent_t start = f.event(cudaEventDefault), end = f.event(cudaEventDefault);
  const cudaEvent_t untimed = f.event();
  float ms = -1;
  t.returns(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, end));  // never recorded
  t.succeeds(cudaEventQuery(start));
  t.succeeds(cudaEventRecord(start, stream));
  t.succeeds(launch_sleep(3, stream));
  t.succeeds(cudaEventRecord(end, stream));
  t.succeeds(cudaEventRecord(untimed, stream));
  t.returns(cudaErrorNotReady, cudaEventQuery(end));
  t.returns(cudaErrorNotReady, cudaStreamQuery(stream));
  t.returns(cudaErrorNotReady, cudaEventElapsedTime(&ms, start, end));
  t.succeeds(cudaEventSynchronize(end));
  t.succeeds(cudaEventElapsedTime(&ms, start, end));
  t.holds(ms >= 3, "3 ms of work took " + std::to_string(ms) + " ms");
  // NOLINTNEXTLINE(readability-suspicious-call-argument): in reverse order on purpose
  t.succeeds(cudaEventElapsedTime(&ms, end, start));
  t.holds(ms <= -3, "backwards they took " + std::to_string(ms) + " ms");
  t.succeeds(cudaStreamSynchronize(stream));
  t.returns(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, untimed));
  t.returns(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, untimed, end));
  t.returns(cudaErrorInvalidValue, cudaEventElapsedTime(nullptr, start, end));
  t.succeeds(cudaSetDevice(peer));
  const cudaEvent_t foreign = f.event(cudaEventDefault);
  t.succeeds(cudaEventRecord(foreign));
  t.succeeds(cudaDeviceSynchronize());
  t.returns(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, foreign));
  t.returns(cudaErrorInvalidResourceHandle, cudaEventRecord(foreign, stream));
  for (const cudaEvent_t event : {start, end, untimed, foreign}) t.succeeds(cudaEventDestroy(event));
  t.returns(cudaErrorInvalidResourceHandle, cudaEventDestroy(end));
  t.returns(cudaErrorInvalidResourceHandle, cudaEventElapsedTime(&ms, start, end));
  t.succeeds(cudaStreamDestroy(stream));
}

}  // namespace rsqrt_native::test::device
