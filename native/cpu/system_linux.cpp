#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include <cstdint>

#include "cpu/system.h"

namespace rsqrt_native::cpu {

std::size_t advise_huge_pages(std::byte* data, std::size_t bytes) noexcept {
  constexpr std::uintptr_t huge_page{huge_page_bytes};
  const auto start = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t first = (start + huge_page - 1) & -huge_page;
  const std::uintptr_t end = (start + bytes) & -huge_page;
  // This fails where huge pages are switched off, which is not an error.
  if (first >= end) return 0;
  madvise(data + (first - start), end - first, MADV_HUGEPAGE);
  return first - start;
}

int current_cpu() noexcept { return sched_getcpu(); }

void leave_cpu(int cpu) noexcept {
  if (cpu < 0 || sched_getcpu() != cpu) return;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  cpu_set_t others = allowed;
  CPU_CLR(cpu, &others);
  if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof(others), &others) != 0) return;
  sched_setaffinity(0, sizeof(allowed), &allowed);
}

void name_thread(std::thread& thread, const std::string& name) noexcept {
  pthread_setname_np(thread.native_handle(), name.c_str());
}

}  // namespace rsqrt_native::cpu
