// The calls that concern devices: what there is, device memory, copies, waiting.
#pragma once

#include <napi.h>

#include "napi/context.h"

namespace rsqrt_native {

// A JavaScript function whose data is the context, which lives as long as the function.
napi_value make_function(napi_env env, const char* name, napi_callback callback, Context& context);

// Adds the device part of the binding (binding.d.ts) to an object.
void define_device_functions(Napi::Env env, Napi::Object binding, Context& context);

}  // namespace rsqrt_native
