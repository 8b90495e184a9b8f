// What can be asked of the C library's allocator. All of it is advice: where there is no such thing, nothing
// happens.
#pragma once

namespace rsqrt_native::cpu {

// Lets free() keep blocks of up to 32 MiB for the next allocation, and up to 64 MiB at the end of the heap.
// Else every such block is returned to the system, and its pages are faulted in again by the next one. Once
// for the process; settings that its user made stand.
void keep_freed_memory() noexcept;

// Returns to the system what free() has kept, of the whole process.
void return_freed_memory() noexcept;

}  // namespace rsqrt_native::cpu
