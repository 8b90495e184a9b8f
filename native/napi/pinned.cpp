#include "napi/pinned.h"

#include <utility>

#include "core/failure.h"
#include "napi/arguments.h"

namespace rsqrt_native {

PinnedBuffers::Allocation::Allocation(std::shared_ptr<PinnedBuffers> of, std::shared_ptr<cuda::Backend> from,
                                      std::size_t bytes)
    : owner(std::move(of)), backend(std::move(from)), data(backend->allocate_pinned(bytes)) {}

void PinnedBuffers::Allocation::free() {
  if (data == nullptr) return;
  owner->allocations_.erase(data);
  backend->release_pinned(data);
  data = nullptr;
}

napi_value PinnedBuffers::create(napi_env env, const std::shared_ptr<cuda::Backend>& backend,
                                 std::size_t bytes) {
  auto allocation = std::make_unique<Allocation>(shared_from_this(), backend, bytes);
  allocations_[allocation->data] = allocation.get();
  const auto finalize = [](napi_env, void*, void* hint) { delete static_cast<Allocation*>(hint); };
  napi_value buffer = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(env, allocation->data, bytes, finalize, allocation.get(), &buffer);
  if (status == napi_no_external_buffers_allowed) {
    throw Failure("ERR_CUDA",
                  "page-locked memory cannot be had here: this runtime allows no external ArrayBuffers");
  }
  if (status != napi_ok) throw Napi::Error::New(env);
  static_cast<void>(allocation.release());  // the collector owns it now
  return buffer;
}

void PinnedBuffers::release(napi_env env, napi_value buffer) {
  void* data = nullptr;
  std::size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok)
    wrong_type("buffer", "an ArrayBuffer");
  const auto found = allocations_.find(data);
  if (found == allocations_.end()) return;
  if (napi_detach_arraybuffer(env, buffer) != napi_ok) throw Napi::Error::New(env);
  found->second->free();
}

}  // namespace rsqrt_native
