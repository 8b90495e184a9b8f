// Tests that the simulated CUDA runtime (native/cuda/simulated) does what CUDA does and refuses
// what CUDA refuses. The tests of the backend depend on that.

#include <cuda_runtime.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "test/test.h"

namespace rsqrt_native::test {
namespace {

constexpr std::size_t mebi = std::size_t{1} << 20;
constexpr std::size_t device_bytes = 16 * mebi;
// Every test that makes a device fail permanently has a device of its own. Device 0 and its peer 1
// keep working.
enum : int { whole, peer, failing_first };
constexpr int failing = 3;

// Runs the checks of one target. Each check counts as an input.
class Topic {
 public:
  Topic(Report& report, std::string name) : report_(report), name_(std::move(name)) {}
  ~Topic() { report_.checked(name_, checks_, wrong_); }
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  void holds(bool right, const std::string& what, int line = __builtin_LINE()) {
    ++checks_;
    if (right) return;
    ++wrong_;
    report_.explain(name_, "line " + std::to_string(line) + ": " + what);
  }
  void returns(cudaError_t want, cudaError_t got, int line = __builtin_LINE()) {
    holds(got == want, std::string(cudaGetErrorName(got)) + " instead of " + cudaGetErrorName(want), line);
    static_cast<void>(cudaGetLastError());
  }
  void succeeds(cudaError_t got, int line = __builtin_LINE()) { returns(cudaSuccess, got, line); }
  template <class T>
  void equals(const T& want, const T& got, int line = __builtin_LINE()) {
    holds(want == got, std::to_string(got) + " instead of " + std::to_string(want), line);
  }

 private:
  Report& report_;
  std::string name_;
  std::int64_t checks_ = 0;
  std::int64_t wrong_ = 0;
};

// A topic, a current device, and what the test creates there.
struct Fixture {
  Fixture(Report& report, const char* name, int device = whole) : topic(report, name) {
    topic.succeeds(cudaSetDevice(device));
  }

  cudaStream_t stream() {
    cudaStream_t created = nullptr;
    topic.succeeds(cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking));
    return created;
  }
  cudaEvent_t event(unsigned flags = cudaEventDisableTiming) {
    cudaEvent_t created = nullptr;
    topic.succeeds(cudaEventCreateWithFlags(&created, flags));
    return created;
  }
  cudaMemPool_t pool(int device, std::size_t limit = 0) {
    cudaMemPoolProps properties = pool_on(device);
    properties.maxSize = limit;
    cudaMemPool_t created = nullptr;
    topic.succeeds(cudaMemPoolCreate(&created, &properties));
    return created;
  }
  std::byte* from_pool(cudaMemPool_t pool, std::size_t size, cudaStream_t stream) {
    std::byte* pointer = nullptr;
    topic.succeeds(cudaMallocFromPoolAsync(&pointer, size, pool, stream));
    return pointer;
  }
  template <class T>
  T* allocate(std::size_t count) {
    T* pointer = nullptr;
    topic.succeeds(cudaMalloc(&pointer, count * sizeof(T)));
    return pointer;
  }
  template <class T>
  T* pinned(std::size_t count) {
    T* pointer = nullptr;
    topic.succeeds(cudaMallocHost(&pointer, count * sizeof(T)));
    return pointer;
  }
  std::uint64_t attribute(cudaMemPool_t pool, cudaMemPoolAttr attribute) {
    std::uint64_t value = ~std::uint64_t{0};
    topic.succeeds(cudaMemPoolGetAttribute(pool, attribute, &value));
    return value;
  }
  void set(cudaMemPool_t pool, cudaMemPoolAttr attribute, std::uint64_t value) {
    topic.succeeds(cudaMemPoolSetAttribute(pool, attribute, &value));
  }
  std::size_t free_bytes() {
    std::size_t available = 0, total = 0;
    topic.succeeds(cudaMemGetInfo(&available, &total));
    return available;
  }

