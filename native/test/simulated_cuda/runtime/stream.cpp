#include "runtime/stream.h"

#include <dlfcn.h>

#include <thread>

#include "runtime/capture.h"
#include "runtime/failures.h"
#include "runtime/state.h"

namespace rsqrt_simulated {

namespace {

// Node unloads an addon when the last worker thread that loaded it ends. Threads of ours may still
// be running its code then, so it stays loaded. (In an executable there is nothing to pin.)
void pin_library() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&pin_library), &info) != 0) {
    dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
}

Outcome run_caught(const Task& task, std::uint64_t position) noexcept {
  try {
    return task ? task(position) : Outcome{};
  } catch (...) {
    return {cudaErrorLaunchFailure, "a task threw a C++ exception"};
  }
}

}  // namespace

std::shared_ptr<Stream> Stream::create(State& state, int device) {
  static std::once_flag pinned;
  std::call_once(pinned, pin_library);

  auto stream = std::make_shared<Stream>();
  stream->device = device;
  auto& streams = state.devices[static_cast<std::size_t>(device)].streams;
  streams.push_back(stream);
  try {
    std::thread([&state, stream] { stream->run(state); }).detach();
  } catch (...) {
    streams.pop_back();
    throw;
  }
  return stream;
}

std::uint64_t Stream::enqueue(State& state, Task task) {
  const auto delay = state.settings.delay;
  const auto jitter = hash(state.next_id++) % (static_cast<std::uint64_t>(delay.count()) + 1);
  const auto start = std::chrono::steady_clock::now() + delay + std::chrono::microseconds(jitter);
  queue_.push_back({std::move(task), start});
  work_.notify_one();
  return ++enqueued;
}

void Stream::submit(State& state, Task task) {
  if (capture != nullptr) {
    capture->nodes.push_back(std::move(task));
  } else {
    enqueue(state, std::move(task));
  }
}

void Stream::destroy() {
  destroyed_ = true;
  work_.notify_one();
}

void Stream::hurry(std::uint64_t position) {
  if (urgent_ >= position) return;
  urgent_ = position;
  work_.notify_one();
}

void Stream::run(State& state) {
  const Exempt exempt;
  Lock lock(state.mutex);
  for (;;) {
    if (state.unloading) {
      // The objects that tasks would touch are being destroyed. The end of the process ends this
      // thread.
      work_.wait(lock);
    } else if (!queue_.empty()) {
      const auto start = queue_.front().start;
      if (urgent_ > completed || std::chrono::steady_clock::now() >= start) {
        run_next(state, lock);
      } else {
        work_.wait_until(lock, start);
      }
    } else if (!destroyed_) {
      work_.wait(lock);
    } else {
      auto& streams = state.devices[static_cast<std::size_t>(device)].streams;
      std::erase_if(streams, [this](const auto& stream) { return stream.get() == this; });
      return;
    }
  }
}

void Stream::run_next(State& state, Lock& lock) {
  Device& owner = state.devices[static_cast<std::size_t>(device)];
  Task task = std::move(queue_.front().task);
  queue_.pop_front();
  if (owner.error == cudaSuccess) {
    ++state.running;
    lock.unlock();
    const Outcome outcome = run_caught(task, completed + 1);
    task = nullptr;
    lock.lock();
    --state.running;
    if (outcome.error != cudaSuccess) state.fail_device(device, outcome);
  }
  ++completed;
  state.progress.notify_all();
}

void wait_for(State& state, Lock& lock, const Mark& mark) {
  if (mark.reached()) return;
  mark.stream->hurry(mark.position);
  state.progress.wait(lock, [&] { return mark.reached() || state.unloading; });
}

}  // namespace rsqrt_simulated
