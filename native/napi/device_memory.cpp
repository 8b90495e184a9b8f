#include "napi/device_memory.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/failure.h"
#include "napi/arguments.h"
#include "napi/wrapped.h"

namespace rsqrt_native {
namespace {

// Tells V8 how much memory its objects keep alive outside its heap. Changes must balance exactly.
void adjust_external_memory(napi_env env, std::int64_t change) {
  std::int64_t total;
  napi_adjust_external_memory(env, change, &total);
}

// If V8 is told that its objects keep far more memory alive than exists, it collects all garbage at
// once.
void collect_garbage(napi_env env) {
  constexpr std::int64_t more_than_there_is = std::int64_t{1} << 44;
  adjust_external_memory(env, more_than_there_is);
  adjust_external_memory(env, -more_than_there_is);
}

// Sweep only after enough has been allocated since the last sweep.
constexpr std::size_t min_bytes_to_sweep = std::size_t{32} << 20;
constexpr std::size_t min_objects_to_sweep = 1024;

}  // namespace

// The backend outlives the block, in whatever order finalizers run when the environment ends.
class DeviceMemory {
 public:
  DeviceMemory(std::shared_ptr<DeviceMemories> owner, std::shared_ptr<cuda::Backend> backend,
               std::shared_ptr<cuda::Block> block)
      : owner_(std::move(owner)),
        backend_(std::move(backend)),
        block_(std::move(block)),
        index_(owner_->all_.size()) {
    owner_->all_.push_back(this);
  }
  ~DeviceMemory() {
    owner_->all_.back()->index_ = index_;
    owner_->all_[index_] = owner_->all_.back();
    owner_->all_.pop_back();
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  cuda::Block* block() const { return block_.get(); }

  void count(napi_env env) {
    owner_->bytes_ += block_->bytes;
    adjust_external_memory(env, static_cast<std::int64_t>(block_->bytes));
    counted_ = true;
  }

  void release(napi_env env) {
    if (block_ == nullptr) return;
    const std::size_t bytes = block_->bytes;
    block_ = nullptr;
    if (!counted_) return;
    owner_->bytes_ -= bytes;
    adjust_external_memory(env, -static_cast<std::int64_t>(bytes));
  }

  bool is_collected(napi_env env) const {
    napi_value object = nullptr;
    return napi_get_reference_value(env, reference, &object) == napi_ok && object == nullptr;
  }

  napi_ref reference = nullptr;  // weak, to the JavaScript object

 private:
  std::shared_ptr<DeviceMemories> owner_;
  std::shared_ptr<cuda::Backend> backend_;
  std::shared_ptr<cuda::Block> block_;
  std::size_t index_;  // in all_ of the owner
  bool counted_ = false;
};

napi_value DeviceMemories::create(napi_env env, const std::shared_ptr<cuda::Backend>& backend, int device,
                                  std::size_t bytes) {
  auto memory =
      std::make_unique<DeviceMemory>(shared_from_this(), backend, allocate(env, *backend, device, bytes));
  DeviceMemory& wrapped = *memory;
  const auto finalize = [](napi_env at, void* data, void*) {
    const std::unique_ptr<DeviceMemory> owned(static_cast<DeviceMemory*>(data));
    owned->release(at);
    napi_delete_reference(at, owned->reference);
  };
  const napi_value object = wrap(env, std::move(memory), finalize, &wrapped.reference);
  wrapped.count(env);
  return object;
}

std::shared_ptr<cuda::Block> DeviceMemories::allocate(napi_env env, cuda::Backend& backend, int device,
                                                      std::size_t bytes) {
  bytes_since_sweep_ += bytes;
  ++objects_since_sweep_;
  if (bytes_since_sweep_ >= std::max(min_bytes_to_sweep, bytes_ / 4) ||
      objects_since_sweep_ >= std::max(min_objects_to_sweep, all_.size() / 4)) {
    sweep(env);
  }
  try {
    return backend.allocate(device, bytes);
  } catch (const Failure& failure) {
    if (failure.code() != std::string_view("ERR_OUT_OF_MEMORY")) throw;
  }
  collect_garbage(env);
  sweep(env);
  backend.trim();
  return backend.allocate(device, bytes);
}

void DeviceMemories::sweep(napi_env env) {
  bytes_since_sweep_ = 0;
  objects_since_sweep_ = 0;
  const Napi::HandleScope scope(env);  // for the handles of the live objects
  for (DeviceMemory* memory : all_) {
    if (memory->block() != nullptr && memory->is_collected(env)) memory->release(env);
  }
}

cuda::Block* device_block(napi_env env, napi_value value, const char* argument) {
  const auto* const memory = unwrap<DeviceMemory>(env, value);
  if (memory == nullptr) return nullptr;
  if (memory->block() == nullptr) throw Failure("ERR_DISPOSED", std::string(argument) + " was released");
  return memory->block();
}

void release_device_memory(napi_env env, napi_value value) {
  auto* const memory = unwrap<DeviceMemory>(env, value);
  if (memory == nullptr) wrong_type("memory", "device memory");
  memory->release(env);
}

}  // namespace rsqrt_native
