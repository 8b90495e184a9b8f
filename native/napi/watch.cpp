#include "napi/watch.h"

#include <algorithm>

#include "napi/arguments.h"

namespace rsqrt_native {

std::size_t Watches::add(napi_env env, napi_value object) {
  if (!Napi::Value(env, object).IsObject()) wrong_type("object", "an object");
  auto free = std::find(references_.begin(), references_.end(), nullptr);
  // Make room first, because a reference without a place would leak.
  if (free == references_.end()) free = references_.insert(references_.end(), nullptr);
  if (napi_create_reference(env, object, 0, &*free) != napi_ok) {
    *free = nullptr;
    throw Napi::Error::New(env);
  }
  return static_cast<std::size_t>(free - references_.begin());
}

bool Watches::is_collected(napi_env env, std::size_t watch) const {
  if (references_[watch] == nullptr) return false;
  napi_value object = nullptr;
  return napi_get_reference_value(env, references_[watch], &object) == napi_ok && object == nullptr;
}

void Watches::remove(napi_env env, std::size_t watch) {
  if (references_[watch] == nullptr) return;
  napi_delete_reference(env, references_[watch]);
  references_[watch] = nullptr;
}

void Watches::clear(napi_env env) {
  for (napi_ref reference : references_) {
    if (reference != nullptr) napi_delete_reference(env, reference);
  }
  references_.clear();
}

}  // namespace rsqrt_native
