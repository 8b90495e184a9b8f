#include "napi/memory.h"

#include <cstdint>
#include <string>
#include <utility>

#include "core/failure.h"
#include "cpu/memory.h"
#include "napi/arguments.h"

namespace rsqrt_native {
namespace {

// Marks our objects, so that an object of another addon is refused instead of misread; one of another copy of
// this addon too, whose backend knows nothing of ours: the address differs from copy to copy.
napi_type_tag device_memory_tag() {
  static const char anchor = 0;
  return {0x6b0f3a5f5d7c4e91, reinterpret_cast<std::uintptr_t>(&anchor)};
}

// The backend outlives every DeviceMemory, whatever the order of finalizers at the environment's end.
class DeviceMemory {
 public:
  DeviceMemory(napi_env env, std::shared_ptr<cuda::Backend> backend, int device, std::size_t bytes)
      : backend_(std::move(backend)), memory_{backend_->allocate(device, bytes), bytes, device} {
    adjust_external_memory(env, static_cast<std::int64_t>(bytes));
  }

  const Memory& memory() const { return memory_; }

  void release(napi_env env) {
    if (memory_.data == nullptr) return;
    backend_->release(memory_.device, memory_.data);
    memory_.data = nullptr;
    adjust_external_memory(env, -static_cast<std::int64_t>(memory_.bytes));
  }

 private:
  // Tells the collector what the small object keeps alive. Must balance exactly.
  static void adjust_external_memory(napi_env env, std::int64_t change) {
    std::int64_t total;
    napi_adjust_external_memory(env, change, &total);
  }

  std::shared_ptr<cuda::Backend> backend_;
  Memory memory_;
};

DeviceMemory* unwrap_device_memory(napi_env env, napi_value value) {
  bool tagged = false;
  void* wrapped = nullptr;
  const napi_type_tag tag = device_memory_tag();
  if (napi_check_object_type_tag(env, value, &tag, &tagged) != napi_ok || !tagged) return nullptr;
  return napi_unwrap(env, value, &wrapped) == napi_ok ? static_cast<DeviceMemory*>(wrapped) : nullptr;
}

[[noreturn]] void refuse(const char* argument) {
  wrong_type(argument, "an ArrayBuffer, a Uint8Array or device memory");
}

}  // namespace

Memory unwrap_memory(napi_env env, napi_value value, const char* argument) {
  void* data = nullptr;
  std::size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, value, &data, &bytes) == napi_ok) {
    return {static_cast<std::byte*>(data), bytes, -1};
  }
  const Napi::Value object(env, value);
  if (object.IsTypedArray()) {
    // Only bytes: other element types would need their size here, and src/ has no use for them.
    napi_typedarray_type type;
    napi_value buffer;
    std::size_t offset;
    if (napi_get_typedarray_info(env, value, &type, &bytes, &data, &buffer, &offset) != napi_ok ||
        type != napi_uint8_array) {
      refuse(argument);
    }
    return {static_cast<std::byte*>(data), bytes, -1};
  }
  if (!object.IsObject()) refuse(argument);
  const DeviceMemory* device_memory = unwrap_device_memory(env, value);
  if (device_memory == nullptr) refuse(argument);
  if (device_memory->memory().data == nullptr) {
    throw Failure("ERR_DISPOSED", std::string(argument) + " was released");
  }
  return device_memory->memory();
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

napi_value create_device_memory(napi_env env, std::shared_ptr<cuda::Backend> backend, int device,
                                std::size_t bytes) {
  Napi::Object object = Napi::Object::New(env);
  auto memory = std::make_unique<DeviceMemory>(env, std::move(backend), device, bytes);
  const auto finalize = [](napi_env at, void* data, void*) {
    std::unique_ptr<DeviceMemory> owned(static_cast<DeviceMemory*>(data));
    owned->release(at);
  };
  const napi_type_tag tag = device_memory_tag();
  if (napi_type_tag_object(env, object, &tag) != napi_ok ||
      napi_wrap(env, object, memory.get(), finalize, nullptr, nullptr) != napi_ok) {
    memory->release(env);
    throw Napi::Error::New(env);
  }
  static_cast<void>(memory.release());  // the collector owns it now
  return object;
}

void release_device_memory(napi_env env, napi_value value) {
  DeviceMemory* memory = Napi::Value(env, value).IsObject() ? unwrap_device_memory(env, value) : nullptr;
  if (memory == nullptr) wrong_type("memory", "device memory");
  memory->release(env);
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