  static cudaMemPoolProps pool_on(int device) {
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.handleTypes = cudaMemHandleTypeNone;
    properties.location = {cudaMemLocationTypeDevice, device};
    return properties;
  }

  Topic topic;
};

constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();

// The kernels.
void add_to(int* p, int n, int value) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) p[i] += value;
}

void sleep_for(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

cudaError_t launch_add(int* p, int n, int value, cudaStream_t stream) {
  void* args[] = {&p, &n, &value};
  return cudaLaunchKernel(add_to, dim3(static_cast<unsigned>(n + 63) / 64), dim3(64), args, 0, stream);
}

cudaError_t launch_sleep(int milliseconds, cudaStream_t stream) {
  void* args[] = {&milliseconds};
  return cudaLaunchKernel(sleep_for, dim3(1), dim3(1), args, 0, stream);
}

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

void test_pools(Report& report) {
  Fixture f(report, "pools");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  const cudaMemPool_t keeping = f.pool(whole), other = f.pool(whole);
  f.set(keeping, cudaMemPoolAttrReleaseThreshold, everything);
  t.equals(everything, f.attribute(keeping, cudaMemPoolAttrReleaseThreshold));

  std::byte* p = f.from_pool(keeping, 12 * mebi, stream);
  t.equals(4 * mebi, f.free_bytes());
  t.succeeds(cudaFreeAsync(p, stream));
  t.returns(cudaErrorInvalidValue, cudaFreeAsync(p, stream));
  p = f.from_pool(keeping, 10 * mebi, stream);  // waits for the release above
  t.equals(std::uint64_t{10 * mebi}, f.attribute(keeping, cudaMemPoolAttrUsedMemCurrent));
  t.equals(std::uint64_t{12 * mebi}, f.attribute(keeping, cudaMemPoolAttrUsedMemHigh));
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(std::uint64_t{0}, f.attribute(keeping, cudaMemPoolAttrUsedMemCurrent));
  t.equals(std::uint64_t{12 * mebi}, f.attribute(keeping, cudaMemPoolAttrReservedMemCurrent));

  // Nobody else gets the memory that a pool has reserved.
  void* none = nullptr;
  t.returns(cudaErrorMemoryAllocation, cudaMallocFromPoolAsync(&none, 8 * mebi, other, stream));
  t.returns(cudaErrorMemoryAllocation, cudaMallocAsync(&none, 8 * mebi, stream));
  t.returns(cudaErrorMemoryAllocation, cudaMalloc(&none, 8 * mebi));
  t.succeeds(cudaMemPoolTrimTo(keeping, 6 * mebi));
  t.equals(10 * mebi, f.free_bytes());
  t.equals(std::uint64_t{12 * mebi}, f.attribute(keeping, cudaMemPoolAttrReservedMemHigh));
  f.set(keeping, cudaMemPoolAttrReservedMemHigh, 0);
  f.set(keeping, cudaMemPoolAttrUsedMemHigh, 0);
  t.equals(std::uint64_t{6 * mebi}, f.attribute(keeping, cudaMemPoolAttrReservedMemHigh));
  t.equals(std::uint64_t{0}, f.attribute(keeping, cudaMemPoolAttrUsedMemHigh));
  t.succeeds(cudaMemPoolTrimTo(keeping, 8 * mebi));  // has less
  t.equals(10 * mebi, f.free_bytes());

  // Without a threshold it is kept until a synchronisation of any kind.
  p = f.from_pool(other, 8 * mebi, stream);
  t.succeeds(cudaFree(p));
  t.equals(2 * mebi, f.free_bytes());
  t.succeeds(cudaDeviceSynchronize());
  t.equals(10 * mebi, f.free_bytes());
  const cudaEvent_t event = f.event();
  p = f.from_pool(other, 8 * mebi, stream);
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaEventRecord(event, stream));
  t.succeeds(cudaEventSynchronize(event));
  t.equals(10 * mebi, f.free_bytes());
  f.set(other, cudaMemPoolAttrReleaseThreshold, 3 * mebi);
  p = f.from_pool(other, 8 * mebi, stream);
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(std::uint64_t{3 * mebi}, f.attribute(other, cudaMemPoolAttrReservedMemCurrent));

  // The pool is destroyed while an allocation lives; its memory is returned with that allocation.
  p = f.from_pool(other, 5 * mebi, stream);
  t.succeeds(cudaMemPoolDestroy(other));
  t.returns(cudaErrorInvalidValue, cudaMemPoolTrimTo(other, 0));
  t.returns(cudaErrorInvalidValue, cudaMemPoolDestroy(other));
  t.returns(cudaErrorInvalidValue, cudaMallocFromPoolAsync(&none, 1, other, stream));
  t.equals(5 * mebi, f.free_bytes());
  t.succeeds(cudaMemsetAsync(p, 0, 5 * mebi, stream));
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(10 * mebi, f.free_bytes());
  t.succeeds(cudaMemPoolDestroy(keeping));
  t.equals(device_bytes, f.free_bytes());
  t.succeeds(cudaEventDestroy(event));
  t.succeeds(cudaStreamDestroy(stream));
}

