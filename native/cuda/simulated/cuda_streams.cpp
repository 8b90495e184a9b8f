// Streams, events and launches.
#include <utility>

#include "cuda_runtime.h"
#include "runtime/state.h"

using namespace rsqrt_simulated;

namespace {

cudaError_t wait_checked(State& shared, Lock& lock, const Mark& mark, int device) {
  wait_for(shared, lock, mark);
  return shared.health(device);
}

template <class Body>
cudaError_t call_on_event(cudaEvent_t handle, const Body& body) noexcept {
  return call([&](State& shared, Lock& lock) {
    const auto found = shared.events.find(handle);
    if (found == shared.events.end()) return cudaErrorInvalidResourceHandle;
    const cudaError_t error = shared.health(found->second.device);
    return error != cudaSuccess ? error : body(shared, lock, found->second);
  });
}

bool is_launchable(dim3 grid, dim3 block) {
  const auto within = [](dim3 size, unsigned x, unsigned y, unsigned z) {
    return size.x >= 1 && size.y >= 1 && size.z >= 1 && size.x <= x && size.y <= y && size.z <= z;
  };
  return within(grid, 2147483647, 65535, 65535) && within(block, 1024, 1024, 64) &&
         block.x * block.y * block.z <= 1024;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return call([&](State& shared, Lock&) {
    if (stream == nullptr || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    if (flags != cudaStreamNonBlocking) return cudaErrorNotSupported;
    const cudaError_t error = shared.health(current_device);
    if (error != cudaSuccess) return error;
    const auto handle = new_handle<cudaStream_t>(shared);
    shared.streams.emplace(handle, nullptr);
    try {
      shared.streams[handle] = Stream::create(shared, current_device);
    } catch (...) {
      shared.streams.erase(handle);
      throw;
    }
    *stream = handle;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call([&](State& shared, Lock&) {
    const auto found = shared.streams.find(stream);
    if (found == shared.streams.end()) return cudaErrorInvalidResourceHandle;
    // Returns at once; what is queued is still done, as late as ever.
    const cudaError_t error = shared.health(found->second->device);
    found->second->destroy();
    shared.streams.erase(found);
    return error;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call_on_stream(handle, [](State& shared, Lock& lock, const std::shared_ptr<Stream>& stream) {
    return wait_checked(shared, lock, {stream, stream->enqueued}, stream->device);
  });
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return call_on_stream(handle, [](State&, Lock&, const std::shared_ptr<Stream>& stream) {
    return stream->reached(stream->enqueued) ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned flags) {
  return call_on_stream(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (flags != 0) return cudaErrorInvalidValue;
    const auto found = shared.events.find(event);
    if (found == shared.events.end()) return cudaErrorInvalidResourceHandle;
    stream->enqueue(shared, [&shared, mark = found->second.last]() -> Outcome {
      Lock lock(shared.mutex);
      wait_for(shared, lock, mark);
      return {};
    });
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call([&](State& shared, Lock&) {
    if (event == nullptr || flags > (cudaEventBlockingSync | cudaEventDisableTiming)) {
      return cudaErrorInvalidValue;
    }
    const cudaError_t error = shared.health(current_device);
    if (error != cudaSuccess) return error;
    const auto handle = new_handle<cudaEvent_t>(shared);
    shared.events.emplace(handle, Event{current_device, {}});
    *event = handle;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t stream_handle) {
  return call_on_stream(stream_handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    const auto found = shared.events.find(handle);
    if (found == shared.events.end() || found->second.device != stream->device) {
      return cudaErrorInvalidResourceHandle;
    }
    found->second.last = {stream, stream->enqueue(shared, nullptr)};
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return call_on_event(handle, [](State& shared, Lock& lock, const Event& event) {
    const Event copy = event;  // another thread may destroy the event meanwhile
    return wait_checked(shared, lock, copy.last, copy.device);
  });
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  return call_on_event(handle, [](State&, Lock&, const Event& event) {
    return event.last.reached() ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return call([&](State& shared, Lock&) {
    const auto found = shared.events.find(handle);
    if (found == shared.events.end()) return cudaErrorInvalidResourceHandle;
    const cudaError_t error = shared.health(found->second.device);
    shared.events.erase(found);
    return error;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  if (attributes == nullptr) return remembered(cudaErrorInvalidValue);
  *attributes = {.sharedSizeBytes = 0,
                 .constSizeBytes = 0,
                 .localSizeBytes = 0,
                 .maxThreadsPerBlock = 1024,
                 .numRegs = 32,
                 .ptxVersion = 90,
                 .binaryVersion = 90};
  return cudaSuccess;
}

}  // extern "C"

namespace rsqrt_simulated {

cudaError_t enqueue_kernel(std::function<void(bool)> run, dim3 grid, dim3 block, std::size_t shared_size,
                           cudaStream_t handle) noexcept {
  return call_on_stream(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (run == nullptr) return cudaErrorInvalidDeviceFunction;
    if (!is_launchable(grid, block)) return cudaErrorInvalidConfiguration;
    if (shared_size > 49152) return cudaErrorInvalidValue;
    // Copies may be queued from any device, launches only from the stream's own.
    if (stream->device != current_device) return cudaErrorInvalidResourceHandle;

    DeviceMemory& memory = shared.device(stream->device).memory;
    const bool backwards = stream->enqueued % 2 != 0;
    stream->enqueue(shared, [&shared, &memory, backwards, kernel = std::move(run)]() -> Outcome {
      const DeviceMemory::Access access(memory);
      kernel(backwards);
      Lock lock(shared.mutex);
      if (memory.guards_intact()) return {};
      return {cudaErrorIllegalAddress, "a kernel wrote outside its allocations"};
    });
    return cudaSuccess;
  });
}

cudaError_t out_of_host_memory() noexcept { return remembered(cudaErrorMemoryAllocation); }

}  // namespace rsqrt_simulated
