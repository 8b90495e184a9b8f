// The CUDA backend: devices, memory, one stream per device, copies. Compiled against the CUDA runtime or
// against the simulated one (native/cuda/simulated), without a difference.
#include <cuda_runtime.h>

#include <new>
#include <string>
#include <vector>

#include "core/failure.h"
#include "cuda/backend.h"
#include "cuda/kernels.h"

namespace rsqrt_native::cuda {
namespace {

std::string describe(const char* call, cudaError_t status) {
  return std::string(call) + " failed: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) +
         ", " + std::to_string(static_cast<int>(status)) + ")";
}

// Every status is checked where it is returned.
void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // not to be reported again by an unrelated call
  throw Failure("ERR_CUDA", describe(call, status));
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Makes a device current for its lifetime: other code in the process may have chosen another.
class CurrentDevice {
 public:
  explicit CurrentDevice(int device) {
    check(cudaGetDevice(&previous_), "cudaGetDevice");
    if (previous_ == device) return;
    check(cudaSetDevice(device), "cudaSetDevice");
    changed_ = true;
  }
  ~CurrentDevice() {
    if (changed_) static_cast<void>(cudaSetDevice(previous_));
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

 private:
  int previous_ = 0;
  bool changed_ = false;
};

struct Device {
  cudaStream_t stream = nullptr;
  int multiprocessors = 0;
  bool pools = false;  // stream-ordered allocation is supported
};

class CudaBackend final : public Backend {
 public:
  CudaBackend() {
    // Neither call needs a driver to be installed.
    static_cast<void>(cudaRuntimeGetVersion(&runtime_version_));
    static_cast<void>(cudaDriverGetVersion(&driver_version_));
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) {
      devices_.resize(static_cast<std::size_t>(count));
    } else {
      static_cast<void>(cudaGetLastError());
      reason_ = explain(status);
    }
  }

  ~CudaBackend() override {
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      if (devices_[i].stream == nullptr) continue;
      int previous;
      if (cudaGetDevice(&previous) != cudaSuccess) continue;
      static_cast<void>(cudaSetDevice(static_cast<int>(i)));
      static_cast<void>(cudaStreamSynchronize(devices_[i].stream));
      static_cast<void>(cudaStreamDestroy(devices_[i].stream));
      static_cast<void>(cudaSetDevice(previous));
    }
  }

  const char* build() const override { return RSQRT_CUDA_BUILD; }
  int runtime_version() const override { return runtime_version_; }
  int driver_version() const override { return driver_version_; }
  int device_count() const override { return static_cast<int>(devices_.size()); }
  const std::string& unavailable_reason() const override { return reason_; }

  DeviceProperties properties(int device) override {
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
    return {properties.name, properties.major, properties.minor, properties.totalGlobalMem};
  }

  std::byte* allocate(int device, std::size_t bytes) override {
    const CurrentDevice current(device);
    const Device& state = opened(device);
    if (bytes == 0) bytes = 1;  // a pointer of its own, never null
    void* pointer = nullptr;
    const cudaError_t status =
        state.pools ? cudaMallocAsync(&pointer, bytes, state.stream) : cudaMalloc(&pointer, bytes);
    if (status == cudaErrorMemoryAllocation) {
      static_cast<void>(cudaGetLastError());
      std::size_t available = 0, total = 0;
      static_cast<void>(cudaMemGetInfo(&available, &total));
      throw Failure("ERR_OUT_OF_MEMORY", "out of memory on cuda:" + std::to_string(device) + ": asked for " +
                                             std::to_string(bytes) + " bytes, " + std::to_string(available) +
                                             " of " + std::to_string(total) + " are free");
    }
    check(status, state.pools ? "cudaMallocAsync" : "cudaMalloc");
    return static_cast<std::byte*>(pointer);
  }

