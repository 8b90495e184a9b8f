#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>

#include "test/device/fixture.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {
namespace {

// Whether the memory can be read. The kernel of the operating system reads it for us, which raises
// no signal, and sanitizers do not notice.
bool is_open(const void* p) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const bool open = syscall(SYS_write, ends[1], p, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return open;
}

}  // namespace

void test_peers(Report& report) {
  Fixture f(report, "peers");
  Topic& t = f.topic;
  int can = -1;
  t.succeeds(cudaDeviceCanAccessPeer(&can, healthy, peer));
  t.equals(1, can);
  t.succeeds(cudaDeviceCanAccessPeer(&can, healthy, healthy));
  t.equals(0, can);
  t.returns(cudaErrorInvalidDevice, cudaDeviceCanAccessPeer(&can, healthy, 99));
  t.returns(cudaErrorInvalidValue, cudaDeviceEnablePeerAccess(peer, 1));
  t.returns(cudaErrorInvalidDevice, cudaDeviceEnablePeerAccess(healthy, 0));
  t.succeeds(cudaDeviceEnablePeerAccess(peer, 0));
  t.returns(cudaErrorPeerAccessAlreadyEnabled, cudaDeviceEnablePeerAccess(peer, 0));
  t.succeeds(cudaSetDevice(peer));
  t.succeeds(cudaDeviceEnablePeerAccess(healthy, 0));  // the other direction is enabled separately
}

void test_memory(Report& report) {
  Fixture f(report, "memory");
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  int* const device = f.allocate<int>(1001);
  int* const host = f.pinned<int>(1001);
  int local[3] = {};
  cudaPointerAttributes attributes;
  t.succeeds(cudaPointerGetAttributes(&attributes, device + 1000));
  t.holds(attributes.type == cudaMemoryTypeDevice && attributes.device == healthy, "device memory is not");
  t.succeeds(cudaPointerGetAttributes(&attributes, host + 1000));
  t.holds(attributes.type == cudaMemoryTypeHost && attributes.hostPointer == host + 1000,
          "pinned memory is not");
  t.succeeds(cudaPointerGetAttributes(&attributes, local));
  t.holds(attributes.type == cudaMemoryTypeUnregistered, "the stack is known");
  t.succeeds(cudaPointerGetAttributes(&attributes, device + 1001));
  t.holds(attributes.type == cudaMemoryTypeUnregistered, "what follows an allocation is known");

  for (int i = 0; i < 1001; ++i) host[i] = i;
  t.succeeds(cudaMemcpyAsync(device, host, 4004, cudaMemcpyHostToDevice, stream));
  t.succeeds(launch_add(device, 1001, 5, stream));
  t.succeeds(cudaMemcpyAsync(local, device + 998, 12, cudaMemcpyDeviceToHost, stream));
  t.equals(0, local[2]);  // late, also to pageable memory
  t.succeeds(cudaStreamSynchronize(stream));
  t.equals(1005, local[2]);
  t.holds(!is_open(device), "the host can read an idle device's memory");
  t.returns(cudaErrorInvalidValue, cudaMemcpyAsync(device, host, 4005, cudaMemcpyHostToDevice, stream));
  t.succeeds(cudaFree(device));
  t.returns(cudaErrorInvalidValue, cudaFree(device));
  t.succeeds(cudaFreeHost(host));
  t.returns(cudaErrorInvalidValue, cudaFreeHost(host));
  t.succeeds(cudaStreamDestroy(stream));
}

void test_freed_pinned(Report& report) {
  Fixture f(report, "pinned memory freed too early", failing_first);
  Topic& t = f.topic;
  const cudaStream_t stream = f.stream();
  int* const device = f.allocate<int>(10);
  int* const host = f.pinned<int>(10);
  t.succeeds(cudaMemcpyAsync(device, host, 40, cudaMemcpyHostToDevice, stream));
  t.succeeds(cudaFreeHost(host));  // does not wait
  t.returns(cudaErrorIllegalAddress, cudaStreamSynchronize(stream));
  t.returns(cudaErrorIllegalAddress, cudaSetDevice(failing_first));
  t.returns(cudaErrorIllegalAddress, cudaStreamDestroy(stream));
}

}  // namespace rsqrt_native::test::device
