// Requests to the C library's allocator. All of them are advice: an allocator that does not support
// one ignores it.
#pragma once

#include <cstddef>

namespace rsqrt_native::cpu {

// From this size on, the GNU C library maps new pages for every block and unmaps them in free(),
// even after keep_freed_memory(). A little below 32 MiB, because the header of a block counts.
inline constexpr std::size_t mapped_bytes = (std::size_t{32} << 20) - (std::size_t{64} << 10);

// Lets free() keep blocks of up to 32 MiB for the next allocation, and up to 64 MiB at the end of
// the heap. Otherwise every such block is returned to the system, and the next one's pages are
// faulted in again. Works once, for the whole process. Settings that the user has made are kept.
void keep_freed_memory() noexcept;

// Returns to the system the memory that free() has kept, for the whole process.
void return_freed_memory() noexcept;

}  // namespace rsqrt_native::cpu
