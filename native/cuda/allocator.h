// Allocates the memory of one device for one environment.
#pragma once

#include <cstddef>
#include <memory>

#include "cuda/backend.h"
#include "cuda/status.h"
#include "cuda/streams.h"

namespace rsqrt_native::cuda {

// Memory comes from a pool of the driver, in stream order, so neither allocating nor releasing
// waits for the device. Each environment has its own pool, so that its numbers are separate. The
// pool keeps released memory until it is trimmed. If the driver does not support pools, cudaMalloc
// and cudaFree are used, and cudaFree waits.
class Allocator {
 public:
  explicit Allocator(int device);  // the current one
  ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // Throws ERR_OUT_OF_MEMORY.
  std::shared_ptr<DeviceBlock> allocate(std::size_t bytes, const Stream& stream);
  void release(const DeviceBlock& block) noexcept;

  // Lets another device access this memory directly, if the machine supports that.
  void open_to(int device);

  MemoryStats stats() const;
  void reset_peak() { max_allocated_ = allocated_; }
  void set_limit(std::size_t bytes) { limit_ = bytes; }

 private:
  std::byte* allocate_bytes(std::size_t bytes, const Stream& stream);
  cudaError_t free_bytes(std::byte* data, const Stream& stream) const;
  [[noreturn]] void refuse(std::size_t bytes) const;

  int device_;
  PoolHandle pool_;  // null: none
  std::size_t allocated_ = 0;
  std::size_t max_allocated_ = 0;
  std::size_t limit_ = no_limit;
};

// Returns the unused memory in the pools of all environments to the devices.
void trim_pools();

}  // namespace rsqrt_native::cuda
