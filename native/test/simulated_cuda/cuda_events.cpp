// Events.
#include <chrono>

#include "cuda_runtime.h"
#include "runtime/state.h"

using namespace rsqrt_simulated;

namespace {

// The status of a call that does not accept an event recorded in a capture.
cudaError_t refuse_captured(Capture& capture, cudaError_t under_way) {
  if (capture.ended) return cudaErrorCapturedEvent;
  capture.invalidated = true;
  return under_way;
}

// Runs the body of an API function that waits for an event or queries it.
template <class Body>
cudaError_t call_on_event(cudaEvent_t handle, const Body& body,
                          const char* function = __builtin_FUNCTION()) noexcept {
  const auto with_event = [&](State& shared, Lock& lock) {
    const auto found = shared.events.find(handle);
    if (found == shared.events.end()) return cudaErrorInvalidResourceHandle;
    const Event& event = found->second;
    if (const cudaError_t error = shared.health(event.device)) return error;
    if (event.capture != nullptr) return refuse_captured(*event.capture, cudaErrorCapturedEvent);
    const cudaError_t error = refuse_if_capturing(shared);
    return error != cudaSuccess ? error : body(shared, lock, event);
  };
  return call(with_event, function);
}

}  // namespace

extern "C" {

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return call([&](State& shared, Lock&) {
    if (event == nullptr || flags > (cudaEventBlockingSync | cudaEventDisableTiming)) {
      return cudaErrorInvalidValue;
    }
    const cudaError_t error = shared.health(current_device);
    if (error != cudaSuccess) return error;
    const auto handle = new_handle<cudaEvent_t>(shared);
    const bool timing = (flags & cudaEventDisableTiming) == 0;
    shared.events.emplace(handle, Event{current_device, timing, {}, nullptr, nullptr});
    *event = handle;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t stream_handle) {
  return call_recorded(stream_handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    const auto found = shared.events.find(handle);
    if (found == shared.events.end() || found->second.device != stream->device) {
      return cudaErrorInvalidResourceHandle;
    }
    Event& event = found->second;
    event.capture = stream->capture;
    event.last = {};
    event.moment = std::make_shared<std::chrono::steady_clock::time_point>();
    if (stream->capture != nullptr) return cudaSuccess;
    const auto note = [&shared, moment = event.moment](std::uint64_t) -> Outcome {
      const Lock lock(shared.mutex);
      *moment = std::chrono::steady_clock::now();
      return {};
    };
    event.last = {stream, stream->enqueue(shared, note)};
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
  return call_on_event(handle, [](State& shared, Lock& lock, const Event& event) {
    const Event copy = event;  // another thread may destroy the event meanwhile
    return synchronize(shared, lock, copy.last, copy.device);
  });
}

cudaError_t cudaEventQuery(cudaEvent_t handle) {
  return call_on_event(handle, [](State&, Lock&, const Event& event) {
    return event.last.reached() ? cudaSuccess : cudaErrorNotReady;
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return call([&](State& shared, Lock&) {
    if (milliseconds == nullptr) return cudaErrorInvalidValue;
    const auto first = shared.events.find(start), second = shared.events.find(end);
    if (first == shared.events.end() || second == shared.events.end()) return cudaErrorInvalidResourceHandle;
    const Event& from = first->second;
    const Event& to = second->second;
    if (from.device != to.device) return cudaErrorInvalidResourceHandle;
    if (const cudaError_t error = shared.health(from.device)) return error;
    if (from.capture != nullptr || to.capture != nullptr) return cudaErrorCapturedEvent;
    const bool recorded = from.moment != nullptr && to.moment != nullptr;
    if (!from.timing || !to.timing || !recorded) return cudaErrorInvalidResourceHandle;
    if (!from.last.reached() || !to.last.reached()) return cudaErrorNotReady;
    *milliseconds = std::chrono::duration<float, std::milli>(*to.moment - *from.moment).count();
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t handle) {
  return call_releasing([&](State& shared, Lock&) {
    const auto found = shared.events.find(handle);
    if (found == shared.events.end()) return cudaErrorInvalidResourceHandle;
    const cudaError_t error = shared.health(found->second.device);
    shared.events.erase(found);
    return error;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned flags) {
  return call_recorded(handle, [&](State& shared, Lock&, const std::shared_ptr<Stream>& stream) {
    if (flags != 0) return cudaErrorInvalidValue;
    const auto found = shared.events.find(event);
    if (found == shared.events.end()) return cudaErrorInvalidResourceHandle;
    const Event& recorded = found->second;
    if (stream->capture != nullptr) {
      if (recorded.moment == nullptr || recorded.capture == stream->capture) return cudaSuccess;
      stream->capture->invalidated = true;
      return cudaErrorStreamCaptureIsolation;
    }
    if (recorded.capture != nullptr)
      return refuse_captured(*recorded.capture, cudaErrorStreamCaptureUnsupported);
    enqueue_wait(shared, *stream, recorded.last);
    return cudaSuccess;
  });
}

}  // extern "C"
