// Converts statuses of CUDA calls to errors, and owns CUDA's handles.
#pragma once

#include <cuda_runtime.h>

#include <memory>
#include <string>
#include <type_traits>

namespace rsqrt_native::cuda {

// A message with the call, CUDA's text, name and number of the status, and the consequences.
std::string describe(const char* call, cudaError_t status);

// Throws Failure ERR_CUDA unless the status is cudaSuccess. Every status is checked where it is
// returned.
void check(cudaError_t status, const char* call);

// Makes a device current for the lifetime of this object, because other code in the process may
// have chosen another.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device);
  ~CurrentDevice();
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int previous_ = 0;
  bool changed_ = false;
};

// A handle that is destroyed with its owner. The status is ignored, because nothing could be done
// about it.
template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    static_cast<void>(destroy(handle));
  }
};
template <class Handle, auto destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<destroy>>;

using StreamHandle = Owned<cudaStream_t, cudaStreamDestroy>;
using EventHandle = Owned<cudaEvent_t, cudaEventDestroy>;
using PoolHandle = Owned<cudaMemPool_t, cudaMemPoolDestroy>;
using GraphHandle = Owned<cudaGraph_t, cudaGraphDestroy>;
using ExecHandle = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;

// Of the current device.
StreamHandle make_stream();
EventHandle make_event(unsigned flags);

}  // namespace rsqrt_native::cuda
