// The GPU side as the addon sees it. Two files define make_backend: runtime.cpp, and none.cpp for
// builds without CUDA.
#pragma once

#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <string>

#include "core/failure.h"
#include "core/job.h"

namespace rsqrt_native::cuda {

// Memory on a device. It is released with its last owner, after the work queued on it. The backend
// must outlive it.
class Block : public std::enable_shared_from_this<Block> {
 public:
  virtual ~Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  const int device;
  std::byte* const data;
  const std::size_t bytes;

 protected:
  Block(int on, std::byte* at, std::size_t size) : device(on), data(at), bytes(size) {}
};

// A mark in the work of a device. The backend must outlive it. The same holds for a Graph.
class Event {
 public:
  virtual ~Event() = default;
};

// Captured work that can be repeated. It keeps the memory that it uses.
class Graph {
 public:
  virtual ~Graph() = default;
};

// A place in memory: in a block of a device or, without a block, in host memory.
struct Place {
  Block* block;
  std::byte* pointer;
};

struct DeviceProperties {
  std::string name;
  int major;  // compute capability
  int minor;
  std::size_t total_memory;  // bytes
};

// In bytes.
struct MemoryStats {
  std::size_t allocated;      // blocks of this backend
  std::size_t max_allocated;  // the highest value of allocated
  std::size_t reserved;       // taken from the device: used, or kept for later
  std::size_t limit;          // of allocated
  std::size_t free;           // of the device
  std::size_t total;
};

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

// Someone who waits for work. `tell` is called at most once, perhaps from a thread of the backend.
class Done {
 public:
  virtual ~Done() = default;
  // With the exception that the work ended with, or null.
  virtual void tell(std::exception_ptr failure) noexcept = 0;
};

// One per JavaScript environment, used from its thread only. Calls queue work on streams and
// return. Work on the same memory is done in the order of the calls, on whatever streams and
// devices. Functions throw Failure: ERR_CUDA_UNAVAILABLE, ERR_CUDA, ERR_OUT_OF_MEMORY.
class Backend {
 public:
  virtual ~Backend() = default;

  virtual const char* build() const = 0;    // "none", "cuda", "simulated"
  virtual int runtime_version() const = 0;  // 13000 is 13.0; 0 if not built
  virtual int driver_version() const = 0;   // the newest CUDA the driver supports; 0 if there is no driver
  virtual int device_count() const = 0;
  // Why there is no device, as one clause; empty if there is one.
  virtual const std::string& unavailable_reason() const = 0;
  virtual DeviceProperties properties(int device) = 0;

  virtual std::shared_ptr<Block> allocate(int device, std::size_t bytes) = 0;
  // Frees memory that is kept for later: device memory of all backends of the process, and
  // page-locked memory of this one. Waits for the work that uses released blocks.
  virtual void trim() = 0;
  virtual MemoryStats memory_stats(int device) = 0;
  virtual void reset_peak(int device) = 0;
  virtual void set_memory_limit(int device, std::size_t bytes) = 0;

  // Allocates page-locked memory, which every device can access directly.
  virtual std::byte* allocate_pinned(std::size_t bytes) = 0;
  // Releases it once the pending copies are done. Does nothing for a pointer that was released
  // before.
  virtual void release_pinned(std::byte* pointer) noexcept = 0;
  // If a pointer is in page-locked memory, waits for the pending copies from or to that memory.
  virtual void settle(const std::byte* pointer) = 0;
  // Tells `done` when these copies are done. If this throws, `done` is not told.
  virtual void when_settled(const std::byte* pointer, std::unique_ptr<Done> done) = 0;

  // Returns when the host may use its place. If that is page-locked and `non_blocking` is set, the
  // host must call `settle` first.
  virtual void copy(Place from, Place to, std::size_t bytes, bool non_blocking) = 0;
  // The operands of a job are in these blocks, one for each and all on one device. Two may be the
  // same.
  virtual void run(Block* const* blocks, const Job& job) = 0;
  virtual void draw(Block& out, const RandomJob& job) = 0;
  virtual void synchronize(int device) = 0;

  // Queues the following work on another stream of a device. Returns what leave_stream needs to go
  // back.
  virtual int enter_stream(int device) = 0;
  virtual void leave_stream(int device, int previous) = 0;

  virtual std::shared_ptr<Event> create_event(int device) = 0;
  virtual void record(Event& event) = 0;
  virtual bool query(const Event& event) = 0;
  virtual void synchronize(const Event& event) = 0;
  virtual float elapsed_time(const Event& start, const Event& end) = 0;  // milliseconds

  // Between begin and end or abandon, the work of a device is recorded and not executed.
  virtual void begin_capture(int device) = 0;
  virtual std::shared_ptr<Graph> end_capture(int device) = 0;
  virtual void abandon_capture(int device) = 0;
  virtual void launch(Graph& graph) = 0;
};

std::shared_ptr<Backend> make_backend();

}  // namespace rsqrt_native::cuda
