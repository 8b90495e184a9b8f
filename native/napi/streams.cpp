#include "napi/streams.h"

#include "napi/arguments.h"
#include "napi/cuda.h"
#include "napi/function.h"
#include "napi/wrapped.h"

namespace rsqrt_native {
namespace {

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

constexpr NamedFunction stream_functions[] = {
    {"enterStream", guarded_call<enter_stream>},       {"leaveStream", guarded_call<leave_stream>},
    {"createEvent", guarded_call<create_event>},       {"recordEvent", guarded_call<record_event>},
    {"queryEvent", guarded_call<query_event>},         {"synchronizeEvent", guarded_call<synchronize_event>},
    {"elapsedTime", guarded_call<elapsed_time>},       {"releaseEvent", guarded_call<release_event>},
    {"beginCapture", guarded_call<begin_capture>},     {"endCapture", guarded_call<end_capture>},
    {"abandonCapture", guarded_call<abandon_capture>}, {"launchGraph", guarded_call<launch_graph>},
    {"releaseGraph", guarded_call<release_graph>},
};

}  // namespace

void define_stream_functions(Napi::Env env, Napi::Object binding, Context& context) {
  define_functions(env, binding, context, stream_functions);
}

}  // namespace rsqrt_native
