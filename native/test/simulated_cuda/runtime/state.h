// The state that all calls share, and what every call does before and after its own work.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda_runtime.h"
#include "runtime/capture.h"
#include "runtime/failures.h"
#include "runtime/memory.h"
#include "runtime/stream.h"

namespace rsqrt_simulated {

// The environment variables described in cuda_runtime.h.
struct Settings {
  int devices;
  int driver_version;
  std::size_t memory;
  std::chrono::microseconds delay;
  bool pools;
  bool peers;
  bool image;
  std::string report;
};

struct Device {
  Device(int index, std::size_t capacity)
      : memory(capacity), default_pool(std::make_shared<Pool>(Pool{.device = index, .limit = capacity})) {}

  DeviceMemory memory;
  const std::shared_ptr<Pool> default_pool;
  cudaError_t error = cudaSuccess;  // permanent: once set, every call on this device returns it
  std::vector<std::shared_ptr<Stream>> streams;
  std::shared_ptr<Stream> default_stream;
};

// The moment when the stream reaches a recorded event. Shared with the task that sets it.
using Moment = std::shared_ptr<std::chrono::steady_clock::time_point>;

struct Event {
  int device;
  bool timing;
  Mark last;
  Moment moment;                     // nullptr if never recorded
  std::shared_ptr<Capture> capture;  // that it was last recorded in
};

// One mutex guards everything except the bytes of device memory. Calls are short, and tasks run
// without it.
struct State {
  State();

  Device& device(int index) { return devices[static_cast<std::size_t>(index)]; }
  bool can_access(int index, int peer) const { return settings.peers && index != peer; }
  bool has_device(int index) const { return index >= 0 && index < settings.devices; }
  // If this is not cudaSuccess, every call on that device returns it.
  cudaError_t health(int index) { return unloading ? cudaErrorCudartUnloading : device(index).error; }
  // Makes the device fail permanently, unless it has failed before.
  void fail_device(int index, const Outcome& outcome);
  // What an injected failure does in addition to being returned.
  void inject(cudaError_t error);

  std::mutex mutex;
  std::condition_variable progress;  // a task has ended
  const Settings settings;
  const cudaError_t unavailable;  // what every call returns, if not cudaSuccess
  std::deque<Device> devices;     // never grows; a deque because a Device cannot move
  std::map<cudaStream_t, std::shared_ptr<Stream>> streams;
  std::map<cudaEvent_t, Event> events;
  std::map<const std::byte*, HostBlock> host_blocks;
  std::map<cudaMemPool_t, std::shared_ptr<Pool>> pools;  // except the default ones
  std::map<cudaGraph_t, Graph> graphs;
  std::map<cudaGraphExec_t, GraphExec> execs;
  std::vector<std::shared_ptr<Capture>> captures;  // those that have not ended
  std::set<std::pair<int, int>> peers;             // (device, peer) whose access is enabled
  Failures failures;
  std::uint64_t next_id = 1;
  int running = 0;         // tasks
  bool unloading = false;  // the process exits
};

// Never destroyed, because stream threads and destructors of other static objects may use it until
// the process ends.
State& state();

// Per host thread, as in CUDA.
extern constinit thread_local int current_device;
extern constinit thread_local cudaError_t last_error;

inline cudaError_t remembered(cudaError_t error) noexcept {
  if (error != cudaSuccess) last_error = error;
  return error;
}

// nullptr if no stream has this handle. Stream 0 is made at its first use.
std::shared_ptr<Stream> find_stream(State& shared, cudaStream_t handle);

// Runs `body` with the lock held. Turns exceptions into errors.
template <class Body>
cudaError_t guarded(const Body& body) noexcept {
  const Exempt exempt;
  try {
    State& shared = state();
    Lock lock(shared.mutex);
    return body(shared, lock);
  } catch (const std::bad_alloc&) {
    return remembered(cudaErrorMemoryAllocation);
  } catch (...) {
    return remembered(cudaErrorUnknown);
  }
}

// Runs the body of an API function that needs no device. `function` is its name.
template <class Body>
cudaError_t call_without_device(const Body& body, const char* function = __builtin_FUNCTION()) noexcept {
  return guarded([&](State& shared, Lock& lock) {
    const cudaError_t injected = shared.failures.next(function);
    if (injected == cudaSuccess) return remembered(body(shared, lock));
    shared.inject(injected);
    return remembered(injected);
  });
}

template <class Body>
cudaError_t with_devices(State& shared, Lock& lock, const Body& body) {
  if (shared.unavailable != cudaSuccess) return shared.unavailable;
  if (shared.unloading) return cudaErrorCudartUnloading;
  return body(shared, lock);
}

// The same for a function that needs a device, as nearly all do.
template <class Body>
cudaError_t call(const Body& body, const char* function = __builtin_FUNCTION()) noexcept {
  return call_without_device([&](State& shared, Lock& lock) { return with_devices(shared, lock, body); },
                             function);
}

// The same for a function that releases something, which it does even if a failure is injected.
template <class Body>
cudaError_t call_releasing(const Body& body, const char* function = __builtin_FUNCTION()) noexcept {
  return guarded([&](State& shared, Lock& lock) {
    const cudaError_t injected = shared.failures.next(function);
    const cudaError_t error = with_devices(shared, lock, body);
    if (injected == cudaSuccess) return remembered(error);
    shared.inject(injected);
    return remembered(injected);
  });
}

// Calls `body` with the stream, unless its device has failed or its capture forbids that.
template <class Body>
cudaError_t on_stream(State& shared, Lock& lock, cudaStream_t handle, InCapture in_capture,
                      const Body& body) {
  const std::shared_ptr<Stream> stream = find_stream(shared, handle);
  if (stream == nullptr) return cudaErrorInvalidResourceHandle;
  if (const cudaError_t error = shared.health(stream->device)) return error;
  const cudaError_t error = check_capture(*stream, in_capture);
  return error != cudaSuccess ? error : body(shared, lock, stream);
}

// Runs the body of an API function on a stream that must not capture.
template <class Body>
cudaError_t call_on_stream(cudaStream_t handle, const Body& body,
                           const char* function = __builtin_FUNCTION()) noexcept {
  return call(
      [&](State& shared, Lock& lock) { return on_stream(shared, lock, handle, InCapture::refused, body); },
      function);
}

// The same for a call that a capture records.
template <class Body>
cudaError_t call_recorded(cudaStream_t handle, const Body& body,
                          const char* function = __builtin_FUNCTION()) noexcept {
  return call(
      [&](State& shared, Lock& lock) { return on_stream(shared, lock, handle, InCapture::recorded, body); },
      function);
}

// What a synchronisation with a device does in addition to waiting: pools return the memory that
// exceeds their thresholds.
void give_back_unused(State& shared, int device);

// Synchronises with a mark in a stream of the device. Returns the device's health.
cudaError_t synchronize(State& shared, Lock& lock, const Mark& mark, int device);

// Makes the stream wait for the mark.
void enqueue_wait(State& shared, Stream& stream, const Mark& mark);

// Waits for all that has been queued on the device, and returns its health.
cudaError_t drain(State& shared, Lock& lock, int device);

// Handles are numbers that are never reused, so a stale handle is an error and not another object.
template <class Handle>
Handle new_handle(State& shared) {
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(0x10000 + 16 * shared.next_id++));
}

}  // namespace rsqrt_simulated
