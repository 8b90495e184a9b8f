// Other C libraries: their allocators are left alone.
#include "cpu/memory.h"

namespace rsqrt_native::cpu {

void keep_freed_memory() noexcept {}

void return_freed_memory() noexcept {}

}  // namespace rsqrt_native::cpu
