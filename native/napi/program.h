// The programs of a binding, which JavaScript knows by number.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/program.h"

namespace rsqrt_native {

class Programs {
 public:
  // Keeps a program. Returns its number, which may be that of a removed program.
  std::size_t add(const Program& program);
  // Null if no program has that number.
  const Program* find(double number) const {
    if (!(number >= 0 && number < static_cast<double>(all_.size()))) return nullptr;
    const auto index = static_cast<std::size_t>(number);
    return static_cast<double>(index) == number ? all_[index].get() : nullptr;
  }
  // The number must be that of a program.
  void remove(std::size_t number) noexcept;

 private:
  std::vector<std::unique_ptr<const Program>> all_;
  std::vector<std::size_t> unused_;  // numbers of removed programs; has room for all numbers
};

// program(steps, operands, scalars) and releaseProgram(program), see binding.d.ts. Their data is
// the Context.
napi_value program(napi_env env, napi_callback_info info);
napi_value release_program(napi_env env, napi_callback_info info);

// Throws Failure: `value` is not the number of a program.
[[noreturn]] void refuse_program(napi_env env, napi_value value);

}  // namespace rsqrt_native
