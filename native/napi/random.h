// The call that fills memory with random numbers.
#pragma once

#include <napi.h>

namespace rsqrt_native {

// random(distribution, key, counter, output, outputDtype, outputOffset, count), see binding.d.ts.
// Its data is the Context.
napi_value random(napi_env env, napi_callback_info info);

}  // namespace rsqrt_native
