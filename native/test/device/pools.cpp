#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {

void test_pools(Report& report) {
  Fixture f(report, "pools");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  const cudaMemPool_t keeping = f.pool(healthy), other = f.pool(healthy);
  f.set(keeping, cudaMemPoolAttrReleaseThreshold, everything);
  t.equals(everything, f.attribute(keeping, cudaMemPoolAttrReleaseThreshold));

  std::byte* p = f.from_pool(keeping, 12 * mebi, stream);
  t.equals(4 * mebi, f.free_bytes());
  t.succeeds(cudaFreeAsync(p, stream));
  t.returns(cudaErrorInvalidValue, cudaFreeAsync(p, stream));
  p = f.from_pool(keeping, 10 * mebi, stream);  // waits for the release above
  t.equals(std::uint64_t{10 * mebi}, f.attribute(keeping, cudaMemPoolAttrUsedMemCurrent));
  t.equals(std::uint64_t{12 * mebi}, f.attribute(keeping, cudaMemPoolAttrUsedMemHigh));
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(std::uint64_t{0}, f.attribute(keeping, cudaMemPoolAttrUsedMemCurrent));
  t.equals(std::uint64_t{12 * mebi}, f.attribute(keeping, cudaMemPoolAttrReservedMemCurrent));

  // Nobody else gets the memory that a pool has reserved.
  void* none = nullptr;
  t.returns(cudaErrorMemoryAllocation, cudaMallocFromPoolAsync(&none, 8 * mebi, other, stream));
  t.returns(cudaErrorMemoryAllocation, cudaMallocAsync(&none, 8 * mebi, stream));
  t.returns(cudaErrorMemoryAllocation, cudaMalloc(&none, 8 * mebi));
  t.succeeds(cudaMemPoolTrimTo(keeping, 6 * mebi));
  t.equals(10 * mebi, f.free_bytes());
  t.equals(std::uint64_t{12 * mebi}, f.attribute(keeping, cudaMemPoolAttrReservedMemHigh));
  f.set(keeping, cudaMemPoolAttrReservedMemHigh, 0);
  f.set(keeping, cudaMemPoolAttrUsedMemHigh, 0);
  t.equals(std::uint64_t{6 * mebi}, f.attribute(keeping, cudaMemPoolAttrReservedMemHigh));
  t.equals(std::uint64_t{0}, f.attribute(keeping, cudaMemPoolAttrUsedMemHigh));
  t.succeeds(cudaMemPoolTrimTo(keeping, 8 * mebi));  // has less
  t.equals(10 * mebi, f.free_bytes());

  // Without a threshold it is kept until a synchronisation of any kind.
  p = f.from_pool(other, 8 * mebi, stream);
  t.succeeds(cudaFree(p));
  t.equals(2 * mebi, f.free_bytes());
  t.succeeds(cudaDeviceSynchronize());
  t.equals(10 * mebi, f.free_bytes());
  const cudaEvent_t event = f.event();
  p = f.from_pool(other, 8 * mebi, stream);
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaEventRecord(event, stream));
  t.succeeds(cudaEventSynchronize(event));
  t.equals(10 * mebi, f.free_bytes());
  f.set(other, cudaMemPoolAttrReleaseThreshold, 3 * mebi);
  p = f.from_pool(other, 8 * mebi, stream);
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(std::uint64_t{3 * mebi}, f.attribute(other, cudaMemPoolAttrReservedMemCurrent));

  // The pool is destroyed while an allocation lives; its memory is returned with that allocation.
  p = f.from_pool(other, 5 * mebi, stream);
  t.succeeds(cudaMemPoolDestroy(other));
  t.returns(cudaErrorInvalidValue, cudaMemPoolTrimTo(other, 0));
  t.returns(cudaErrorInvalidValue, cudaMemPoolDestroy(other));
  t.returns(cudaErrorInvalidValue, cudaMallocFromPoolAsync(&none, 1, other, stream));
  t.equals(5 * mebi, f.free_bytes());
  t.succeeds(cudaMemsetAsync(p, 0, 5 * mebi, stream));
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(10 * mebi, f.free_bytes());
  t.succeeds(cudaMemPoolDestroy(keeping));
  t.equals(device_bytes, f.free_bytes());
  t.succeeds(cudaEventDestroy(event));
  t.succeeds(cudaStreamDestroy(stream));
}

void test_wrong_pools(Report& report) {
  Fixture f(report, "wrong use of pools");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  cudaMemPool_t pool = nullptr;
  const auto refused = [&](cudaError_t error, auto change) {
    cudaMemPoolProps properties = Fixture::pool_on(healthy);
    change(properties);
    t.returns(error, cudaMemPoolCreate(&pool, &properties));
  };
  refused(cudaErrorInvalidValue, [](auto& p) { p.allocType = cudaMemAllocationTypeInvalid; });
  refused(cudaErrorInvalidValue, [](auto& p) { p.location.type = cudaMemLocationTypeInvalid; });
  refused(cudaErrorInvalidDevice, [](auto& p) { p.location.id = 99; });
  refused(cudaErrorInvalidValue, [](auto& p) { p.reserved[53] = 1; });
  refused(cudaErrorNotSupported, [](auto& p) { p.handleTypes = cudaMemHandleTypePosixFileDescriptor; });
  t.returns(cudaErrorInvalidValue, cudaMemPoolCreate(&pool, nullptr));

  pool = f.pool(healthy, 2 * mebi);
  void* none = nullptr;
  t.returns(cudaErrorMemoryAllocation, cudaMallocFromPoolAsync(&none, 3 * mebi, pool, stream));
  t.returns(cudaErrorInvalidValue, cudaMallocFromPoolAsync(&none, 0, pool, stream));
  t.returns(cudaErrorInvalidValue, cudaMallocFromPoolAsync(&none, 1, nullptr, stream));
  std::uint64_t one = 1;
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemHigh, &one));
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &one));
  cudaMemAccessDesc access = {{cudaMemLocationTypeDevice, peer}, cudaMemAccessFlagsProtReadWrite};
  t.succeeds(cudaMemPoolSetAccess(pool, &access, 1));
  access.flags = cudaMemAccessFlagsProtRead;
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAccess(pool, &access, 1));
  access = {{cudaMemLocationTypeDevice, healthy}, cudaMemAccessFlagsProtNone};
  t.returns(cudaErrorInvalidValue, cudaMemPoolSetAccess(pool, &access, 1));
  cudaMemPool_t standard = nullptr;
  t.succeeds(cudaDeviceGetDefaultMemPool(&standard, healthy));
  t.returns(cudaErrorInvalidValue, cudaMemPoolDestroy(standard));
  auto* outside = f.allocate<std::byte>(100);
  t.returns(cudaErrorInvalidValue, cudaFreeAsync(outside, stream));
  t.succeeds(cudaFree(outside));

  // A pool on another device than the stream's.
  t.succeeds(cudaMemPoolDestroy(pool));
  pool = f.pool(peer);
  std::byte* p = f.from_pool(pool, 100, stream);
  cudaPointerAttributes attributes;
  t.succeeds(cudaPointerGetAttributes(&attributes, p));
  t.equals(int{peer}, attributes.device);
  t.succeeds(cudaFreeAsync(p, stream));
  t.succeeds(cudaStreamSynchronize(stream));
  t.succeeds(cudaMemPoolDestroy(pool));
  t.succeeds(cudaStreamDestroy(stream));
}

}  // namespace rsqrt_native::test::device
