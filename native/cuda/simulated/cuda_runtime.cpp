// Devices, versions and errors.
#include "cuda_runtime.h"

#include <cstdio>

#include "runtime/state.h"

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};

using namespace rsqrt_simulated;

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
  if (version == nullptr) return remembered(cudaErrorInvalidValue);
  return guarded([&](State& shared, Lock&) {
    *version = shared.settings.driver_version;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  if (version == nullptr) return remembered(cudaErrorInvalidValue);
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  if (count == nullptr) return remembered(cudaErrorInvalidValue);
  *count = 0;
  return call([&](State& shared, Lock&) {
    *count = shared.settings.devices;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return call([&](State& shared, Lock&) {
    if (!shared.has_device(device)) return cudaErrorInvalidDevice;
    current_device = device;
    return shared.health(device);
  });
}

cudaError_t cudaGetDevice(int* device) {
  return call([&](State&, Lock&) {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = current_device;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return call([&](State& shared, Lock&) {
    if (properties == nullptr) return cudaErrorInvalidValue;
    if (!shared.has_device(device)) return cudaErrorInvalidDevice;
    *properties = {
        .name = {},
        .totalGlobalMem = shared.device(device).memory.capacity(),
        .sharedMemPerBlock = 49152,
        .regsPerBlock = 65536,
        .warpSize = 32,
        .maxThreadsPerBlock = 1024,
        .maxThreadsDim = {1024, 1024, 64},
        .maxGridSize = {2147483647, 65535, 65535},
        .major = 9,
        .minor = 0,
        .multiProcessorCount = 4,
        .maxThreadsPerMultiProcessor = 2048,
        .unifiedAddressing = 1,
        .memoryPoolsSupported = 1,
    };
    std::snprintf(properties->name, sizeof properties->name, "rsqrt simulated device %d", device);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (value == nullptr) return remembered(cudaErrorInvalidValue);
  cudaDeviceProp properties;
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, device)) return error;
  const auto get = [&](int result) {
    *value = result;
    return cudaSuccess;
  };
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return get(properties.maxThreadsPerBlock);
    case cudaDevAttrMaxGridDimX:
      return get(properties.maxGridSize[0]);
    case cudaDevAttrWarpSize:
      return get(properties.warpSize);
    case cudaDevAttrMultiProcessorCount:
      return get(properties.multiProcessorCount);
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return get(properties.maxThreadsPerMultiProcessor);
    case cudaDevAttrUnifiedAddressing:
      return get(properties.unifiedAddressing);
    case cudaDevAttrComputeCapabilityMajor:
      return get(properties.major);
    case cudaDevAttrComputeCapabilityMinor:
      return get(properties.minor);
    case cudaDevAttrMemoryPoolsSupported:
      return get(properties.memoryPoolsSupported);
  }
  return remembered(cudaErrorInvalidValue);
}

cudaError_t cudaDeviceSynchronize() {
  return call([](State& shared, Lock& lock) { return drain(shared, lock, current_device); });
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define X(name, value, text) \
  case name:                 \
    return #name;
    RSQRT_SIMULATED_ERRORS(X)
#undef X
  }
  return "unrecognized error code";
}

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define X(name, value, text) \
  case name:                 \
    return text;
    RSQRT_SIMULATED_ERRORS(X)
#undef X
  }
  return "unrecognized error code";
}

cudaError_t cudaPeekAtLastError() {
  return guarded([](State& shared, Lock&) {
    if (shared.unavailable != cudaSuccess) return last_error;
    const cudaError_t sticky = shared.device(current_device).error;
    return sticky != cudaSuccess ? sticky : last_error;
  });
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  last_error = cudaSuccess;  // a sticky one is found again by the next call
  return error;
}

}  // extern "C"
