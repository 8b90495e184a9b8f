// Begins and ends allocations, and finds the allocation of a pointer.
#pragma once

#include <cstddef>
#include <memory>

#include "runtime/state.h"

namespace rsqrt_simulated {

inline constexpr int on_host = -1;

// The device whose memory the pointer is in, or on_host.
int device_at(State& shared, const void* pointer);

// The page-locked allocation that the pointer points into, or nullptr.
HostBlock* find_host_block(State& shared, const void* pointer);

// Allocates memory on a device, from a pool or, without one, outside all pools. If a pool has too
// little, waits for the releases that are queued to it.
cudaError_t allocate(State& shared, Lock& lock, int device, std::size_t size,
                     const std::shared_ptr<Pool>& pool, Block*& block);

// Ends a block that no code may use any more. Releases the lock meanwhile, because filling the
// block takes time.
void retire(Lock& lock, DeviceMemory& memory, Block& block);

}  // namespace rsqrt_simulated
