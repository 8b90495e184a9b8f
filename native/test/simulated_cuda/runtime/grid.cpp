// Threads run on fibers. When a thread reaches a barrier, its fiber is suspended and another one
// continues with the following threads. Once all threads are there, the fibers are resumed one by
// one. Without barriers, one fiber runs all threads.
#include <ucontext.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <memory>
#include <vector>

#include "cuda_runtime.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

// ThreadSanitizer treats fibers as threads, so it sees races between threads of a block that are
// between two barriers. It must not see the state of this file, which they share by design.
#define RSQRT_UNWATCHED __attribute__((noinline, no_sanitize("thread")))

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};

namespace {

constexpr std::size_t guard_size = 1024;  // after the shared memory of a launch
constexpr unsigned char fresh_byte = 0xFF, guard_byte = 0xDB;

}  // namespace

constinit thread_local uint4
    rsqrt_shared_memory[(rsqrt_simulated::shared_memory_limit + guard_size) / sizeof(uint4)]{};

namespace rsqrt_simulated {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stack_size = 262144;
#else
constexpr std::size_t stack_size = 65536;
#endif

// Tells AddressSanitizer that execution leaves one stack for another.
class Switch {
 public:
  void leave([[maybe_unused]] const void* stack, [[maybe_unused]] std::size_t size) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&fake_stack_, stack, size);
#endif
  }
  void arrive([[maybe_unused]] const void** from, [[maybe_unused]] std::size_t* from_size) {
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake_stack_, from, from_size);
#endif
  }

 private:
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack_ = nullptr;
#endif
};

struct Fiber {
  Fiber();
#ifdef __SANITIZE_THREAD__
  ~Fiber() { __tsan_destroy_fiber(watched); }
#else
  ~Fiber() = default;
#endif
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  ucontext_t context{};
  Switch state;
  std::unique_ptr<std::byte[]> stack{new std::byte[stack_size]};
  bool waits = false;  // at a barrier; otherwise it is idle or runs
#ifdef __SANITIZE_THREAD__
  void* watched = __tsan_create_fiber(0);
#endif
};

class Grid {
 public:
  Grid(dim3 block, std::size_t shared_size, bool backwards, const std::function<void()>& thread)
      : threads_(block.x * block.y * block.z),
        shared_size_(shared_size),
        backwards_(backwards),
        thread_(thread) {}

  // Returns what went wrong, or nullptr.
  const char* run_block();

  // These two are called on a fiber.
  void run_threads();
  void wait();

 private:
  void resume(Fiber& fiber);
  void leave_fiber(Fiber& fiber);
  Fiber* idle_fiber();

  const unsigned threads_;  // of a block
  const std::size_t shared_size_;
  const bool backwards_;
  const std::function<void()>& thread_;
  unsigned begun_ = 0;  // threads of the block
  std::vector<Fiber*> waiting_;
  Fiber* current_ = nullptr;
  ucontext_t scheduler_{};
  Switch scheduler_state_;
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_size_ = 0;
#ifdef __SANITIZE_THREAD__
  void* scheduler_watched_ = __tsan_get_current_fiber();
  char arrivals_ = 0, departures_ = 0;  // their addresses stand for a barrier in ThreadSanitizer
#endif
  std::exception_ptr thrown_;
};

constinit thread_local Grid* running = nullptr;
// A fiber of these is idle or belongs to the running grid. Making one takes longer than most
// blocks.
thread_local std::vector<std::unique_ptr<Fiber>> fibers;

RSQRT_UNWATCHED void enter_fiber() {
  for (;;) running->run_threads();
}

Fiber::Fiber() {
  getcontext(&context);
  context.uc_stack.ss_sp = stack.get();
  context.uc_stack.ss_size = stack_size;
  makecontext(&context, enter_fiber, 0);
}

uint3 index_in(dim3 size, unsigned number, bool backwards) {
  if (backwards) number = size.x * size.y * size.z - 1 - number;
  return {number % size.x, number / size.x % size.y, number / size.x / size.y};
}

