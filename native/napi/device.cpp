#include "napi/device.h"

#include <cstring>
#include <string>

#include "cpu/memory.h"
#include "napi/arguments.h"
#include "napi/memory.h"

namespace rsqrt_native {
namespace {

int device_index(napi_env env, const Context& context, napi_value value) {
  if (context.cuda->device_count() == 0) {
    throw Failure("ERR_CUDA_UNAVAILABLE", "CUDA is not available: " + context.cuda->unavailable_reason());
  }
  return static_cast<int>(whole(env, value, "device", context.cuda->device_count() - 1));
}

napi_value device_properties(Napi::Env env, Context& context, const napi_value* args) {
  const cuda::DeviceProperties properties = context.cuda->properties(device_index(env, context, args[0]));
  Napi::Object object = Napi::Object::New(env);
  object["name"] = properties.name;
  object["major"] = properties.major;
  object["minor"] = properties.minor;
  object["totalMemory"] = static_cast<double>(properties.total_memory);
  return object;
}

napi_value allocate(Napi::Env env, Context& context, const napi_value* args) {
  const int device = device_index(env, context, args[0]);
  const auto bytes = static_cast<std::size_t>(whole(env, args[1], "byteLength"));
  return create_device_memory(env, context.cuda, device, bytes);
}

napi_value release(Napi::Env env, Context&, const napi_value* args) {
  release_device_memory(env, args[0]);
  return env.Undefined();
}

napi_value advise(Napi::Env env, Context&, const napi_value* args) {
  return Napi::Number::New(env, static_cast<double>(advise_huge_pages(env, args[0])));
}

std::size_t watch_number(napi_env env, const Context& context, napi_value value) {
  const auto number = static_cast<std::size_t>(whole(env, value, "watch"));
  if (number >= context.watches.end()) {
    out_of_range("watch", "a number that watch() returned", std::to_string(number));
  }
  return number;
}

napi_value watch(Napi::Env env, Context& context, const napi_value* args) {
  return Napi::Number::New(env, static_cast<double>(context.watches.add(env, args[0])));
}

napi_value is_collected(Napi::Env env, Context& context, const napi_value* args) {
  const bool collected = context.watches.is_collected(env, watch_number(env, context, args[0]));
  return Napi::Boolean::New(env, collected);
}

napi_value unwatch(Napi::Env env, Context& context, const napi_value* args) {
  context.watches.remove(env, watch_number(env, context, args[0]));
  return env.Undefined();
}

napi_value free_buffer(Napi::Env env, Context&, const napi_value* args) {
  free_array_buffer(env, args[0]);
  return env.Undefined();
}

napi_value return_freed_memory(Napi::Env env, Context&, const napi_value*) {
  cpu::return_freed_memory();
  return env.Undefined();
}

cuda::Place checked_place(napi_env env, napi_value memory, napi_value offset, std::int64_t bytes,
                          const char* argument) {
  const Memory unwrapped = unwrap_memory(env, memory, argument);
  const std::int64_t start = whole(env, offset, "an offset");
  if (static_cast<std::uint64_t>(start + bytes) > unwrapped.bytes) {  // both are below 2^53
    out_of_range("byteLength", "within the " + std::to_string(unwrapped.bytes) + " bytes of " + argument,
                 std::to_string(start) + " + " + std::to_string(bytes));
  }
  return {unwrapped.device, unwrapped.data + start};
}

napi_value copy(Napi::Env env, Context& context, const napi_value* args) {
  const std::int64_t bytes = whole(env, args[4], "byteLength");
  const cuda::Place from = checked_place(env, args[0], args[1], bytes, "source");
  const cuda::Place to = checked_place(env, args[2], args[3], bytes, "destination");
  const auto count = static_cast<std::size_t>(bytes);
  if (count == 0) return env.Undefined();
  if (from.device < 0 && to.device < 0) {
    std::memmove(to.pointer, from.pointer, count);
  } else {
    context.cuda->copy(from, to, count);
  }
  return env.Undefined();
}

napi_value synchronize(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->synchronize(device_index(env, context, args[0]));
  return env.Undefined();
}

}  // namespace

napi_value make_function(napi_env env, const char* name, napi_callback callback, Context& context) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, &context, &function) != napi_ok) {
    throw Napi::Error::New(env);
  }
  return function;
}

void define_device_functions(Napi::Env env, Napi::Object binding, Context& context) {
  Napi::Object cuda = Napi::Object::New(env);
  cuda["build"] = context.cuda->build();
  cuda["runtimeVersion"] = context.cuda->runtime_version();
  cuda["driverVersion"] = context.cuda->driver_version();
  cuda["deviceCount"] = context.cuda->device_count();
  cuda["unavailableReason"] = context.cuda->unavailable_reason();
  binding["cuda"] = cuda;
  binding["deviceProperties"] =
      make_function(env, "deviceProperties", guarded_call<device_properties>, context);
  binding["allocate"] = make_function(env, "allocate", guarded_call<allocate>, context);
  binding["release"] = make_function(env, "release", guarded_call<release>, context);
  binding["adviseHugePages"] = make_function(env, "adviseHugePages", guarded_call<advise>, context);
  binding["watch"] = make_function(env, "watch", guarded_call<watch>, context);
  binding["isCollected"] = make_function(env, "isCollected", guarded_call<is_collected>, context);
  binding["unwatch"] = make_function(env, "unwatch", guarded_call<unwatch>, context);
  binding["freeBuffer"] = make_function(env, "freeBuffer", guarded_call<free_buffer>, context);
  binding["returnFreedMemory"] =
      make_function(env, "returnFreedMemory", guarded_call<return_freed_memory>, context);
  binding["copy"] = make_function(env, "copy", guarded_call<copy>, context);
  binding["synchronize"] = make_function(env, "synchronize", guarded_call<synchronize>, context);
}

}  // namespace rsqrt_native
