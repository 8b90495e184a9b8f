#include "napi/watch.h"

#include <algorithm>

#include "napi/arguments.h"

namespace rsqrt_native {

std::size_t Watches::add(napi_env env, napi_value object) {
  napi_ref reference;
  if (!Napi::Value(env, object).IsObject()) wrong_type("object", "an object");
  if (napi_create_reference(env, object, 0, &reference) != napi_ok) throw Napi::Error::New(env);
  const auto free = std::find(references_.begin(), references_.end(), nullptr);
  const auto watch = static_cast<std::size_t>(free - references_.begin());
  if (free == references_.end()) {
    references_.push_back(reference);
  } else {
    *free = reference;
  }
  return watch;
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

}  // namespace rsqrt_native