  void release(int device, std::byte* pointer) noexcept override {
    try {
      const CurrentDevice current(device);
      const Device& state = opened(device);
      check(state.pools ? cudaFreeAsync(pointer, state.stream) : cudaFree(pointer), "cudaFreeAsync");
    } catch (const std::exception&) {
      // A device that failed has lost its memory with everything else; the failure itself was reported by the
      // call.
    }
  }

  void copy(Place from, Place to, std::size_t bytes) override {
    if (from.device >= 0 && to.device >= 0 && from.device != to.device) {
      synchronize(from.device);  // the streams of two devices know nothing of each other
      const CurrentDevice current(to.device);
      const Device& state = opened(to.device);
      check(cudaMemcpyPeerAsync(to.pointer, to.device, from.pointer, from.device, bytes, state.stream),
            "cudaMemcpyPeerAsync");
      check(cudaStreamSynchronize(state.stream), "cudaStreamSynchronize");
      return;
    }
    const int device = from.device >= 0 ? from.device : to.device;
    const cudaMemcpyKind kind = from.device < 0 ? cudaMemcpyHostToDevice
                                : to.device < 0 ? cudaMemcpyDeviceToHost
                                                : cudaMemcpyDeviceToDevice;
    const CurrentDevice current(device);
    const Device& state = opened(device);
    check(cudaMemcpyAsync(to.pointer, from.pointer, bytes, kind, state.stream), "cudaMemcpyAsync");
    // Host memory belongs to JavaScript, which may change or free it as soon as this returns.
    if (kind != cudaMemcpyDeviceToDevice) check(cudaStreamSynchronize(state.stream), "cudaStreamSynchronize");
  }

  void run(int device, const Job& job) override {
    const CurrentDevice current(device);
    const Device& state = opened(device);
    check(launch(job, state.multiprocessors, state.stream), "cudaLaunchKernel");
  }

  void synchronize(int device) override {
    const CurrentDevice current(device);
    check(cudaStreamSynchronize(opened(device).stream), "cudaStreamSynchronize");
  }

 private:
  std::string explain(cudaError_t status) const {
    if (driver_version_ == 0) return "no driver: no NVIDIA driver is installed on this machine";
    if (status == cudaErrorInsufficientDriver) {
      return "driver too old: it supports CUDA " + version_text(driver_version_) +
             ", rsqrt was built with CUDA " + version_text(runtime_version_);
    }
    if (status == cudaErrorNoDevice || status == cudaSuccess) {
      return "no device: the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it)";
    }
    return describe("cudaGetDeviceCount", status);
  }

  // The state of the current device, set up at its first use.
  const Device& opened(int device) {
    Device& state = devices_[static_cast<std::size_t>(device)];
    if (state.stream != nullptr) return state;
    cudaFuncAttributes attributes;
    const cudaError_t status = cudaFuncGetAttributes(&attributes, probe_kernel());
    if (status == cudaErrorNoKernelImageForDevice) {
      static_cast<void>(cudaGetLastError());
      const DeviceProperties found = properties(device);
      throw Failure("ERR_CUDA_UNAVAILABLE", "CUDA is not available: no kernel image for " + found.name +
                                                " (compute capability " + std::to_string(found.major) + "." +
                                                std::to_string(found.minor) +
                                                ") in this copy of the rsqrt addon");
    }
    check(status, "cudaFuncGetAttributes");
    int pools = 0;
    check(cudaDeviceGetAttribute(&pools, cudaDevAttrMemoryPoolsSupported, device), "cudaDeviceGetAttribute");
    check(cudaDeviceGetAttribute(&state.multiprocessors, cudaDevAttrMultiProcessorCount, device),
          "cudaDeviceGetAttribute");
    state.pools = pools != 0;
    check(cudaStreamCreateWithFlags(&state.stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    return state;
  }

  std::vector<Device> devices_;
  std::string reason_;
  int runtime_version_ = 0;
  int driver_version_ = 0;
};

}  // namespace

std::shared_ptr<Backend> make_backend() { return std::make_shared<CudaBackend>(); }

}  // namespace rsqrt_native::cuda
