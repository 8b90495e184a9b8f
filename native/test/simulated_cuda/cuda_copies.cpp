// Copies and memsets.
#include <cstring>
#include <optional>

#include "cuda_runtime.h"
#include "runtime/allocation.h"

using namespace rsqrt_simulated;

namespace {

// One side of a copy. `block` is the id of the allocation that it is in. Pageable memory has none.
struct Operand {
  int device;
  std::byte* address;
  std::uint64_t block;
};

// Empty unless the range is in one allocation that the host has not released.
std::optional<Operand> operand_at(State& shared, const void* pointer, std::size_t count) {
  auto* address = static_cast<std::byte*>(const_cast<void*>(pointer));
  if (address == nullptr) return {};
  if (const int device = device_at(shared, address); device != on_host) {
    const Block* block = shared.device(device).memory.spanning(address, count);
    if (block == nullptr || block->released) return {};
    return Operand{device, address, block->id};
  }
  const HostBlock* block = find_host_block(shared, address);
  if (block == nullptr) return Operand{on_host, address, 0};
  if (count > block->size - static_cast<std::size_t>(address - block->bytes.get())) return {};
  return Operand{on_host, address, block->id};
}

// Whether the allocation is live when the copy runs.
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

bool is_pageable(const Operand& operand) { return operand.device == on_host && operand.block == 0; }

cudaError_t submit_copy(State& shared, Stream& stream, const Operand& to, const Operand& from,
                        std::size_t count) {
  if (is_pageable(to) || is_pageable(from)) {
    if (const cudaError_t error = check_capture(stream, InCapture::refused)) return error;
  }
  stream.submit(shared, [&shared, to, from, count](std::uint64_t) -> Outcome {
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
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t count, cudaMemcpyKind kind,
                            cudaStream_t handle) {
  return call_recorded(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
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
    return submit_copy(shared, *stream, *target, *source, count);
  });
}

cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, std::size_t count,
                                cudaStream_t handle) {
  return call_recorded(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (!shared.has_device(to_device) || !shared.has_device(from_device)) return cudaErrorInvalidDevice;
    if (count == 0) return cudaSuccess;
    const auto target = operand_at(shared, to, count);
    const auto source = operand_at(shared, from, count);
    if (!target || !source || overlap(*target, *source, count)) return cudaErrorInvalidValue;
    if (target->device != to_device || source->device != from_device) return cudaErrorInvalidValue;
    if (stream->device != to_device && stream->device != from_device) return cudaErrorInvalidValue;
    return submit_copy(shared, *stream, *target, *source, count);
  });
}

cudaError_t cudaMemsetAsync(void* pointer, int value, std::size_t count, cudaStream_t handle) {
  return call_recorded(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (count == 0) return cudaSuccess;
    const auto target = operand_at(shared, pointer, count);
    if (!target || target->device != stream->device) return cudaErrorInvalidValue;
    stream->submit(shared, [&shared, operand = *target, value, count](std::uint64_t) -> Outcome {
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

}  // extern "C"
