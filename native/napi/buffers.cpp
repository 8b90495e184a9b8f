#include "napi/buffers.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "cpu/memory.h"
#include "napi/arguments.h"
#include "napi/cuda.h"
#include "napi/device_memory.h"
#include "napi/function.h"
#include "napi/memory.h"
#include "napi/pinned.h"

namespace rsqrt_native {
namespace {

napi_value allocate(Napi::Env env, Context& context, const napi_value* args) {
  const int device = device_index(env, context, args[0]);
  const auto bytes = static_cast<std::size_t>(whole(env, args[1], "byteLength"));
  return context.device_memories->create(env, context.cuda, device, bytes);
}

napi_value release(Napi::Env env, Context&, const napi_value* args) {
  release_device_memory(env, args[0]);
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

constexpr NamedFunction buffer_functions[] = {
    {"allocate", guarded_call<allocate>},
    {"release", guarded_call<release>},
    {"allocatePinned", guarded_call<allocate_pinned>},
    {"releasePinned", guarded_call<release_pinned>},
    {"settle", guarded_call<settle>},
    {"whenSettled", guarded_call<when_settled>},
    {"addressOf", guarded_call<address>},
    {"adviseHugePages", guarded_call<advise>},
    {"freeBuffer", guarded_call<free_buffer>},
    {"returnFreedMemory", guarded_call<return_freed_memory>},
    {"copy", guarded_call<copy, 6>},
};

}  // namespace

void define_buffer_functions(Napi::Env env, Napi::Object binding, Context& context) {
  define_functions(env, binding, context, buffer_functions);
}

}  // namespace rsqrt_native
