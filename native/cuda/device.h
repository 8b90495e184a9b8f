// The state of one device in one environment.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "cuda/allocator.h"
#include "cuda/staging.h"
#include "cuda/status.h"
#include "cuda/streams.h"
#include "cuda/waiter.h"

namespace rsqrt_native::cuda {

// Work that is recorded and not executed.
struct Capture {
  explicit Capture(int device) : stream(device) {}

  Stream stream;
  unsigned number = 0;
  std::vector<std::shared_ptr<Block>> blocks;  // used by its work, each listed once
};

class Device {
 public:
  // The device must be current. Throws ERR_CUDA_UNAVAILABLE if there is no code for it in this
  // binary.
  explicit Device(int index);
  // Waits for all work.
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // The stream on which work is queued now.
  const Stream& stream() const {
    if (capture_ != nullptr) return capture_->stream;
    return streams_[current_];
  }
  void synchronize() const;
  int enter_stream();
  void leave_stream(int previous);

  std::shared_ptr<DeviceBlock> allocate(std::size_t bytes);
  // Prepares a block for the work that is queued next.
  void use(Block& block);
  Staging& staging();
  Waiter& waiter();

  bool is_capturing() const { return capture_ != nullptr; }
  // Throws ERR_CUDA while work is captured. `what` names the refused call.
  void refuse_capture(const char* what) const;
  void begin_capture();
  // Returns the capture that ended. Its stream must not be used any more.
  std::unique_ptr<Capture> end_capture(GraphHandle& graph);
  void abandon_capture() noexcept;

  const int index;
  int multiprocessors = 0;
  Allocator allocator;

 private:
  std::deque<Stream> streams_;  // the initial one, and others for enter_stream
  std::size_t current_ = 0;
  std::size_t last_entered_ = 0;
  std::unique_ptr<Capture> capture_;
  unsigned captures_ = 0;  // so far
  std::unique_ptr<Staging> staging_;
  std::unique_ptr<Waiter> waiter_;
};

}  // namespace rsqrt_native::cuda
