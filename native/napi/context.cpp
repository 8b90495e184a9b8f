#include "napi/context.h"

namespace rsqrt_native {

void throw_in_javascript(Napi::Env env, const Context& context, const char* code, const char* message) {
  try {
    const Napi::Value error = context.create_error.Call(
        {Napi::String::New(env, code), Napi::String::New(env, message)});
    napi_throw(env, error);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  }
}

}  // namespace rsqrt_native
