#include "napi/function.h"

namespace rsqrt_native {

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

void define_functions(Napi::Env env, Napi::Object binding, Context& context,
                      std::span<const NamedFunction> functions) {
  for (const auto& [name, callback] : functions) {
    binding[name] = make_function(env, name, callback, context);
  }
}

}  // namespace rsqrt_native
