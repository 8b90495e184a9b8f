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
  std::byte* allocate(int, std::size_t) override { refuse(); }
  void release(int, std::byte*) noexcept override {}
  void copy(Place, Place, std::size_t) override { refuse(); }
  void run(int, const Job&) override { refuse(); }
  void synchronize(int) override { refuse(); }

 private:
  [[noreturn]] void refuse() const {
    throw Failure("ERR_CUDA_UNAVAILABLE", "CUDA is not available: " + reason_);
  }

  std::string reason_ = "not built: this copy of the rsqrt addon was compiled without CUDA";
};

}  // namespace

std::shared_ptr<Backend> make_backend() { return std::make_shared<NoBackend>(); }

}  // namespace rsqrt_native::cuda
