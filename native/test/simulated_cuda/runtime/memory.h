// The memory of one simulated device, and page-locked host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "runtime/stream.h"

namespace rsqrt_simulated {

inline constexpr int fresh_byte = 0xff;
inline constexpr int guard_byte = 0xfd;
inline constexpr int freed_byte = 0xdb;

// A memory pool. Freed memory stays reserved: neither cudaMalloc nor another pool gets it.
// Guarded by State::mutex.
struct Pool {
  int device;
  std::size_t limit;            // of `reserved`
  std::uint64_t threshold = 0;  // reserved bytes that it keeps at a synchronisation
  bool destroyed = false;
  std::size_t used = 0, used_high = 0;
  std::size_t reserved = 0, reserved_high = 0;
};

// One allocation. Guarded by State::mutex, except its bytes, whose users are ordered by CUDA's
// rules.
struct Block {
  bool spans(const std::byte* address, std::size_t count) const {
    return address >= start && count <= size && static_cast<std::size_t>(address - start) <= size - count;
  }

  std::byte* start = nullptr;
  std::size_t size = 0;
  std::uint64_t id = 0;        // addresses are reused, ids are not
  std::shared_ptr<Pool> pool;  // nullptr: from cudaMalloc
  bool live = false;           // the stream has passed the allocation and not reached the release
  bool released = false;       // the host has requested the release
  Mark allocation;
  Mark release;
};

// Addresses are given out first-fit from a range four times the capacity, so that fragmentation
// never makes an allocation fail. Freed addresses are soon reused, which exposes code that still
// uses them.
class DeviceMemory {
 public:
  explicit DeviceMemory(std::size_t capacity);

  // While an Access exists, the memory can be accessed. Can be used on any thread, with or without
  // the lock.
  class Access {
   public:
    explicit Access(DeviceMemory& memory);
    ~Access();
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

   private:
    DeviceMemory& memory_;
  };

  // The other members are called with State::mutex held.

  std::size_t capacity() const { return capacity_; }
  // The bytes that are neither reserved by a pool nor allocated by cudaMalloc.
  std::size_t free() const { return capacity_ - taken_; }
  bool contains(const void* address) const;

  // nullptr if there is too little memory. The block is not live yet and its bytes are not filled.
  Block* allocate(std::size_t size, std::uint64_t id, const std::shared_ptr<Pool>& pool);
  void erase(Block& block);
  // Releases the unused memory of a pool, down to this many reserved bytes.
  void trim(Pool& pool, std::uint64_t bytes_to_keep);

  // The allocations that the host has not released.
  struct Held {
    std::size_t allocations = 0;
    std::size_t bytes = 0;
  };
  Held held() const;

  // The block that starts there, and the block that contains the range. Null if there is none.
  Block* find(const void* start);
  Block* spanning(const std::byte* address, std::size_t count);

  // A release to the pool that its stream has not reached; a default mark if there is none.
  Mark pending_release(const Pool& pool) const;

  // These need an Access. `fill` may be called without the lock, by the block's owner.
  static void fill(const Block& block, int byte);
  bool guards_intact() const;

 private:
  // An Access makes the range accessible up to `end` and no further, because changing the
  // protection takes time for each page.
  void extend_reach(const std::byte* end);

  std::size_t capacity_;
  std::size_t taken_ = 0;
  std::size_t range_size_;
  std::byte* range_;
  std::map<const std::byte*, Block> blocks_;

  std::mutex protection_mutex_;
  int accesses_ = 0;   // guarded by protection_mutex_
  std::size_t reach_;  // offset of the end of what was ever allocated; guarded by protection_mutex_
};

// One page-locked allocation of the host.
struct HostBlock {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size;
  std::uint64_t id;
  int device;  // that was current
};

}  // namespace rsqrt_simulated
