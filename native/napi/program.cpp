#include "napi/program.h"

#include <algorithm>
#include <string>

#include "core/failure.h"
#include "napi/arguments.h"
#include "napi/context.h"
#include "ops/program.h"

namespace rsqrt_native {
namespace {

// A copy of the bytes of a Uint8Array, as many as fit. A copy, because another thread may write to
// shared memory while it is checked. `count` is the true number of bytes: make_program refuses it
// if it is larger, and does not read what is missing.
template <std::size_t room>
struct CopiedBytes {
  CopiedBytes(napi_env env, napi_value value, const char* argument) {
    napi_typedarray_type type;
    void* source = nullptr;
    napi_value buffer;
    std::size_t offset;
    if (!Napi::Value(env, value).IsTypedArray() ||
        napi_get_typedarray_info(env, value, &type, &count, &source, &buffer, &offset) != napi_ok ||
        type != napi_uint8_array) {
      wrong_type(argument, "a Uint8Array");
    }
    std::copy_n(static_cast<const std::uint8_t*>(source), std::min(count, room), data);
  }

  operator Bytes() const { return {data, count}; }

  std::uint8_t data[room];
  std::size_t count = 0;
};

napi_value make(Napi::Env env, Context& context, const napi_value* args) {
  const CopiedBytes<max_steps * step_bytes> steps(env, args[0], "steps");
  const CopiedBytes<max_operands> operands(env, args[1], "operands");
  const CopiedBytes<max_scalars> scalars(env, args[2], "scalars");
  const std::size_t number = context.programs.add(make_program(steps, operands, scalars));
  return Napi::Number::New(env, static_cast<double>(number));
}

napi_value release(Napi::Env env, Context& context, const napi_value* args) {
  double number;
  if (napi_get_value_double(env, args[0], &number) != napi_ok || context.programs.find(number) == nullptr) {
    refuse_program(env, args[0]);
  }
  context.programs.remove(static_cast<std::size_t>(number));
  return nullptr;
}

}  // namespace

std::size_t Programs::add(const Program& program) {
  auto added = std::make_unique<const Program>(program);
  if (!unused_.empty()) {
    const std::size_t number = unused_.back();
    unused_.pop_back();
    all_[number] = std::move(added);
    return number;
  }
  all_.push_back(std::move(added));
  try {
    unused_.reserve(all_.capacity());
  } catch (...) {
    all_.pop_back();
    throw;
  }
  return all_.size() - 1;
}

void Programs::remove(std::size_t number) noexcept {
  all_[number] = nullptr;
  unused_.push_back(number);  // does not allocate
}

void refuse_program(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) wrong_type("program", "a number");
  out_of_range("program", "a number that program() returned", shown(number));
}

napi_value program(napi_env env, napi_callback_info info) { return guarded_call<make, 3>(env, info); }
napi_value release_program(napi_env env, napi_callback_info info) {
  return guarded_call<release, 1>(env, info);
}

}  // namespace rsqrt_native
