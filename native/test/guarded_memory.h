// Memory that crashes a program that reads or writes one byte beside it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace rsqrt_native::test {

// Room for blocks of up to `capacity` bytes between two pages that must not be touched.
class GuardedMemory {
 public:
  explicit GuardedMemory(std::size_t capacity)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        room_((capacity + 2 * page_ - 1) / page_ * page_) {
    void* mapping =
        mmap(nullptr, room_ + 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) std::abort();
    start_ = static_cast<std::byte*>(mapping) + page_;
    if (mprotect(start_ - page_, page_, PROT_NONE) != 0 || mprotect(start_ + room_, page_, PROT_NONE) != 0) {
      std::abort();
    }
    block_ = start_;
    bytes_ = room_;
    forbid(block_, bytes_);
  }
  ~GuardedMemory() {
    allow(start_, room_);
    munmap(start_ - page_, room_ + 2 * page_);
  }
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;

  // A block of `bytes` bytes that ends at the upper guard, or begins `offset` bytes after the lower
  // one. The previous block becomes invalid. Under AddressSanitizer, the rest of the room may not
  // be touched either.
  std::byte* at_end(std::size_t bytes) { return place(start_ + room_ - bytes, bytes); }
  std::byte* at_start(std::size_t bytes, std::size_t offset) { return place(start_ + offset, bytes); }

 private:
  std::byte* place(std::byte* block, std::size_t bytes) {
    forbid(block_, bytes_);
    allow(block, bytes);
    block_ = block;
    bytes_ = bytes;
    return block;
  }

#if defined(__SANITIZE_ADDRESS__)
  static void allow(std::byte* p, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(p, bytes); }
  static void forbid(std::byte* p, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(p, bytes); }
#else
  static void allow(std::byte*, std::size_t) {}
  static void forbid(std::byte*, std::size_t) {}
#endif

  std::size_t page_;
  std::size_t room_;
  std::byte* start_;
  std::byte* block_;  // the current one
  std::size_t bytes_;
};

}  // namespace rsqrt_native::test
