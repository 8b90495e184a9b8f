#include "runtime/capture.h"

#include "runtime/state.h"

namespace rsqrt_simulated {

constinit thread_local cudaStreamCaptureMode capture_mode = cudaStreamCaptureModeGlobal;

namespace {

// The rules of cudaThreadExchangeStreamCaptureMode: what a thread may do depends on its own mode,
// on the mode of its own capture, and on whether another thread captures in the global mode.
bool forbids_unsafe_calls(const Capture& capture) {
  if (capture_mode == cudaStreamCaptureModeRelaxed) return false;
  if (capture.thread == std::this_thread::get_id()) return capture.mode != cudaStreamCaptureModeRelaxed;
  return capture_mode == cudaStreamCaptureModeGlobal && capture.mode == cudaStreamCaptureModeGlobal;
}

}  // namespace

cudaError_t refuse_if_capturing(State& shared) {
  cudaError_t error = cudaSuccess;
  for (const auto& capture : shared.captures) {
    if (!forbids_unsafe_calls(*capture)) continue;
    capture->invalidated = true;
    error = cudaErrorStreamCaptureUnsupported;
  }
  return error;
}

cudaError_t refuse_if_device_captures(State& shared, int device) {
  cudaError_t error = cudaSuccess;
  for (const auto& [handle, stream] : shared.streams) {
    if (stream->device != device || stream->capture == nullptr) continue;
    stream->capture->invalidated = true;
    error = cudaErrorStreamCaptureUnsupported;
  }
  return error;
}

cudaError_t check_capture(const Stream& stream, InCapture in_capture) {
  if (stream.capture == nullptr) return cudaSuccess;
  if (stream.capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (in_capture == InCapture::recorded) return cudaSuccess;
  stream.capture->invalidated = true;
  return cudaErrorStreamCaptureUnsupported;
}

}  // namespace rsqrt_simulated
