// Watches JavaScript objects to see whether they were garbage-collected. WeakRef cannot tell within
// one turn of the event loop, because reading it keeps the object alive until the turn ends.
#pragma once

#include <napi.h>

#include <vector>

namespace rsqrt_native {

struct Context;

class Watches {
 public:
  // Watches an object without keeping it alive. Returns a number for it.
  std::size_t add(napi_env env, napi_value object);
  bool is_collected(napi_env env, std::size_t watch) const;
  void remove(napi_env env, std::size_t watch);
  // Ends all watches.
  void clear(napi_env env);
  // One more than the largest number given out.
  std::size_t end() const { return references_.size(); }

 private:
  std::vector<napi_ref> references_;  // by number; null if the number is free
};

// Adds watch, isCollected and unwatch (see binding.d.ts) to a binding.
void define_watch_functions(Napi::Env env, Napi::Object binding, Context& context);

}  // namespace rsqrt_native
