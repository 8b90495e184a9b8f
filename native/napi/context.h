// What one opened binding holds, and how native failures become JavaScript errors.
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>
#include <new>
#include <system_error>

#include "core/failure.h"
#include "cpu/isa.h"
#include "cpu/pool.h"
#include "cuda/backend.h"
#include "napi/completions.h"
#include "napi/device_memory.h"
#include "napi/pinned.h"
#include "napi/watch.h"

namespace rsqrt_native {

// Owned by the environment: several contexts may be open at a time, and share the backend
// and the threads.
struct Context {
  cpu::InstructionSet isa;
  std::shared_ptr<cpu::Pool> pool;
  int threads = 1;  // that a call may take of the pool, its own included
  std::shared_ptr<cuda::Backend> cuda;
  std::shared_ptr<DeviceMemories> device_memories;
  std::shared_ptr<PinnedBuffers> pinned_buffers;
  std::shared_ptr<Completions> completions;
  Watches watches;
  Napi::FunctionReference create_error;  // (code, message) => Error, given by src/binding.ts
};

// What create_error makes of it, in JavaScript; null if that cannot be had.
napi_value error_in_javascript(napi_env env, const Context& context, const char* code,
                               const char* message) noexcept;

// Throws that.
void throw_in_javascript(napi_env env, const Context& context, const char* code,
                         const char* message) noexcept;

// Runs body and turns its exceptions into JavaScript's.
template <class Body>
napi_value guarded(napi_env env, const Context& context, Body body) {
  try {
    return body();
  } catch (const Failure& failure) {
    throw_in_javascript(env, context, failure.code(), failure.what());
  } catch (const std::bad_alloc&) {
    throw_in_javascript(env, context, "ERR_OUT_OF_MEMORY", "out of memory in the addon");
  } catch (const std::system_error& error) {  // of a thread that cannot be started
    throw_in_javascript(env, context, "ERR_OUT_OF_MEMORY", error.what());
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  }
  return nullptr;
}

// A function of the binding: body(env, context, arguments) under that guard. It has room for `most`
// arguments, of which absent ones are undefined; its data is the Context.
template <auto body, std::size_t most = 5>
napi_value guarded_call(napi_env env, napi_callback_info info) {
  napi_value args[most];
  std::size_t count = most;
  void* data;
  napi_get_cb_info(env, info, &count, args, nullptr, &data);
  Context& context = *static_cast<Context*>(data);
  return guarded(env, context, [&]() -> napi_value { return body(Napi::Env(env), context, args); });
}

}  // namespace rsqrt_native
