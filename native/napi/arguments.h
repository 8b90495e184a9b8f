// Reading the addon's arguments. A value of the wrong kind is a Failure, never undefined behaviour.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>

namespace rsqrt_native {

inline constexpr std::int64_t largest_integer = 9007199254740991;  // 2^53 − 1

[[noreturn]] void wrong_type(const char* argument, const char* expected);
[[noreturn]] void out_of_range(const char* argument, const std::string& expected,
                               const std::string& received);

// A number as messages show it.
std::string shown(double value);

[[noreturn]] void refuse_number(double value, const char* argument, std::int64_t limit, std::int64_t least);

// A whole number from least to limit, both within ±2^53. Inline, because every call of a small
// tensor reads several.
inline std::int64_t whole(double value, const char* argument, std::int64_t limit = largest_integer,
                          std::int64_t least = 0) {
  if (value >= static_cast<double>(least) && value <= static_cast<double>(limit)) {
    const auto integer = static_cast<std::int64_t>(value);
    if (static_cast<double>(integer) == value) return integer;
  }
  refuse_number(value, argument, limit, least);
}
inline std::int64_t whole(napi_env env, napi_value value, const char* argument,
                          std::int64_t limit = largest_integer, std::int64_t least = 0) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) wrong_type(argument, "a number");
  return whole(number, argument, limit, least);
}

// A bigint from 0 to 2^64 − 1.
std::uint64_t whole_uint64(napi_env env, napi_value value, const char* argument);

}  // namespace rsqrt_native
