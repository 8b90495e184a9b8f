// Systems without the GNU C library: their allocators are left to themselves.
#include "cpu/memory.h"

namespace rsqrt_native::cpu {

std::size_t advise_huge_pages(std::byte*, std::size_t) noexcept { return 0; }

void keep_freed_memory() noexcept {}

void return_freed_memory() noexcept {}

}  // namespace rsqrt_native::cpu
