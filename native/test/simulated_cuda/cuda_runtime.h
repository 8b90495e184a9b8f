// A simulated CUDA runtime: the calls that native/cuda uses, on the host, for tests without a GPU.
//
// The build puts this folder first on the include path, compiles kernels.cu as C++ (-x c++), adds
// *.cpp and runtime/*.cpp, and links threads and dl. Neither the kernels nor the host code differ
// from a build with CUDA. Names, signatures and numbers are those of CUDA 12 and 13. Where CUDA
// permits several behaviours, this runtime has the one that is hardest on its callers:
//
// - Work runs late. A task of a stream starts when somebody waits for it, or some milliseconds
//   after it was queued. This includes copies from and to pageable memory. The real runtime is more
//   lenient: it stages small copies from the host before it returns, and waits for copies to the
//   host.
// - Fresh memory is 0xFF (NaN in every float type), freed memory is 0xDB. Pointers are aligned to
//   256 bytes and not to more. There are guard bytes between allocations. A kernel that writes to
//   them makes its device fail. Under AddressSanitizer, reading them or freed memory ends the
//   program.
// - Device memory is inaccessible (PROT_NONE) except while a task of its device runs. An access by
//   the host, or by a kernel of another device, is a segmentation fault if the device is idle. (On
//   a GPU, the latter is cudaErrorIllegalAddress.) Enabling peer access does not change this,
//   because callers may only rely on cudaMemcpyPeerAsync, which works with and without it.
// - The range of a copy or memset must be in one allocation that is live when the call is made
//   (else cudaErrorInvalidValue) and when it runs (else the device fails permanently with
//   cudaErrorIllegalAddress, and stderr says why). Allocations are live in stream order. One
//   operand must be on the stream's device.
// - cudaFree of memory from cudaMalloc waits for all work of the device. cudaFree of memory from a
//   pool waits for nothing, as documented. cudaFreeHost never waits.
// - Memory that is freed to a pool, including the default pool, stays reserved by it. Neither
//   cudaMalloc nor another pool gets it, however short memory is. A pool returns what exceeds its
//   release threshold at the next synchronisation with a stream, an event or all work of its
//   device. cudaMemPoolTrimTo returns what is unused, down to a minimum. A destroyed pool returns
//   everything when its last allocation is freed. An allocation that finds too little memory waits
//   for the releases that are queued to its pool. Pools do not fragment. cudaMemPoolSetAccess
//   checks its arguments and has no effect.
// - A capturing stream records launches, memsets and copies that do not touch pageable memory. They
//   run at each launch of the graph, one after the other, and the memory that they touch must be
//   live then. The stream may wait only for events recorded in the same capture; for an event of
//   another stream, that is cudaErrorStreamCaptureIsolation. These are
//   cudaErrorStreamCaptureUnsupported: making another stream join a capture and allocating or
//   freeing memory in it (CUDA makes forks and memory nodes of them), launching a graph, and
//   destroying the stream. The calls that a capture mode may forbid as potentially unsafe are those
//   that allocate or free memory outside of streams, make, trim or destroy pools, and wait for or
//   query anything. Waiting for a device that captures is an error in every mode. Every refused
//   call invalidates the capture.
// - For an event that was recorded in a capture, every call except a wait in that capture returns
//   cudaErrorCapturedEvent.
// - The threads of a grid run one after the other, in every second launch in reverse order. Each
//   runs to its end or to __syncthreads. If not all threads of a block reach a __syncthreads, the
//   device fails. Shared memory is 0xFF when a block begins. rsqrtf and rsqrt have the largest
//   errors that are documented (device_math.h).
// - Where the behaviour of CUDA is undocumented, the call fails: cudaMallocAsync of 0 bytes and
//   cudaFreeAsync of nullptr are cudaErrorInvalidValue. Blocking streams are cudaErrorNotSupported.
//
// Environment variables that are read once, at the first call:
//   RSQRT_SIMULATED_DEVICES  the number of devices (2). With 0, calls return cudaErrorNoDevice
//   RSQRT_SIMULATED_DRIVER   "none" or "old": calls return cudaErrorInsufficientDriver
//   RSQRT_SIMULATED_MEMORY   bytes per device (268435456)
//   RSQRT_SIMULATED_DELAY    microseconds until work that nobody waits for starts (2000). A random
//                            time of up to as much again is added
//   RSQRT_SIMULATED_POOLS    "0": devices have no memory pools; cudaErrorNotSupported
//   RSQRT_SIMULATED_PEER     "0": no device can access the memory of another one
//   RSQRT_SIMULATED_IMAGE    "none": cudaFuncGetAttributes returns cudaErrorNoKernelImageForDevice
//   RSQRT_SIMULATED_REPORT   "1" or a path: when the process exits, this runtime writes a line to
//                            stderr or appends it to that file. It says what was not released:
//     rsqrt simulated: left behind: 0 allocations (0 bytes), 0 reserved bytes, 0 pools, 0 pinned blocks,
//                            0 streams, 0 events, 0 graphs, 0 execs
//                            (one line), and for each device with allocations "; device 1: 2
//                            allocations (512 bytes)". The reserved bytes are those of all pools
//                            that were not destroyed, including the default pools and including
//                            used bytes. Memory whose release is queued counts as released. A
//                            process that makes no call writes no line
// Environment variables that are read at each call:
//   RSQRT_SIMULATED_FAIL     "<serial>:<n>" or "<serial>:<n>:<code>". When the serial differs from
//                            the last one, calls are counted from 1 again. The n-th call returns
//                            the code (999) and does nothing else. Calls of all functions that
//                            return an error and may fail are counted, including queries. Functions
//                            that release something (cudaFree…, …Destroy) release it and return the
//                            error nevertheless, because real ones may, when they report a failure
//                            of earlier work. Codes 700, 716 and 719 are sticky: the current device
//                            fails permanently, as if a kernel had failed
//   RSQRT_SIMULATED_FAIL_LOG  a file to which the line "<serial> <function>" is appended then
// A process may change these two variables (in Node with process.env, on its main thread) while no
// other thread makes calls.
#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/device_math.h"

