// What is asked of the operating system about threads and memory; a twin file for each system. Where one has
// no such thing, nothing happens.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <thread>

namespace rsqrt_native::cpu {

// Asks for huge pages in a range. It helps before the range is first touched: a page fault then brings 2 MiB.
// Returns how many bytes into the range the first huge page can begin.
std::size_t advise_huge_pages(std::byte* data, std::size_t bytes) noexcept;

// The CPU that this thread runs on, or -1.
int current_cpu() noexcept;

// Moves this thread to another CPU if it runs on that one. The scheduler tends to wake a helper where its
// caller runs, ahead of the caller, and then leaves both there although other CPUs are idle.
void move_off(int cpu) noexcept;

// For debuggers and profilers. At most 15 characters.
void name_thread(std::thread& thread, const std::string& name) noexcept;

// Runs `start` with all signals blocked, as the threads that it starts then have them: the process's handlers
// run on its own threads.
void with_signals_blocked(const std::function<void()>& start);

}  // namespace rsqrt_native::cpu
