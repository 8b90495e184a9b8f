// The addon's entry: open() returns a binding, see binding.d.ts for the contract.
#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "cpu/memory.h"
#include "napi/arguments.h"
#include "napi/context.h"
#include "napi/device.h"
#include "napi/random.h"
#include "napi/unary.h"
#include "ops/random.h"
#include "ops/table.h"

namespace rsqrt_native {
namespace {

// Owned by the environment (a process or a worker thread); they share nothing but what the system has once:
// the backend's devices and the CPU's threads.
struct Environment {
  std::shared_ptr<cpu::Pool> pool = cpu::shared_pool();
  std::shared_ptr<cuda::Backend> cuda = cuda::make_backend();
  std::shared_ptr<DeviceMemories> device_memories = std::make_shared<DeviceMemories>();
  std::shared_ptr<PinnedBuffers> pinned_buffers = std::make_shared<PinnedBuffers>();
  std::shared_ptr<Completions> completions = std::make_shared<Completions>();
  std::vector<std::unique_ptr<Context>> contexts;
};

template <class Names>
Napi::Array list_of(Napi::Env env, const Names& names) {
  Napi::Array list = Napi::Array::New(env);
  for (const char* name : names) list[list.Length()] = Napi::String::New(env, name);
  return list;
}

Napi::Array op_list(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env);
  for (const OpInfo& op : op_table) {
    Napi::Object entry = Napi::Object::New(env);
    Napi::Array results = Napi::Array::New(env);
    for (const int result : op.results) results[results.Length()] = Napi::Number::New(env, result);
    entry["name"] = op.name;
    entry["results"] = results;
    list[list.Length()] = entry;
  }
  return list;
}

Napi::Array isa_list(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env);
  for (const auto& set : cpu::available_instruction_sets())
    list[list.Length()] = Napi::String::New(env, set.name);
  return list;
}

napi_value set_num_threads(Napi::Env env, Context& context, const napi_value* args) {
  context.threads = static_cast<int>(whole(env, args[0], "threads", cpu::most_threads, 1));
  return nullptr;
}

// open(isa, createError): the instruction set ('' for the best) and what turns a failure into an error.
Napi::Value open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "isa must be a string");
  if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "createError must be a function");
  Environment& environment = *env.GetInstanceData<Environment>();

  auto owned = std::make_unique<Context>();
  Context& context = *owned;
  context.create_error = Napi::Persistent(info[1].As<Napi::Function>());
  context.pool = environment.pool;
  context.cuda = environment.cuda;
  context.device_memories = environment.device_memories;
  context.pinned_buffers = environment.pinned_buffers;
  context.completions = environment.completions;
  const napi_value binding = guarded(env, context, [&]() -> napi_value {
    context.isa = cpu::choose_instruction_set(info[0].As<Napi::String>());
    Napi::Object object = Napi::Object::New(env);
    object["dtypes"] = list_of(env, dtype_names);
    object["ops"] = op_list(env);
    object["distributions"] = list_of(env, distribution_names);
    object["isa"] = context.isa.name;
    object["isas"] = isa_list(env);
    object["unary"] = Napi::Function(env, make_function(env, "unary", unary, context));
    object["random"] = Napi::Function(env, make_function(env, "random", random, context));
    object["setNumThreads"] =
        Napi::Function(env, make_function(env, "setNumThreads", guarded_call<set_num_threads>, context));
    define_device_functions(env, object, context);
    return object;
  });
  environment.contexts.push_back(std::move(owned));
  return Napi::Value(env, binding);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Environment);
  cpu::keep_freed_memory();
  exports["open"] = Napi::Function::New(env, open, "open");
  return exports;
}

}  // namespace
}  // namespace rsqrt_native

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return rsqrt_native::init(env, exports); }

NODE_API_MODULE(rsqrt, Init)
