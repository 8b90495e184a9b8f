#include <pthread.h>

#include <csignal>

#include "cpu/system.h"

namespace rsqrt_native::cpu {

void with_signals_blocked(const std::function<void()>& start) {
  struct Blocked {
    sigset_t saved;
    Blocked() {
      sigset_t all;
      sigfillset(&all);
      pthread_sigmask(SIG_SETMASK, &all, &saved);
    }
    ~Blocked() { pthread_sigmask(SIG_SETMASK, &saved, nullptr); }
    Blocked(const Blocked&) = delete;
    Blocked& operator=(const Blocked&) = delete;
  };
  const Blocked blocked;
  start();
}

}  // namespace rsqrt_native::cpu