void test_wrong_pools(Report& report) {
  Fixture f(report, "wrong use of pools");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  cudaMemPool_t pool = nullptr;
  const auto refused = [&](cudaError_t error, auto change) {
    cudaMemPoolProps properties = Fixture::pool_on(whole);
    change(properties);
    t.returns(error, cudaMemPoolCreate(&pool, &properties));
  };
  refused(cudaErrorInvalidValue, [](auto& p) { p.allocType = cudaMemAllocationTypeInvalid; });
  refused(cudaErrorInvalidValue, [](auto& p) { p.location.type = cudaMemLocationTypeInvalid; });
  refused(cudaErrorInvalidDevice, [](auto& p) { p.location.id = 99; });
  refused(cudaErrorInvalidValue, [](auto& p) { p.reserved[53] = 1; });
  refused(cudaErrorNotSupported, [](auto& p) { p.handleTypes = cudaMemHandleTypePosixFileDescriptor; });
  t.returns(cudaErrorInvalidValue, cudaMemPoolCreate(&pool, nullptr));

  pool = f.pool(whole, 2 * mebi);
  void* none = nullptr;
  t.returns(cudaErrorMemoryAllocation, cudaMallocFromPoolAsync(&none, 3 * mebi, pool, stream));
  t.returns(cudaErrorInvalidValue, cudaMallocFromPoolAsync(&none, 0, pool, stream));
  t.returns(cudaErrorInvalidValue, cudaMallocFromPoolAsync(&none, 1, nullptr, stream));
  std::uint64_t one = 1;
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &one));
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &one));
  cudaMemAccessDesc access = {{cudaMemLocationTypeDevice, peer}, cudaMemAccessFlagsProtReadWrite};
  t.succeeds(cudaMemPoolSetAccess(pool, &access, 1));
  access.flags = cudaMemAccessFlagsProtRead;
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAccess(pool, &access, 1));
  access = {{cudaMemLocationTypeDevice, whole}, cudaMemAccessFlagsProtNone};
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAccess(pool, &access, 1));
  cudaMemPool_t standard = nullptr;
  t.succeeds(cudaDeviceGetDefaultMemPool(&standard, whole));
  t.returns(cudaErrorInvalidValue, cudaMemPoolDestroy(standard));
  auto* outside = f.allocate<std::byte>(100);
  t.returns(cudaErrorInvalidValue, cudaFreeAsync(outside, stream));
  t.succeeds(cudaFree(outside));

  // A pool on another device than the stream's.
  t.succeeds(cudaMemPoolDestroy(pool));
  pool = f.pool(peer);
  std::byte* p = f.from_pool(pool, 100, stream);
  cudaPointerAttributes attributes;
  t.succeeds(cudaPointerGetAttributes(&attributes, p));
  t.equals(int{peer}, attributes.device);
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.succeeds(cudaMemPoolDestroy(pool));
  t.succeeds(cudaStreamDestroy(stream));
}

