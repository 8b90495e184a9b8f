// The twin of runtime.cpp in a build without CUDA.
#include "core/failure.h"
#include "cuda/backend.h"

namespace rsqrt_native::cuda {
namespace {

class NoBackend final : public Backend {
 public:
  const char* build() const override { return "none"; }
  int runtime_version() const override { return 0; }
  int driver_version() const override { return 0; }
  int device_count() const override { return 0; }
  const std::string& unavailable_reason() const override { return reason_; }
  DeviceProperties properties(int) override { refuse(); }
  std::shared_ptr<Block> allocate(int, std::size_t) override { refuse(); }
  void trim() override {}
  MemoryStats memory_stats(int) override { refuse(); }
  void reset_peak(int) override { refuse(); }
  void set_memory_limit(int, std::size_t) override { refuse(); }
  std::byte* allocate_pinned(std::size_t) override { refuse(); }
  void release_pinned(std::byte*) noexcept override {}
  void settle(const std::byte*) override {}
  void when_settled(const std::byte*, std::unique_ptr<Done> done) override { done->tell(nullptr); }
  void copy(Place, Place, std::size_t, bool) override { refuse(); }
  void run(Block* const*, const Job&) override { refuse(); }
  void draw(Block&, const RandomJob&) override { refuse(); }
  void synchronize(int) override { refuse(); }
  int enter_stream(int) override { refuse(); }
  void leave_stream(int, int) override { refuse(); }
  std::shared_ptr<Event> create_event(int) override { refuse(); }
  void record(Event&) override { refuse(); }
  bool query(const Event&) override { refuse(); }
  void synchronize(const Event&) override { refuse(); }
  float elapsed_time(const Event&, const Event&) override { refuse(); }
  void begin_capture(int) override { refuse(); }
  std::shared_ptr<Graph> end_capture(int) override { refuse(); }
  void abandon_capture(int) override { refuse(); }
  void launch(Graph&) override { refuse(); }

 private:
  [[noreturn]] void refuse() const {
    throw Failure("ERR_CUDA_UNAVAILABLE", "CUDA is not available: " + reason_);
  }

  std::string reason_ =
      "not built: this copy of the rsqrt addon was compiled without CUDA; build it where nvcc is found";
};

}  // namespace

std::shared_ptr<Backend> make_backend() { return std::make_shared<NoBackend>(); }

}  // namespace rsqrt_native::cuda
