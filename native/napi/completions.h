// Calling JavaScript back from threads of the backend.
#pragma once

#include <napi.h>

#include <memory>

#include "cuda/backend.h"

namespace rsqrt_native {

struct Context;

// Of one environment. It keeps the process alive while somebody waits.
class Completions {
 public:
  // What calls `done` in JavaScript, with an error or nothing, when it is called from any thread; once.
  cuda::Done make(napi_env env, Context& context, napi_value done);

 private:
  struct Call;
  struct Gate;
  static void call_back(napi_env env, napi_value, void* self, void* data);
  void open(napi_env env);

  std::shared_ptr<Gate> gate_;
  unsigned pending_ = 0;
};

}  // namespace rsqrt_native
