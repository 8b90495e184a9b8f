#include "napi/context.h"

#include <new>

namespace rsqrt_native {
namespace {

// The code below uses plain Node-API. In a worker that is being terminated, any of these calls may
// fail. Then nothing can be done and there is no one to report it to.

bool is_pending(napi_env env) {
  bool pending = false;
  return napi_is_exception_pending(env, &pending) == napi_ok && pending;
}

// Calls tell(code, message) for an exception, or tell(the JavaScript error) for one of
// JavaScript's.
template <class Tell>
void describe(const std::exception_ptr& exception, Tell tell) {
  try {
    std::rethrow_exception(exception);
  } catch (const Failure& failure) {
    tell(failure.code(), failure.what());
  } catch (const std::bad_alloc&) {
    tell("ERR_OUT_OF_MEMORY", "out of memory in the addon");
  } catch (const Napi::Error& error) {
    tell(error.Value());
  } catch (const std::exception& error) {
    // For example, a thread that cannot be started or a container that would be too large. The
    // standard library throws only for lack of resources.
    tell("ERR_OUT_OF_MEMORY", error.what());
  } catch (...) {
    tell("ERR_OUT_OF_MEMORY", "an unknown exception in the addon");
  }
}

}  // namespace

Context::~Context() {
  watches.clear(env);
  if (create_error != nullptr) napi_delete_reference(env, create_error);
  if (holder != nullptr) napi_delete_reference(env, holder);
}

napi_value error_in_javascript(napi_env env, const Context* context, const char* code,
                               const char* message) noexcept {
  napi_value arguments[2], receiver, create_error = nullptr, error = nullptr;
  const bool described = napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
                         napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &arguments[1]) == napi_ok &&
                         napi_get_undefined(env, &receiver) == napi_ok;
  if (!described) return nullptr;
  const bool found = context != nullptr && context->create_error != nullptr &&
                     napi_get_reference_value(env, context->create_error, &create_error) == napi_ok &&
                     create_error != nullptr;
  const napi_status status = found ? napi_call_function(env, receiver, create_error, 2, arguments, &error)
                                   : napi_create_error(env, arguments[0], arguments[1], &error);
  return status == napi_ok ? error : nullptr;
}

napi_value error_in_javascript(napi_env env, const Context* context,
                               const std::exception_ptr& exception) noexcept {
  struct Tell {
    napi_env env;
    const Context* context;
    napi_value& error;
    void operator()(const char* code, const char* message) const {
      error = error_in_javascript(env, context, code, message);
    }
    void operator()(napi_value value) const { error = value; }
  };
  napi_value error = nullptr;
  try {
    describe(exception, Tell{env, context, error});
  } catch (...) {  // Node-API failed to return the error of a Napi::Error
  }
  return error;
}

void throw_in_javascript(napi_env env, const Context* context) noexcept {
  const napi_value error = error_in_javascript(env, context, std::current_exception());
  if (error != nullptr && !is_pending(env)) napi_throw(env, error);
}

}  // namespace rsqrt_native