RSQRT_UNWATCHED void Grid::run_threads() {
  Fiber& self = *current_;
  self.state.arrive(&scheduler_stack_, &scheduler_stack_size_);
#ifdef __SANITIZE_THREAD__
  __tsan_acquire(&departures_);
#endif
  while (begun_ < threads_) {
    threadIdx = index_in(blockDim, begun_++, backwards_);
    try {
      thread_();
    } catch (...) {
      thrown_ = std::current_exception();
    }
  }
  self.waits = false;
  leave_fiber(self);
}

RSQRT_UNWATCHED void Grid::wait() {
  Fiber& self = *current_;
  const uint3 index = threadIdx;
  self.waits = true;
  leave_fiber(self);
  self.state.arrive(&scheduler_stack_, &scheduler_stack_size_);
#ifdef __SANITIZE_THREAD__
  __tsan_acquire(&departures_);
#endif
  threadIdx = index;
}

RSQRT_UNWATCHED void Grid::leave_fiber(Fiber& fiber) {
  fiber.state.leave(scheduler_stack_, scheduler_stack_size_);
#ifdef __SANITIZE_THREAD__
  __tsan_release(&arrivals_);
  __tsan_switch_to_fiber(scheduler_watched_, __tsan_switch_to_fiber_no_sync);
#endif
  swapcontext(&fiber.context, &scheduler_);
}

RSQRT_UNWATCHED void Grid::resume(Fiber& fiber) {
  current_ = &fiber;
  scheduler_state_.leave(fiber.stack.get(), stack_size);
#ifdef __SANITIZE_THREAD__
  __tsan_switch_to_fiber(fiber.watched, __tsan_switch_to_fiber_no_sync);
#endif
  swapcontext(&scheduler_, &fiber.context);
  scheduler_state_.arrive(nullptr, nullptr);
  if (fiber.waits) waiting_.push_back(&fiber);
}

Fiber* Grid::idle_fiber() {
  const auto found = std::find_if(fibers.begin() + static_cast<std::ptrdiff_t>(waiting_.size()), fibers.end(),
                                  [](const auto& fiber) { return !fiber->waits; });
  if (found != fibers.end()) return found->get();
  fibers.push_back(std::make_unique<Fiber>());
  return fibers.back().get();
}

const char* Grid::run_block() {
  auto* const shared = reinterpret_cast<unsigned char*>(rsqrt_shared_memory);
  unsigned char* const guard = shared + shared_size_;
  std::memset(shared, fresh_byte, shared_size_);
  std::memset(guard, guard_byte, guard_size);
  begun_ = 0;
  std::vector<Fiber*> ready;
  do {
#ifdef __SANITIZE_THREAD__
    __tsan_release(&departures_);
#endif
    for (Fiber* fiber : ready) resume(*fiber);
    while (begun_ < threads_) resume(*idle_fiber());
#ifdef __SANITIZE_THREAD__
    __tsan_acquire(&arrivals_);
#endif
    if (thrown_) std::rethrow_exception(thrown_);
    ready.clear();
    ready.swap(waiting_);
  } while (ready.size() == threads_);
  if (!ready.empty()) return "threads of a block ended while others waited for them at a barrier";
  if (std::any_of(guard, guard + guard_size, [](unsigned char byte) { return byte != guard_byte; })) {
    return "a kernel wrote past its shared memory";
  }
  return nullptr;
}

}  // namespace

const char* run_grid(dim3 grid, dim3 block, std::size_t shared_size, bool backwards,
                     const std::function<void()>& thread) {
  Grid all(block, shared_size, backwards, thread);
  running = &all;
  gridDim = grid;
  blockDim = block;
  const char* wrong = nullptr;
  const unsigned blocks = grid.x * grid.y * grid.z;
  for (unsigned number = 0; number < blocks && wrong == nullptr; ++number) {
    blockIdx = index_in(grid, number, backwards);
    wrong = all.run_block();
  }
  running = nullptr;
  if (wrong != nullptr) fibers.clear();  // some fibers are suspended in the middle of a kernel
  return wrong;
}

void synchronize_threads() { running->wait(); }

}  // namespace rsqrt_simulated