#define CUDART_VERSION 13000

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

// X(name, value, text of cudaGetErrorString)
#define RSQRT_SIMULATED_ERRORS(X)                                                                           \
  X(cudaSuccess, 0, "no error")                                                                             \
  X(cudaErrorInvalidValue, 1, "invalid argument")                                                           \
  X(cudaErrorMemoryAllocation, 2, "out of memory")                                                          \
  X(cudaErrorInitializationError, 3, "initialization error")                                                \
  X(cudaErrorCudartUnloading, 4, "driver shutting down")                                                    \
  X(cudaErrorInvalidConfiguration, 9, "invalid configuration argument")                                     \
  X(cudaErrorInvalidMemcpyDirection, 21, "invalid copy direction for memcpy")                               \
  X(cudaErrorInsufficientDriver, 35, "CUDA driver version is insufficient for CUDA runtime version")        \
  X(cudaErrorInvalidDeviceFunction, 98, "invalid device function")                                          \
  X(cudaErrorNoDevice, 100, "no CUDA-capable device is detected")                                           \
  X(cudaErrorInvalidDevice, 101, "invalid device ordinal")                                                  \
  X(cudaErrorNoKernelImageForDevice, 209, "no kernel image is available for execution on the device")       \
  X(cudaErrorPeerAccessUnsupported, 217, "peer access is not supported between these two devices")          \
  X(cudaErrorInvalidResourceHandle, 400, "invalid resource handle")                                         \
  X(cudaErrorIllegalState, 401, "the operation cannot be performed in the present state")                   \
  X(cudaErrorNotReady, 600, "device not ready")                                                             \
  X(cudaErrorIllegalAddress, 700, "an illegal memory access was encountered")                               \
  X(cudaErrorPeerAccessAlreadyEnabled, 704, "peer access is already enabled")                               \
  X(cudaErrorPeerAccessNotEnabled, 705, "peer access has not been enabled")                                 \
  X(cudaErrorMisalignedAddress, 716, "misaligned address")                                                  \
  X(cudaErrorLaunchFailure, 719, "unspecified launch failure")                                              \
  X(cudaErrorNotSupported, 801, "operation not supported")                                                  \
  X(cudaErrorStreamCaptureUnsupported, 900, "operation not permitted when stream is capturing")             \
  X(cudaErrorStreamCaptureInvalidated, 901, "operation failed due to a previous error during capture")      \
  X(cudaErrorStreamCaptureIsolation, 905, "dependency created on uncaptured work in another stream")        \
  X(cudaErrorCapturedEvent, 907, "operation not permitted on an event last recorded in a capturing stream") \
  X(cudaErrorStreamCaptureWrongThread, 908,                                                                 \
    "attempt to terminate a thread-local capture sequence from another thread")                             \
  X(cudaErrorUnknown, 999, "unknown error")

