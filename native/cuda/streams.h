// Streams of one environment on a device, and the order of work between them.
#pragma once

#include <memory>

#include "cuda/backend.h"
#include "cuda/status.h"

namespace rsqrt_native::cuda {

// Belongs to the device that was current when it was made.
struct Stream {
  explicit Stream(int on) : device(on), handle(make_stream()), mark(make_event(cudaEventDisableTiming)) {}

  int device;
  StreamHandle handle;
  EventHandle mark;  // recorded again whenever another stream waits for this one
};

// Makes the work queued on `waiting` from now on wait for all work queued so far on `awaited`.
void wait_for(const Stream& waiting, const Stream& awaited);

// Waits for all work queued on a stream.
void synchronize(const Stream& stream);

class Allocator;

// A block remembers the stream that used it last. If another stream uses the block, that stream
// waits for the last one. So all uses have one order, and callers need not synchronise. (Two
// streams that only read a block also wait for each other.)
class DeviceBlock final : public Block {
 public:
  DeviceBlock(Allocator& allocator, int on, std::byte* at, std::size_t size, const Stream& stream)
      : Block(on, at, size), home(stream), last(&stream), allocator_(allocator) {}
  ~DeviceBlock() override;

  const Stream& home;    // of its own device
  const Stream* last;    // perhaps of another, which copied from it
  unsigned capture = 0;  // the last capture that it was used in

 private:
  Allocator& allocator_;
};

// Makes a stream wait for the last use of a block, and makes it the last user.
inline void use(DeviceBlock& block, const Stream& stream) {
  if (block.last == &stream) return;
  wait_for(stream, *block.last);
  block.last = &stream;
}

}  // namespace rsqrt_native::cuda
