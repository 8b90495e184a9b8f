// Devices, versions, peers and errors.
#include "cuda_runtime.h"

#include <cstdio>
#include <optional>

#include "runtime/state.h"

using namespace rsqrt_simulated;

namespace {

cudaDeviceProp properties_of(State& shared, int device) {
  cudaDeviceProp properties = {
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
      .memoryPoolsSupported = shared.settings.pools ? 1 : 0,
  };
  std::snprintf(properties.name, sizeof properties.name, "rsqrt simulated device %d", device);
  return properties;
}

// Empty if this runtime does not know the attribute.
std::optional<int> attribute_of(const cudaDeviceProp& properties, cudaDeviceAttr attribute) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return properties.maxThreadsPerBlock;
    case cudaDevAttrMaxGridDimX:
      return properties.maxGridSize[0];
    case cudaDevAttrWarpSize:
      return properties.warpSize;
    case cudaDevAttrMultiProcessorCount:
      return properties.multiProcessorCount;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return properties.maxThreadsPerMultiProcessor;
    case cudaDevAttrUnifiedAddressing:
      return properties.unifiedAddressing;
    case cudaDevAttrComputeCapabilityMajor:
      return properties.major;
    case cudaDevAttrComputeCapabilityMinor:
      return properties.minor;
    case cudaDevAttrMemoryPoolsSupported:
      return properties.memoryPoolsSupported;
  }
  return {};
}

}  // namespace

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
  return call_without_device([&](State& shared, Lock&) {
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = shared.settings.driver_version;
    return cudaSuccess;
  });
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  return call_without_device([&](State&, Lock&) {
    if (version == nullptr) return cudaErrorInvalidValue;
    *version = CUDART_VERSION;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceCount(int* count) {
  if (count != nullptr) *count = 0;
  return call([&](State& shared, Lock&) {
    if (count == nullptr) return cudaErrorInvalidValue;
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
    *properties = properties_of(shared, device);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return call([&](State& shared, Lock&) {
    if (value == nullptr) return cudaErrorInvalidValue;
    if (!shared.has_device(device)) return cudaErrorInvalidDevice;
    const std::optional<int> known = attribute_of(properties_of(shared, device), attribute);
    if (!known) return cudaErrorInvalidValue;
    *value = *known;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call([](State& shared, Lock& lock) {
    const int device = current_device;
    if (const cudaError_t error = refuse_if_device_captures(shared, device)) return error;
    if (const cudaError_t error = refuse_if_capturing(shared)) return error;
    const cudaError_t error = drain(shared, lock, device);
    give_back_unused(shared, device);
    return error;
  });
}

cudaError_t cudaDeviceCanAccessPeer(int* can_access, int device, int peer) {
  return call([&](State& shared, Lock&) {
    if (can_access == nullptr) return cudaErrorInvalidValue;
    if (!shared.has_device(device) || !shared.has_device(peer)) return cudaErrorInvalidDevice;
    *can_access = shared.can_access(device, peer) ? 1 : 0;
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
  return call([&](State& shared, Lock&) {
    if (flags != 0) return cudaErrorInvalidValue;
    if (!shared.has_device(peer) || peer == current_device) return cudaErrorInvalidDevice;
    if (const cudaError_t error = shared.health(current_device)) return error;
    if (!shared.can_access(current_device, peer)) return cudaErrorPeerAccessUnsupported;
    const bool added = shared.peers.emplace(current_device, peer).second;
    return added ? cudaSuccess : cudaErrorPeerAccessAlreadyEnabled;
  });
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
  last_error = cudaSuccess;  // the next call finds a permanent one again
  return error;
}

}  // extern "C"
