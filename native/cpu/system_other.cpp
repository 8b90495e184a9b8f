// macOS and Windows place threads themselves, and huge pages need privileges or do not exist.
#include "cpu/system.h"

namespace rsqrt_native::cpu {

std::size_t advise_huge_pages(std::byte*, std::size_t) noexcept { return 0; }

int current_cpu() noexcept { return -1; }

void leave_cpu(int) noexcept {}

void name_thread(std::thread&, const std::string&) noexcept {}

}  // namespace rsqrt_native::cpu
