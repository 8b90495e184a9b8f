#include "napi/device.h"

#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "cpu/memory.h"
#include "napi/arguments.h"
#include "napi/device_memory.h"
#include "napi/memory.h"
#include "napi/pinned.h"
#include "napi/wrapped.h"

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
  return context.device_memories->create(env, context.cuda, device, bytes);
}

napi_value release(Napi::Env env, Context&, const napi_value* args) {
  release_device_memory(env, args[0]);
  return nullptr;
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

napi_value allocate_pinned(Napi::Env env, Context& context, const napi_value* args) {
  const auto bytes = static_cast<std::size_t>(whole(env, args[0], "byteLength"));
  return context.pinned_buffers->create(env, context.cuda, bytes);
}

napi_value release_pinned(Napi::Env env, Context& context, const napi_value* args) {
  context.pinned_buffers->release(env, args[0]);
  return nullptr;
}

napi_value settle(Napi::Env env, Context& context, const napi_value* args) {
  const Memory memory = unwrap_memory(env, args[0], "memory");
  if (memory.block == nullptr) context.cuda->settle(memory.data);
  return nullptr;
}

napi_value when_settled(Napi::Env env, Context& context, const napi_value* args) {
  const Memory memory = unwrap_memory(env, args[0], "memory");
  context.completions->wait(env, context, args[1], [&](std::unique_ptr<cuda::Done> done) {
    context.cuda->when_settled(memory.data, std::move(done));
  });
  return nullptr;
}

napi_value address(Napi::Env env, Context&, const napi_value* args) {
  return Napi::Number::New(env, address_of(env, args[0]));
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
  return nullptr;
}

napi_value free_buffer(Napi::Env env, Context&, const napi_value* args) {
  free_array_buffer(env, args[0]);
  return nullptr;
}

napi_value return_freed_memory(Napi::Env, Context&, const napi_value*) {
  cpu::return_freed_memory();
  return nullptr;
}

cuda::Place checked_place(napi_env env, napi_value memory, napi_value offset, std::int64_t bytes,
                          const char* argument) {
  const Memory unwrapped = unwrap_memory(env, memory, argument);
  const std::int64_t start = whole(env, offset, "an offset");
  if (static_cast<std::uint64_t>(start + bytes) > unwrapped.bytes) {  // both are below 2^53
    out_of_range("byteLength", "within the " + std::to_string(unwrapped.bytes) + " bytes of " + argument,
                 std::to_string(start) + " + " + std::to_string(bytes));
  }
  return {unwrapped.block, unwrapped.data + start};
}

napi_value copy(Napi::Env env, Context& context, const napi_value* args) {
  const std::int64_t bytes = whole(env, args[4], "byteLength");
  const cuda::Place from = checked_place(env, args[0], args[1], bytes, "source");
  const cuda::Place to = checked_place(env, args[2], args[3], bytes, "destination");
  bool non_blocking = false;
  if (napi_get_value_bool(env, args[5], &non_blocking) != napi_ok) wrong_type("nonBlocking", "a boolean");
  const auto count = static_cast<std::size_t>(bytes);
  if (count == 0) return nullptr;
  if (from.block == nullptr && to.block == nullptr) {
    std::memmove(to.pointer, from.pointer, count);
  } else {
    context.cuda->copy(from, to, count, non_blocking);
  }
  return nullptr;
}

napi_value synchronize(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->synchronize(device_index(env, context, args[0]));
  return nullptr;
}

napi_value enter_stream(Napi::Env env, Context& context, const napi_value* args) {
  return Napi::Number::New(env, context.cuda->enter_stream(device_index(env, context, args[0])));
}

napi_value leave_stream(Napi::Env env, Context& context, const napi_value* args) {
  const int device = device_index(env, context, args[0]);
  context.cuda->leave_stream(device, static_cast<int>(whole(env, args[1], "previous", 1 << 20)));
  return nullptr;
}

constexpr const char* an_event = "an event of a device";

cuda::Event& event_of(napi_env env, napi_value value, const char* argument) {
  return held<cuda::Event, cuda::Backend>(env, value, argument, an_event);
}

napi_value create_event(Napi::Env env, Context& context, const napi_value* args) {
  return wrap_held(env, context.cuda, context.cuda->create_event(device_index(env, context, args[0])));
}

napi_value record_event(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->record(event_of(env, args[0], "event"));
  return nullptr;
}

napi_value query_event(Napi::Env env, Context& context, const napi_value* args) {
  return Napi::Boolean::New(env, context.cuda->query(event_of(env, args[0], "event")));
}

napi_value synchronize_event(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->synchronize(event_of(env, args[0], "event"));
  return nullptr;
}

napi_value elapsed_time(Napi::Env env, Context& context, const napi_value* args) {
  const cuda::Event& start = event_of(env, args[0], "start");
  return Napi::Number::New(env, context.cuda->elapsed_time(start, event_of(env, args[1], "end")));
}

napi_value release_event(Napi::Env env, Context&, const napi_value* args) {
  release_held<cuda::Event, cuda::Backend>(env, args[0], "event", an_event);
  return nullptr;
}

constexpr const char* a_graph = "a graph of a device";

napi_value begin_capture(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->begin_capture(device_index(env, context, args[0]));
  return nullptr;
}

napi_value end_capture(Napi::Env env, Context& context, const napi_value* args) {
  return wrap_held(env, context.cuda, context.cuda->end_capture(device_index(env, context, args[0])));
}

napi_value abandon_capture(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->abandon_capture(device_index(env, context, args[0]));
  return nullptr;
}

napi_value launch_graph(Napi::Env env, Context& context, const napi_value* args) {
  context.cuda->launch(held<cuda::Graph, cuda::Backend>(env, args[0], "graph", a_graph));
  return nullptr;
}

napi_value release_graph(Napi::Env env, Context&, const napi_value* args) {
  release_held<cuda::Graph, cuda::Backend>(env, args[0], "graph", a_graph);
  return nullptr;
}

struct NamedFunction {
  const char* name;
  napi_callback callback;
};

constexpr NamedFunction functions[] = {
    {"deviceProperties", guarded_call<device_properties>},
    {"allocate", guarded_call<allocate>},
    {"release", guarded_call<release>},
    {"deviceMemoryStats", guarded_call<memory_stats>},
    {"resetPeakMemoryStats", guarded_call<reset_peak>},
    {"setMemoryLimit", guarded_call<set_memory_limit>},
    {"emptyDeviceCache", guarded_call<empty_cache>},
    {"allocatePinned", guarded_call<allocate_pinned>},
    {"releasePinned", guarded_call<release_pinned>},
    {"settle", guarded_call<settle>},
    {"whenSettled", guarded_call<when_settled>},
    {"addressOf", guarded_call<address>},
    {"adviseHugePages", guarded_call<advise>},
    {"watch", guarded_call<watch>},
    {"isCollected", guarded_call<is_collected>},
    {"unwatch", guarded_call<unwatch>},
    {"freeBuffer", guarded_call<free_buffer>},
    {"returnFreedMemory", guarded_call<return_freed_memory>},
    {"copy", guarded_call<copy, 6>},
    {"synchronize", guarded_call<synchronize>},
    {"enterStream", guarded_call<enter_stream>},
    {"leaveStream", guarded_call<leave_stream>},
    {"createEvent", guarded_call<create_event>},
    {"recordEvent", guarded_call<record_event>},
    {"queryEvent", guarded_call<query_event>},
    {"synchronizeEvent", guarded_call<synchronize_event>},
    {"elapsedTime", guarded_call<elapsed_time>},
    {"releaseEvent", guarded_call<release_event>},
    {"beginCapture", guarded_call<begin_capture>},
    {"endCapture", guarded_call<end_capture>},
    {"abandonCapture", guarded_call<abandon_capture>},
    {"launchGraph", guarded_call<launch_graph>},
    {"releaseGraph", guarded_call<release_graph>},
};

}  // namespace

napi_value make_function(napi_env env, const char* name, napi_callback callback, Context& context) {
  napi_value function, symbol, holder;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, &context, &function) != napi_ok ||
      napi_create_symbol(env, nullptr, &symbol) != napi_ok ||
      napi_get_reference_value(env, context.holder, &holder) != napi_ok) {
    throw Napi::Error::New(env);
  }
  const napi_property_descriptor hold = {nullptr, symbol, nullptr,      nullptr,
                                         nullptr, holder, napi_default, nullptr};
  if (napi_define_properties(env, function, 1, &hold) != napi_ok) throw Napi::Error::New(env);
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
  for (const auto& [name, callback] : functions) {
    binding[name] = make_function(env, name, callback, context);
  }
}

}  // namespace rsqrt_native
