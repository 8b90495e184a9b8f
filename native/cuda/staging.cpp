#include "cuda/staging.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/failure.h"

namespace rsqrt_native::cuda {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 20;
constexpr std::size_t ring = 4 * chunk;
constexpr std::size_t alignment = 256;

}  // namespace

Staging::Staging() {
  for (EventHandle& event : written_) event = make_event(cudaEventDisableTiming);
  void* memory = nullptr;
  check(cudaHostAlloc(&memory, ring + 2 * chunk, cudaHostAllocDefault), "cudaHostAlloc");
  memory_ = static_cast<std::byte*>(memory);
}

// Whoever destroys this has synchronised the streams.
Staging::~Staging() { static_cast<void>(cudaFreeHost(memory_)); }

void Staging::upload(std::byte* to, const std::byte* from, std::size_t bytes, const Stream& stream) {
  for (std::size_t done = 0; done < bytes; done += chunk) {
    const std::size_t count = std::min(chunk, bytes - done);
    const std::size_t extent = (count + alignment - 1) / alignment * alignment;
    if (spare_events_.empty()) spare_events_.push_back(make_event(cudaEventDisableTiming));
    const std::size_t begin = take(extent);
    parts_.push_back({begin, begin + extent, nullptr});
    try {
      upload_part(to + done, from + done, count, stream);
    } catch (...) {
      parts_.pop_back();
      throw;
    }
    head_ = begin + extent;
  }
}

// Uploads through the newest part of the ring, and sets the part's event.
void Staging::upload_part(std::byte* to, const std::byte* from, std::size_t bytes, const Stream& stream) {
  Part& part = parts_.back();
  std::memcpy(memory_ + part.begin, from, bytes);
  check(cudaMemcpyAsync(to, memory_ + part.begin, bytes, cudaMemcpyHostToDevice, stream.handle.get()),
        "cudaMemcpyAsync");
  const cudaError_t status = cudaEventRecord(spare_events_.back().get(), stream.handle.get());
  if (status != cudaSuccess) static_cast<void>(cudaStreamSynchronize(stream.handle.get()));
  check(status, "cudaEventRecord");
  part.read = std::move(spare_events_.back());
  spare_events_.pop_back();
}

// Returns where the ring has this many free bytes. Waits until it has.
std::size_t Staging::take(std::size_t bytes) {
  for (;;) {
    if (parts_.empty()) return 0;
    const std::size_t tail = parts_.front().begin;
    // The head must not reach the tail, because that would look like an empty ring.
    if (head_ > tail && ring - head_ >= bytes) return head_;
    if (head_ > tail && tail > bytes) return 0;
    if (head_ < tail && tail - head_ > bytes) return head_;
    retire_oldest();
  }
}

void Staging::retire_oldest() {
  check(cudaEventSynchronize(parts_.front().read.get()), "cudaEventSynchronize");
  spare_events_.push_back(std::move(parts_.front().read));
  parts_.pop_front();
}

void Staging::download(std::byte* to, const std::byte* from, std::size_t bytes, const Stream& stream) {
  const std::size_t chunks = (bytes + chunk - 1) / chunk;
  const auto count = [&](std::size_t i) { return std::min(chunk, bytes - i * chunk); };
  const auto buffer = [&](std::size_t i) { return memory_ + ring + i % 2 * chunk; };
  try {
    for (std::size_t i = 0; i <= chunks; ++i) {
      if (i < chunks) {
        check(cudaMemcpyAsync(buffer(i), from + i * chunk, count(i), cudaMemcpyDeviceToHost,
                              stream.handle.get()),
              "cudaMemcpyAsync");
        check(cudaEventRecord(written_[i % 2].get(), stream.handle.get()), "cudaEventRecord");
      }
      if (i == 0) continue;
      check(cudaEventSynchronize(written_[(i - 1) % 2].get()), "cudaEventSynchronize");
      std::memcpy(to + (i - 1) * chunk, buffer(i - 1), count(i - 1));
    }
  } catch (...) {
    static_cast<void>(
        cudaStreamSynchronize(stream.handle.get()));  // no copy may write to the chunks any more
    throw;
  }
}

}  // namespace rsqrt_native::cuda
