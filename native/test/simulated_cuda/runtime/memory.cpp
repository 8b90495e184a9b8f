#include "runtime/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace rsqrt_simulated {

namespace {

constexpr std::size_t alignment = 256;
constexpr std::size_t guard_size = 256;
constexpr std::size_t huge_page = std::size_t{2} << 20;
// The pool of a real device rounds sizes up to a multiple of this.
constexpr std::size_t granularity = 512;

constexpr std::size_t round_up(std::size_t size, std::size_t unit) { return (size + unit - 1) / unit * unit; }

// The bytes that a block takes, including the guard bytes after it.
std::size_t extent(const Block& block) { return round_up(block.size + guard_size, alignment); }

std::size_t size_in_pool(const Block& block) { return round_up(block.size, granularity); }

#if defined(__SANITIZE_ADDRESS__)
void allow(std::byte* p, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(p, bytes); }
void forbid(std::byte* p, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(p, bytes); }
#else
void allow(std::byte*, std::size_t) {}
void forbid(std::byte*, std::size_t) {}
#endif

// No other code may read guard bytes. This is a separate loop, because functions inlined into it
// would be instrumented.
[[gnu::no_sanitize_address]] bool guard_intact(const Block& block) {
  const std::byte* const end = block.start + extent(block);
  for (const std::byte* byte = block.start + block.size; byte != end; ++byte) {
    if (static_cast<int>(*byte) != guard_byte) return false;
  }
  return true;
}

}  // namespace

DeviceMemory::DeviceMemory(std::size_t capacity)
    : capacity_(std::min(capacity, std::numeric_limits<std::size_t>::max() / 8)),
      range_size_(round_up(4 * capacity_ + (1 << 20), huge_page)),
      reach_(huge_page) {
  void* range =
      mmap(nullptr, range_size_ + huge_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == MAP_FAILED) throw std::bad_alloc();
  const std::size_t excess = reinterpret_cast<std::uintptr_t>(range) % huge_page;
  range_ = static_cast<std::byte*>(range) + (huge_page - excess) % huge_page;
  // With small pages, changing the protection takes milliseconds. This call may fail, which only
  // costs that time.
  madvise(range_, range_size_, MADV_HUGEPAGE);
}

DeviceMemory::Access::Access(DeviceMemory& memory) : memory_(memory) {
  std::lock_guard lock(memory_.protection_mutex_);
  if (memory_.accesses_ == 0 && mprotect(memory_.range_, memory_.reach_, PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
  ++memory_.accesses_;
}

DeviceMemory::Access::~Access() {
  std::lock_guard lock(memory_.protection_mutex_);
  if (--memory_.accesses_ == 0) mprotect(memory_.range_, memory_.reach_, PROT_NONE);
}

void DeviceMemory::extend_reach(const std::byte* end) {
  const std::size_t reach = round_up(static_cast<std::size_t>(end - range_), huge_page);
  std::lock_guard lock(protection_mutex_);
  if (reach <= reach_) return;
  if (accesses_ > 0 && mprotect(range_ + reach_, reach - reach_, PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
  reach_ = reach;
}

bool DeviceMemory::contains(const void* address) const {
  const auto* byte = static_cast<const std::byte*>(address);
  return byte >= range_ && byte < range_ + range_size_;
}

Block* DeviceMemory::allocate(std::size_t size, std::uint64_t id, const std::shared_ptr<Pool>& pool) {
  if (size > capacity_) return nullptr;
  Block block;
  block.start = range_ + guard_size;
  block.size = size;
  block.id = id;
  block.pool = pool;
  const std::size_t wanted = size_in_pool(block);
  const std::size_t unused = pool == nullptr ? 0 : pool->reserved - pool->used;
  const std::size_t lack = wanted > unused ? wanted - unused : 0;
  if (lack > free() || (pool != nullptr && lack > pool->limit - pool->reserved)) return nullptr;
  for (const auto& [start, taken] : blocks_) {
    if (static_cast<std::size_t>(start - block.start) >= extent(block)) break;
    block.start = taken.start + extent(taken);
  }
  if (static_cast<std::size_t>(range_ + range_size_ - block.start) < extent(block)) return nullptr;
  extend_reach(block.start + extent(block));
  Block& placed = blocks_.emplace(block.start, block).first->second;
  taken_ += lack;
  if (pool != nullptr) {
    pool->used += wanted;
    pool->reserved += lack;
    pool->used_high = std::max(pool->used_high, pool->used);
    pool->reserved_high = std::max(pool->reserved_high, pool->reserved);
  }
  return &placed;
}

void DeviceMemory::erase(Block& block) {
  const std::shared_ptr<Pool> pool = std::move(block.pool);
  const std::size_t size = size_in_pool(block);
  blocks_.erase(block.start);
  if (pool == nullptr) {
    taken_ -= size;
    return;
  }
  pool->used -= size;
  if (pool->destroyed && pool->used == 0) trim(*pool, 0);
}

void DeviceMemory::trim(Pool& pool, std::uint64_t bytes_to_keep) {
  const std::size_t kept = std::max<std::size_t>(pool.used, bytes_to_keep);
  if (pool.reserved <= kept) return;
  taken_ -= pool.reserved - kept;
  pool.reserved = kept;
}

DeviceMemory::Held DeviceMemory::held() const {
  Held held;
  for (const auto& [start, block] : blocks_) {
    if (block.released) continue;
    ++held.allocations;
    held.bytes += block.size;
  }
  return held;
}

Block* DeviceMemory::find(const void* start) {
  const auto found = blocks_.find(static_cast<const std::byte*>(start));
  return found == blocks_.end() ? nullptr : &found->second;
}

Block* DeviceMemory::spanning(const std::byte* address, std::size_t count) {
  auto after = blocks_.upper_bound(address);
  if (after == blocks_.begin()) return nullptr;
  Block& block = std::prev(after)->second;
  return block.spans(address, count) ? &block : nullptr;
}

Mark DeviceMemory::pending_release(const Pool& pool) const {
  for (const auto& [start, block] : blocks_) {
    if (block.pool.get() == &pool && !block.release.reached()) return block.release;
  }
  return {};
}

void DeviceMemory::fill(const Block& block, int byte) {
  const bool fresh = byte == fresh_byte;
  const std::size_t guard = extent(block) - block.size;
  allow(block.start, extent(block));
  std::memset(block.start, byte, block.size);
  std::memset(block.start + block.size, fresh ? guard_byte : byte, guard);
  forbid(fresh ? block.start + block.size : block.start, fresh ? guard : extent(block));
}

bool DeviceMemory::guards_intact() const {
  return std::all_of(blocks_.begin(), blocks_.end(), [](const auto& entry) {
    const Block& block = entry.second;
    return !block.live || guard_intact(block);
  });
}

}  // namespace rsqrt_simulated
