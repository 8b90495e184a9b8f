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

// How a task ended. An error makes the device fail permanently.
struct Outcome {
  cudaError_t error = cudaSuccess;
  const char* reason = "";
};

// Called without the lock, on the stream's thread, with its position in the stream. Not called
// after the device has failed. Every launch of a graph calls its tasks.
using Task = std::function<Outcome(std::uint64_t position)>;

struct Capture;
struct State;

// State::mutex guards every member. A `Lock` argument holds it.
struct Stream {
  // Starts the thread, which lives until the stream is destroyed and its tasks are done.
  static std::shared_ptr<Stream> create(State& state, int device);

  // Returns the task's position.
  std::uint64_t enqueue(State& state, Task task);
  // Enqueues the task or, if the stream captures, adds it to the capture.
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
  std::uint64_t urgent_ = 0;  // tasks up to this position start without delay
  bool destroyed_ = false;
  std::condition_variable work_;
};

// A point in a stream, as an event records it. A default one counts as reached.
struct Mark {
  bool reached() const { return stream == nullptr || stream->reached(position); }

  std::shared_ptr<Stream> stream;
  std::uint64_t position = 0;
};

// Makes the stream run its tasks up to the mark without delay, and waits. Releases the lock
// meanwhile. Returns early when the process exits.
void wait_for(State& state, Lock& lock, const Mark& mark);

}  // namespace rsqrt_simulated
