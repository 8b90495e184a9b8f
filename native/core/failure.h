// A failure that only native code can detect: the system refused something, or an argument would
// corrupt memory.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace rsqrt_native {

// `code` is one of the stable codes of src/support/errors.ts; `message` is one sentence for the user.
class Failure : public std::exception {
 public:
  Failure(const char* code, std::string message) : code_(code), message_(std::move(message)) {}

  const char* code() const noexcept { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  const char* code_;
  std::string message_;
};

}  // namespace rsqrt_native
