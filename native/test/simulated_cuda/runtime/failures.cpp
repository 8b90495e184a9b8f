#include "runtime/failures.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace rsqrt_simulated {

namespace {

void log_failure(const std::string& serial, const char* function) {
  const char* path = std::getenv("RSQRT_SIMULATED_FAIL_LOG");
  if (path == nullptr || *path == '\0') return;
  std::FILE* file = std::fopen(path, "a");
  if (file == nullptr) return;
  std::fprintf(file, "%s %s\n", serial.c_str(), function);
  static_cast<void>(std::fclose(file));
}

}  // namespace

cudaError_t Failures::next(const char* function) {
  const char* text = std::getenv("RSQRT_SIMULATED_FAIL");
  const std::string request = text == nullptr ? "" : text;
  const std::size_t colon = request.find(':');
  if (colon == std::string::npos) return cudaSuccess;
  if (const std::string serial = request.substr(0, colon); serial != serial_) {
    serial_ = serial;
    char* end = nullptr;
    remaining_ = std::strtoull(request.c_str() + colon + 1, &end, 10);
    error_ = *end == ':' ? static_cast<cudaError_t>(std::strtol(end + 1, nullptr, 10)) : cudaErrorUnknown;
  }
  if (remaining_ == 0 || --remaining_ > 0) return cudaSuccess;
  log_failure(serial_, function);
  return error_;
}

void Exempt::change(int by) noexcept {
  static const auto function = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "allocations_exempt"));
  if (function != nullptr) function(by);
}

}  // namespace rsqrt_simulated
