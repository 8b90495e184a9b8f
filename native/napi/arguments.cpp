#include "napi/arguments.h"

#include <cmath>

#include "core/failure.h"

namespace rsqrt_native {

void wrong_type(const char* argument, const char* expected) {
  throw Failure("ERR_INVALID_ARG_TYPE", std::string(argument) + " must be " + expected);
}

void out_of_range(const char* argument, const std::string& expected, const std::string& received) {
  throw Failure("ERR_OUT_OF_RANGE",
                std::string(argument) + " must be " + expected + ", received " + received);
}

std::string shown(double value) {
  const bool integral = value == std::trunc(value) && std::abs(value) <= largest_integer;
  return integral ? std::to_string(static_cast<std::int64_t>(value)) : std::to_string(value);
}

void refuse_number(double value, const char* argument, std::int64_t limit, std::int64_t least) {
  out_of_range(argument, "an integer from " + std::to_string(least) + " to " + std::to_string(limit),
               shown(value));
}

std::uint64_t whole_uint64(napi_env env, napi_value value, const char* argument) {
  std::uint64_t result;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env, value, &result, &lossless) != napi_ok) {
    wrong_type(argument, "a bigint");
  }
  if (!lossless) {
    out_of_range(argument, "from 0 to 2^64 - 1", Napi::Value(env, value).ToString().Utf8Value());
  }
  return result;
}

}  // namespace rsqrt_native
