#include "cuda/device.h"

#include <string>
#include <utility>

#include "core/failure.h"
#include "cuda/kernels.h"

namespace rsqrt_native::cuda {
namespace {

// A device would not run more of them at the same time, and each takes device memory.
constexpr std::size_t max_streams = 5;

void check_kernel_image(int index) {
  cudaFuncAttributes attributes;
  const cudaError_t status = cudaFuncGetAttributes(&attributes, probe_kernel());
  if (status != cudaErrorNoKernelImageForDevice && status != cudaErrorInvalidDeviceFunction) {
    check(status, "cudaFuncGetAttributes");
    return;
  }
  static_cast<void>(cudaGetLastError());
  cudaDeviceProp found;
  check(cudaGetDeviceProperties(&found, index), "cudaGetDeviceProperties");
  throw Failure("ERR_CUDA_UNAVAILABLE",
                "CUDA is not available: no kernel image: this copy of the rsqrt addon has no code for " +
                    std::string(found.name) + " (compute capability " + std::to_string(found.major) + "." +
                    std::to_string(found.minor) +
                    "); build it from source with a CUDA toolkit that knows the device");
}

// A stream that is still capturing cannot be destroyed, so ending the capture is tried again after
// a failure.
cudaError_t end(const Capture& capture, GraphHandle& graph) {
  cudaGraph_t ended = nullptr;
  const cudaError_t status = cudaStreamEndCapture(capture.stream.handle.get(), &ended);
  if (status != cudaSuccess) static_cast<void>(cudaStreamEndCapture(capture.stream.handle.get(), &ended));
  graph.reset(ended);
  return status;
}

int checked(int index) {
  check_kernel_image(index);
  return index;
}

}  // namespace

Device::Device(int device) : index(checked(device)), allocator(device) {
  check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, index),
        "cudaDeviceGetAttribute");
  streams_.emplace_back(index);
}

Device::~Device() {
  abandon_capture();
  for (const auto& stream : streams_) static_cast<void>(cudaStreamSynchronize(stream.handle.get()));
}

void Device::synchronize() const {
  refuse_capture("waiting for the device");
  for (const auto& stream : streams_) cuda::synchronize(stream);
}

int Device::enter_stream() {
  refuse_capture("changing streams");
  const auto previous = static_cast<int>(current_);
  do {
    last_entered_ = last_entered_ % (max_streams - 1) + 1;
  } while (last_entered_ == current_);
  if (last_entered_ >= streams_.size()) {
    last_entered_ = streams_.size();
    streams_.emplace_back(index);
  }
  current_ = last_entered_;
  return previous;
}

void Device::leave_stream(int previous) {
  refuse_capture("changing streams");
  if (static_cast<std::size_t>(previous) >= streams_.size()) {
    throw Failure("ERR_OUT_OF_RANGE",
                  "previous must be what enterStream returned; received " + std::to_string(previous));
  }
  current_ = static_cast<std::size_t>(previous);
}

std::shared_ptr<DeviceBlock> Device::allocate(std::size_t bytes) {
  // Never on the stream of a capture, because a graph uses memory that is allocated outside of it.
  return allocator.allocate(bytes, streams_[current_]);
}

void Device::use(Block& block) {
  auto& ours = static_cast<DeviceBlock&>(block);
  if (capture_ == nullptr) {
    cuda::use(ours, stream());
  } else if (ours.capture != capture_->number) {
    capture_->blocks.push_back(block.shared_from_this());
    ours.capture = capture_->number;
  }
}

Staging& Device::staging() {
  if (staging_ == nullptr) staging_ = std::make_unique<Staging>();
  return *staging_;
}

Waiter& Device::waiter() {
  if (waiter_ == nullptr) waiter_ = std::make_unique<Waiter>(index);
  return *waiter_;
}

void Device::refuse_capture(const char* what) const {
  if (capture_ == nullptr) return;
  throw Failure("ERR_CUDA", std::string(what) +
                                " cannot be part of a graph: only operations on tensors of cuda:" +
                                std::to_string(index) + " can");
}

void Device::begin_capture() {
  refuse_capture("another graph");
  auto capture = std::make_unique<Capture>(index);
  capture->number = ++captures_;
  // Relaxed mode, because memory is allocated on another stream during a capture.
  check(cudaStreamBeginCapture(capture->stream.handle.get(), cudaStreamCaptureModeRelaxed),
        "cudaStreamBeginCapture");
  capture_ = std::move(capture);
}

std::unique_ptr<Capture> Device::end_capture(GraphHandle& graph) {
  if (capture_ == nullptr)
    throw Failure("ERR_CUDA", "no graph is being captured on cuda:" + std::to_string(index));
  std::unique_ptr<Capture> capture = std::move(capture_);
  check(end(*capture, graph), "cudaStreamEndCapture");
  return capture;
}

void Device::abandon_capture() noexcept {
  if (capture_ == nullptr) return;
  const std::unique_ptr<Capture> capture = std::move(capture_);
  GraphHandle graph;
  static_cast<void>(end(*capture, graph));
  static_cast<void>(cudaGetLastError());
}

}  // namespace rsqrt_native::cuda
