// Device memory, page-locked memory, copies.
#include <cstring>
#include <optional>

#include "cuda_runtime.h"
#include "runtime/state.h"

using namespace rsqrt_simulated;

namespace {

constexpr int on_host = -1;

// One side of a copy. `block` is the id of the allocation it lies in; pageable memory has none.
struct Operand {
  int device;
  std::byte* address;
  std::uint64_t block;
};

HostBlock* find_host_block(State& shared, const std::byte* address) {
  auto after = shared.host_blocks.upper_bound(address);
  if (after == shared.host_blocks.begin()) return nullptr;
  auto& [start, block] = *std::prev(after);
  return static_cast<std::size_t>(address - start) < block.size ? &block : nullptr;
}

// Nothing if the range is not in one allocation that the host has not released.
std::optional<Operand> operand_at(State& shared, const void* pointer, std::size_t count) {
  auto* address = static_cast<std::byte*>(const_cast<void*>(pointer));
  if (address == nullptr) return {};
  for (int device = 0; device < shared.settings.devices; ++device) {
    DeviceMemory& memory = shared.device(device).memory;
    if (!memory.contains(address)) continue;
    const Block* block = memory.spanning(address, count);
    if (block == nullptr || block->released) return {};
    return Operand{device, address, block->id};
  }
  const HostBlock* block = find_host_block(shared, address);
  if (block == nullptr) return Operand{on_host, address, 0};
  if (count > block->size - static_cast<std::size_t>(address - block->bytes.get())) return {};
  return Operand{on_host, address, block->id};
}

// Whether the allocation is still, or already, there when the copy runs.
bool is_live(State& shared, const Operand& operand, std::size_t count) {
  if (operand.device == on_host) {
    if (operand.block == 0) return true;
    const HostBlock* block = find_host_block(shared, operand.address);
    return block != nullptr && block->id == operand.block;
  }
  const Block* block = shared.device(operand.device).memory.spanning(operand.address, count);
  return block != nullptr && block->id == operand.block && block->live;
}

bool overlap(const Operand& a, const Operand& b, std::size_t count) {
  const auto first = reinterpret_cast<std::uintptr_t>(a.address);
  const auto second = reinterpret_cast<std::uintptr_t>(b.address);
  return (first < second ? second - first : first - second) < count;
}

using OptionalAccess = std::optional<DeviceMemory::Access>;

void open(State& shared, const Operand& operand, OptionalAccess& access) {
  if (operand.device != on_host) access.emplace(shared.device(operand.device).memory);
}

void enqueue_copy(State& shared, Stream& stream, const Operand& to, const Operand& from, std::size_t count) {
  stream.enqueue(shared, [&shared, to, from, count]() -> Outcome {
    {
      Lock lock(shared.mutex);
      if (!is_live(shared, to, count) || !is_live(shared, from, count)) {
        return {cudaErrorIllegalAddress, "a copy ran before its memory was allocated, or after it was freed"};
      }
    }
    OptionalAccess to_access, from_access;
    open(shared, to, to_access);
    open(shared, from, from_access);
    std::memcpy(to.address, from.address, count);
    return {};
  });
}

// An allocation that finds too little waits for the releases that are pending.
cudaError_t allocate(State& shared, Lock& lock, int device, std::size_t size, Block*& block) {
  DeviceMemory& memory = shared.device(device).memory;
  for (;;) {
    block = memory.allocate(size, shared.next_id++);
    if (block != nullptr) return cudaSuccess;
    const Mark pending = size > memory.capacity() ? Mark{} : memory.pending_release();
    if (pending.reached()) return cudaErrorMemoryAllocation;
    wait_for(shared, lock, pending);
    if (const cudaError_t error = shared.health(device)) return error;
  }
}

// The end of a block that nobody may use any more. Releases the lock meanwhile: filling takes time.
void retire(Lock& lock, DeviceMemory& memory, Block& block) {
  block.live = false;
  lock.unlock();
  {
    const DeviceMemory::Access access(memory);
    DeviceMemory::fill(block, freed_byte);
  }
  lock.lock();
  memory.erase(block);
}

int device_of_pool(const State& shared, cudaMemPool_t pool) {
  const auto device = static_cast<int>(reinterpret_cast<std::uintptr_t>(pool)) - 1;
  return shared.has_device(device) ? device : -1;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** pointer, std::size_t size) {
  return call([&](State& shared, Lock& lock) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = nullptr;
    const int device = current_device;
    const cudaError_t health = shared.health(device);
    if (health != cudaSuccess || size == 0) return health;
    Block* block = nullptr;
    if (const cudaError_t error = allocate(shared, lock, device, size, block)) return error;
    lock.unlock();
    {
      const DeviceMemory::Access access(shared.device(device).memory);
      DeviceMemory::fill(*block, fresh_byte);
    }
    lock.lock();
    block->live = true;
    *pointer = block->start;
    return cudaSuccess;
  });
}

