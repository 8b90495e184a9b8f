// Tests that the simulated CUDA runtime (native/test/simulated_cuda) does what CUDA does and refuses
// what CUDA refuses. The tests of the backend depend on that.

#include <cstdlib>
#include <string>

#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test {

using namespace device;

bool test_device(const Options&) {
  // Nothing starts by itself, so late work is certain to be late.
  setenv("RSQRT_SIMULATED_DELAY", "60000000", 1);
  setenv("RSQRT_SIMULATED_DEVICES", std::to_string(failing_first + failing).c_str(), 1);
  setenv("RSQRT_SIMULATED_MEMORY", std::to_string(device_bytes).c_str(), 1);
  Report report("device");
  test_events(report);
  test_pools(report);
  test_wrong_pools(report);
  test_peers(report);
  test_memory(report);
  test_freed_pinned(report);
  test_graphs(report);
  test_refused_in_captures(report);
  test_graph_of_freed_memory(report);
  test_injected_failures(report);
  test_threads(report);
  test_processes(report);
  return report.finish();
}

bool test_bare_device(const Options&) {
  Report report("device-bare");
  {
    Fixture f(report, "no pools, peers or kernels; things left behind", peer);
    Topic& t = f.topic;
    int value = -1;
    t.succeeds(cudaDeviceGetAttribute(&value, cudaDevAttrMemoryPoolsSupported, peer));
    t.equals(0, value);
    t.succeeds(cudaDeviceCanAccessPeer(&value, peer, healthy));
    t.equals(0, value);
    t.returns(cudaErrorPeerAccessUnsupported, cudaDeviceEnablePeerAccess(healthy, 0));
    t.returns(cudaErrorNoKernelImageForDevice, find_add());
    const cudaStream_t stream = f.stream();
    void* none = nullptr;
    cudaMemPool_t pool = nullptr;
    const cudaMemPoolProps properties = Fixture::pool_on(peer);
    t.returns(cudaErrorNotSupported, cudaMallocAsync(&none, 8, stream));
    t.returns(cudaErrorNotSupported, cudaMallocFromPoolAsync(&none, 8, pool, stream));
    t.returns(cudaErrorNotSupported, cudaFreeAsync(none, stream));
    t.returns(cudaErrorNotSupported, cudaMemPoolCreate(&pool, &properties));
    t.returns(cudaErrorNotSupported, cudaDeviceGetDefaultMemPool(&pool, peer));
    static_cast<void>(f.allocate<std::byte>(100));
    static_cast<void>(f.allocate<std::byte>(1000));
    static_cast<void>(f.pinned<std::byte>(10));
    static_cast<void>(f.event());
    cudaGraph_t graph = nullptr;
    t.succeeds(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
    t.succeeds(cudaStreamEndCapture(stream, &graph));
    cudaGraphExec_t exec = nullptr;
    t.succeeds(cudaGraphInstantiate(&exec, graph));
  }
  return report.finish();
}

bool test_overrun(const Options&) {
  Report report("device-overrun");
  {
    Fixture f(report, "a kernel that writes beyond its allocation");
    Topic& t = f.topic;
    int* const p = f.allocate<int>(3);
    t.succeeds(launch_add(p, 4, 1, nullptr));
    t.returns(cudaErrorIllegalAddress, cudaDeviceSynchronize());
  }
  return report.finish();
}

}  // namespace rsqrt_native::test
