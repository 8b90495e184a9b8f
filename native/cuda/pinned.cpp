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
bool is_settled(const Pinned::Buffer& buffer) {
  return buffer.last == nullptr || cudaEventQuery(buffer.copied.get()) == cudaSuccess;
}

}  // namespace

Pinned::~Pinned() {
  for (auto& [data, buffer] : buffers_) {
    if (buffer.last != nullptr) static_cast<void>(cudaEventSynchronize(buffer.copied.get()));
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
    buffers_.emplace(static_cast<std::byte*>(data), Buffer{bytes, true, nullptr, nullptr, -1});
  } catch (...) {
    static_cast<void>(cudaFreeHost(data));
    throw;
  }
  return static_cast<std::byte*>(data);
}

std::byte* Pinned::take_kept(std::size_t bytes) {
  for (auto& [data, buffer] : buffers_) {
    const bool fits = !buffer.used && buffer.bytes >= bytes && buffer.bytes - bytes <= bytes / 4;
    if (!fits || !is_settled(buffer)) continue;
    buffer.used = true;
    buffer.last = nullptr;
    kept_ -= buffer.bytes;
    return const_cast<std::byte*>(data);
  }
  return nullptr;
}

void Pinned::release(std::byte* data) noexcept {
  const auto found = buffers_.find(data);
  if (found == buffers_.end() || !found->second.used) return;
  found->second.used = false;
  kept_ += found->second.bytes;
  if (kept_ <= max_kept) return;
  try {
    trim();
  } catch (...) {  // the call that met the failure reports it
  }
}

void Pinned::trim() {
  for (auto each = buffers_.begin(); each != buffers_.end();) {
    auto& [data, buffer] = *each;
    if (buffer.used) {
      ++each;
      continue;
    }
    settle(buffer);
    static_cast<void>(cudaFreeHost(const_cast<std::byte*>(data)));
    kept_ -= buffer.bytes;
    each = buffers_.erase(each);
  }
}

Pinned::Buffer* Pinned::find(const std::byte* address) {
  const auto after = buffers_.upper_bound(address);
  if (after == buffers_.begin()) return nullptr;
  auto& [data, buffer] = *std::prev(after);
  return address < data + buffer.bytes ? &buffer : nullptr;
}

void Pinned::use(const Buffer& buffer, const Stream& stream) {
  if (buffer.last != nullptr && buffer.last != &stream) wait_for(stream, *buffer.last);
}

void Pinned::mark(Buffer& buffer, const Stream& stream) {
  buffer.last = &stream;
  if (buffer.event_device != stream.device) {
    buffer.copied = make_event(cudaEventDisableTiming);
    buffer.event_device = stream.device;
  }
  check(cudaEventRecord(buffer.copied.get(), stream.handle.get()), "cudaEventRecord");
}

void Pinned::settle(Buffer& buffer) {
  if (buffer.last == nullptr) return;
  check(cudaEventSynchronize(buffer.copied.get()), "cudaEventSynchronize");
  buffer.last = nullptr;
}

}  // namespace rsqrt_native::cuda
