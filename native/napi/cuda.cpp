#include "napi/cuda.h"

#include <limits>

#include "napi/arguments.h"
#include "napi/function.h"

namespace rsqrt_native {
namespace {

napi_value device_properties(Napi::Env env, Context& context, const napi_value* args) {
  const cuda::DeviceProperties properties = context.cuda->properties(device_index(env, context, args[0]));
  Napi::Object object = Napi::Object::New(env);
  object["name"] = properties.name;
  object["major"] = properties.major;
  object["minor"] = properties.minor;
  object["totalMemory"] = static_cast<double>(properties.total_memory);
  return object;
}

napi_value memory_stats(Napi::Env env, Context& context, const napi_value* args) {
  const cuda::MemoryStats stats = context.cuda->memory_stats(device_index(env, context, args[0]));
  const auto number = [](std::size_t bytes) {
    return bytes == cuda::no_limit ? std::numeric_limits<double>::infinity() : static_cast<double>(bytes);
  };
  Napi::Object object = Napi::Object::New(env);
  object["allocated"] = number(stats.allocated);
  object["maxAllocated"] = number(stats.max_allocated);
  object["reserved"] = number(stats.reserved);
  object["limit"] = number(stats.limit);
  object["free"] = number(stats.free);
  object["total"] = number(stats.total);
  return object;
}

napi_value reset_peak(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->reset_peak(device_index(env, context, args[0]));
  return nullptr;
}

napi_value set_memory_limit(Napi::Env env, Context& context, const napi_value* args) {
  const int device = device_index(env, context, args[0]);
  double limit = 0;
  const bool none = napi_get_value_double(env, args[1], &limit) == napi_ok &&
                    limit == std::numeric_limits<double>::infinity();
  context.cuda->set_memory_limit(
      device, none ? cuda::no_limit : static_cast<std::size_t>(whole(env, args[1], "byteLength")));
  return nullptr;
}

napi_value empty_cache(Napi::Env, Context& context, const napi_value*) {
  context.cuda->trim();
  return nullptr;
}

napi_value synchronize(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->synchronize(device_index(env, context, args[0]));
  return nullptr;
}

constexpr NamedFunction cuda_functions[] = {
    {"deviceProperties", guarded_call<device_properties>}, {"deviceMemoryStats", guarded_call<memory_stats>},
    {"resetPeakMemoryStats", guarded_call<reset_peak>},    {"setMemoryLimit", guarded_call<set_memory_limit>},
    {"emptyDeviceCache", guarded_call<empty_cache>},       {"synchronize", guarded_call<synchronize>},
};

}  // namespace

int device_index(napi_env env, const Context& context, napi_value value) {
  if (context.cuda->device_count() == 0) {
    throw Failure("ERR_CUDA_UNAVAILABLE", "CUDA is not available: " + context.cuda->unavailable_reason());
  }
  return static_cast<int>(whole(env, value, "device", context.cuda->device_count() - 1));
}

void define_cuda_functions(Napi::Env env, Napi::Object binding, Context& context) {
  Napi::Object cuda = Napi::Object::New(env);
  cuda["build"] = context.cuda->build();
  cuda["runtimeVersion"] = context.cuda->runtime_version();
  cuda["driverVersion"] = context.cuda->driver_version();
  cuda["deviceCount"] = context.cuda->device_count();
  cuda["unavailableReason"] = context.cuda->unavailable_reason();
  binding["cuda"] = cuda;
  define_functions(env, binding, context, cuda_functions);
}

}  // namespace rsqrt_native
