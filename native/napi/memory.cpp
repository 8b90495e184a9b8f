#include "napi/memory.h"

#include <cstdint>
#include <string>

#include "core/failure.h"
#include "cpu/system.h"
#include "napi/arguments.h"
#include "napi/device_memory.h"

namespace rsqrt_native {
namespace {

[[noreturn]] void refuse(const char* argument) {
  wrong_type(argument, "an ArrayBuffer, a Uint8Array or device memory");
}

}  // namespace

Memory unwrap_memory(napi_env env, napi_value value, const char* argument) {
  void* data = nullptr;
  std::size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, value, &data, &bytes) == napi_ok) {
    return {static_cast<std::byte*>(data), bytes, nullptr};
  }
  const Napi::Value object(env, value);
  if (object.IsTypedArray()) {
    // Only Uint8Array: other types would need their element size here, and src/ does not use them.
    napi_typedarray_type type;
    napi_value buffer;
    std::size_t offset;
    if (napi_get_typedarray_info(env, value, &type, &bytes, &data, &buffer, &offset) != napi_ok ||
        type != napi_uint8_array) {
      refuse(argument);
    }
    return {static_cast<std::byte*>(data), bytes, nullptr};
  }
  cuda::Block* const block = device_block(env, value, argument);
  if (block == nullptr) refuse(argument);
  return {block->data, block->bytes, block};
}

void check_end(const Memory& memory, std::int64_t offset, std::int64_t count, std::int64_t size,
               const char* argument) {
  std::int64_t end = 0;
  bool overflow = __builtin_mul_overflow(count, size, &end);
  overflow |= __builtin_add_overflow(end, offset, &end);
  if (overflow || static_cast<std::uint64_t>(end) > memory.bytes) {
    out_of_range(argument,
                 "such that all elements lie within the buffer of " + std::to_string(memory.bytes) + " bytes",
                 std::to_string(offset));
  }
}

void check_aligned(const Memory& memory, std::int64_t offset, std::int64_t size, const char* argument) {
  if (memory.block == nullptr || offset % size == 0) return;
  out_of_range(argument, "a multiple of the element size on a device", std::to_string(offset));
}

double address_of(napi_env env, napi_value memory) {
  const Memory unwrapped = unwrap_memory(env, memory, "memory");
  if (unwrapped.block != nullptr) wrong_type("memory", "an ArrayBuffer or a Uint8Array");
  return static_cast<double>(reinterpret_cast<std::uintptr_t>(unwrapped.data) &
                             static_cast<std::uintptr_t>(largest_integer));
}

std::size_t advise_huge_pages(napi_env env, napi_value buffer) {
  void* data = nullptr;
  std::size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, buffer, &data, &bytes) != napi_ok) {
    wrong_type("buffer", "an ArrayBuffer");
  }
  return cpu::advise_huge_pages(static_cast<std::byte*>(data), bytes);
}

void free_array_buffer(napi_env env, napi_value buffer) {
  if (napi_detach_arraybuffer(env, buffer) != napi_ok) {
    wrong_type("buffer", "an ArrayBuffer that can be detached");
  }
}

}  // namespace rsqrt_native
