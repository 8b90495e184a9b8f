// The entry of the addon. open() returns a binding; binding.d.ts has the contract.
#include <napi.h>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "core/layout.h"
#include "cpu/memory.h"
#include "cpu/system.h"
#include "napi/arguments.h"
#include "napi/buffers.h"
#include "napi/context.h"
#include "napi/cuda.h"
#include "napi/function.h"
#include "napi/program.h"
#include "napi/random.h"
#include "napi/run.h"
#include "napi/streams.h"
#include "napi/watch.h"
#include "napi/wrapped.h"
#include "ops/random.h"
#include "ops/table.h"

namespace rsqrt_native {
namespace {

// Owned by an environment: the main thread or a worker thread, once for each time that it loads the
// addon. Environments share only the devices and the pool of CPU threads.
struct Environment {
  std::weak_ptr<Shared> shared;  // of the existing bindings
};

// Returns what the bindings of an environment share.
std::shared_ptr<Shared> shared_of(Environment& environment) {
  std::shared_ptr<Shared> shared = environment.shared.lock();
  if (shared == nullptr) environment.shared = shared = std::make_shared<Shared>();
  return shared;
}

template <class Names>
Napi::Array list_of(Napi::Env env, const Names& names) {
  Napi::Array list = Napi::Array::New(env);
  for (const char* name : names) list[list.Length()] = Napi::String::New(env, name);
  return list;
}

Napi::Array codes_of(Napi::Env env, const int (&codes)[dtype_count]) {
  Napi::Array list = Napi::Array::New(env);
  for (const int code : codes) list[list.Length()] = Napi::Number::New(env, code);
  return list;
}

Napi::Array op_list(Napi::Env env) {
  Napi::Array list = Napi::Array::New(env);
  for (const OpInfo& op : op_table) {
    Napi::Object entry = Napi::Object::New(env);
    entry["name"] = op.name;
    entry["arity"] = op.arity;
    entry["computes"] = codes_of(env, op.computes);
    entry["results"] = codes_of(env, op.results);
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

Napi::Object limits(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object["maxDims"] = max_dims;
  object["maxSteps"] = max_steps;
  object["maxOperands"] = max_operands;
  object["maxScalars"] = max_scalars;
  object["maxSlots"] = max_slots;
  object["maxThreads"] = cpu::max_threads;
  object["hugePageBytes"] = static_cast<double>(cpu::huge_page_bytes);
  object["mappedBytes"] = static_cast<double>(cpu::mapped_bytes);
  return object;
}

napi_value set_num_threads(Napi::Env env, Context& context, const napi_value* args) {
  context.threads = static_cast<int>(whole(env, args[0], "threads", cpu::max_threads, 1));
  return nullptr;
}

// Makes the Context and its holder, which has createError. The caller's functions keep the holder
// alive.
Context& make_context(napi_env env, Environment& environment, napi_value create_error) {
  auto owned = std::make_unique<Context>(env);
  Context& context = *owned;
  context.shared = shared_of(environment);
  context.pool = context.shared->pool;
  context.cuda = context.shared->cuda;
  context.device_memories = context.shared->device_memories;
  context.pinned_buffers = context.shared->pinned_buffers;
  context.completions = context.shared->completions;
  if (napi_create_reference(env, create_error, 0, &context.create_error) != napi_ok) {
    throw Napi::Error::New(env);
  }
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Context*>(data); };
  const napi_value holder = wrap(env, std::move(owned), finalize, &context.holder);
  const napi_property_descriptor hold = {"createError", nullptr,      nullptr,      nullptr,
                                         nullptr,       create_error, napi_default, nullptr};
  if (napi_define_properties(env, holder, 1, &hold) != napi_ok) throw Napi::Error::New(env);
  return context;
}

napi_value make_binding(Napi::Env env, Context& context, const std::string& isa) {
  context.isa = cpu::choose_instruction_set(isa);
  Napi::Object object = Napi::Object::New(env);
  object["dtypes"] = list_of(env, dtype_names);
  object["ops"] = op_list(env);
  object["distributions"] = list_of(env, distribution_names);
  object["limits"] = limits(env);
  object["isa"] = context.isa.name;
  object["isas"] = isa_list(env);
  object["program"] = Napi::Function(env, make_function(env, "program", program, context));
  object["releaseProgram"] =
      Napi::Function(env, make_function(env, "releaseProgram", release_program, context));
  object["run"] = Napi::Function(env, make_function(env, "run", run, context));
  object["random"] = Napi::Function(env, make_function(env, "random", random, context));
  object["setNumThreads"] =
      Napi::Function(env, make_function(env, "setNumThreads", guarded_call<set_num_threads>, context));
  define_cuda_functions(env, object, context);
  define_buffer_functions(env, object, context);
  define_stream_functions(env, object, context);
  define_watch_functions(env, object, context);
  return object;
}

// open(isa, createError). `isa` is the instruction set, or '' for the best. `createError` makes the
// error for a failure.
napi_value open(napi_env env, napi_callback_info info) {
  napi_value args[2];
  std::size_t count = 2;
  void* environment;
  napi_get_cb_info(env, info, &count, args, nullptr, &environment);
  return guarded(env, nullptr, [&]() -> napi_value {
    if (!Napi::Value(env, args[0]).IsString()) throw Napi::TypeError::New(env, "isa must be a string");
    if (!Napi::Value(env, args[1]).IsFunction()) {
      throw Napi::TypeError::New(env, "createError must be a function");
    }
    Context& context = make_context(env, *static_cast<Environment*>(environment), args[1]);
    return guarded(env, &context,
                   [&] { return make_binding(env, context, Napi::String(env, args[0]).Utf8Value()); });
  });
}

// Neither lets exceptions out nor throws any: if not even a few bytes can be allocated, the C++
// library may be unable to throw.
napi_value init(napi_env env, napi_value exports) noexcept {
  auto* const environment = new (std::nothrow) Environment;
  const auto end = [](napi_env, void* data, void*) { delete static_cast<Environment*>(data); };
  napi_value function;
  if (environment == nullptr) {
    napi_throw_error(env, "ERR_OUT_OF_MEMORY", "out of memory as the addon is loaded");
    return nullptr;
  }
  if (napi_set_instance_data(env, environment, end, nullptr) != napi_ok) {
    delete environment;
    napi_throw_error(env, nullptr, "the addon cannot be set up in this environment");
    return nullptr;
  }
  cpu::keep_freed_memory();
  if (napi_create_function(env, "open", NAPI_AUTO_LENGTH, open, environment, &function) != napi_ok ||
      napi_set_named_property(env, exports, "open", function) != napi_ok) {
    napi_throw_error(env, nullptr, "the addon cannot be set up in this environment");
    return nullptr;
  }
  return exports;
}

}  // namespace
}  // namespace rsqrt_native

NAPI_MODULE_INIT() { return rsqrt_native::init(env, exports); }
