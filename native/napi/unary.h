// The one call through which every elementwise operation goes.
#pragma once

#include <napi.h>

namespace rsqrt_native {

// unary(op, input, inputDtype, inputOffset, output, outputDtype, outputOffset, layout), see
// binding.d.ts. Its data is the Context. Written against plain Node-API: it is the hot path of
// small tensors.
napi_value unary(napi_env env, napi_callback_info info);

}  // namespace rsqrt_native
