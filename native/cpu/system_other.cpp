// macOS and Windows: they place threads themselves, and huge pages are for privileged users or for none.
#include "cpu/system.h"

namespace rsqrt_native::cpu {

std::size_t advise_huge_pages(std::byte*, std::size_t) noexcept { return 0; }

int current_cpu() noexcept { return -1; }

void move_off(int) noexcept {}

void name_thread(std::thread&, const std::string&) noexcept {}

}  // namespace rsqrt_native::cpu
