// Page-locked host memory of one environment.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "cuda/status.h"
#include "cuda/streams.h"

namespace rsqrt_native::cuda {

// Locking pages takes the system about as long as copying them, so released memory is kept for the next.
class Pinned {
 public:
  Pinned() = default;
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  // Throws ERR_OUT_OF_MEMORY.
  std::byte* allocate(std::size_t bytes);
  void release(std::byte* data) noexcept;
  // Frees what is kept, after the copies under way.
  void trim();

  struct Block {
    std::size_t bytes;
    bool used = true;
    const Stream* last = nullptr;  // whose copies are under way; null: none
    EventHandle copied;            // behind them; of the device of last
    int event_device = -1;
  };
  // The block that an address lies in, or null.
  Block* find(const std::byte* address);

  // Before a copy on a stream, and after it.
  static void use(const Block& block, const Stream& stream);
  static void mark(Block& block, const Stream& stream);
  // Waits for the copies under way.
  static void settle(Block& block);

 private:
  using Blocks = std::map<const std::byte*, Block>;
  std::byte* take_kept(std::size_t bytes);

  Blocks blocks_;
  std::size_t kept_ = 0;  // bytes
};

}  // namespace rsqrt_native::cuda
