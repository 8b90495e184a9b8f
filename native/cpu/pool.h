// The threads that elementwise work is divided among.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace rsqrt_native::cpu {

// The largest number that a caller may ask for.
inline constexpr int max_threads = 1024;

// Helper threads that serve every caller in the process. They start when work first asks for them,
// sleep when there is none, and end with the pool. Several threads may call run() at the same time.
// Each works on its own job to the end, and helpers join the job that has the fewest helpers.
class Pool {
 public:
  Pool() = default;
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Calls body(begin, end), which must not throw, on disjoint ranges that make up [0, count), and
  // returns when all are done. Each range starts at a multiple of grain and is at most that long.
  // At most `threads` threads take part, including the calling one, and only as many as there are
  // full ranges. A single thread gets everything as one range.
  template <class Body>
  void run(std::int64_t count, std::int64_t grain, int threads, const Body& body) {
    threads = static_cast<int>(std::min<std::int64_t>(threads, count / grain));
    if (threads <= 1) {
      body(std::int64_t{0}, count);
      return;
    }
    const auto task = [](const void* context, std::int64_t begin, std::int64_t end) noexcept {
      (*static_cast<const Body*>(context))(begin, end);
    };
    run_shared(task, &body, count, grain, threads);
  }

 private:
  using Task = void (*)(const void* context, std::int64_t begin, std::int64_t end) noexcept;
  using Clock = std::chrono::steady_clock;

  // One call of run(). It is on the stack of its caller.
  struct Work {
    Task task;
    const void* context;
    std::int64_t count;
    std::int64_t grain;
    std::int64_t ranges;
    int max_helpers;
    int cpu;  // on which the caller runs
    // The number of helpers that have joined and not left. They join under the mutex, while the
    // work is in works_.
    std::atomic<int> helpers = 0;
    std::atomic<std::int64_t> next = 0;  // the range to hand out next

    bool handed_out() const { return next.load(std::memory_order_relaxed) >= ranges; }
    bool wants_help() const;
    void advance();
  };

  void run_shared(Task task, const void* context, std::int64_t count, std::int64_t grain, int threads);
  void start(int helpers);
  void wake(int helpers);
  void help();
  Work* least_helped() const;
  void leave(Work& work);
  void wait_for_helpers(const Work& work);

  std::mutex mutex_;
  std::vector<Work*> works_;                   // that callers are working on now
  std::atomic<std::uint32_t> work_epoch_ = 0;  // incremented when work is added; spinning helpers poll it
  std::condition_variable work_condition_;
  std::condition_variable left_condition_;
  Clock::time_point last_end_;  // when a caller last ended its work
  int sleeping_ = 0;            // helpers that wait for work_condition_
  int waiting_ = 0;             // callers that wait for left_condition_
  bool ending_ = false;

  std::mutex start_mutex_;
  std::vector<std::thread> threads_;
  std::atomic<int> started_ = 0;
  Clock::time_point next_start_;
};

// The pool of this process: made at the first call, destroyed with its last holder. Whoever may
// call run() holds it, because Node may unload the addon, and with it the code that helpers run,
// after the last environment has ended.
std::shared_ptr<Pool> shared_pool();

}  // namespace rsqrt_native::cpu
