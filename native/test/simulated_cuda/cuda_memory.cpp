// Device memory outside the pools, and page-locked memory.
#include <cstring>

#include "cuda_runtime.h"
#include "runtime/allocation.h"

using namespace rsqrt_simulated;

namespace {

cudaError_t allocate_on_host(State& shared, void** pointer, std::size_t size, unsigned flags) {
  if (pointer == nullptr || flags > cudaHostAllocPortable) return cudaErrorInvalidValue;
  *pointer = nullptr;
  if (const cudaError_t error = refuse_if_capturing(shared)) return error;
  const cudaError_t health = shared.health(current_device);
  if (health != cudaSuccess || size == 0) return health;
  std::unique_ptr<std::byte[]> bytes(new std::byte[size]);
  std::memset(bytes.get(), fresh_byte, size);
  std::byte* const start = bytes.get();
  shared.host_blocks.emplace(start, HostBlock{std::move(bytes), size, shared.next_id++, current_device});
  *pointer = start;
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** pointer, std::size_t size) {
  return call([&](State& shared, Lock& lock) {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = nullptr;
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    const int device = current_device;
    const cudaError_t health = shared.health(device);
    if (health != cudaSuccess || size == 0) return health;
    Block* block = nullptr;
    if (const cudaError_t error = allocate(shared, lock, device, size, nullptr, block)) return error;
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
  return call_releasing([&](State& shared, Lock& lock) {
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    if (pointer == nullptr) return shared.health(current_device);
    const int index = device_at(shared, pointer);
    if (index == on_host) return cudaErrorInvalidValue;
    if (const cudaError_t error = shared.health(index)) return error;
    DeviceMemory& memory = shared.device(index).memory;
    Block* block = memory.find(pointer);
    if (block == nullptr || block->released) return cudaErrorInvalidValue;
    block->released = true;
    if (block->pool != nullptr) {
      wait_for(shared, lock, block->allocation);
    } else {
      drain(shared, lock, index);
    }
    if (const cudaError_t error = shared.health(index)) return error;
    retire(lock, memory, *block);
    return cudaSuccess;
  });
}

cudaError_t cudaHostAlloc(void** pointer, std::size_t size, unsigned flags) {
  return call([&](State& shared, Lock&) { return allocate_on_host(shared, pointer, size, flags); });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t size) {
  return call(
      [&](State& shared, Lock&) { return allocate_on_host(shared, pointer, size, cudaHostAllocDefault); });
}

cudaError_t cudaFreeHost(void* pointer) {
  return call_releasing([&](State& shared, Lock&) {
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
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
    *free = memory.free();
    return shared.health(current_device);
  });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return call([&](State& shared, Lock&) {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    void* const address = const_cast<void*>(pointer);
    // As CUDA describes unknown memory.
    *attributes = {cudaMemoryTypeUnregistered, -2, nullptr, address};
    if (const int device = device_at(shared, pointer); device != on_host) {
      const Block* block = shared.device(device).memory.spanning(static_cast<std::byte*>(address), 1);
      if (block != nullptr && !block->released)
        *attributes = {cudaMemoryTypeDevice, device, address, nullptr};
    } else if (const HostBlock* block = find_host_block(shared, pointer); block != nullptr) {
      *attributes = {cudaMemoryTypeHost, block->device, address, address};
    }
    return shared.health(current_device);
  });
}

}  // extern "C"
