// The loops, compiled once per instruction set: RSQRT_TARGET names it, RSQRT_SIMD_HEADER defines its vectors.
//
// Nothing of the standard library with a body may be called here (see core/target.h).
#include "cpu/kernels.h"

#include <type_traits>

#include RSQRT_SIMD_HEADER
#include "core/convert.h"
#include "ops/table.h"

namespace rsqrt_native::cpu {
inline namespace RSQRT_TARGET {
namespace {

// User memory may start at any byte, so elements are read and written as bytes; compilers turn this
// into plain unaligned moves and still vectorise the loop.
template <class T>
RSQRT_FUNCTION T read(const std::byte* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof(T));
  return value;
}

template <class T>
RSQRT_FUNCTION void write(std::byte* p, T value) {
  __builtin_memcpy(p, &value, sizeof(T));
}

template <class From, class To>
void load(const std::byte* in, std::int64_t stride, std::byte* block, std::int64_t n) {
  constexpr std::int64_t from = sizeof(From), to = sizeof(To);
  if (stride == 1) {
    for (std::int64_t i = 0; i < n; ++i) write(block + i * to, convert<To>(read<From>(in + i * from)));
  } else {
    const std::int64_t step = stride * from;
    for (std::int64_t i = 0; i < n; ++i) write(block + i * to, convert<To>(read<From>(in + i * step)));
  }
}

template <class From, class To>
void store(const std::byte* block, std::byte* out, std::int64_t stride, std::int64_t n) {
  constexpr std::int64_t from = sizeof(From), to = sizeof(To);
  if (stride == 1) {
    for (std::int64_t i = 0; i < n; ++i) write(out + i * to, convert<To>(read<From>(block + i * from)));
  } else {
    const std::int64_t step = stride * to;
    for (std::int64_t i = 0; i < n; ++i) write(out + i * step, convert<To>(read<From>(block + i * from)));
  }
}

template <class Op, class T>
void apply(const std::byte* in, std::byte* out, std::int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    using V = Vec<T>;
    constexpr std::int64_t width = V::width;
    const T* from = reinterpret_cast<const T*>(in);
    T* to = reinterpret_cast<T*>(out);
    std::int64_t i = 0;
    for (; i + width <= n; i += width) Op()(V::load(from + i)).store(to + i);
    if (i < n) {
      // The tail runs through a whole vector of its own, padded with ones.
      T lanes[V::width];
      for (int k = 0; k < V::width; ++k) lanes[k] = T(1);
      __builtin_memcpy(lanes, in + i * std::int64_t(sizeof(T)), std::size_t(n - i) * sizeof(T));
      Op()(V::load(lanes)).store(lanes);
      __builtin_memcpy(out + i * std::int64_t(sizeof(T)), lanes, std::size_t(n - i) * sizeof(T));
    }
  } else {
    constexpr std::int64_t size = sizeof(T);
    for (std::int64_t i = 0; i < n; ++i) write(out + i * size, Op()(read<T>(in + i * size)));
  }
}

template <class Op, class T>
constexpr Apply apply_or_null() {
  if constexpr (computes<Op, T>) {
    return &apply<Op, T>;
  } else {
    return nullptr;
  }
}

#define LOAD(id, name, type) &load<From, type>,
#define STORE(id, name, type) &store<From, type>,
#define APPLY(id, name, type) apply_or_null<Op, type>(),

template <class From>
constexpr LoadRow loads = {{RSQRT_DTYPES(LOAD)}};
template <class From>
constexpr StoreRow stores = {{RSQRT_DTYPES(STORE)}};
template <class Op>
constexpr ApplyRow applies = {{RSQRT_DTYPES(APPLY)}};

#undef LOAD
#undef STORE
#undef APPLY

#define LOADS(id, name, type) loads<type>,
#define STORES(id, name, type) stores<type>,
#define APPLIES(name, functor) applies<functor>,

constexpr ApplyRow apply_rows[] = {RSQRT_OPS(APPLIES)};

}  // namespace

extern const Kernels kernels;
const Kernels kernels = {{RSQRT_DTYPES(LOADS)}, {RSQRT_DTYPES(STORES)}, apply_rows};

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cpu
