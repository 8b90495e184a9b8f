#include "napi/context.h"

namespace rsqrt_native {

napi_value error_in_javascript(napi_env env, const Context& context, const char* code,
                               const char* message) noexcept {
  // Plain Node-API: in a worker that is being terminated any of these calls may fail, and then there is
  // nothing left to do and nobody to tell.
  napi_value arguments[2], receiver, create_error, error;
  const bool called = napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &arguments[0]) == napi_ok &&
                      napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &arguments[1]) == napi_ok &&
                      napi_get_undefined(env, &receiver) == napi_ok &&
                      napi_get_reference_value(env, context.create_error, &create_error) == napi_ok &&
                      napi_call_function(env, receiver, create_error, 2, arguments, &error) == napi_ok;
  return called ? error : nullptr;
}

void throw_in_javascript(napi_env env, const Context& context, const char* code,
                         const char* message) noexcept {
  const napi_value error = error_in_javascript(env, context, code, message);
  if (error != nullptr) napi_throw(env, error);  // otherwise what createError threw is pending
}

}  // namespace rsqrt_native
