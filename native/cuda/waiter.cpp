#include "cuda/waiter.h"

#include <exception>
#include <utility>

namespace rsqrt_native::cuda {

Waiter::Waiter(int device) : device_(device), thread_([this] { run(); }) {}

Waiter::~Waiter() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Waiter::add(EventHandle event, std::unique_ptr<Done> done) {
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back({std::move(event), std::move(done)});
  }
  changed_.notify_one();
}

void Waiter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ended_ || !entries_.empty(); });
    if (ended_) return;
    const Entry entry = std::move(entries_.front());
    entries_.pop_front();
    lock.unlock();
    std::exception_ptr failure;
    try {
      const CurrentDevice current(device_);
      check(cudaEventSynchronize(entry.event.get()), "cudaEventSynchronize");
    } catch (...) {
      failure = std::current_exception();
    }
    entry.done->tell(std::move(failure));
    lock.lock();
  }
}

}  // namespace rsqrt_native::cuda
