#include "cuda/status.h"

#include "core/failure.h"

namespace rsqrt_native::cuda {
namespace {

// After one of these errors, every call on that device fails until the process restarts. They occur
// in work that runs after it was queued, so a later, unrelated call reports them. Some are newer
// than the oldest supported CUDA, so they are listed by number.
bool is_sticky(cudaError_t status) {
  switch (static_cast<int>(status)) {
    case 214:  // ECCUncorrectable
    case 220:  // NvlinkUncorrectable
    case 226:  // Contained
    case 700:  // IllegalAddress
    case 702:  // LaunchTimeout
    case 710:  // Assert
    case 714:  // HardwareStackError
    case 715:  // IllegalInstruction
    case 716:  // MisalignedAddress
    case 717:  // InvalidAddressSpace
    case 718:  // InvalidPc
    case 719:  // LaunchFailure
    case 721:  // TensorMemoryLeak
    case 911:  // ExternalDevice
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string describe(const char* call, cudaError_t status) {
  std::string text = std::string(call) + " failed: " + cudaGetErrorString(status) + " (" +
                     cudaGetErrorName(status) + ", " + std::to_string(static_cast<int>(status)) + ")";
  if (is_sticky(status)) {
    text += "; it may come from any work queued before, and CUDA is lost to this process until it restarts";
  }
  return text;
}

void check(cudaError_t status, const char* call) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // so that no unrelated call reports it again
  throw Failure("ERR_CUDA", describe(call, status));
}

CurrentDevice::CurrentDevice(int device) {
  check(cudaGetDevice(&previous_), "cudaGetDevice");
  if (previous_ == device) return;
  check(cudaSetDevice(device), "cudaSetDevice");
  changed_ = true;
}

CurrentDevice::~CurrentDevice() {
  if (changed_) static_cast<void>(cudaSetDevice(previous_));
}

StreamHandle make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  return StreamHandle(stream);
}

EventHandle make_event(unsigned flags) {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags");
  return EventHandle(event);
}

}  // namespace rsqrt_native::cuda
