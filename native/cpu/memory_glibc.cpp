// The GNU C library.
#include <malloc.h>

#include <cstdlib>

#include "cpu/memory.h"

namespace rsqrt_native::cpu {

void keep_freed_memory() noexcept {
  // malloc maps blocks of 128 KiB and more one by one, until one of them is freed. From then on,
  // blocks of up to that size come from the heap, and the heap keeps twice as much at its end
  // (mallopt(3), M_MMAP_THRESHOLD: the dynamic threshold, which grows up to 32 MiB). This frees
  // such a block at once, untouched. Unlike mallopt, it has no effect where the user has set
  // thresholds.
  static const bool done = [] {
    void* volatile block = std::malloc(mapped_bytes);  // volatile, or the compiler removes both calls
    std::free(block);
    return true;
  }();
  static_cast<void>(done);
}

void return_freed_memory() noexcept { malloc_trim(0); }

}  // namespace rsqrt_native::cpu
