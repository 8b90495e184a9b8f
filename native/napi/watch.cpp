#include "napi/watch.h"

#include <algorithm>
#include <string>

#include "napi/arguments.h"
#include "napi/function.h"

namespace rsqrt_native {
namespace {

std::size_t watch_number(napi_env env, const Context& context, napi_value value) {
  const auto number = static_cast<std::size_t>(whole(env, value, "watch"));
  if (number >= context.watches.end()) {
    out_of_range("watch", "a number that watch() returned", std::to_string(number));
  }
  return number;
}

napi_value watch(Napi::Env env, Context& context, const napi_value* args) {
  return Napi::Number::New(env, static_cast<double>(context.watches.add(env, args[0])));
}

napi_value is_collected(Napi::Env env, Context& context, const napi_value* args) {
  const bool collected = context.watches.is_collected(env, watch_number(env, context, args[0]));
  return Napi::Boolean::New(env, collected);
}

napi_value unwatch(Napi::Env env, Context& context, const napi_value* args) {
  context.watches.remove(env, watch_number(env, context, args[0]));
  return nullptr;
}

constexpr NamedFunction watch_functions[] = {
    {"watch", guarded_call<watch>},
    {"isCollected", guarded_call<is_collected>},
    {"unwatch", guarded_call<unwatch>},
};

}  // namespace

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

void define_watch_functions(Napi::Env env, Napi::Object binding, Context& context) {
  define_functions(env, binding, context, watch_functions);
}

}  // namespace rsqrt_native
