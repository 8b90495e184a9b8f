// The calls about the work of a device: streams, events, graphs.
#pragma once

#include <napi.h>

#include "napi/context.h"

namespace rsqrt_native {

// Adds the calls about streams, events and graphs (see binding.d.ts) to a binding.
void define_stream_functions(Napi::Env env, Napi::Object binding, Context& context);

}  // namespace rsqrt_native
