// Memory pools, and the allocations from them in stream order.
#include <algorithm>
#include <cstring>

#include "cuda_runtime.h"
#include "runtime/allocation.h"

using namespace rsqrt_simulated;

namespace {

// The handles of default pools are numbers that new_handle never returns.
cudaMemPool_t default_pool_handle(int device) {
  return reinterpret_cast<cudaMemPool_t>(static_cast<std::uintptr_t>(device) + 1);
}

// nullptr if no pool has this handle.
std::shared_ptr<Pool> find_pool(State& shared, cudaMemPool_t handle) {
  for (const Device& device : shared.devices) {
    if (handle == default_pool_handle(device.default_pool->device)) return device.default_pool;
  }
  const auto found = shared.pools.find(handle);
  return found == shared.pools.end() ? nullptr : found->second;
}

// Runs the body of an API function on a pool.
template <class Body>
cudaError_t call_on_pool(cudaMemPool_t handle, const Body& body,
                         const char* function = __builtin_FUNCTION()) noexcept {
  const auto with_pool = [&](State& shared, Lock&) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    const std::shared_ptr<Pool> pool = find_pool(shared, handle);
    return pool == nullptr ? cudaErrorInvalidValue : body(shared, *pool);
  };
  return call(with_pool, function);
}

cudaError_t check_properties(const State& shared, const cudaMemPoolProps& properties) {
  const bool plain = properties.allocType == cudaMemAllocationTypePinned && properties.usage == 0 &&
                     properties.win32SecurityAttributes == nullptr &&
                     std::all_of(std::begin(properties.reserved), std::end(properties.reserved),
                                 [](unsigned char byte) { return byte == 0; });
  if (!plain) return cudaErrorInvalidValue;
  if (properties.location.type != cudaMemLocationTypeDevice) return cudaErrorInvalidValue;
  if (!shared.has_device(properties.location.id)) return cudaErrorInvalidDevice;
  return properties.handleTypes == cudaMemHandleTypeNone ? cudaSuccess : cudaErrorNotSupported;
}

cudaError_t check_access(State& shared, const Pool& pool, const cudaMemAccessDesc& description) {
  if (description.location.type != cudaMemLocationTypeDevice) return cudaErrorInvalidValue;
  const int device = description.location.id;
  if (!shared.has_device(device)) return cudaErrorInvalidDevice;
  const bool opens = description.flags == cudaMemAccessFlagsProtReadWrite;
  // A pool's own device always has access.
  if (device == pool.device) return opens ? cudaSuccess : cudaErrorInvalidValue;
  if (!opens && description.flags != cudaMemAccessFlagsProtNone) return cudaErrorInvalidValue;
  return !opens || shared.can_access(device, pool.device) ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t allocate_in_order(State& shared, Lock& lock, const std::shared_ptr<Stream>& stream,
                              const std::shared_ptr<Pool>& pool, std::size_t size, void** pointer) {
  const int device = pool->device;
  if (const cudaError_t error = shared.health(device)) return error;
  Block* block = nullptr;
  if (const cudaError_t error = allocate(shared, lock, device, size, pool, block)) return error;
  DeviceMemory& memory = shared.device(device).memory;
  const std::uint64_t position = stream->enqueue(shared, [&shared, &memory, block](std::uint64_t) -> Outcome {
    // The block outlives this task: every release waits for it, or fails the device.
    const DeviceMemory::Access access(memory);
    DeviceMemory::fill(*block, fresh_byte);
    const Lock task_lock(shared.mutex);
    block->live = true;
    return {};
  });
  block->allocation = {stream, position};
  *pointer = block->start;
  return cudaSuccess;
}

cudaError_t free_in_order(State& shared, const std::shared_ptr<Stream>& stream, void* pointer) {
  const int device = device_at(shared, pointer);
  if (device == on_host) return cudaErrorInvalidValue;
  DeviceMemory& memory = shared.device(device).memory;
  Block* block = memory.find(pointer);
  if (block == nullptr || block->released || block->pool == nullptr) return cudaErrorInvalidValue;
  const std::uint64_t position = stream->enqueue(shared, [&shared, &memory, block](std::uint64_t) -> Outcome {
    Lock lock(shared.mutex);
    if (!block->live) return {cudaErrorIllegalAddress, "memory was freed before it existed"};
    retire(lock, memory, *block);
    return {};
  });
  block->released = true;
  block->release = {stream, position};
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMallocAsync(void** pointer, std::size_t size, cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock& lock, const std::shared_ptr<Stream>& stream) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    if (pointer == nullptr || size == 0) return cudaErrorInvalidValue;
    const auto& pool = shared.device(stream->device).default_pool;
    return allocate_in_order(shared, lock, stream, pool, size, pointer);
  });
}

