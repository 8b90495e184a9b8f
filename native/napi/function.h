// Makes the functions of a binding.
#pragma once

#include <napi.h>

#include <span>

#include "napi/context.h"

namespace rsqrt_native {

// A function of the binding and the name of its property.
struct NamedFunction {
  const char* name;
  napi_callback callback;
};

// A JavaScript function whose data is the context. The context lives as long as the function.
napi_value make_function(napi_env env, const char* name, napi_callback callback, Context& context);

// Adds functions to a binding.
void define_functions(Napi::Env env, Napi::Object binding, Context& context,
                      std::span<const NamedFunction> functions);

}  // namespace rsqrt_native
