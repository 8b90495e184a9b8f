// The GPU side as the addon sees it. Two files define make_backend: runtime.cpp, and none.cpp for builds
// without CUDA.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/job.h"

namespace rsqrt_native::cuda {

// A place in memory: a device's, or the host's if device is negative.
struct Place {
  int device;
  std::byte* pointer;
};

struct DeviceProperties {
  std::string name;
  int major;  // compute capability
  int minor;
  std::size_t total_memory;  // bytes
};

// One per JavaScript environment, used from its thread only. Work is queued on one stream per device in
// the order of the calls. Functions throw Failure: ERR_CUDA_UNAVAILABLE, ERR_CUDA, ERR_OUT_OF_MEMORY.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual const char* build() const = 0;    // "none", "cuda", "simulated"
  virtual int runtime_version() const = 0;  // 13000 is 13.0; 0 if not built
  virtual int driver_version() const = 0;   // the newest CUDA the driver supports; 0 if there is no driver
  virtual int device_count() const = 0;
  // Why there is no device, as one clause; empty if there is one.
  virtual const std::string& unavailable_reason() const = 0;
  virtual DeviceProperties properties(int device) = 0;

  virtual std::byte* allocate(int device, std::size_t bytes) = 0;
  // Memory that queued work still uses may be released: it is given back after that work.
  virtual void release(int device, std::byte* pointer) noexcept = 0;
  // Returns when the host may use both places.
  virtual void copy(Place from, Place to, std::size_t bytes) = 0;
  virtual void run(int device, const Job& job) = 0;
  virtual void synchronize(int device) = 0;
};

std::shared_ptr<Backend> make_backend();

}  // namespace rsqrt_native::cuda
