// The memory of one device, as one environment has it.
#pragma once

#include <cstddef>
#include <memory>

#include "cuda/backend.h"
#include "cuda/status.h"
#include "cuda/streams.h"

namespace rsqrt_native::cuda {

// Memory comes from a pool of the driver's, in the order of streams: neither allocating nor releasing waits
// for the device. The pool is this environment's own, so that its numbers are, too; it keeps what is released
// until it is trimmed. Where the driver has no pools, plain cudaMalloc and cudaFree, of which the latter
// waits.
class Memory {
 public:
  explicit Memory(int device);  // the current one
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // Throws ERR_OUT_OF_MEMORY.
  std::shared_ptr<DeviceBlock> allocate(std::size_t bytes, const Stream& stream);
  void release(const DeviceBlock& block) noexcept;

  // Lets another device reach this memory by itself, where the machine can.
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

// Gives back what the pools of all environments keep and no work uses.
void trim_pools();

}  // namespace rsqrt_native::cuda
