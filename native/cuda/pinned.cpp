#include "cuda/pinned.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/failure.h"

namespace rsqrt_native::cuda {
namespace {

// In bytes. Beyond it, released memory is freed.
constexpr std::size_t max_kept = std::size_t{256} << 20;
constexpr std::size_t page = 4096;

// Whether no copy is pending, as far as can be told without waiting.
bool is_settled(const Pinned::Block& block) {
  return block.last == nullptr || cudaEventQuery(block.copied.get()) == cudaSuccess;
}

}  // namespace

Pinned::~Pinned() {
  for (auto& [data, block] : blocks_) {
    if (block.last != nullptr) static_cast<void>(cudaEventSynchronize(block.copied.get()));
    static_cast<void>(cudaFreeHost(const_cast<std::byte*>(data)));
  }
}

std::byte* Pinned::allocate(std::size_t bytes) {
  bytes = (std::max<std::size_t>(bytes, 1) + page - 1) / page * page;
  if (std::byte* kept = take_kept(bytes)) return kept;
  void* data = nullptr;
  cudaError_t status = cudaHostAlloc(&data, bytes, cudaHostAllocPortable);
  if (status == cudaErrorMemoryAllocation && kept_ > 0) {
    static_cast<void>(cudaGetLastError());
    trim();
    status = cudaHostAlloc(&data, bytes, cudaHostAllocPortable);
  }
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    throw Failure("ERR_OUT_OF_MEMORY",
                  "out of page-locked memory: the system does not give " + std::to_string(bytes) + " bytes");
  }
  check(status, "cudaHostAlloc");
  try {
    blocks_.emplace(static_cast<std::byte*>(data), Block{bytes, true, nullptr, nullptr, -1});
  } catch (...) {
    static_cast<void>(cudaFreeHost(data));
    throw;
  }
  return static_cast<std::byte*>(data);
}

std::byte* Pinned::take_kept(std::size_t bytes) {
  for (auto& [data, block] : blocks_) {
    const bool fits = !block.used && block.bytes >= bytes && block.bytes - bytes <= bytes / 4;
    if (!fits || !is_settled(block)) continue;
    block.used = true;
    block.last = nullptr;
    kept_ -= block.bytes;
    return const_cast<std::byte*>(data);
  }
  return nullptr;
}

void Pinned::release(std::byte* data) noexcept {
  const auto found = blocks_.find(data);
  if (found == blocks_.end() || !found->second.used) return;
  found->second.used = false;
  kept_ += found->second.bytes;
  if (kept_ <= max_kept) return;
  try {
    trim();
  } catch (...) {  // the call that met the failure reports it
  }
}

void Pinned::trim() {
  for (auto each = blocks_.begin(); each != blocks_.end();) {
    auto& [data, block] = *each;
    if (block.used) {
      ++each;
      continue;
    }
    settle(block);
    static_cast<void>(cudaFreeHost(const_cast<std::byte*>(data)));
    kept_ -= block.bytes;
    each = blocks_.erase(each);
  }
}

Pinned::Block* Pinned::find(const std::byte* address) {
  const auto after = blocks_.upper_bound(address);
  if (after == blocks_.begin()) return nullptr;
  auto& [data, block] = *std::prev(after);
  return address < data + block.bytes ? &block : nullptr;
}

void Pinned::use(const Block& block, const Stream& stream) {
  if (block.last != nullptr && block.last != &stream) wait_for(stream, *block.last);
}

void Pinned::mark(Block& block, const Stream& stream) {
  block.last = &stream;
  if (block.event_device != stream.device) {
    block.copied = make_event(cudaEventDisableTiming);
    block.event_device = stream.device;
  }
  check(cudaEventRecord(block.copied.get(), stream.handle.get()), "cudaEventRecord");
}

void Pinned::settle(Block& block) {
  if (block.last == nullptr) return;
  check(cudaEventSynchronize(block.copied.get()), "cudaEventSynchronize");
  block.last = nullptr;
}

}  // namespace rsqrt_native::cuda
