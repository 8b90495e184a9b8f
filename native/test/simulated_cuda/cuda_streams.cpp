// Streams and launches.
#include <utility>

#include "cuda_runtime.h"
#include "runtime/state.h"

using namespace rsqrt_simulated;

namespace {

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
  return call_releasing([&](State& shared, Lock&) {
    const auto found = shared.streams.find(stream);
    if (found == shared.streams.end()) return cudaErrorInvalidResourceHandle;
    if (found->second->capture != nullptr) {
      found->second->capture->invalidated = true;
      return cudaErrorStreamCaptureUnsupported;
    }
    // Returns at once. Queued work is still done, as late as otherwise.
    const cudaError_t error = shared.health(found->second->device);
    found->second->destroy();
    shared.streams.erase(found);
    return error;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  return call_on_stream(handle, [](State& shared, Lock& lock, const std::shared_ptr<Stream>& stream) {
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    return synchronize(shared, lock, {stream, stream->enqueued}, stream->device);
  });
}

cudaError_t cudaStreamQuery(cudaStream_t handle) {
  return call_on_stream(handle, [](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    return stream->reached(stream->enqueued) ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void*) {
  return call([&](State& shared, Lock&) {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    if (!shared.settings.image) return cudaErrorNoKernelImageForDevice;
    *attributes = {.sharedSizeBytes = 0,
                   .constSizeBytes = 0,
                   .localSizeBytes = 0,
                   .maxThreadsPerBlock = 1024,
                   .numRegs = 32,
                   .ptxVersion = 90,
                   .binaryVersion = 90};
    return shared.health(current_device);
  });
}

}  // extern "C"

namespace rsqrt_simulated {

cudaError_t enqueue_kernel(std::function<const char*(bool)> run, dim3 grid, dim3 block,
                           std::size_t shared_size, cudaStream_t handle) noexcept {
  const auto body = [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (run == nullptr) return cudaErrorInvalidDeviceFunction;
    if (!is_launchable(grid, block)) return cudaErrorInvalidConfiguration;
    if (shared_size > shared_memory_limit) return cudaErrorInvalidValue;
    // Copies may be queued from any device, launches only from the stream's own.
    if (stream->device != current_device) return cudaErrorInvalidResourceHandle;

    DeviceMemory& memory = shared.device(stream->device).memory;
    stream->submit(shared, [&shared, &memory, kernel = std::move(run)](std::uint64_t position) -> Outcome {
      const DeviceMemory::Access access(memory);
      const char* const wrong = kernel(position % 2 == 0);
      if (wrong != nullptr) return {cudaErrorLaunchFailure, wrong};
      Lock lock(shared.mutex);
      if (memory.guards_intact()) return {};
      return {cudaErrorIllegalAddress, "a kernel wrote outside its allocations"};
    });
    return cudaSuccess;
  };
  return call_recorded(handle, body, "cudaLaunchKernel");
}

cudaError_t out_of_host_memory() noexcept { return remembered(cudaErrorMemoryAllocation); }

}  // namespace rsqrt_simulated
