// The calls about memory: making and releasing it on devices and page-locked, copying between any
// two memories, and what concerns the memory of ArrayBuffers.
#pragma once

#include <napi.h>

#include "napi/context.h"

namespace rsqrt_native {

// Adds the calls about memory (see binding.d.ts) to a binding.
void define_buffer_functions(Napi::Env env, Napi::Object binding, Context& context);

}  // namespace rsqrt_native
