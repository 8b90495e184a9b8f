// Page-locked host memory of one environment.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "cuda/status.h"
#include "cuda/streams.h"

namespace rsqrt_native::cuda {

// Locking pages takes the system about as long as copying them, so released memory is kept for
// reuse.
class Pinned {
 public:
  Pinned() = default;
  ~Pinned();
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  // Throws ERR_OUT_OF_MEMORY.
  std::byte* allocate(std::size_t bytes);
  void release(std::byte* data) noexcept;
  // Frees the memory kept for reuse, after the pending copies.
  void trim();

  struct Buffer {
    std::size_t bytes;
    bool used = true;
    const Stream* last = nullptr;  // the stream of pending copies; null: none
    EventHandle copied;            // recorded after them, on the device of last
    int event_device = -1;
  };
  // The buffer that an address lies in, or null.
  Buffer* find(const std::byte* address);

  // Before a copy on a stream, and after it.
  static void use(const Buffer& buffer, const Stream& stream);
  static void mark(Buffer& buffer, const Stream& stream);
  // Waits for the pending copies.
  static void settle(Buffer& buffer);

 private:
  using Buffers = std::map<const std::byte*, Buffer>;
  std::byte* take_kept(std::size_t bytes);

  Buffers buffers_;
  std::size_t kept_ = 0;  // bytes
};

}  // namespace rsqrt_native::cuda
