// Waiting for work of a device without holding up the thread that queued it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "cuda/backend.h"
#include "cuda/status.h"

namespace rsqrt_native::cuda {

// A thread that sleeps until one event after the other is reached. (A callback in the stream would hold the
// stream up, and is not called at all once the device has failed.)
class Waiter {
 public:
  explicit Waiter(int device);
  // Waits for the event it is at; of the others nobody hears.
  ~Waiter();
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Tells `done` once the event is reached. If this throws, `done` hears nothing.
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
