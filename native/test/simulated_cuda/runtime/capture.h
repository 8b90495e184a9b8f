// Captures and graphs: tasks that are recorded instead of run.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "cuda_runtime.h"
#include "runtime/stream.h"

namespace rsqrt_simulated {

struct State;

// The capture of a stream. Its nodes form a chain, because it contains only one stream.
struct Capture {
  cudaStreamCaptureMode mode;
  std::thread::id thread;  // the thread that began it
  bool invalidated = false;
  bool ended = false;
  std::vector<Task> nodes;
};

using Nodes = std::shared_ptr<const std::vector<Task>>;

struct Graph {
  int device;
  Nodes nodes;
};

struct GraphExec {
  int device;
  Nodes nodes;
  Mark last;  // the end of the last launch, because launches of one exec do not overlap
};

// Per host thread, as in CUDA.
extern constinit thread_local cudaStreamCaptureMode capture_mode;

// For calls that the capture modes forbid: invalidates the captures that the call would disturb.
cudaError_t refuse_if_capturing(State& shared);
// The same for waiting for a device, which is forbidden in every mode.
cudaError_t refuse_if_device_captures(State& shared, int device);

// Whether a call may be recorded by the stream's capture, if there is one. If not, invalidates it.
enum class InCapture { refused, recorded };
cudaError_t check_capture(const Stream& stream, InCapture in_capture);

}  // namespace rsqrt_simulated
