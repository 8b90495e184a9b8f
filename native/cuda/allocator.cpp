#include "cuda/allocator.h"

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "core/failure.h"

namespace rsqrt_native::cuda {
namespace {

// The pools of the process. An environment that finds too little memory trims all of them;
// otherwise it uses only its own.
struct Pools {
  std::mutex mutex;
  std::vector<cudaMemPool_t> all;
};

Pools& pools() {
  static Pools* const shared = new Pools;  // never destroyed: environments may end after static objects do
  return *shared;
}

PoolHandle make_pool(int device) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.handleTypes = cudaMemHandleTypeNone;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = device;
  cudaMemPool_t created = nullptr;
  check(cudaMemPoolCreate(&created, &properties), "cudaMemPoolCreate");
  PoolHandle pool(created);
  // Without this, the pool would return all unused memory to the device at every synchronisation.
  std::uint64_t threshold = std::numeric_limits<std::uint64_t>::max();
  check(cudaMemPoolSetAttribute(created, cudaMemPoolAttrReleaseThreshold, &threshold),
        "cudaMemPoolSetAttribute");
  return pool;
}

}  // namespace

DeviceBlock::~DeviceBlock() { allocator_.release(*this); }

Allocator::Allocator(int device) : device_(device) {
  int supported = 0;
  check(cudaDeviceGetAttribute(&supported, cudaDevAttrMemoryPoolsSupported, device),
        "cudaDeviceGetAttribute");
  if (supported == 0) return;
  Pools& shared = pools();
  const std::lock_guard lock(shared.mutex);
  shared.all.reserve(shared.all.size() + 1);
  pool_ = make_pool(device);
  shared.all.push_back(pool_.get());
}

Allocator::~Allocator() {
  if (pool_ == nullptr) return;
  Pools& shared = pools();
  const std::lock_guard lock(shared.mutex);
  shared.all.erase(std::find(shared.all.begin(), shared.all.end(), pool_.get()));
}

void trim_pools() {
  Pools& shared = pools();
  const std::lock_guard lock(shared.mutex);
  for (cudaMemPool_t pool : shared.all) check(cudaMemPoolTrimTo(pool, 0), "cudaMemPoolTrimTo");
}

std::shared_ptr<DeviceBlock> Allocator::allocate(std::size_t bytes, const Stream& stream) {
  if (bytes > limit_ || allocated_ > limit_ - bytes) refuse(bytes);
  std::byte* data = allocate_bytes(std::max<std::size_t>(bytes, 1), stream);  // never null
  std::shared_ptr<DeviceBlock> block;
  try {
    block = std::make_shared<DeviceBlock>(*this, device_, data, bytes, stream);
  } catch (...) {
    static_cast<void>(free_bytes(data, stream));
    throw;
  }
  allocated_ += bytes;
  max_allocated_ = std::max(max_allocated_, allocated_);
  return block;
}

std::byte* Allocator::allocate_bytes(std::size_t bytes, const Stream& stream) {
  void* data = nullptr;
  const cudaError_t status = pool_ != nullptr
                                 ? cudaMallocFromPoolAsync(&data, bytes, pool_.get(), stream.handle.get())
                                 : cudaMalloc(&data, bytes);
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    refuse(bytes);
  }
  check(status, pool_ != nullptr ? "cudaMallocFromPoolAsync" : "cudaMalloc");
  return static_cast<std::byte*>(data);
}

cudaError_t Allocator::free_bytes(std::byte* data, const Stream& stream) const {
  return pool_ != nullptr ? cudaFreeAsync(data, stream.handle.get()) : cudaFree(data);
}

void Allocator::refuse(std::size_t bytes) const {
  std::string text = "out of memory on cuda:" + std::to_string(device_) + ": asked for " +
                     std::to_string(bytes) + " bytes, " + std::to_string(allocated_) + " are allocated";
  if (limit_ != no_limit) text += ", the limit is " + std::to_string(limit_);
  std::size_t available = 0, total = 0;
  if (cudaMemGetInfo(&available, &total) == cudaSuccess) {
    text += ", " + std::to_string(available) + " of " + std::to_string(total) + " are free";
  }
  static_cast<void>(cudaGetLastError());
  throw Failure("ERR_OUT_OF_MEMORY", text);
}

void Allocator::release(const DeviceBlock& block) noexcept {
  allocated_ -= block.bytes;
  // If the device has failed, its memory is lost anyway. The call that met the failure reported it.
  try {
    // The last reader may be another device.
    const Stream& stream = block.last->device == device_ ? *block.last : block.home;
    if (&stream != block.last) wait_for(stream, *block.last);
    check(free_bytes(block.data, stream), "cudaFree");
  } catch (...) {
    static_cast<void>(cudaStreamSynchronize(block.last->handle.get()));
    static_cast<void>(cudaFree(block.data));  // harmless if it was freed after all
  }
}

void Allocator::open_to(int device) {
  int possible = 0;
  check(cudaDeviceCanAccessPeer(&possible, device, device_), "cudaDeviceCanAccessPeer");
  if (possible == 0) return;  // then the driver copies through the host
  if (pool_ != nullptr) {
    cudaMemAccessDesc access = {};
    access.location.type = cudaMemLocationTypeDevice;
    access.location.id = device;
    access.flags = cudaMemAccessFlagsProtReadWrite;
    check(cudaMemPoolSetAccess(pool_.get(), &access, 1), "cudaMemPoolSetAccess");
    return;
  }
  const CurrentDevice current(device);
  const cudaError_t status = cudaDeviceEnablePeerAccess(device_, 0);
  static_cast<void>(cudaGetLastError());
  if (status != cudaErrorPeerAccessAlreadyEnabled) check(status, "cudaDeviceEnablePeerAccess");
}

MemoryStats Allocator::stats() const {
  MemoryStats stats = {allocated_, max_allocated_, allocated_, limit_, 0, 0};
  if (pool_ != nullptr) {
    std::uint64_t reserved = 0;
    check(cudaMemPoolGetAttribute(pool_.get(), cudaMemPoolAttrReservedMemCurrent, &reserved),
          "cudaMemPoolGetAttribute");
    stats.reserved = reserved;
  }
  check(cudaMemGetInfo(&stats.free, &stats.total), "cudaMemGetInfo");
  return stats;
}

}  // namespace rsqrt_native::cuda
