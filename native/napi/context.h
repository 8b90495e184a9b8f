// What one opened binding holds, and how native failures become JavaScript errors.
#pragma once

#include <napi.h>

#include <cstddef>
#include <exception>
#include <memory>

#include "core/failure.h"
#include "cpu/isa.h"
#include "cpu/pool.h"
#include "cuda/backend.h"
#include "napi/completions.h"
#include "napi/device_memory.h"
#include "napi/pinned.h"
#include "napi/program.h"
#include "napi/watch.h"

namespace rsqrt_native {

// What the bindings of one environment share. It ends with the last binding and the last of their
// objects.
struct Shared {
  std::shared_ptr<cpu::Pool> pool = cpu::shared_pool();
  std::shared_ptr<cuda::Backend> cuda = cuda::make_backend();
  std::shared_ptr<DeviceMemories> device_memories = std::make_shared<DeviceMemories>();
  std::shared_ptr<PinnedBuffers> pinned_buffers = std::make_shared<PinnedBuffers>();
  std::shared_ptr<Completions> completions = std::make_shared<Completions>();
};

// Owned by the garbage collector. Its holder is an internal JavaScript object that wraps the
// Context. Every function of the binding has the holder as a property, and the holder has
// createError as one. So all three live as long as any of the functions. None of our references is
// a root, so they are collected with the copy of the package that opened the binding, even though
// createError refers to the binding in turn.
struct Context {
  explicit Context(napi_env of) : env(of) {}
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const napi_env env;
  std::shared_ptr<Shared> shared;
  cpu::InstructionSet isa = {};
  std::shared_ptr<cpu::Pool> pool;
  int threads = 1;  // that a call may use, including its own
  std::shared_ptr<cuda::Backend> cuda;
  std::shared_ptr<DeviceMemories> device_memories;
  std::shared_ptr<PinnedBuffers> pinned_buffers;
  std::shared_ptr<Completions> completions;
  Watches watches;
  Programs programs;
  napi_ref holder = nullptr;        // weak, except while calls are pending
  napi_ref create_error = nullptr;  // weak: (code, message) => Error, given by src/load/binding.ts
};

// The JavaScript error that createError makes. Without createError, or if `context` is null, an
// Error with that code. Null if neither can be made: then what createError threw is pending, or the
// environment is ending.
napi_value error_in_javascript(napi_env env, const Context* context, const char* code,
                               const char* message) noexcept;

// The same for an exception.
napi_value error_in_javascript(napi_env env, const Context* context,
                               const std::exception_ptr& exception) noexcept;

// Must be called in a catch block. Throws the caught exception in JavaScript.
void throw_in_javascript(napi_env env, const Context* context) noexcept;

// Runs body and converts any exception to a JavaScript exception.
template <class Body>
napi_value guarded(napi_env env, const Context* context, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    throw_in_javascript(env, context);
  }
  return nullptr;
}

// A function of the binding: body(env, context, arguments) under that guard. It takes up to
// `max_arguments` arguments; missing ones are undefined. Its data is the Context.
template <auto body, std::size_t max_arguments = 5>
napi_value guarded_call(napi_env env, napi_callback_info info) {
  napi_value args[max_arguments];
  std::size_t count = max_arguments;
  void* data;
  napi_get_cb_info(env, info, &count, args, nullptr, &data);
  Context& context = *static_cast<Context*>(data);
  return guarded(env, &context, [&]() -> napi_value { return body(Napi::Env(env), context, args); });
}

}  // namespace rsqrt_native