enum cudaError {
#define X(name, value, text) name = value,
  RSQRT_SIMULATED_ERRORS(X)
#undef X
};
using cudaError_t = cudaError;

using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;
using cudaMemPool_t = struct CUmemPoolHandle_st*;
using cudaGraph_t = struct CUgraph_st*;
using cudaGraphNode_t = struct CUgraphNode_st*;
using cudaGraphExec_t = struct CUgraphExec_st*;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4,
};

enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxGridDimX = 5,
  cudaDevAttrWarpSize = 10,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrMaxThreadsPerMultiProcessor = 39,
  cudaDevAttrUnifiedAddressing = 41,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMemoryPoolsSupported = 115,
};

enum cudaMemPoolAttr {
  cudaMemPoolReuseFollowEventDependencies = 1,
  cudaMemPoolReuseAllowOpportunistic = 2,
  cudaMemPoolReuseAllowInternalDependencies = 3,
  cudaMemPoolAttrReleaseThreshold = 4,
  cudaMemPoolAttrReservedMemCurrent = 5,
  cudaMemPoolAttrReservedMemHigh = 6,
  cudaMemPoolAttrUsedMemCurrent = 7,
  cudaMemPoolAttrUsedMemHigh = 8,
};

enum cudaMemAllocationType {
  cudaMemAllocationTypeInvalid = 0,
  cudaMemAllocationTypePinned = 1,
};

enum cudaMemAllocationHandleType {
  cudaMemHandleTypeNone = 0,
  cudaMemHandleTypePosixFileDescriptor = 1,
};

enum cudaMemLocationType {
  cudaMemLocationTypeInvalid = 0,
  cudaMemLocationTypeDevice = 1,
  cudaMemLocationTypeHost = 2,
};

enum cudaMemAccessFlags {
  cudaMemAccessFlagsProtNone = 0,
  cudaMemAccessFlagsProtRead = 1,
  cudaMemAccessFlagsProtReadWrite = 3,
};

enum cudaMemoryType {
  cudaMemoryTypeUnregistered = 0,
  cudaMemoryTypeHost = 1,
  cudaMemoryTypeDevice = 2,
  cudaMemoryTypeManaged = 3,
};

enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal = 0,
  cudaStreamCaptureModeThreadLocal = 1,
  cudaStreamCaptureModeRelaxed = 2,
};

enum cudaStreamCaptureStatus {
  cudaStreamCaptureStatusNone = 0,
  cudaStreamCaptureStatusActive = 1,
  cudaStreamCaptureStatusInvalidated = 2,
};

inline constexpr unsigned cudaStreamDefault = 0;
inline constexpr unsigned cudaStreamNonBlocking = 1;
inline constexpr unsigned cudaEventDefault = 0;
inline constexpr unsigned cudaEventBlockingSync = 1;
inline constexpr unsigned cudaEventDisableTiming = 2;
inline constexpr unsigned cudaHostAllocDefault = 0;
inline constexpr unsigned cudaHostAllocPortable = 1;

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  std::size_t sharedMemPerBlock;
  int regsPerBlock;
  int warpSize;
  int maxThreadsPerBlock;
  int maxThreadsDim[3];
  int maxGridSize[3];
  int major;
  int minor;
  int multiProcessorCount;
  int maxThreadsPerMultiProcessor;
  int unifiedAddressing;
  int memoryPoolsSupported;
};

struct cudaFuncAttributes {
  std::size_t sharedSizeBytes;
  std::size_t constSizeBytes;
  std::size_t localSizeBytes;
  int maxThreadsPerBlock;
  int numRegs;
  int ptxVersion;
  int binaryVersion;
};

struct cudaMemLocation {
  cudaMemLocationType type;
  int id;
};

struct cudaMemPoolProps {
  cudaMemAllocationType allocType;
  cudaMemAllocationHandleType handleTypes;
  cudaMemLocation location;
  void* win32SecurityAttributes;
  std::size_t maxSize;  // CUDA 12.0 and 12.1 have no such limit, but zeros
  unsigned short usage;
  unsigned char reserved[54];
};

struct cudaMemAccessDesc {
  cudaMemLocation location;
  cudaMemAccessFlags flags;
};

struct cudaPointerAttributes {
  cudaMemoryType type;
  int device;
  void* devicePointer;
  void* hostPointer;
};