cudaError_t cudaMallocFromPoolAsync(void** pointer, std::size_t size, cudaMemPool_t pool_handle,
                                    cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock& lock, const std::shared_ptr<Stream>& stream) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    const std::shared_ptr<Pool> pool = find_pool(shared, pool_handle);
    if (pointer == nullptr || size == 0 || pool == nullptr) return cudaErrorInvalidValue;
    return allocate_in_order(shared, lock, stream, pool, size, pointer);
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return call_releasing([&](State& shared, Lock& lock) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    const auto release = [pointer](State& same, Lock&, const std::shared_ptr<Stream>& stream) {
      return free_in_order(same, stream, pointer);
    };
    return on_stream(shared, lock, handle, InCapture::refused, release);
  });
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* handle, const cudaMemPoolProps* properties) {
  return call([&](State& shared, Lock&) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    if (handle == nullptr || properties == nullptr) return cudaErrorInvalidValue;
    if (const cudaError_t error = check_properties(shared, *properties)) return error;
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    const int device = properties->location.id;
    if (const cudaError_t error = shared.health(device)) return error;
    const std::size_t capacity = shared.device(device).memory.capacity();
    const std::size_t limit = properties->maxSize == 0 ? capacity : std::min(properties->maxSize, capacity);
    const auto created = new_handle<cudaMemPool_t>(shared);
    shared.pools.emplace(created, std::make_shared<Pool>(Pool{.device = device, .limit = limit}));
    *handle = created;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle) {
  return call_releasing([&](State& shared, Lock&) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    const auto found = shared.pools.find(handle);
    if (found == shared.pools.end()) return cudaErrorInvalidValue;  // also for a default pool
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    Pool& pool = *found->second;
    pool.destroyed = true;
    if (pool.used == 0) shared.device(pool.device).memory.trim(pool, 0);
    shared.pools.erase(found);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAccess(cudaMemPool_t handle, const cudaMemAccessDesc* descriptions,
                                 std::size_t count) {
  return call_on_pool(handle, [&](State& shared, const Pool& pool) {
    if (descriptions == nullptr || count == 0) return cudaErrorInvalidValue;
    for (std::size_t i = 0; i < count; ++i) {
      if (const cudaError_t error = check_access(shared, pool, descriptions[i])) return error;
    }
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* handle, int device) {
  return call([&](State& shared, Lock&) {
    if (!shared.settings.pools) return cudaErrorNotSupported;
    if (handle == nullptr) return cudaErrorInvalidValue;
    if (!shared.has_device(device)) return cudaErrorInvalidDevice;
    *handle = default_pool_handle(device);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return call_on_pool(handle, [&](State&, Pool& pool) {
    if (value == nullptr) return cudaErrorInvalidValue;
    std::uint64_t number = 0;
    switch (attribute) {
      case cudaMemPoolReuseFollowEventDependencies:
      case cudaMemPoolReuseAllowOpportunistic:
      case cudaMemPoolReuseAllowInternalDependencies:
        return cudaSuccess;  // hints, whose values are ints
      case cudaMemPoolAttrReleaseThreshold:
        std::memcpy(&pool.threshold, value, sizeof pool.threshold);
        return cudaSuccess;
      case cudaMemPoolAttrReservedMemHigh:
      case cudaMemPoolAttrUsedMemHigh:
        std::memcpy(&number, value, sizeof number);
        if (number != 0) return cudaErrorInvalidValue;
        if (attribute == cudaMemPoolAttrUsedMemHigh) {
          pool.used_high = pool.used;
        } else {
          pool.reserved_high = pool.reserved;
        }
        return cudaSuccess;
      default:
        return cudaErrorInvalidValue;
    }
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle, cudaMemPoolAttr attribute, void* value) {
  return call_on_pool(handle, [&](State&, const Pool& pool) {
    if (value == nullptr) return cudaErrorInvalidValue;
    const auto get = [value](std::uint64_t number) {
      std::memcpy(value, &number, sizeof number);
      return cudaSuccess;
    };
    switch (attribute) {
      case cudaMemPoolAttrReleaseThreshold:
        return get(pool.threshold);
      case cudaMemPoolAttrReservedMemCurrent:
        return get(pool.reserved);
      case cudaMemPoolAttrReservedMemHigh:
        return get(pool.reserved_high);
      case cudaMemPoolAttrUsedMemCurrent:
        return get(pool.used);
      case cudaMemPoolAttrUsedMemHigh:
        return get(pool.used_high);
      default:
        return cudaErrorInvalidValue;
    }
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, std::size_t bytes_to_keep) {
  return call_on_pool(handle, [&](State& shared, Pool& pool) {
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    shared.device(pool.device).memory.trim(pool, bytes_to_keep);
    return cudaSuccess;
  });
}

}  // extern "C"
