// Page-locked memory in ArrayBuffers. It is freed by a call or by garbage collection.
#pragma once

#include <napi.h>

#include <cstddef>
#include <map>
#include <memory>

#include "cuda/backend.h"

namespace rsqrt_native {

// The page-locked buffers of one environment.
class PinnedBuffers : public std::enable_shared_from_this<PinnedBuffers> {
 public:
  // Throws Failure ERR_OUT_OF_MEMORY, ERR_CUDA_UNAVAILABLE.
  napi_value create(napi_env env, const std::shared_ptr<cuda::Backend>& backend, std::size_t bytes);
  // Frees the memory of a buffer and detaches the buffer. Does nothing if that was done before.
  void release(napi_env env, napi_value buffer);

 private:
  // Exists until the buffer is garbage-collected. If it was released before, its memory may be used
  // by another buffer by then.
  struct Allocation {
    Allocation(std::shared_ptr<PinnedBuffers> of, std::shared_ptr<cuda::Backend> from, std::size_t bytes);
    ~Allocation() { free(); }
    Allocation(const Allocation&) = delete;
    Allocation& operator=(const Allocation&) = delete;
    void free();

    std::shared_ptr<PinnedBuffers> owner;
    std::shared_ptr<cuda::Backend> backend;
    std::byte* data;  // null: released
  };

  std::map<const void*, Allocation*> allocations_;
};

}  // namespace rsqrt_native