void test_peers(Report& report) {
  Fixture f(report, "peers");
  Topic& t = f.topic;
  int can = -1;
  t.succeeds(cudaDeviceCanAccessPeer(&can, whole, peer));
  t.equals(1, can);
  t.succeeds(cudaDeviceCanAccessPeer(&can, whole, whole));
  t.equals(0, can);
  t.returns(cudaErrorInvalidDevice, cudaDeviceCanAccessPeer(&can, whole, 99));
  t.returns(cudaErrorInvalidValue, cudaDeviceEnablePeerAccess(peer, 1));
  t.returns(cudaErrorInvalidDevice, cudaDeviceEnablePeerAccess(whole, 0));
  t.succeeds(cudaDeviceEnablePeerAccess(peer, 0));
  t.returns(cudaErrorPeerAccessAlreadyEnabled, cudaDeviceEnablePeerAccess(peer, 0));
  t.succeeds(cudaSetDevice(peer));
  t.succeeds(cudaDeviceEnablePeerAccess(whole, 0));  // the other direction is enabled separately
}

// Whether the memory can be read. The kernel of the operating system reads it for us, which raises
// no signal, and sanitizers do not notice.
bool is_open(const void* p) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const bool open = syscall(SYS_write, ends[1], p, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return open;
}

void test_memory(Report& report) {
  Fixture f(report, "memory");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  int* const device = f.allocate<int>(1001);
  int* const host = f.pinned<int>(1001);
  int local[3] = {};
  cudaPointerAttributes attributes;
  t.succeeds(cudaPointerGetAttributes(&attributes, device + 1000));
  t.holds(attributes.type == cudaMemoryTypeDevice && attributes.device == whole, "device memory is not");
  t.succeeds(cudaPointerGetAttributes(&attributes, host + 1000));
  t.holds(attributes.type == cudaMemoryTypeHost && attributes.hostPointer == host + 1000,
          "pinned memory is not");
  t.succeeds(cudaPointerGetAttributes(&attributes, local));
  t.holds(attributes.type == cudaMemoryTypeUnregistered, "the stack is known");
  t.succeeds(cudaPointerGetAttributes(&attributes, device + 1001));
  t.holds(attributes.type == cudaMemoryTypeUnregistered, "what follows an allocation is known");

  for (int i = 0; i < 1001; ++i) host[i] = i;
  t.succeeds(cudaMemcpyAsync(device, host, 4004, cudaMemcpyHostToDevice, stream));
  t.succeeds(launch_add(device, 1001, 5, stream));
  t.succeeds(cudaMemcpyAsync(local, device + 998, 12, cudaMemcpyDeviceToHost, stream));
  t.equals(0, local[2]);  // late, also to pageable memory
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(1005, local[2]);
  t.holds(!is_open(device), "the host can read an idle device's memory");
  t.returns(cudaErrorInvalidValue, cudaMemcpyAsync(device, host, 4005, cudaMemcpyHostToDevice, stream));
  t.succeeds(cudaFree(device));
  t.returns(cudaErrorInvalidValue, cudaFree(device));
  t.succeeds(cudaFreeHost(host));
  t.returns(cudaErrorInvalidValue, cudaFreeHost(host));
  t.succeeds(cudaStreamDestroy(stream));
}

void test_freed_pinned(Report& report) {
  Fixture f(report, "pinned memory freed too early", failing_first);
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  int* const device = f.allocate<int>(10);
  int* const host = f.pinned<int>(10);
  t.succeeds(cudaMemcpyAsync(device, host, 40, cudaMemcpyHostToDevice, stream));
  t.succeeds(cudaFreeHost(host));  // does not wait
  t.returns(cudaErrorIllegalAddress, cudaStreamSynchronize(stream));
  t.returns(cudaErrorIllegalAddress, cudaSetDevice(failing_first));
  t.returns(cudaErrorIllegalAddress, cudaStreamDestroy(stream));
}

