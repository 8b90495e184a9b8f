// Requests to the operating system about threads and memory; a twin file for each system. A system
// that does not support one ignores it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <thread>

namespace rsqrt_native::cpu {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

// Asks for huge pages in a range, which helps before the range is first touched: a page fault then
// brings in a whole huge page. Returns the offset in bytes at which the first huge page can begin.
std::size_t advise_huge_pages(std::byte* data, std::size_t bytes) noexcept;

// The CPU that this thread is running on, or -1.
int current_cpu() noexcept;

// Moves this thread to another CPU if it is running on `cpu`. The scheduler tends to wake a helper
// on its caller's CPU, ahead of the caller, and then leaves both there although other CPUs are
// idle.
void leave_cpu(int cpu) noexcept;

// For debuggers and profilers. At most 15 characters.
void name_thread(std::thread& thread, const std::string& name) noexcept;

// Runs `start` with all signals blocked. Threads that it starts inherit that, so the process's
// signal handlers run on the process's own threads.
void with_signals_blocked(const std::function<void()>& start);

}  // namespace rsqrt_native::cpu
