// Waits for work of a device without blocking the thread that queued it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "cuda/backend.h"
#include "cuda/status.h"

namespace rsqrt_native::cuda {

// A thread that waits for one event after the other. (A callback in the stream would block the
// stream, and is not called once the device has failed.)
class Waiter {
 public:
  explicit Waiter(int device);
  // Waits for the event that the thread is waiting for. Nobody is told about the others.
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Tells `done` once the event is reached. If this throws, `done` is not told.
  void add(EventHandle event, std::unique_ptr<Done> done);

 private:
  struct Entry {
    EventHandle event;
    std::unique_ptr<Done> done;
  };
  void run();

  const int device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Entry> entries_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace rsqrt_native::cuda
