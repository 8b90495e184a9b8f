// The memory arguments of the addon: ArrayBuffers, views on them, and device memory.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

#include "cuda/backend.h"

namespace rsqrt_native {

// The memory of an argument, valid during a call.
struct Memory {
  int device() const { return block == nullptr ? -1 : block->device; }

  std::byte* data;
  std::size_t bytes;
  cuda::Block* block;  // null: the host's
};

// Takes an ArrayBuffer, a Uint8Array (the way to pass a SharedArrayBuffer) or device memory. Throws
// Failure otherwise, or if the device memory was released.
Memory unwrap_memory(napi_env env, napi_value value, const char* argument);

// Throws Failure unless `count` elements of `size` bytes from `offset` on lie within memory.
void check_end(const Memory& memory, std::int64_t offset, std::int64_t count, std::int64_t size,
               const char* argument);

// Throws Failure if an offset on a device is no multiple of the element size.
void check_aligned(const Memory& memory, std::int64_t offset, std::int64_t size, const char* argument);

// The low 53 bits of the address of host memory, which a double holds exactly; src/ uses only
// differences of addresses. Throws Failure for device memory and for values that are not memory.
double address_of(napi_env env, napi_value memory);

// Requests huge pages for an ArrayBuffer's memory. Returns the offset at which the first can begin.
std::size_t advise_huge_pages(napi_env env, napi_value buffer);

// Frees an ArrayBuffer's memory now and leaves it detached.
void free_array_buffer(napi_env env, napi_value buffer);

}  // namespace rsqrt_native
