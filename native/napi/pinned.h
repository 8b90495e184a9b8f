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
  // Kept until the collector takes the buffer; by then its memory may be another's.
  struct Hold {
    Hold(std::shared_ptr<PinnedBuffers> of, std::shared_ptr<cuda::Backend> from, std::size_t bytes);
    ~Hold() { let_go(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    void let_go();

    std::shared_ptr<PinnedBuffers> owner;
    std::shared_ptr<cuda::Backend> backend;
    std::byte* data;  // null: released
  };

  std::map<const void*, Hold*> holds_;
};

}  // namespace rsqrt_native
