// The one call through which every program runs.
#pragma once

#include <napi.h>

namespace rsqrt_native {

// run(program, layout, memory0, offset0, memory1, offset1, …, scalars), see binding.d.ts. Its data
// is the Context. Written against plain Node-API, with as few calls as possible: it is the hot path
// of small tensors.
napi_value run(napi_env env, napi_callback_info info);

}  // namespace rsqrt_native
