// What the tests of the simulated CUDA runtime share.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "test/test.h"

namespace rsqrt_native::test::device {

inline constexpr std::size_t mebi = std::size_t{1} << 20;
inline constexpr std::size_t device_bytes = 16 * mebi;
// Every test that makes a device fail permanently has a device of its own. Device 0 and its peer 1
// keep working.
enum : int { healthy, peer, failing_first };
inline constexpr int failing = 3;

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
  Fixture(Report& report, const char* name, int device = healthy) : topic(report, name) {
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

inline constexpr std::uint64_t everything = std::numeric_limits<std::uint64_t>::max();

// Queues a kernel that adds `value` to n ints.
cudaError_t launch_add(int* p, int n, int value, cudaStream_t stream);

// Queues a kernel that sleeps.
cudaError_t launch_sleep(int milliseconds, cudaStream_t stream);

// Fails if this device has no code for the kernel that launch_add queues.
cudaError_t find_add();

}  // namespace rsqrt_native::test::device
