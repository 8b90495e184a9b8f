// What can be asked of the host's memory. All of it is advice: where a system has no such thing, nothing
// happens.
#pragma once

#include <cstddef>

namespace rsqrt_native::cpu {

// Asks for huge pages in a range. It helps before the range is first touched: a page fault then brings 2 MiB.
// Returns how many bytes into the range the first huge page can begin.
std::size_t advise_huge_pages(std::byte* data, std::size_t bytes) noexcept;

// Lets free() keep blocks of up to 32 MiB for the next allocation, and up to 64 MiB at the end of the heap.
// Else every such block is returned to the system, and its pages are faulted in again by the next one. Once
// for the process; settings that its user made stand.
void keep_freed_memory() noexcept;

// Returns to the system what free() has kept, of the whole process.
void return_freed_memory() noexcept;

}  // namespace rsqrt_native::cpu
