// Native objects that JavaScript holds: opaque to it, and released by a call or with the collector.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "napi/arguments.h"

namespace rsqrt_native {

// What a JavaScript object holds, and what must outlive that: a backend, whatever the order of finalizers at
// the environment's end.
template <class T, class Keeper>
struct Held {
  std::shared_ptr<Keeper> keeper;
  std::shared_ptr<T> object;
};

// Marks our objects, so that one of another addon is refused instead of misread; one of another copy of this
// addon too, whose backend knows nothing of ours: the address differs from copy to copy, and from type to
// type.
template <class T>
napi_type_tag tag_of() {
  static const char anchor = 0;
  return {0x6b0f3a5f5d7c4e91, reinterpret_cast<std::uintptr_t>(&anchor)};
}

// A new JavaScript object for a native one. If `reference` is given it becomes a weak one to the object.
template <class T>
napi_value wrap(napi_env env, std::unique_ptr<T> native, napi_finalize finalize,
                napi_ref* reference = nullptr) {
  const Napi::Object object = Napi::Object::New(env);
  const napi_type_tag tag = tag_of<T>();
  if (napi_type_tag_object(env, object, &tag) != napi_ok ||
      napi_wrap(env, object, native.get(), finalize, nullptr, reference) != napi_ok) {
    throw Napi::Error::New(env);
  }
  static_cast<void>(native.release());  // the collector owns it now
  return object;
}

// The native object of a JavaScript one; null if it is none of ours.
template <class T>
T* unwrap(napi_env env, napi_value value) {
  bool tagged = false;
  void* wrapped = nullptr;
  const napi_type_tag tag = tag_of<T>();
  if (!Napi::Value(env, value).IsObject()) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &tagged) != napi_ok || !tagged) return nullptr;
  return napi_unwrap(env, value, &wrapped) == napi_ok ? static_cast<T*>(wrapped) : nullptr;
}

// The same, of an object that is only there to hold something.
template <class T, class Keeper>
napi_value wrap_held(napi_env env, std::shared_ptr<Keeper> keeper, std::shared_ptr<T> object) {
  using Holder = Held<T, Keeper>;
  auto holder = std::make_unique<Holder>(Holder{std::move(keeper), std::move(object)});
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Holder*>(data); };
  return wrap(env, std::move(holder), finalize);
}

// Throws Failure for what holds no T, or no longer.
template <class T, class Keeper>
T& held(napi_env env, napi_value value, const char* argument, const char* expected) {
  const auto* const holder = unwrap<Held<T, Keeper>>(env, value);
  if (holder == nullptr) wrong_type(argument, expected);
  if (holder->object == nullptr) throw Failure("ERR_DISPOSED", std::string(argument) + " was released");
  return *holder->object;
}

// Lets go of it; harmless if that was done before.
template <class T, class Keeper>
void release_held(napi_env env, napi_value value, const char* argument, const char* expected) {
  auto* const holder = unwrap<Held<T, Keeper>>(env, value);
  if (holder == nullptr) wrong_type(argument, expected);
  holder->object = nullptr;
}

}  // namespace rsqrt_native
