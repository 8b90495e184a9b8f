// Native objects that JavaScript holds. They are opaque to JavaScript, and released by a call or by
// garbage collection.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "napi/arguments.h"

namespace rsqrt_native {

// An object that JavaScript holds, and its keeper (a backend), which must outlive it in whatever
// order finalizers run when the environment ends.
template <class T, class Keeper>
struct Held {
  std::shared_ptr<Keeper> keeper;
  std::shared_ptr<T> object;
};

// Marks our objects, so that objects of other addons are refused and not misread. Objects of
// another copy of this addon are refused too, because they belong to another backend: the address
// in the tag differs between copies and between types.
template <class T>
napi_type_tag tag_of() {
  static const char anchor = 0;
  return {0x6b0f3a5f5d7c4e91, reinterpret_cast<std::uintptr_t>(&anchor)};
}

// A new JavaScript object for a native one. If `reference` is given, it is set to a weak reference
// to the object.
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

// The native object of a JavaScript object. Null if the value is not one of our objects.
template <class T>
T* unwrap(napi_env env, napi_value value) {
  bool tagged = false;
  void* wrapped = nullptr;
  const napi_type_tag tag = tag_of<T>();
  if (!Napi::Value(env, value).IsObject()) return nullptr;
  if (napi_check_object_type_tag(env, value, &tag, &tagged) != napi_ok || !tagged) return nullptr;
  return napi_unwrap(env, value, &wrapped) == napi_ok ? static_cast<T*>(wrapped) : nullptr;
}

// Wraps an object that only holds something.
template <class T, class Keeper>
napi_value wrap_held(napi_env env, std::shared_ptr<Keeper> keeper, std::shared_ptr<T> object) {
  using Holder = Held<T, Keeper>;
  auto holder = std::make_unique<Holder>(Holder{std::move(keeper), std::move(object)});
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Holder*>(data); };
  return wrap(env, std::move(holder), finalize);
}

// The T that a value holds. Throws Failure if it holds none, or does not hold it any more.
template <class T, class Keeper>
T& held(napi_env env, napi_value value, const char* argument, const char* expected) {
  const auto* const holder = unwrap<Held<T, Keeper>>(env, value);
  if (holder == nullptr) wrong_type(argument, expected);
  if (holder->object == nullptr) throw Failure("ERR_DISPOSED", std::string(argument) + " was released");
  return *holder->object;
}

// Releases the T. Does nothing if that was done before.
template <class T, class Keeper>
void release_held(napi_env env, napi_value value, const char* argument, const char* expected) {
  auto* const holder = unwrap<Held<T, Keeper>>(env, value);
  if (holder == nullptr) wrong_type(argument, expected);
  holder->object = nullptr;
}

}  // namespace rsqrt_native
