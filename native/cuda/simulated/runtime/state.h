// What all calls share, and the frame around each call.
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
#include <vector>

#include "cuda_runtime.h"
#include "runtime/memory.h"
#include "runtime/stream.h"

namespace rsqrt_simulated {

// The environment variables described in cuda_runtime.h.
struct Settings {
  int devices;
  int driver_version;
  std::size_t memory;
  std::chrono::microseconds delay;
};

struct Device {
  explicit Device(std::size_t capacity) : memory(capacity) {}

  DeviceMemory memory;
  cudaError_t error = cudaSuccess;  // sticky: once set, every call on this device returns it
  std::vector<std::shared_ptr<Stream>> streams;
  std::shared_ptr<Stream> default_stream;
};

struct Event {
  int device;
  Mark last;
};

// One mutex guards everything but the bytes of device memory: the calls are short, and tasks run
// without it.
struct State {
  State();

  Device& device(int index) { return devices[static_cast<std::size_t>(index)]; }
  bool has_device(int index) const { return index >= 0 && index < settings.devices; }
  // What a call on that device returns, whatever it would do.
  cudaError_t health(int index) { return unloading ? cudaErrorCudartUnloading : device(index).error; }

  std::mutex mutex;
  std::condition_variable progress;  // a task has ended
  const Settings settings;
  const cudaError_t unavailable;  // what every call returns, if not cudaSuccess
  std::deque<Device> devices;     // never grows; a deque because a Device cannot move
  std::map<cudaStream_t, std::shared_ptr<Stream>> streams;
  std::map<cudaEvent_t, Event> events;
  std::map<const std::byte*, HostBlock> host_blocks;
  std::uint64_t next_id = 1;
  int running = 0;         // tasks
  bool unloading = false;  // the process exits
};

// Never destroyed: stream threads, and destructors of other static objects, outlive any order we
// chose.
State& state();

// Per host thread, as in CUDA.
extern constinit thread_local int current_device;
extern constinit thread_local cudaError_t last_error;

inline cudaError_t remembered(cudaError_t error) noexcept {
  if (error != cudaSuccess) last_error = error;
  return error;
}

// nullptr if there is none of that name; stream 0 is made at its first use.
std::shared_ptr<Stream> find_stream(State& shared, cudaStream_t handle);

// `body` runs with the lock held, and no exception leaves.
template <class Body>
cudaError_t guarded(const Body& body) noexcept {
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

// The frame of nearly every API function.
template <class Body>
cudaError_t call(const Body& body) noexcept {
  return guarded([&](State& shared, Lock& lock) {
    if (shared.unavailable != cudaSuccess) return remembered(shared.unavailable);
    if (shared.unloading) return remembered(cudaErrorCudartUnloading);
    return remembered(body(shared, lock));
  });
}

// The same for a function that works on a stream, of a device that has not failed.
template <class Body>
cudaError_t call_on_stream(cudaStream_t handle, const Body& body) noexcept {
  return call([&](State& shared, Lock& lock) {
    const std::shared_ptr<Stream> stream = find_stream(shared, handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    const cudaError_t error = shared.health(stream->device);
    return error != cudaSuccess ? error : body(shared, lock, stream);
  });
}

// Waits for all that has been queued on the device, and returns its health.
cudaError_t drain(State& shared, Lock& lock, int device);

// Handles are numbers, never reused, so that a stale one is an error and not another object.
template <class Handle>
Handle new_handle(State& shared) {
  return reinterpret_cast<Handle>(static_cast<std::uintptr_t>(0x10000 + 16 * shared.next_id++));
}

}  // namespace rsqrt_simulated
