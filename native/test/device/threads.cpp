#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {

// Several host threads, each with a stream, an exec and a pool, on two devices.
void test_threads(Report& report) {
  Topic t(report, "threads");
  constexpr int count = 4;
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < count; ++thread) {
    threads.emplace_back([thread, &wrong] {
      const int device = thread % 2 == 0 ? healthy : peer;
      int errors = 0;
      const auto ok = [&errors](cudaError_t error) { errors += error != cudaSuccess ? 1 : 0; };
      ok(cudaSetDevice(device));
      cudaStream_t stream = nullptr;
      ok(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
      cudaEvent_t event = nullptr;
      ok(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
      const cudaMemPoolProps properties = Fixture::pool_on(device);
      cudaMemPool_t pool = nullptr;
      ok(cudaMemPoolCreate(&pool, &properties));
      int *p = nullptr, *host = nullptr;
      ok(cudaMallocFromPoolAsync(reinterpret_cast<void**>(&p), 4000, pool, stream));
      ok(cudaMallocHost(&host, 4000));
      ok(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
      ok(launch_add(p, 1000, 1, stream));
      cudaGraph_t graph = nullptr;
      ok(cudaStreamEndCapture(stream, &graph));
      cudaGraphExec_t exec = nullptr;
      ok(cudaGraphInstantiate(&exec, graph));
      for (int i = 0; i < 20; ++i) {
        std::memset(host, 0, 4000);
        ok(cudaMemcpyAsync(p, host, 4000, cudaMemcpyHostToDevice, stream));
        for (int k = 0; k < 3; ++k) ok(cudaGraphLaunch(exec, stream));
        ok(launch_add(p, 1000, thread, stream));
        void* temporary = nullptr;
        ok(cudaMallocFromPoolAsync(&temporary, 5000, pool, stream));
        ok(cudaMemsetAsync(temporary, 1, 5000, stream));
        ok(cudaMemcpyAsync(host, p, 4000, cudaMemcpyDeviceToHost, stream));
        ok(cudaFreeAsync(temporary, stream));
        ok(cudaEventRecord(event, stream));
        ok(cudaEventSynchronize(event));
        errors += host[0] != 3 + thread || host[999] != 3 + thread ? 1 : 0;
      }
      ok(cudaFreeAsync(p, stream));
      ok(cudaFreeHost(host));
      ok(cudaGraphExecDestroy(exec));
      ok(cudaGraphDestroy(graph));
      ok(cudaMemPoolDestroy(pool));
      ok(cudaEventDestroy(event));
      ok(cudaStreamSynchronize(stream));
      ok(cudaStreamDestroy(stream));
      wrong += errors;
    });
  }
  for (std::thread& each : threads) each.join();
  t.equals(0, wrong.load());
}

}  // namespace rsqrt_native::test::device
