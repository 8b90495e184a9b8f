// Copies between a device and host memory that is not page-locked, through a page-locked buffer.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "cuda/status.h"
#include "cuda/streams.h"

namespace rsqrt_native::cuda {

// Belongs to one device. The host copies one part while the device copies another.
class Staging {
 public:
  Staging();
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // Returns as soon as the source has been read. The remaining work is queued.
  void upload(std::byte* to, const std::byte* from, std::size_t bytes, const Stream& stream);
  // Returns when the destination is written.
  void download(std::byte* to, const std::byte* from, std::size_t bytes, const Stream& stream);

 private:
  // A part of the ring that the device still reads.
  struct Part {
    std::size_t begin;
    std::size_t end;
    EventHandle read;
  };
  void upload_part(std::byte* to, const std::byte* from, std::size_t bytes, const Stream& stream);
  std::size_t take(std::size_t bytes);
  void retire_oldest();

  std::byte* memory_ = nullptr;  // the ring for uploads, then two chunks for downloads
  std::deque<Part> parts_;       // oldest first
  std::size_t head_ = 0;
  std::vector<EventHandle> spare_events_;
  EventHandle written_[2];
};

}  // namespace rsqrt_native::cuda
