#include "napi/completions.h"

#include <mutex>
#include <optional>
#include <utility>

#include "core/failure.h"
#include "napi/arguments.h"
#include "napi/context.h"

namespace rsqrt_native {

struct Completions::Call {
  Context& context;
  napi_ref done;
  std::optional<Failure> failure;
};

// Node frees the function when the environment ends, whoever may still want to call it.
struct Completions::Gate {
  std::mutex mutex;
  napi_threadsafe_function function = nullptr;
  bool closed = false;
};

cuda::Done Completions::make(napi_env env, Context& context, napi_value done) {
  if (!Napi::Value(env, done).IsFunction()) wrong_type("done", "a function");
  if (gate_ == nullptr) open(env);
  auto call = std::make_shared<std::unique_ptr<Call>>(new Call{context, nullptr, std::nullopt});
  if (napi_create_reference(env, done, 1, &(*call)->done) != napi_ok) throw Napi::Error::New(env);
  if (pending_++ == 0) napi_ref_threadsafe_function(env, gate_->function);
  return [gate = gate_, call](const Failure* failure) {
    if (failure != nullptr) (*call)->failure.emplace(*failure);
    const std::lock_guard lock(gate->mutex);
    if (gate->closed) return;
    if (napi_call_threadsafe_function(gate->function, call->get(), napi_tsfn_nonblocking) == napi_ok) {
      static_cast<void>(call->release());  // call_back owns it now
    }
  };
}

void Completions::open(napi_env env) {
  auto gate = std::make_shared<Gate>();
  const Napi::String name = Napi::String::New(env, "rsqrt");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, call_back,
                                      &gate->function) != napi_ok) {
    throw Napi::Error::New(env);
  }
  napi_unref_threadsafe_function(env, gate->function);
  gate_ = std::move(gate);
  // Hooks run in the reverse order, so this one before that of the function.
  const auto close = [](void* data) {
    const std::unique_ptr<std::shared_ptr<Gate>> kept(static_cast<std::shared_ptr<Gate>*>(data));
    const std::lock_guard lock((*kept)->mutex);
    (*kept)->closed = true;
  };
  napi_add_env_cleanup_hook(env, close, new std::shared_ptr<Gate>(gate_));
}

void Completions::call_back(napi_env env, napi_value, void* self, void* data) {
  const std::unique_ptr<Call> call(static_cast<Call*>(data));
  if (env == nullptr) return;  // the environment ends
  auto& completions = *static_cast<Completions*>(self);
  if (--completions.pending_ == 0) napi_unref_threadsafe_function(env, completions.gate_->function);
  napi_value receiver, done;
  napi_value error = nullptr;
  napi_get_undefined(env, &receiver);
  const bool found = napi_get_reference_value(env, call->done, &done) == napi_ok;
  napi_delete_reference(env, call->done);
  if (call->failure) {
    error = error_in_javascript(env, call->context, call->failure->code(), call->failure->what());
  } else {
    napi_get_undefined(env, &error);
  }
  if (found && error != nullptr) napi_call_function(env, receiver, done, 1, &error, nullptr);
}

}  // namespace rsqrt_native
