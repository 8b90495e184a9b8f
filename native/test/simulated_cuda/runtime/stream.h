// A simulated stream: a queue of tasks and a thread that runs them late.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "cuda_runtime.h"

namespace rsqrt_simulated {

using Lock = std::unique_lock<std::mutex>;

// How a task ended. An error is sticky: the device fails with it for good.
struct Outcome {
  cudaError_t error = cudaSuccess;
  const char* reason = "";
};

// Called without the lock, on the stream's thread, with its position in the stream. Not called once
// the device has failed. The tasks of a graph are called by every launch.
using Task = std::function<Outcome(std::uint64_t position)>;

struct Capture;
struct State;

// Every member is guarded by State::mutex, which `Lock` arguments hold.
struct Stream {
  // Starts the thread, which lives until the stream is destroyed and its tasks are done.
  static std::shared_ptr<Stream> create(State& state, int device);

  // Returns the task's position.
  std::uint64_t enqueue(State& state, Task task);
  // Enqueues the task, or adds it to what the stream captures.
  void submit(State& state, Task task);
  void destroy();

  bool reached(std::uint64_t position) const { return completed >= position; }
  void hurry(std::uint64_t position);

  int device = 0;
  std::uint64_t enqueued = 0;
  std::uint64_t completed = 0;
  std::shared_ptr<Capture> capture;  // nullptr if the stream does not capture

 private:
  struct Entry {
    Task task;
    std::chrono::steady_clock::time_point start;
  };

  void run(State& state);
  void run_next(State& state, Lock& lock);

  std::deque<Entry> queue_;
  std::uint64_t urgent_ = 0;  // tasks up to this position do not wait for their time
  bool destroyed_ = false;
  std::condition_variable work_;
};

// A point in a stream, such as an event records. A default one has always been reached.
struct Mark {
  bool reached() const { return stream == nullptr || stream->reached(position); }

  std::shared_ptr<Stream> stream;
  std::uint64_t position = 0;
};

// Makes the stream work up to the mark, and waits. Releases the lock meanwhile. Ends early when the
// process exits.
void wait_for(State& state, Lock& lock, const Mark& mark);

}  // namespace rsqrt_simulated
