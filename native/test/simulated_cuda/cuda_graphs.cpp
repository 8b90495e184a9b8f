// Captures and graphs.
#include <algorithm>

#include "cuda_runtime.h"
#include "runtime/state.h"

using namespace rsqrt_simulated;

namespace {

// Runs the body of an API function on a stream that may capture.
template <class Body>
cudaError_t call_on_any_stream(cudaStream_t handle, const Body& body,
                               const char* function = __builtin_FUNCTION()) noexcept {
  const auto with_stream = [&](State& shared, Lock&) {
    const std::shared_ptr<Stream> stream = find_stream(shared, handle);
    return stream == nullptr ? cudaErrorInvalidResourceHandle : body(shared, *stream);
  };
  return call(with_stream, function);
}

bool is_mode(cudaStreamCaptureMode mode) {
  return mode == cudaStreamCaptureModeGlobal || mode == cudaStreamCaptureModeThreadLocal ||
         mode == cudaStreamCaptureModeRelaxed;
}

// Opaque, because no function here takes one.
cudaGraphNode_t node_handle(cudaGraph_t graph, std::size_t index) {
  return reinterpret_cast<cudaGraphNode_t>(reinterpret_cast<std::uintptr_t>(graph) + 1 + index);
}

}  // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  return call_on_any_stream(handle, [&](State& shared, Stream& stream) {
    if (!is_mode(mode)) return cudaErrorInvalidValue;
    if (const cudaError_t error = shared.health(stream.device)) return error;
    if (handle == nullptr) return cudaErrorStreamCaptureUnsupported;
    if (stream.capture != nullptr) return cudaErrorIllegalState;
    const std::shared_ptr<Capture> capture(
        new Capture{.mode = mode, .thread = std::this_thread::get_id(), .nodes = {}});
    shared.captures.push_back(capture);
    stream.capture = capture;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  return call_on_any_stream(handle, [&](State& shared, Stream& stream) {
    if (graph == nullptr) return cudaErrorInvalidValue;
    *graph = nullptr;
    const std::shared_ptr<Capture> capture = stream.capture;
    if (capture == nullptr) return cudaErrorIllegalState;
    if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
      return cudaErrorStreamCaptureWrongThread;
    }
    stream.capture = nullptr;
    capture->ended = true;
    std::erase(shared.captures, capture);
    if (const cudaError_t error = shared.health(stream.device)) return error;
    if (capture->invalidated) return cudaErrorStreamCaptureInvalidated;
    const auto created = new_handle<cudaGraph_t>(shared);
    const auto nodes = std::make_shared<const std::vector<Task>>(std::move(capture->nodes));
    // The handles of its nodes are the numbers after the handle of the graph.
    shared.next_id += nodes->size() / 16 + 1;
    shared.graphs.emplace(created, Graph{stream.device, nodes});
    *graph = created;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  return call_on_any_stream(handle, [&](State&, const Stream& stream) {
    if (status == nullptr) return cudaErrorInvalidValue;
    *status = stream.capture == nullptr     ? cudaStreamCaptureStatusNone
              : stream.capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                            : cudaStreamCaptureStatusActive;
    return cudaSuccess;
  });
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  return call([&](State&, Lock&) {
    if (mode == nullptr || !is_mode(*mode)) return cudaErrorInvalidValue;
    std::swap(*mode, capture_mode);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  return call([&](State& shared, Lock&) {
    const auto found = shared.graphs.find(graph);
    if (found == shared.graphs.end() || count == nullptr) return cudaErrorInvalidValue;
    const std::size_t all = found->second.nodes->size();
    if (nodes == nullptr) {
      *count = all;
      return cudaSuccess;
    }
    for (std::size_t i = 0; i < *count; ++i) nodes[i] = i < all ? node_handle(graph, i) : nullptr;
    *count = std::min(*count, all);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* exec, cudaGraph_t graph, unsigned long long flags) {
  return call([&](State& shared, Lock&) {
    if (exec == nullptr || flags != 0) return cudaErrorInvalidValue;
    const auto found = shared.graphs.find(graph);
    if (found == shared.graphs.end()) return cudaErrorInvalidValue;
    if (const cudaError_t error = shared.health(found->second.device)) return error;
    const auto created = new_handle<cudaGraphExec_t>(shared);
    shared.execs.emplace(created, GraphExec{found->second.device, found->second.nodes, {}});
    *exec = created;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t stream_handle) {
  return call_on_stream(stream_handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    const auto found = shared.execs.find(handle);
    if (found == shared.execs.end()) return cudaErrorInvalidValue;
    GraphExec& exec = found->second;
    if (exec.device != stream->device) return cudaErrorInvalidValue;
    if (!exec.last.reached()) enqueue_wait(shared, *stream, exec.last);
    // The tasks share ownership of the nodes, so these outlive the exec.
    for (std::size_t i = 0; i < exec.nodes->size(); ++i) {
      stream->enqueue(shared, [nodes = exec.nodes, i](std::uint64_t position) -> Outcome {
        return (*nodes)[i](position);
      });
    }
    exec.last = {stream, stream->enqueued};
    return cudaSuccess;
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  return call_releasing([&](State& shared, Lock&) {
    return shared.execs.erase(exec) == 1 ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return call_releasing([&](State& shared, Lock&) {
    return shared.graphs.erase(graph) == 1 ? cudaSuccess : cudaErrorInvalidValue;
  });
}

}  // extern "C"
