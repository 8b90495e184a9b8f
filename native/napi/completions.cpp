#include "napi/completions.h"

#include <mutex>
#include <utility>

#include "core/failure.h"
#include "napi/arguments.h"
#include "napi/context.h"

namespace rsqrt_native {

// Guards the thread-safe function against calls from threads of the backend after the environment
// ends, because Node frees the function then.
struct Completions::Gate {
  std::mutex mutex;
  napi_threadsafe_function function = nullptr;
  bool closed = false;
};

class Completions::Notifier final : public cuda::Done {
 public:
  Notifier(std::shared_ptr<Gate> gate, Call& call) : gate_(std::move(gate)), call_(call) {}

  void tell(std::exception_ptr failure) noexcept override {
    const std::lock_guard lock(gate_->mutex);
    if (gate_->closed) return;  // the call does not exist any more
    call_.failure = std::move(failure);
    static_cast<void>(napi_call_threadsafe_function(gate_->function, &call_, napi_tsfn_nonblocking));
  }

 private:
  std::shared_ptr<Gate> gate_;
  Call& call_;
};

Completions::~Completions() {
  if (gate_ == nullptr) return;
  for (const Call& call : calls_) {  // there are calls only if the environment ends
    if (call.done != nullptr) napi_delete_reference(env_, call.done);
  }
  {
    const std::lock_guard lock(gate_->mutex);
    if (gate_->closed) return;
    gate_->closed = true;
  }
  napi_remove_env_cleanup_hook(env_, close, gate_.get());
  napi_release_threadsafe_function(gate_->function, napi_tsfn_abort);
}

void Completions::close(void* gate) {
  auto& closing = *static_cast<Gate*>(gate);
  const std::lock_guard lock(closing.mutex);
  closing.closed = true;
}

void Completions::open(napi_env env) {
  auto gate = std::make_shared<Gate>();
  const Napi::String name = Napi::String::New(env, "rsqrt");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, call_back,
                                      &gate->function) != napi_ok) {
    throw Napi::Error::New(env);
  }
  napi_unref_threadsafe_function(env, gate->function);
  // Hooks run in reverse order, so this one runs before that of the function.
  napi_add_env_cleanup_hook(env, close, gate.get());
  env_ = env;
  gate_ = std::move(gate);
}

Completions::Calls::iterator Completions::add(napi_env env, Context& context, napi_value done) {
  if (!Napi::Value(env, done).IsFunction()) wrong_type("done", "a function");
  if (gate_ == nullptr) open(env);
  const auto call = calls_.emplace(calls_.end(), context);
  call->self = call;
  call->holds_context = napi_reference_ref(env, context.holder, nullptr) == napi_ok;
  if (!call->holds_context || napi_create_reference(env, done, 1, &call->done) != napi_ok) {
    remove(env, call);
    throw Napi::Error::New(env);
  }
  return call;
}

std::unique_ptr<cuda::Done> Completions::notifier_of(Call& call) {
  return std::make_unique<Notifier>(gate_, call);
}

void Completions::remove(napi_env env, Calls::iterator call) {
  if (call->done != nullptr) napi_delete_reference(env, call->done);
  if (call->holds_context) napi_reference_unref(env, call->context.holder, nullptr);
  calls_.erase(call);
  keep_loop(env);
}

// Keeps the event loop alive while there are calls.
void Completions::keep_loop(napi_env env) {
  if (keeps_loop_ == !calls_.empty()) return;
  keeps_loop_ = !keeps_loop_;
  static_cast<void>(keeps_loop_ ? napi_ref_threadsafe_function(env, gate_->function)
                                : napi_unref_threadsafe_function(env, gate_->function));
}

void Completions::call_back(napi_env env, napi_value, void* self, void* data) {
  if (env == nullptr) return;  // the environment ends
  auto& call = *static_cast<Call*>(data);
  napi_value receiver, done = nullptr, error = nullptr;
  const bool found = napi_get_undefined(env, &receiver) == napi_ok &&
                     napi_get_reference_value(env, call.done, &done) == napi_ok && done != nullptr;
  if (call.failure == nullptr) {
    error = receiver;
  } else if ((error = error_in_javascript(env, &call.context, call.failure)) == nullptr) {
    // Use what createError threw as the error.
    napi_get_and_clear_last_exception(env, &error);
  }
  static_cast<Completions*>(self)->remove(env, call.self);
  if (found && error != nullptr) napi_call_function(env, receiver, done, 1, &error, nullptr);
}

}  // namespace rsqrt_native
