#include "napi/pinned.h"

#include "core/failure.h"
#include "napi/arguments.h"

namespace rsqrt_native {

napi_value PinnedBuffers::create(napi_env env, const std::shared_ptr<cuda::Backend>& backend,
                                 std::size_t bytes) {
  auto hold = std::make_unique<Hold>(Hold{shared_from_this(), backend, nullptr});
  hold->data = backend->allocate_pinned(bytes);
  holds_[hold->data] = hold.get();
  const auto finalize = [](napi_env, void*, void* hint) {
    const std::unique_ptr<Hold> owned(static_cast<Hold*>(hint));
    let_go(*owned);
  };
  napi_value buffer = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(env, hold->data, bytes, finalize, hold.get(), &buffer);
  if (status == napi_ok) {
    static_cast<void>(hold.release());  // the collector owns it now
    return buffer;
  }
  let_go(*hold);
  if (status == napi_no_external_buffers_allowed) {
    throw Failure("ERR_CUDA",
                  "page-locked memory cannot be had here: this runtime allows no external ArrayBuffers");
  }
  throw Napi::Error::New(env);
}

void PinnedBuffers::let_go(Hold& hold) {
  if (hold.data == nullptr) return;
  hold.owner->holds_.erase(hold.data);
  hold.backend->release_pinned(hold.data);
  hold.data = nullptr;
}

void PinnedBuffers::release(napi_env env, napi_value buffer) {
  void* data = nullptr;
  std::size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok)
    wrong_type("buffer", "an ArrayBuffer");
  const auto found = holds_.find(data);
  if (found == holds_.end()) return;
  if (napi_detach_arraybuffer(env, buffer) != napi_ok) throw Napi::Error::New(env);
  let_go(*found->second);
}

}  // namespace rsqrt_native
