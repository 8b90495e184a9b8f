#include <thread>

#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {

// Each call that a capture refuses, in a separate capture, which it ends.
void test_refused_in_captures(Report& report) {
  Fixture f(report, "what captures refuse");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream(), second = f.stream();
  const cudaEvent_t uncaptured = f.event(), event = f.event(), never = f.event();
  auto* const p = f.allocate<std::byte>(100);
  cudaMemPool_t pool = nullptr;
  t.succeeds(cudaDeviceGetDefaultMemPool(&pool, healthy));
  t.succeeds(cudaEventRecord(uncaptured, second));
  void* none = nullptr;
  const auto capture = [&](cudaStreamCaptureMode mode, cudaError_t error, auto call,
                           int line = __builtin_LINE()) {
    t.succeeds(cudaStreamBeginCapture(stream, mode), line);
    t.succeeds(cudaEventRecord(event, stream), line);
    t.returns(error, call(), line);
    const bool refused = error != cudaSuccess;
    if (refused) t.returns(cudaErrorStreamCaptureInvalidated, cudaMemsetAsync(p, 0, 1, stream), line);
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    t.succeeds(cudaStreamIsCapturing(stream, &status), line);
    t.equals<int>(refused ? cudaStreamCaptureStatusInvalidated : cudaStreamCaptureStatusActive, status, line);
    cudaGraph_t graph = nullptr;
    t.returns(refused ? cudaErrorStreamCaptureInvalidated : cudaSuccess, cudaStreamEndCapture(stream, &graph),
              line);
    t.holds((graph == nullptr) == refused, "a graph of a capture that failed, or none of one that did not",
            line);
    if (graph != nullptr) t.succeeds(cudaGraphDestroy(graph), line);
    t.succeeds(cudaStreamSynchronize(stream), line);
  };
  const auto in_another_thread = [](auto call) {
    return [call] {
      cudaError_t error = cudaSuccess;
      std::thread([&] { error = call(); }).join();
      return error;
    };
  };
  constexpr auto global = cudaStreamCaptureModeGlobal, local = cudaStreamCaptureModeThreadLocal,
                 relaxed = cudaStreamCaptureModeRelaxed;
  constexpr auto unsupported = cudaErrorStreamCaptureUnsupported;

  // In every mode.
  for (const auto mode : {global, local, relaxed}) {
    capture(mode, unsupported, [&] { return cudaStreamSynchronize(stream); });
    capture(mode, unsupported, [&] { return cudaStreamQuery(stream); });
    capture(mode, unsupported, [&] { return cudaDeviceSynchronize(); });
    capture(mode, unsupported, [&] { return cudaMallocAsync(&none, 8, stream); });
    capture(mode, unsupported, [&] { return cudaMallocFromPoolAsync(&none, 8, pool, stream); });
    capture(mode, unsupported, [&] { return cudaFreeAsync(p, stream); });
    capture(mode, unsupported, [&] { return cudaStreamDestroy(stream); });
    capture(mode, unsupported, [&] { return cudaGraphLaunch(nullptr, stream); });
    capture(mode, unsupported, [&] { return cudaMemcpyAsync(p, &none, 8, cudaMemcpyDefault, stream); });
    capture(mode, unsupported, [&] { return cudaStreamWaitEvent(second, event); });
    capture(mode, cudaErrorStreamCaptureIsolation, [&] { return cudaStreamWaitEvent(stream, uncaptured); });
    capture(mode, cudaErrorCapturedEvent, [&] { return cudaEventQuery(event); });
    capture(mode, cudaErrorCapturedEvent, [&] { return cudaEventSynchronize(event); });
    capture(mode, cudaSuccess, [&] { return cudaStreamWaitEvent(stream, event); });
    capture(mode, cudaSuccess, [&] { return cudaStreamWaitEvent(stream, never); });
    capture(mode, cudaSuccess, [&] { return cudaEventRecord(uncaptured, second); });
    capture(mode, cudaSuccess, [&] { return cudaMemsetAsync(p, 0, 8, second); });
  }
  // Calls that only some modes forbid; the global mode forbids them to all threads. The call must
  // have had no effect.
  const auto unsafe = [&](auto call, int line = __builtin_LINE()) {
    capture(global, unsupported, call, line);
    capture(local, unsupported, call, line);
    capture(global, unsupported, in_another_thread(call), line);
  };
  unsafe([&] { return cudaMalloc(&none, 8); });
  unsafe([&] { return cudaFree(p); });
  unsafe([&] { return cudaMallocHost(&none, 8); });
  unsafe([&] { return cudaFreeHost(nullptr); });
  unsafe([&] { return cudaMemPoolTrimTo(pool, 0); });
  unsafe([&] { return cudaStreamSynchronize(second); });
  unsafe([&] { return cudaStreamQuery(second); });
  unsafe([&] { return cudaEventSynchronize(uncaptured); });
  unsafe([&] { return cudaEventQuery(uncaptured); });
  const auto allocate_and_free = [] {
    void* fresh = nullptr;
    const cudaError_t error = cudaMalloc(&fresh, 8);
    return error != cudaSuccess ? error : cudaFree(fresh);
  };
  capture(relaxed, cudaSuccess, allocate_and_free);
  capture(local, cudaSuccess, in_another_thread(allocate_and_free));
  const auto allocate_relaxed = [&] {
    cudaStreamCaptureMode mode = relaxed;
    t.succeeds(cudaThreadExchangeStreamCaptureMode(&mode));
    const cudaError_t error = allocate_and_free();
    t.succeeds(cudaThreadExchangeStreamCaptureMode(&mode));
    t.equals<int>(relaxed, mode);
    return error;
  };
  capture(global, cudaSuccess, allocate_relaxed);
  capture(global, cudaSuccess, in_another_thread(allocate_relaxed));
  cudaGraph_t graph = nullptr;
  const auto end = in_another_thread([&] { return cudaStreamEndCapture(stream, &graph); });
  capture(global, cudaSuccess, [&] {
    t.returns(cudaErrorStreamCaptureWrongThread, end());
    return cudaSuccess;
  });
  t.returns(unsupported, cudaStreamBeginCapture(nullptr, global));
  t.succeeds(cudaStreamBeginCapture(stream, relaxed));
  t.succeeds(end());
  t.succeeds(cudaGraphDestroy(graph));

  t.succeeds(cudaFree(p));
  for (const cudaEvent_t each : {uncaptured, event, never}) t.succeeds(cudaEventDestroy(each));
  t.succeeds(cudaStreamDestroy(stream));
  t.succeeds(cudaStreamDestroy(second));
}

}  // namespace rsqrt_native::test::device
