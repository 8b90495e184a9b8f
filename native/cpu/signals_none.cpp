// Windows has no signals that could interrupt a thread.
#include "cpu/system.h"

namespace rsqrt_native::cpu {

void with_signals_blocked(const std::function<void()>& start) { start(); }

}  // namespace rsqrt_native::cpu
