// The calls about devices: properties, device memory, copies, waiting.
#pragma once

#include <napi.h>

#include "napi/context.h"

namespace rsqrt_native {

// A JavaScript function whose data is the context. The context lives as long as the function.
napi_value make_function(napi_env env, const char* name, napi_callback callback, Context& context);

// Adds the calls about devices (see binding.d.ts) to an object.
void define_device_functions(Napi::Env env, Napi::Object binding, Context& context);

}  // namespace rsqrt_native
