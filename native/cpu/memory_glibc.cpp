// Linux with the GNU C library.
#include <malloc.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#include "cpu/memory.h"

namespace rsqrt_native::cpu {

std::size_t advise_huge_pages(std::byte* data, std::size_t bytes) noexcept {
  constexpr std::uintptr_t huge_page = std::uintptr_t{1} << 21;
  const auto start = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t first = (start + huge_page - 1) & -huge_page;
  const std::uintptr_t end = (start + bytes) & -huge_page;
  // Fails where huge pages are switched off, which is nobody's error.
  if (first >= end) return 0;
  madvise(data + (first - start), end - first, MADV_HUGEPAGE);
  return first - start;
}

void keep_freed_memory() noexcept {
  // malloc maps blocks of 128 KiB and more one by one, until one is freed: from then on blocks of up to that
  // size come from the heap, and the heap keeps twice as much at its end (mallopt(3), M_MMAP_THRESHOLD: the
  // dynamic threshold, which ends at 32 MiB). This frees such a block at once, untouched. Unlike mallopt it
  // does nothing where the user has set thresholds. A little below 32 MiB: the block's header counts.
  constexpr std::size_t largest = (std::size_t{32} << 20) - (std::size_t{64} << 10);
  static const bool done = [] {
    void* volatile block = std::malloc(largest);  // volatile: or the compiler leaves both calls out
    std::free(block);
    return true;
  }();
  static_cast<void>(done);
}

void return_freed_memory() noexcept { malloc_trim(0); }

}  // namespace rsqrt_native::cpu
