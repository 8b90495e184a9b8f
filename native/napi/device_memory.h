// Device memory held by JavaScript objects. It is released by a call, by garbage collection, or
// when memory is short.
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "cuda/backend.h"

namespace rsqrt_native {

class DeviceMemory;

// All device memory of one environment. Node runs finalizers only when the event loop turns, long
// after the objects were collected. A synchronous loop that disposes nothing would run out of
// memory, so the memory of collected objects is swept from time to time, and whenever there is too
// little.
class DeviceMemories : public std::enable_shared_from_this<DeviceMemories> {
 public:
  // A new object. Throws Failure ERR_OUT_OF_MEMORY.
  napi_value create(napi_env env, const std::shared_ptr<cuda::Backend>& backend, int device,
                    std::size_t bytes);

 private:
  friend class DeviceMemory;
  std::shared_ptr<cuda::Block> allocate(napi_env env, cuda::Backend& backend, int device, std::size_t bytes);
  void sweep(napi_env env);

  std::vector<DeviceMemory*> all_;
  std::size_t bytes_ = 0;
  std::size_t bytes_since_sweep_ = 0;
  std::size_t objects_since_sweep_ = 0;
};

// The device memory of an object. Null for any other value. Throws Failure ERR_DISPOSED if the
// memory was released.
cuda::Block* device_block(napi_env env, napi_value value, const char* argument);

// Releases the memory now. Does nothing if it was released before.
void release_device_memory(napi_env env, napi_value value);

}  // namespace rsqrt_native
