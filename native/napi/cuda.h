// What a binding knows of CUDA and its devices, and the calls about a whole device: its properties,
// its memory, waiting for it.
#pragma once

#include <napi.h>

#include "napi/context.h"

namespace rsqrt_native {

// The device that an argument names. Throws Failure ERR_CUDA_UNAVAILABLE if there is none.
int device_index(napi_env env, const Context& context, napi_value value);

// Adds the property `cuda` and the calls about devices (see binding.d.ts) to a binding.
void define_cuda_functions(Napi::Env env, Napi::Object binding, Context& context);

}  // namespace rsqrt_native
