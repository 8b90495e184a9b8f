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

// How long a helper looks out for more work before it sleeps: waking it costs as much.
constexpr microseconds helper_patience{30};
// Work of fewer ranges is done before a helper has woken. It makes use of those that are awake, and wakes
// others only where calls follow each other so soon that they will stay so.
constexpr std::int64_t ranges_worth_waking = 16;
// How long a caller looks out for helpers that are at their last range before it sleeps.
constexpr microseconds caller_patience{50};
// Where threads cannot be started now, do not try again at every call.
constexpr std::chrono::seconds start_interval{1};

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// Waits, without sleeping, until done() or for as long as that.
template <class Done>
bool spin(microseconds patience, Done done) {
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    for (int i = 0; i < 16; ++i) {
      if (done()) return true;
      pause();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

// The mutex is held for some nanoseconds at a time: sleeping for it would cost a thousand times that.
std::unique_lock<std::mutex> soon(std::mutex& mutex) {
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
  return helpers.load(std::memory_order_relaxed) < most_helpers && !handed_out();
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
    news_.fetch_add(1, std::memory_order_relaxed);
  }
  news_condition_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Pool::share(Task task, const void* context, std::int64_t count, std::int64_t grain, int threads) {
  const std::int64_t ranges = (count - 1) / grain + 1;
  const int most_helpers = threads - 1;
  Work work{task, context, count, grain, ranges, most_helpers, current_cpu()};
  auto lock = soon(mutex_);
  works_.push_back(&work);
  news_.fetch_add(1, std::memory_order_relaxed);
  const bool worth_waking = ranges >= ranges_worth_waking || Clock::now() - last_end_ < helper_patience;
  const int sleeping = sleeping_;
  lock.unlock();

  if (worth_waking) {
    wake(std::min(most_helpers, sleeping));
    start(most_helpers);
  }
  work.advance();

  // From here on nobody joins. Helpers that came too late, or never, are not waited for.
  lock = soon(mutex_);
  std::erase(works_, &work);
  last_end_ = Clock::now();
  lock.unlock();
  wait_for_helpers(work);
}

// Starts helpers until there are so many, or goes on with fewer.
void Pool::start(int helpers) {
  if (started_.load(std::memory_order_relaxed) >= helpers) return;
  const std::unique_lock lock(start_mutex_, std::try_to_lock);
  if (!lock || Clock::now() < next_start_) return;
  try {
    with_signals_blocked([&] {
      while (threads_.size() < static_cast<std::size_t>(helpers)) {
        const std::string name = "rsqrt-" + std::to_string(threads_.size());
        threads_.emplace_back(&Pool::help, this);
        // By us, not by itself: it has its name even where it waits long for a CPU.
        name_thread(threads_.back(), name);
        started_.fetch_add(1, std::memory_order_relaxed);
      }
    });
  } catch (...) {
    next_start_ = Clock::now() + start_interval;
  }
}

// Each wakes two others where there is room, so that waking many takes few steps and nobody long.
void Pool::wake(int helpers) {
  for (int i = 0; i < std::min(helpers, 2); ++i) news_condition_.notify_one();
}

void Pool::help() {
  const DefaultFloatEnvironment environment;  // nothing but our kernels runs on this thread
  bool tired = true;
  auto lock = soon(mutex_);
  while (!ending_) {
    if (Work* work = neediest()) {
      const int helpers = work->helpers.fetch_add(1, std::memory_order_relaxed) + 1;
      const int wanted = std::min(work->most_helpers - helpers, sleeping_);
      lock.unlock();
      wake(wanted);
      move_off(work->cpu);
      work->advance();
      lock = soon(mutex_);
      leave(*work);
      tired = false;
    } else if (!tired) {
      const std::uint32_t seen = news_.load(std::memory_order_relaxed);
      lock.unlock();
      spin(helper_patience, [&] { return news_.load(std::memory_order_relaxed) != seen; });
      lock = soon(mutex_);
      tired = true;
    } else {
      ++sleeping_;
      news_condition_.wait(lock);
      --sleeping_;
    }
  }
}

// The work with the fewest helpers of those that want some. The mutex is held.
Pool::Work* Pool::neediest() const {
  Work* found = nullptr;
  for (Work* work : works_) {
    if (!work->wants_help()) continue;
    if (found == nullptr ||
        work->helpers.load(std::memory_order_relaxed) < found->helpers.load(std::memory_order_relaxed))
      found = work;
  }
  return found;
}

// The mutex is held. The work may be gone as soon as its last helper has left.
void Pool::leave(Work& work) {
  work.helpers.fetch_sub(1, std::memory_order_release);
  if (waiting_ > 0) left_condition_.notify_all();
}

void Pool::wait_for_helpers(const Work& work) {
  const auto left = [&] { return work.helpers.load(std::memory_order_acquire) == 0; };
  if (spin(caller_patience, left)) return;
  auto lock = soon(mutex_);
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
