// Windows has no signals that a thread could be interrupted by.
#include "cpu/system.h"

namespace rsqrt_native::cpu {

void with_signals_blocked(const std::function<void()>& start) { start(); }

}  // namespace rsqrt_native::cpu
