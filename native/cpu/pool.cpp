#include "cpu/pool.h"

#include <string>

#include "cpu/float_environment.h"
#include "cpu/system.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace rsqrt_native::cpu {
namespace {

using std::chrono::microseconds;

// How long a helper polls for more work before it sleeps. Waking it takes as long.
constexpr microseconds helper_spin_time{30};
// Work of fewer ranges is done before a helper has woken, so it wakes none and uses only helpers
// that are awake. It does wake helpers if the last work ended so recently that they will still be
// polling when the next one comes.
constexpr std::int64_t min_ranges_to_wake = 16;
// How long a caller polls for helpers to finish their last range before it sleeps.
constexpr microseconds caller_spin_time{50};
// After a failure to start a thread, do not try again at every call.
constexpr std::chrono::seconds start_interval{1};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// Polls until done() is true, for at most `limit`. Returns whether it was.
template <class Done>
bool spin(microseconds limit, Done done) {
  const auto end = std::chrono::steady_clock::now() + limit;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// Locks the mutex, polling it first: it is held for a few nanoseconds at a time, and sleeping would
// take a thousand times as long.
std::unique_lock<std::mutex> lock_spinning(std::mutex& mutex) {
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  for (int i = 0; i < 100 && !lock; ++i) {
    pause();
    lock.try_lock();
  }
  if (!lock) lock.lock();
  return lock;
}

}  // namespace

bool Pool::Work::wants_help() const {
  return helpers.load(std::memory_order_relaxed) < max_helpers && !handed_out();
}

// Works on ranges until all are handed out.
void Pool::Work::advance() {
  for (;;) {
    const std::int64_t range = next.fetch_add(1, std::memory_order_relaxed);
    if (range >= ranges) return;
    const std::int64_t begin = range * grain;
    task(context, begin, std::min(begin + grain, count));
  }
}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    work_epoch_.fetch_add(1, std::memory_order_relaxed);
  }
  work_condition_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Pool::run_shared(Task task, const void* context, std::int64_t count, std::int64_t grain, int threads) {
  const std::int64_t ranges = (count - 1) / grain + 1;
  const int max_helpers = threads - 1;
  Work work{task, context, count, grain, ranges, max_helpers, current_cpu()};
  auto lock = lock_spinning(mutex_);
  works_.push_back(&work);
  work_epoch_.fetch_add(1, std::memory_order_relaxed);
  const bool worth_waking = ranges >= min_ranges_to_wake || Clock::now() - last_end_ < helper_spin_time;
  const int sleeping = sleeping_;
  lock.unlock();

  if (worth_waking) {
    wake(std::min(max_helpers, sleeping));
    start(max_helpers);
  }
  work.advance();

  // From here on, no helper joins. Those that came too late, or never, are not waited for.
  lock = lock_spinning(mutex_);
  std::erase(works_, &work);
  last_end_ = Clock::now();
  lock.unlock();
  wait_for_helpers(work);
}

// Starts helpers until there are `helpers` of them. Carries on with fewer if threads cannot be
// started.
void Pool::start(int helpers) {
  if (started_.load(std::memory_order_relaxed) >= helpers) return;
  const std::unique_lock lock(start_mutex_, std::try_to_lock);
  if (!lock || Clock::now() < next_start_) return;
  try {
    with_signals_blocked([&] {
      while (threads_.size() < static_cast<std::size_t>(helpers)) {
        const std::string name = "rsqrt-" + std::to_string(threads_.size());
        threads_.emplace_back(&Pool::help, this);
        // Named here and not by the thread itself, so that a thread has its name even before it
        // gets a CPU.
        name_thread(threads_.back(), name);
        started_.fetch_add(1, std::memory_order_relaxed);
      }
    });
  } catch (...) {
    next_start_ = Clock::now() + start_interval;
  }
}

// Each thread wakes at most two others. So waking many takes few steps, and none of them takes long.
void Pool::wake(int helpers) {
  for (int i = 0; i < std::min(helpers, 2); ++i) work_condition_.notify_one();
}

void Pool::help() {
  const DefaultFloatEnvironment environment;  // only our kernels run on this thread
  bool should_sleep = true;
  auto lock = lock_spinning(mutex_);
  while (!ending_) {
    if (Work* work = least_helped()) {
      const int helpers = work->helpers.fetch_add(1, std::memory_order_relaxed) + 1;
      const int wanted = std::min(work->max_helpers - helpers, sleeping_);
      lock.unlock();
      wake(wanted);
      leave_cpu(work->cpu);
      work->advance();
      lock = lock_spinning(mutex_);
      leave(*work);
      should_sleep = false;
    } else if (!should_sleep) {
      const std::uint32_t seen = work_epoch_.load(std::memory_order_relaxed);
      lock.unlock();
      spin(helper_spin_time, [&] { return work_epoch_.load(std::memory_order_relaxed) != seen; });
      lock = lock_spinning(mutex_);
      should_sleep = true;
    } else {
      ++sleeping_;
      work_condition_.wait(lock);
      --sleeping_;
    }
  }
}

// The work with the fewest helpers among those that want more. The mutex is held.
Pool::Work* Pool::least_helped() const {
  Work* found = nullptr;
  for (Work* work : works_) {
    if (!work->wants_help()) continue;
    if (found == nullptr ||
        work->helpers.load(std::memory_order_relaxed) < found->helpers.load(std::memory_order_relaxed))
      found = work;
  }
  return found;
}

// The mutex is held. The work may be gone as soon as the last helper has left it.
void Pool::leave(Work& work) {
  work.helpers.fetch_sub(1, std::memory_order_release);
  if (waiting_ > 0) left_condition_.notify_all();
}

void Pool::wait_for_helpers(const Work& work) {
  const auto left = [&] { return work.helpers.load(std::memory_order_acquire) == 0; };
  if (spin(caller_spin_time, left)) return;
  auto lock = lock_spinning(mutex_);
  ++waiting_;
  left_condition_.wait(lock, left);
  --waiting_;
}

std::shared_ptr<Pool> shared_pool() {
  static std::mutex mutex;
  static std::weak_ptr<Pool> current;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Pool> pool = current.lock();
  if (pool == nullptr) current = pool = std::make_shared<Pool>();
  return pool;
}

}  // namespace rsqrt_native::cpu