cudaError_t cudaFree(void* pointer) {
  return call([&](State& shared, Lock& lock) {
    if (pointer == nullptr) return shared.health(current_device);
    for (int index = 0; index < shared.settings.devices; ++index) {
      Device& device = shared.device(index);
      if (!device.memory.contains(pointer)) continue;
      if (const cudaError_t error = shared.health(index)) return error;
      Block* block = device.memory.find(pointer);
      if (block == nullptr || block->released) return cudaErrorInvalidValue;
      block->released = true;
      if (block->stream_ordered) {
        wait_for(shared, lock, block->allocation);
      } else {
        drain(shared, lock, index);
      }
      if (const cudaError_t error = shared.health(index)) return error;
      retire(lock, device.memory, *block);
      return cudaSuccess;
    }
    return cudaErrorInvalidValue;
  });
}

cudaError_t cudaMallocAsync(void** pointer, std::size_t size, cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock& lock, const std::shared_ptr<Stream>& stream) {
    if (pointer == nullptr || size == 0) return cudaErrorInvalidValue;
    DeviceMemory& memory = shared.device(stream->device).memory;
    Block* block = nullptr;
    if (const cudaError_t error = allocate(shared, lock, stream->device, size, block)) return error;
    block->stream_ordered = true;
    const std::uint64_t position = stream->enqueue(shared, [&shared, &memory, block]() -> Outcome {
      // The block outlives this task: every release waits for it, or fails the device.
      const DeviceMemory::Access access(memory);
      DeviceMemory::fill(*block, fresh_byte);
      Lock task_lock(shared.mutex);
      block->live = true;
      return {};
    });
    block->allocation = {stream, position};
    *pointer = block->start;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    DeviceMemory& memory = shared.device(stream->device).memory;
    Block* block = memory.find(pointer);
    if (block == nullptr || block->released) return cudaErrorInvalidValue;
    const std::uint64_t position = stream->enqueue(shared, [&shared, &memory, block]() -> Outcome {
      Lock lock(shared.mutex);
      if (!block->live) return {cudaErrorIllegalAddress, "memory was freed before it existed"};
      retire(lock, memory, *block);
      return {};
    });
    block->released = true;
    block->release = {stream, position};
    return cudaSuccess;
  });
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t size, unsigned flags) {
  return call([&](State& shared, Lock&) {
    if (pointer == nullptr || flags > cudaHostAllocPortable) return cudaErrorInvalidValue;
    *pointer = nullptr;
    const cudaError_t error = shared.health(current_device);
    if (error != cudaSuccess || size == 0) return error;
    std::unique_ptr<std::byte[]> bytes(new std::byte[size]);
    std::memset(bytes.get(), fresh_byte, size);
    std::byte* const start = bytes.get();
    shared.host_blocks.emplace(start, HostBlock{std::move(bytes), size, shared.next_id++});
    *pointer = start;
    return cudaSuccess;
  });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t size) {
  return cudaHostAlloc(pointer, size, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void* pointer) {
  return call([&](State& shared, Lock&) {
    if (pointer == nullptr) return cudaSuccess;
    const auto found = shared.host_blocks.find(static_cast<const std::byte*>(pointer));
    if (found == shared.host_blocks.end()) return cudaErrorInvalidValue;
    std::memset(found->second.bytes.get(), freed_byte, found->second.size);
    shared.host_blocks.erase(found);
    return shared.health(current_device);
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return call([&](State& shared, Lock&) {
    if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
    const DeviceMemory& memory = shared.device(current_device).memory;
    *total = memory.capacity();
    *free = memory.capacity() - memory.used();
    return shared.health(current_device);
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t count, cudaMemcpyKind kind,
                            cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
    if (count == 0) return cudaSuccess;
    const auto target = operand_at(shared, to, count);
    const auto source = operand_at(shared, from, count);
    if (!target || !source || overlap(*target, *source, count)) return cudaErrorInvalidValue;

    const bool to_host = target->device == on_host, from_host = source->device == on_host;
    if (kind != cudaMemcpyDefault) {
      const bool expects_to_host = kind == cudaMemcpyHostToHost || kind == cudaMemcpyDeviceToHost;
      const bool expects_from_host = kind == cudaMemcpyHostToHost || kind == cudaMemcpyHostToDevice;
      if (to_host != expects_to_host || from_host != expects_from_host) return cudaErrorInvalidValue;
    }
    const bool on_stream = target->device == stream->device || source->device == stream->device;
    if (!on_stream && !(to_host && from_host)) return cudaErrorInvalidValue;
    enqueue_copy(shared, *stream, *target, *source, count);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, std::size_t count,
                                cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (!shared.has_device(to_device) || !shared.has_device(from_device)) return cudaErrorInvalidDevice;
    if (count == 0) return cudaSuccess;
    const auto target = operand_at(shared, to, count);
    const auto source = operand_at(shared, from, count);
    if (!target || !source || overlap(*target, *source, count)) return cudaErrorInvalidValue;
    if (target->device != to_device || source->device != from_device) return cudaErrorInvalidValue;
    if (stream->device != to_device && stream->device != from_device) return cudaErrorInvalidValue;
    enqueue_copy(shared, *stream, *target, *source, count);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, std::size_t count, cudaStream_t handle) {
  return call_on_stream(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (count == 0) return cudaSuccess;
    const auto target = operand_at(shared, pointer, count);
    if (!target || target->device != stream->device) return cudaErrorInvalidValue;
    stream->enqueue(shared, [&shared, operand = *target, value, count]() -> Outcome {
      {
        Lock lock(shared.mutex);
        if (!is_live(shared, operand, count)) {
          return {cudaErrorIllegalAddress,
                  "a memset ran before its memory was allocated, or after it was freed"};
        }
      }
      const DeviceMemory::Access access(shared.device(operand.device).memory);
      std::memset(operand.address, value, count);
      return {};
    });
    return cudaSuccess;
  });
}

// Pools are numbers too: device + 1.
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device) {
  return call([&](State& shared, Lock&) {
    if (pool == nullptr) return cudaErrorInvalidValue;
    if (!shared.has_device(device)) return cudaErrorInvalidDevice;
    *pool = reinterpret_cast<cudaMemPool_t>(static_cast<std::uintptr_t>(device) + 1);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return call([&](State& shared, Lock&) {
    const bool settable =
        attribute >= cudaMemPoolReuseFollowEventDependencies && attribute <= cudaMemPoolAttrReleaseThreshold;
    if (device_of_pool(shared, pool) < 0 || !settable || value == nullptr) return cudaErrorInvalidValue;
    return cudaSuccess;  // a hint: this pool keeps nothing
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return call([&](State& shared, Lock&) {
    const int device = device_of_pool(shared, pool);
    const bool known =
        attribute == cudaMemPoolAttrReservedMemCurrent || attribute == cudaMemPoolAttrUsedMemCurrent;
    if (device < 0 || !known || value == nullptr) return cudaErrorInvalidValue;
    const std::uint64_t used = shared.device(device).memory.used();
    std::memcpy(value, &used, sizeof used);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t) {
  return call([&](State& shared, Lock&) {
    return device_of_pool(shared, pool) < 0 ? cudaErrorInvalidValue : cudaSuccess;
  });
}

}  // extern "C"