void test_graphs(Report& report) {
  Fixture f(report, "graphs");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream(), second = f.stream();
  const cudaEvent_t event = f.event();
  int* const p = f.allocate<int>(200);
  int* const q = f.allocate<int>(200);
  int* const host = f.pinned<int>(200);
  t.succeeds(cudaMemsetAsync(p, 1, 800, stream));
  t.succeeds(cudaStreamSynchronize(stream));

  cudaStreamCaptureStatus status = cudaStreamCaptureStatusInvalidated;
  t.succeeds(cudaStreamIsCapturing(stream, &status));
  t.equals<int>(cudaStreamCaptureStatusNone, status);
  t.succeeds(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  t.succeeds(cudaStreamIsCapturing(stream, &status));
  t.equals<int>(cudaStreamCaptureStatusActive, status);
  t.returns(cudaErrorIllegalState, cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  t.succeeds(cudaMemsetAsync(p, 0, 800, stream));
  t.succeeds(launch_add(p, 200, 7, stream));
  t.succeeds(cudaEventRecord(event, stream));
  t.succeeds(cudaStreamWaitEvent(stream, event));
  t.succeeds(cudaMemcpyAsync(q, p, 800, cudaMemcpyDeviceToDevice, stream));
  t.succeeds(launch_add(q, 200, 1, stream));
  t.succeeds(cudaMemcpyAsync(host, q, 800, cudaMemcpyDeviceToHost, stream));
  cudaGraph_t graph = nullptr;
  t.succeeds(cudaStreamEndCapture(stream, &graph));
  cudaGraph_t none = nullptr;
  t.returns(cudaErrorIllegalState, cudaStreamEndCapture(stream, &none));
  t.returns(cudaErrorCapturedEvent, cudaEventQuery(event));
  t.returns(cudaErrorCapturedEvent, cudaStreamWaitEvent(second, event));

  std::size_t nodes = 0;
  t.succeeds(cudaGraphGetNodes(graph, nullptr, &nodes));
  t.equals(std::size_t{5}, nodes);
  cudaGraphNode_t handles[7];
  nodes = 7;
  t.succeeds(cudaGraphGetNodes(graph, handles, &nodes));
  t.equals(std::size_t{5}, nodes);
  t.holds(handles[4] != nullptr && handles[5] == nullptr, "5 nodes have not 5 handles");
  cudaGraphExec_t exec = nullptr;
  t.returns(cudaErrorInvalidValue, cudaGraphInstantiate(&exec, nullptr));
  t.succeeds(cudaGraphInstantiate(&exec, graph, 0));
  t.succeeds(cudaGraphDestroy(graph));
  t.returns(cudaErrorInvalidValue, cudaGraphDestroy(graph));
  t.returns(cudaErrorInvalidValue, cudaGraphInstantiate(&exec, graph, 0));

  // Nothing has run, so p is unchanged. Launches are as late as other work, and the launches of one
  // exec do not overlap.
  host[199] = -1;
  t.succeeds(cudaMemcpyAsync(host, p, 800, cudaMemcpyDeviceToHost, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(0x01010101, host[199]);
  t.succeeds(cudaGraphLaunch(exec, stream));
  t.succeeds(cudaGraphLaunch(exec, second));
  t.equals(0x01010101, host[199]);
  t.succeeds(cudaGraphExecDestroy(exec));  // queued work still runs
  t.returns(cudaErrorInvalidValue, cudaGraphLaunch(exec, stream));
  t.returns(cudaErrorInvalidValue, cudaGraphExecDestroy(exec));
  t.succeeds(cudaStreamSynchronize(second));
  t.succeeds(cudaStreamQuery(stream));  // the second launch waited for the first
  t.equals(8, host[199]);

  t.succeeds(cudaFree(p));
  t.succeeds(cudaFree(q));
  t.succeeds(cudaFreeHost(host));
  t.succeeds(cudaEventDestroy(event));
  t.succeeds(cudaStreamDestroy(stream));
  t.succeeds(cudaStreamDestroy(second));
}

// Each call that a capture refuses, in a separate capture, which it ends.
void test_refused_in_captures(Report& report) {
  Fixture f(report, "what captures refuse");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream(), second = f.stream();
  const cudaEvent_t uncaptured = f.event(), event = f.event(), never = f.event();
  auto* const p = f.allocate<std::byte>(100);
  cudaMemPool_t pool = nullptr;
  t.succeeds(cudaDeviceGetDefaultMemPool(&pool, whole));
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

void test_graph_of_freed_memory(Report& report) {
  Fixture f(report, "graph of freed memory", failing_first + 1);
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  auto* const p = f.allocate<std::byte>(100);
  t.succeeds(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  t.succeeds(cudaMemsetAsync(p, 0, 100, stream));
  cudaGraph_t graph = nullptr;
  t.succeeds(cudaStreamEndCapture(stream, &graph));
  cudaGraphExec_t exec = nullptr;
  t.succeeds(cudaGraphInstantiate(&exec, graph));
  t.succeeds(cudaGraphLaunch(exec, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.succeeds(cudaFree(p));
  t.succeeds(cudaGraphLaunch(exec, stream));
  t.returns(cudaErrorIllegalAddress, cudaStreamSynchronize(stream));
  t.succeeds(cudaGraphExecDestroy(exec));
  t.succeeds(cudaGraphDestroy(graph));
  t.returns(cudaErrorIllegalAddress, cudaStreamDestroy(stream));
}

// A file that is empty at first and removed at the end.
class TemporaryFile {
 public:
  TemporaryFile() {
    const int file = mkstemp(path_.data());
    if (file < 0) std::abort();
    close(file);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_ = (std::getenv("TMPDIR") == nullptr ? std::string("/tmp") : std::getenv("TMPDIR")) +
                      "/native-test-XXXXXX";
};

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

// Several host threads, each with a stream, an exec and a pool, on two devices.
void test_threads(Report& report) {
  Topic t(report, "threads");
  constexpr int count = 4;
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::atomic<int> wrong = 0;
  for (int thread = 0; thread < count; ++thread) {
    threads.emplace_back([thread, &wrong] {
      const int device = thread % 2 == 0 ? whole : peer;
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

// Runs a part with other settings of the simulated device.
int run_part(const char* part, const std::vector<std::string>& environment) {
  std::vector<std::string> variables = environment;
  for (char** each = environ; *each != nullptr; ++each) {
    if (std::strncmp(*each, "RSQRT_SIMULATED_", 16) != 0) variables.emplace_back(*each);
  }
  return run_process({part}, variables);
}

void test_processes(Report& report) {
  Topic t(report, "processes of their own");
  const TemporaryFile left;
  const std::string to_file = "RSQRT_SIMULATED_REPORT=" + left.path();
  t.equals(0, run_part("device-bare", {"RSQRT_SIMULATED_POOLS=0", "RSQRT_SIMULATED_PEER=0",
                                       "RSQRT_SIMULATED_IMAGE=none", to_file}));
  const std::string said = left.text();
  t.holds(
      said ==
          "rsqrt simulated: left behind: 2 allocations (1100 bytes), 0 reserved bytes, 0 pools, "
          "1 pinned blocks, 1 streams, 1 events, 1 graphs, 1 execs; device 1: 2 allocations (1100 bytes)\n",
      "the report is " + said);
#if defined(__SANITIZE_ADDRESS__)
  t.holds(run_part("device-overrun", {}) != 0, "AddressSanitizer let a kernel write beyond its allocation");
#else
  t.equals(0, run_part("device-overrun", {}));
#endif
}

}  // namespace

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
    t.succeeds(cudaDeviceCanAccessPeer(&value, peer, whole));
    t.equals(0, value);
    t.returns(cudaErrorPeerAccessUnsupported, cudaDeviceEnablePeerAccess(whole, 0));
    cudaFuncAttributes attributes;
    t.returns(cudaErrorNoKernelImageForDevice, cudaFuncGetAttributes(&attributes, add_to));
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