// clang-format off
struct alignas(8) uint2 { unsigned x, y; };
struct uint3 { unsigned x, y, z; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) double2 { double x, y; };
// clang-format on

struct dim3 {
  constexpr dim3(unsigned vx = 1, unsigned vy = 1, unsigned vz = 1) : x(vx), y(vy), z(vz) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return {x, y, z}; }

  unsigned x, y, z;
};

#include "runtime/grid.h"

extern "C" {
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int* device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaDeviceCanAccessPeer(int* can_access, int device, int peer);
cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags);

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags = 0);

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream = nullptr);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end);
cudaError_t cudaEventDestroy(cudaEvent_t event);

cudaError_t cudaMalloc(void** pointer, std::size_t size);
cudaError_t cudaFree(void* pointer);
cudaError_t cudaMallocAsync(void** pointer, std::size_t size, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream);
cudaError_t cudaHostAlloc(void** pointer, std::size_t size, unsigned flags);
cudaError_t cudaMallocHost(void** pointer, std::size_t size);
cudaError_t cudaFreeHost(void* pointer);
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t count, cudaMemcpyKind kind,
                            cudaStream_t stream = nullptr);
cudaError_t cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, std::size_t count,
                                cudaStream_t stream = nullptr);
cudaError_t cudaMemsetAsync(void* pointer, int value, std::size_t count, cudaStream_t stream = nullptr);

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties);
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool);
cudaError_t cudaMallocFromPoolAsync(void** pointer, std::size_t size, cudaMemPool_t pool,
                                    cudaStream_t stream);
cudaError_t cudaMemPoolSetAccess(cudaMemPool_t pool, const cudaMemAccessDesc* descriptions,
                                 std::size_t count);
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t bytes_to_keep);

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status);
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode);
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags = 0);
cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function);
}

template <class T>
cudaError_t cudaMalloc(T** pointer, std::size_t size) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), size);
}

template <class T>
cudaError_t cudaMallocAsync(T** pointer, std::size_t size, cudaStream_t stream) {
  return cudaMallocAsync(reinterpret_cast<void**>(pointer), size, stream);
}

template <class T>
cudaError_t cudaMallocFromPoolAsync(T** pointer, std::size_t size, cudaMemPool_t pool, cudaStream_t stream) {
  return cudaMallocFromPoolAsync(reinterpret_cast<void**>(pointer), size, pool, stream);
}

template <class T>
cudaError_t cudaMallocHost(T** pointer, std::size_t size) {
  return cudaMallocHost(reinterpret_cast<void**>(pointer), size);
}

template <class T>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, T* function) {
  return cudaFuncGetAttributes(attributes, reinterpret_cast<const void*>(function));
}

namespace rsqrt_simulated {

// `run` executes the whole grid. It is called late, on the stream's thread: once, or by every
// launch of a graph. It returns what went wrong, or nullptr.
cudaError_t enqueue_kernel(std::function<const char*(bool backwards)> run, dim3 grid, dim3 block,
                           std::size_t shared_size, cudaStream_t stream) noexcept;

// What cudaLaunchKernel returns when there is no memory for the copy of the arguments.
cudaError_t out_of_host_memory() noexcept;

}  // namespace rsqrt_simulated

template <class... Args>
cudaError_t cudaLaunchKernel(void (*kernel)(Args...), dim3 grid, dim3 block, void** args,
                             std::size_t shared_size = 0, cudaStream_t stream = nullptr) {
  // NOLINTNEXTLINE(bugprone-sizeof-expression): a kernel may take pointers
  static_assert((sizeof(Args) + ... + 0) <= 4096, "more than GPUs before Volta take");
  static_assert((std::is_trivially_copyable_v<Args> && ...), "kernel arguments are copied as bytes");
  if (kernel == nullptr) return rsqrt_simulated::enqueue_kernel({}, grid, block, shared_size, stream);
  try {
    const auto copy = [args]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<std::remove_const_t<Args>...>(*static_cast<const Args*>(args[I])...);
    }
    (std::index_sequence_for<Args...>());
    auto run = [=](bool backwards) {
      return rsqrt_simulated::run_grid(grid, block, shared_size, backwards,
                                       [&] { std::apply(kernel, copy); });
    };
    return rsqrt_simulated::enqueue_kernel(std::move(run), grid, block, shared_size, stream);
  } catch (...) {
    return rsqrt_simulated::out_of_host_memory();
  }
}
