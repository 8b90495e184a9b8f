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

// A vector of real results, stored as complex numbers.
template <class V>
RSQRT_FUNCTION Complex<V> as_complex(V value) {
  return {value, V::splat(0)};
}
template <class V>
RSQRT_FUNCTION Complex<V> as_complex(Complex<V> value) {
  return value;
}

template <class Op, class T>
void apply_complex(const std::byte* in, std::byte* out, std::int64_t n) {
  using V = Vec<T>;
  constexpr std::int64_t step = 2 * V::width;
  const auto run = [](const T* from, T* to) {
    V::store_complex(to, as_complex(Op()(V::load_complex(from))));
  };
  const T* from = reinterpret_cast<const T*>(in);
  T* to = reinterpret_cast<T*>(out);
  const std::int64_t end = 2 * n;
  std::int64_t i = 0;
  for (; i + step <= end; i += step) run(from + i, to + i);
  if (i < end) {
    T lanes[step] = {};
    const auto bytes = static_cast<std::size_t>(end - i) * sizeof(T);
    __builtin_memcpy(lanes, from + i, bytes);
    run(lanes, lanes);
    __builtin_memcpy(to + i, lanes, bytes);
  }
}

template <class Op, class T>
void apply(const std::byte* in, std::byte* out, std::int64_t n) {
  if constexpr (is_complex<T>) {
    apply_complex<Op, decltype(T::re)>(in, out, n);
  } else if constexpr (std::is_invocable_v<Op, T>) {
    constexpr std::int64_t size = sizeof(T);
    for (std::int64_t i = 0; i < n; ++i) write(out + i * size, Op()(read<T>(in + i * size)));
  } else {
    using V = Vec<T>;
    constexpr std::int64_t width = V::width;
    const T* from = reinterpret_cast<const T*>(in);
    T* to = reinterpret_cast<T*>(out);
    std::int64_t i = 0;
    for (; i + width <= n; i += width) Op()(V::load(from + i)).store(to + i);
    if (i < n) {
      const int rest = static_cast<int>(n - i);
      Op()(V::load_part(from + i, rest)).store_part(to + i, rest);
    }
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
