// The element types. Knows no Node-API and no CUDA.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace rsqrt_native {

// One byte; every value but 0 counts as true, as in torch, so it is never read as a C++ `bool`.
struct Bool {
  std::uint8_t byte;
};

// IEEE 754 binary16, and the upper half of a binary32. These hold only the bits; arithmetic is done
// in float.
struct Half {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

// A complex number as it is stored in memory. With vectors as T: real parts in one vector and
// imaginary parts in another.
template <class T>
struct Complex {
  T re;
  T im;
};

// The only list of dtypes: X(enumerator, public name, C++ type). The position is the dtype's code,
// which the addon publishes to TypeScript by name. Nothing else may rely on the order.
#define RSQRT_DTYPES(X)                                        \
  X(float16, "float16", ::rsqrt_native::Half)                  \
  X(bfloat16, "bfloat16", ::rsqrt_native::BFloat16)            \
  X(float32, "float32", float)                                 \
  X(float64, "float64", double)                                \
  X(complex64, "complex64", ::rsqrt_native::Complex<float>)    \
  X(complex128, "complex128", ::rsqrt_native::Complex<double>) \
  X(int8, "int8", std::int8_t)                                 \
  X(uint8, "uint8", std::uint8_t)                              \
  X(int16, "int16", std::int16_t)                              \
  X(int32, "int32", std::int32_t)                              \
  X(int64, "int64", std::int64_t)                              \
  X(boolean, "bool", ::rsqrt_native::Bool)

enum class DType : std::uint8_t {
#define X(id, name, type) id,
  RSQRT_DTYPES(X)
#undef X
};

inline constexpr const char* dtype_names[] = {
#define X(id, name, type) name,
    RSQRT_DTYPES(X)
#undef X
};

inline constexpr std::size_t dtype_sizes[] = {
#define X(id, name, type) sizeof(type),
    RSQRT_DTYPES(X)
#undef X
};

inline constexpr int dtype_count = static_cast<int>(sizeof(dtype_sizes) / sizeof(dtype_sizes[0]));

constexpr int index_of(DType dtype) { return static_cast<int>(dtype); }
constexpr std::size_t size_of(DType dtype) { return dtype_sizes[index_of(dtype)]; }

constexpr bool is_float16_dtype(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }
constexpr bool is_complex_dtype(DType dtype) {
  return dtype == DType::complex64 || dtype == DType::complex128;
}
// The dtype of the parts of a complex dtype. For a real dtype, that dtype itself.
constexpr DType part_of(DType dtype) {
  if (!is_complex_dtype(dtype)) return dtype;
  return dtype == DType::complex64 ? DType::float32 : DType::float64;
}

// The dtype of a C++ element type.
template <class T>
struct DTypeOf;
#define X(id, name, type)                     \
  template <>                                 \
  struct DTypeOf<type> {                      \
    static constexpr DType value = DType::id; \
  };
RSQRT_DTYPES(X)
#undef X

template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

template <class T>
inline constexpr bool is_float16 = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T>
inline constexpr bool is_complex = false;
template <class T>
inline constexpr bool is_complex<Complex<T>> = true;

}  // namespace rsqrt_native
