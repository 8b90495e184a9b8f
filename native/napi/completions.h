// Calls JavaScript functions from threads of the backend.
#pragma once

#include <napi.h>

#include <list>
#include <memory>

#include "cuda/backend.h"

namespace rsqrt_native {

struct Context;

// The pending calls of one environment. They keep the process alive. Used on the thread of the
// environment.
class Completions {
 public:
  Completions() = default;
  ~Completions();
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  // Calls start(completion). The completion must be told once, from any thread. Then the JavaScript
  // function `done` is called, with an error or without arguments. Until then, the binding is not
  // collected. If `start` throws, this throws too, and nothing is pending.
  template <class Start>
  void wait(napi_env env, Context& context, napi_value done, Start start) {
    const Calls::iterator call = add(env, context, done);
    try {
      start(notifier_of(*call));
    } catch (...) {
      remove(env, call);
      throw;
    }
    keep_loop(env);
  }

 private:
  struct Call;
  struct Gate;
  class Notifier;
  using Calls = std::list<Call>;
  static void call_back(napi_env env, napi_value, void* self, void* data);
  static void close(void* gate);
  void open(napi_env env);
  Calls::iterator add(napi_env env, Context& context, napi_value done);
  std::unique_ptr<cuda::Done> notifier_of(Call& call);
  void remove(napi_env env, Calls::iterator call);
  void keep_loop(napi_env env);

  // A pending call. A thread of the backend sets `failure`; all else belongs to the environment's
  // thread.
  struct Call {
    explicit Call(Context& of) : context(of) {}

    Context& context;
    napi_ref done = nullptr;
    bool holds_context = false;
    std::exception_ptr failure;
    Calls::iterator self;
  };

  Calls calls_;
  std::shared_ptr<Gate> gate_;
  napi_env env_ = nullptr;
  bool keeps_loop_ = false;
};

}  // namespace rsqrt_native
