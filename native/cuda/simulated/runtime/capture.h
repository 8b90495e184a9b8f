// Captures and graphs: tasks that are kept instead of run.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "cuda_runtime.h"
#include "runtime/stream.h"

namespace rsqrt_simulated {

struct State;

// What a stream captures. Its nodes form a chain: there is but one stream in it.
struct Capture {
  cudaStreamCaptureMode mode;
  std::thread::id thread;  // that began it
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
  Mark last;  // the end of the last launch: launches of one exec do not overlap
};

// Per host thread, as in CUDA.
extern constinit thread_local cudaStreamCaptureMode capture_mode;

// For calls that the capture modes forbid: invalidates the captures in whose way the call is.
cudaError_t refuse_if_capturing(State& shared);
// The same for waiting for a device, which no mode allows.
cudaError_t refuse_if_device_captures(State& shared, int device);

// Whether a call may be recorded by the stream's capture, if there is one. If not, invalidates it.
enum class InCapture { refused, recorded };
cudaError_t check_capture(const Stream& stream, InCapture in_capture);

}  // namespace rsqrt_simulated
