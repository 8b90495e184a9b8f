#include "napi/random.h"

#include <string>

#include "cpu/run.h"
#include "napi/arguments.h"
#include "napi/context.h"
#include "napi/memory.h"
#include "ops/random.h"

namespace rsqrt_native {
namespace {

napi_value run(Napi::Env env, Context& context, const napi_value* args) {
  RandomJob job;
  job.distribution = static_cast<int>(whole(env, args[0], "distribution", distribution_count - 1));
  job.key = whole_uint64(env, args[1], "key");
  job.counter = whole_uint64(env, args[2], "counter");
  job.dtype = static_cast<DType>(whole(env, args[4], "outputDtype", dtype_count - 1));
  if (!has_random[index_of(job.dtype)]) {
    throw Failure("ERR_DTYPE", std::string(distribution_names[job.distribution]) + " is not defined for " +
                                   dtype_names[index_of(job.dtype)]);
  }
  const Memory output = unwrap_memory(env, args[3], "output");
  const std::int64_t offset = whole(env, args[5], "outputOffset");
  job.numel = whole(env, args[6], "count");
  if (job.numel == 0) return nullptr;
  const auto size = static_cast<std::int64_t>(size_of(job.dtype));
  check_end(output, offset, job.numel, size, "outputOffset");
  check_aligned(output, offset, size, "outputOffset");
  job.out = output.data + offset;
  if (output.block == nullptr) {
    cpu::run(*context.isa.kernels, job, *context.pool, context.threads);
  } else {
    context.cuda->draw(*output.block, job);
  }
  return nullptr;
}

}  // namespace

napi_value random(napi_env env, napi_callback_info info) { return guarded_call<run, 7>(env, info); }

}  // namespace rsqrt_native
