#include "runtime/allocation.h"

namespace rsqrt_simulated {

int device_at(State& shared, const void* pointer) {
  for (int device = 0; device < shared.settings.devices; ++device) {
    if (shared.device(device).memory.contains(pointer)) return device;
  }
  return on_host;
}

HostBlock* find_host_block(State& shared, const void* pointer) {
  const auto* address = static_cast<const std::byte*>(pointer);
  auto after = shared.host_blocks.upper_bound(address);
  if (after == shared.host_blocks.begin()) return nullptr;
  auto& [start, block] = *std::prev(after);
  return static_cast<std::size_t>(address - start) < block.size ? &block : nullptr;
}

cudaError_t allocate(State& shared, Lock& lock, int device, std::size_t size,
                     const std::shared_ptr<Pool>& pool, Block*& block) {
  DeviceMemory& memory = shared.device(device).memory;
  for (;;) {
    block = memory.allocate(size, shared.next_id++, pool);
    if (block != nullptr) return cudaSuccess;
    if (pool == nullptr || size > memory.capacity()) return cudaErrorMemoryAllocation;
    const Mark pending = memory.pending_release(*pool);
    if (pending.reached()) return cudaErrorMemoryAllocation;
    wait_for(shared, lock, pending);
    if (const cudaError_t error = shared.health(device)) return error;
  }
}

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

}  // namespace rsqrt_simulated
