// The CPU loops, compiled once per instruction set. RSQRT_TARGET names the set, and
// RSQRT_SIMD_HEADER defines its vectors.
//
// No function of the standard library that has a body may be called here (see core/target.h).
#include "cpu/kernels.h"

#include <type_traits>

#include RSQRT_SIMD_HEADER
#include "core/convert.h"
#include "ops/table.h"

namespace rsqrt_native::cpu {
inline namespace RSQRT_TARGET {
namespace {

// User memory may start at any byte, so elements are read and written as bytes. Compilers turn this
// into plain unaligned moves and still vectorise the loop.
template <class T>
RSQRT_FUNCTION T read(const std::byte* p) {
  T value;
  __builtin_memcpy(&value, p, sizeof(T));
  return value;
}

// Lets gcc vectorise a loop whose output may be an input, element by element. (clang's pragma would
// demand vectors of loops that have none.)
#if defined(__clang__)
#define RSQRT_INDEPENDENT
#else
#define RSQRT_INDEPENDENT _Pragma("GCC ivdep")
#endif

template <class T>
RSQRT_FUNCTION void write(std::byte* p, T value) {
  __builtin_memcpy(p, &value, sizeof(T));
}

// The vector type in which elements of T are computed.
template <class T>
using VectorOf = Vec<std::conditional_t<std::is_same_v<T, double>, double, float>>;

// Whether a vector load and store handle T directly, and whether there is a store that bypasses the
// caches.
template <class T>
concept vectors_hold = requires(VectorOf<T> v, T* p) {
  VectorOf<T>::load(p);
  v.store(p);
};
template <class T>
concept vectors_stream = requires(VectorOf<T> v, T* p) {
  v.stream(p);
};

// Converts int64 to float32 in short loops that compilers vectorise on instruction sets without
// such a conversion. A number below 2^51 is added to the fraction of 1.5·2^52, which is exact. It
// is rounded once when that is subtracted again.
constexpr std::int64_t few = 64;

template <class To>
void convert_few(const std::byte* in, std::byte* out) {
  constexpr std::int64_t from = sizeof(std::int64_t), to = sizeof(To);
  constexpr std::uint64_t limit = std::uint64_t{1} << 51;
  std::uint64_t beyond = 0;
  for (std::int64_t k = 0; k < few; ++k) beyond |= (read<std::uint64_t>(in + k * from) + limit) >> 52;
  if (beyond != 0) {
    for (std::int64_t k = 0; k < few; ++k) {
      write(out + k * to, convert<To>(read<std::int64_t>(in + k * from)));
    }
    return;
  }
  constexpr double base = 0x1.8p52;
  for (std::int64_t k = 0; k < few; ++k) {
    const double sum = bits_as<double>(read<std::uint64_t>(in + k * from) + bits_as<std::uint64_t>(base));
    write(out + k * to, static_cast<To>(sum - base));
  }
}

template <class From, class To>
void convert_dense(const std::byte* in, std::byte* out, std::int64_t n);

// Bool as the number that it counts as.
template <class From>
RSQRT_FUNCTION auto number_of(From value) {
  if constexpr (std::is_same_v<From, Bool>) {
    return convert<std::uint8_t>(value);
  } else {
    return value;
  }
}

template <class From>
__attribute__((noinline)) void convert_to_narrow(const std::byte* in, float* out, std::int64_t n) {
  constexpr std::int64_t size = sizeof(From);
  for (std::int64_t i = 0; i < n; ++i) out[i] = float_to_narrow(number_of(read<From>(in + i * size)));
}

// Whether elements are converted through float32: from a 16-bit float, which is exact, or to one,
// where float_to_narrow leaves one rounding. So these pairs need no loops of their own, which would
// be the longest of all.
template <class From, class To>
inline constexpr bool goes_through_float =
    !std::is_same_v<From, To> && (is_float16<From> || is_float16<To>)&&!std::is_same_v<From, float> &&
    !std::is_same_v<To, float> && !is_complex<From> && !is_complex<To>;

template <class From, class To>
void convert_through_float(const std::byte* in, std::byte* out, std::int64_t n) {
  constexpr std::int64_t from = sizeof(From), to = sizeof(To), size = 256;
  alignas(cache_line) float floats[size];
  auto* const bytes = reinterpret_cast<std::byte*>(floats);
  for (std::int64_t done = 0; done < n; done += size) {
    const std::int64_t count = n - done < size ? n - done : size;
    if constexpr (is_float16<From>) {
      convert_dense<From, float>(in + done * from, bytes, count);
    } else {
      convert_to_narrow<From>(in + done * from, floats, count);
    }
    convert_dense<float, To>(bytes, out + done * to, count);
  }
}

template <class From, class To>
__attribute__((noinline)) void convert_dense(const std::byte* in, std::byte* out, std::int64_t n) {
  if constexpr (goes_through_float<From, To>) return convert_through_float<From, To>(in, out, n);
  constexpr std::int64_t from = sizeof(From), to = sizeof(To);
  std::int64_t i = 0;
  if constexpr ((is_float16<From> && std::is_same_v<To, float> && vectors_hold<From>) ||
                (is_float16<To> && std::is_same_v<From, float> && vectors_hold<To>)) {
    using V = Vec<float>;
    const From* source = reinterpret_cast<const From*>(in);
    To* target = reinterpret_cast<To*>(out);
    for (; i + V::width <= n; i += V::width) canonical_nan(V::load(source + i)).store(target + i);
  } else if constexpr (std::is_same_v<From, std::int64_t> && std::is_same_v<To, float> &&
                       !Vec<float>::converts_int64) {
    for (; i + few <= n; i += few) convert_few<To>(in + i * from, out + i * to);
  }
  RSQRT_INDEPENDENT
  for (; i < n; ++i) write(out + i * to, convert<To>(read<From>(in + i * from)));
}

// Moves elements of `size` bytes that are some bytes apart.
template <std::size_t size>
RSQRT_FUNCTION void move_elements_of(const std::byte* in, std::int64_t in_step, std::byte* out,
                                     std::int64_t out_step, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) __builtin_memcpy(out + i * out_step, in + i * in_step, size);
}

void move_elements(const std::byte* in, std::int64_t in_step, std::byte* out, std::int64_t out_step,
                   std::int64_t size, std::int64_t n) {
  switch (size) {
    case 1:
      return move_elements_of<1>(in, in_step, out, out_step, n);
    case 2:
      return move_elements_of<2>(in, in_step, out, out_step, n);
    case 4:
      return move_elements_of<4>(in, in_step, out, out_step, n);
    case 8:
      return move_elements_of<8>(in, in_step, out, out_step, n);
    default:
      return move_elements_of<16>(in, in_step, out, out_step, n);
  }
}

template <std::size_t size>
RSQRT_FUNCTION void fill_elements_of(const std::byte* value, std::byte* out, std::int64_t n) {
  std::byte copy[size];
  __builtin_memcpy(copy, value, size);
  for (std::int64_t i = 0; i < n; ++i) __builtin_memcpy(out + i * std::int64_t{size}, copy, size);
}

void fill_elements(const std::byte* value, std::byte* out, std::int64_t size, std::int64_t n) {
  switch (size) {
    case 1:
      return fill_elements_of<1>(value, out, n);
    case 2:
      return fill_elements_of<2>(value, out, n);
    case 4:
      return fill_elements_of<4>(value, out, n);
    case 8:
      return fill_elements_of<8>(value, out, n);
    default:
      return fill_elements_of<16>(value, out, n);
  }
}

struct Conversion {
  void (*dense)(const std::byte* in, std::byte* out, std::int64_t n);
  std::int64_t from;  // bytes of an element
  std::int64_t to;
};

// Elements that are not contiguous are moved to and from a block. So there is one loop per size for
// them, and not one per pair of dtypes.
__attribute__((noinline)) void convert_apart(const Conversion& conversion, const std::byte* in,
                                             std::int64_t in_stride, std::byte* out, std::int64_t out_stride,
                                             std::int64_t n) {
  constexpr std::int64_t size = 256, max_bytes = sizeof(Complex<double>);
  const auto [dense, from, to] = conversion;
  if (in_stride == 0 && out_stride == 1) {
    alignas(max_bytes) std::byte value[max_bytes];
    dense(in, value, 1);
    return fill_elements(value, out, to, n);
  }
  alignas(cache_line) std::byte gathered[size * max_bytes];
  alignas(cache_line) std::byte converted[size * max_bytes];
  for (std::int64_t done = 0; done < n; done += size) {
    const std::int64_t count = n - done < size ? n - done : size;
    const std::byte* source = in + done * in_stride * from;
    std::byte* const target = out + done * out_stride * to;
    if (in_stride != 1) {
      move_elements(source, in_stride * from, gathered, from, from, count);
      source = gathered;
    }
    dense(source, out_stride == 1 ? target : converted, count);
    if (out_stride != 1) move_elements(converted, to, target, out_stride * to, to, count);
  }
}

template <class From, class To>
constexpr Conversion conversion = {&convert_dense<From, To>, sizeof(From), sizeof(To)};

template <class From, class To>
void convert_strided(const std::byte* in, std::int64_t in_stride, std::byte* out, std::int64_t out_stride,
                     std::int64_t n) {
  if (in_stride == 1 && out_stride == 1) return convert_dense<From, To>(in, out, n);
  if (std::is_same_v<From, To> && in_stride != 0) {
    return move_elements(in, in_stride * std::int64_t{sizeof(From)}, out,
                         out_stride * std::int64_t{sizeof(To)}, sizeof(To), n);
  }
  convert_apart(conversion<From, To>, in, in_stride, out, out_stride, n);
}

// The inputs of an operation as pointers to elements.
template <class T, int arity>
struct Inputs {
  const T* from[arity];

  RSQRT_FUNCTION explicit Inputs(const std::byte* const* in) {
    for (int k = 0; k < arity; ++k) from[k] = reinterpret_cast<const T*>(in[k]);
  }
};

// Op applied to what get(p) makes of a pointer into each input, at element i.
template <class Op, class T, int arity, class Get>
RSQRT_FUNCTION auto apply_at(const Inputs<T, arity>& in, std::int64_t i, Get get) {
  if constexpr (arity == 1) {
    return Op()(get(in.from[0] + i));
  } else if constexpr (arity == 2) {
    return Op()(get(in.from[0] + i), get(in.from[1] + i));
  } else {
    return Op()(get(in.from[0] + i), get(in.from[1] + i), get(in.from[2] + i));
  }
}

template <class V, class T>
RSQRT_FUNCTION void store_result(T* to, Complex<V> value) {
  V::store_complex(to, value);
}
template <class V, class T>
RSQRT_FUNCTION void store_result(T* to, V value) {
  // store_complex restores the order of the lanes.
  T parts[2 * V::width];
  V::store_complex(parts, {value, V::splat(0)});
  for (int i = 0; i < V::width; ++i) write(reinterpret_cast<std::byte*>(to + i), parts[2 * i]);
}

// T is the type of a part. A real result takes half the space of a complex one.
template <class Op, class T>
void apply_complex(const std::byte* const* in, std::byte* out, std::int64_t n) {
  using V = Vec<T>;
  constexpr int arity = arity_of<Op>();
  constexpr std::int64_t step = 2 * V::width;
  constexpr std::int64_t shrink = is_complex<Result<Op, Complex<T>>> ? 1 : 2;
  const auto load = [](const T* p) { return V::load_complex(p); };
  const Inputs<T, arity> from(in);
  T* to = reinterpret_cast<T*>(out);
  const std::int64_t end = 2 * n;
  std::int64_t i = 0;
  for (; i + step <= end; i += step) store_result(to + i / shrink, apply_at<Op>(from, i, load));
  if (i < end) {
    const auto bytes = static_cast<std::size_t>(end - i) * sizeof(T);
    T lanes[arity][step] = {};
    const std::byte* rest[arity];
    for (int k = 0; k < arity; ++k) {
      __builtin_memcpy(lanes[k], from.from[k] + i, bytes);
      rest[k] = reinterpret_cast<const std::byte*>(lanes[k]);
    }
    store_result(lanes[0], apply_at<Op>(Inputs<T, arity>(rest), 0, load));
    __builtin_memcpy(to + i / shrink, lanes[0], bytes / static_cast<std::size_t>(shrink));
  }
}

// Loads n lanes, n < width. The others are 0.
template <class V, class T>
RSQRT_FUNCTION V load_first(const T* p, int n) {
  if constexpr (requires { V::load_part(p, n); }) {
    return V::load_part(p, n);
  } else {
    T lanes[V::width] = {};
    for (int i = 0; i < n; ++i) lanes[i] = read<T>(reinterpret_cast<const std::byte*>(p + i));
    return V::load(lanes);
  }
}

template <class V, class T>
RSQRT_FUNCTION void store_first(T* p, V value, int n) {
  if constexpr (requires { value.store_part(p, n); }) {
    value.store_part(p, n);
  } else {
    T lanes[V::width];
    value.store(lanes);
    for (int i = 0; i < n; ++i) write(reinterpret_cast<std::byte*>(p + i), lanes[i]);
  }
}

// Applies Op to as many whole vectors as there are in n elements, and returns how many elements
// that were. `put` stores one vector.
template <class Op, class V, class T, int arity, class Put>
RSQRT_FUNCTION std::int64_t for_vectors(const Inputs<T, arity>& in, std::int64_t n, Put put) {
  constexpr std::int64_t width = V::width;
  const auto load = [](const T* p) { return V::load(p); };
  std::int64_t i = 0;
  if constexpr (requires { requires Op::template has_quick<V>; }) {
    // Test two vectors at once for lanes that the fast path left as NaN (decision 16).
    const T* const from = in.from[0];
    const auto finish = [&](V y, std::int64_t at) {
      if constexpr (arity == 1) {
        return y;
      } else {
        return Op().finish(y, V::load(in.from[1] + at));
      }
    };
    for (; i + 2 * width <= n; i += 2 * width) {
      const V x = V::load(from + i), z = V::load(from + i + width);
      V y = Op().quick(x), w = Op().quick(z);
      if (any(unordered(y, w))) [[unlikely]] {
        y = Op().careful(x, y);
        w = Op().careful(z, w);
      }
      // Both before either is stored: the output may be an input.
      const V first = finish(y, i), second = finish(w, i + width);
      put(i, first);
      put(i + width, second);
    }
  }
  for (; i + width <= n; i += width) put(i, apply_at<Op>(in, i, load));
  return i;
}

template <class Op, class T>
void apply_vectors(const std::byte* const* in, std::byte* out, std::int64_t n) {
  using V = VectorOf<T>;
  const Inputs<T, arity_of<Op>()> from(in);
  T* to = reinterpret_cast<T*>(out);
  const std::int64_t done = for_vectors<Op, V>(from, n, [to](std::int64_t i, V y) { y.store(to + i); });
  if (done < n) {
    const int rest = static_cast<int>(n - done);
    store_first(to + done, apply_at<Op>(from, done, [rest](const T* p) { return load_first<V>(p, rest); }),
                rest);
  }
}

// The same with stores that bypass the caches. These have to be aligned, and are fast only for
// whole cache lines.
template <class Op, class T>
void stream_vectors(const std::byte* const* in, std::byte* out, std::int64_t n) {
  using V = VectorOf<T>;
  constexpr int arity = arity_of<Op>();
  constexpr std::int64_t size = sizeof(T);
  const auto misaligned = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(out) % cache_line);
  const std::int64_t head = misaligned == 0 ? 0 : (cache_line - misaligned) / size;
  if (misaligned % size != 0 || head >= n) return apply_vectors<Op, T>(in, out, n);
  apply_vectors<Op, T>(in, out, head);
  const std::byte* body[arity];
  for (int k = 0; k < arity; ++k) body[k] = in[k] + head * size;
  T* to = reinterpret_cast<T*>(out) + head;
  const std::int64_t done =
      for_vectors<Op, V>(Inputs<T, arity>(body), n - head, [to](std::int64_t i, V y) { y.stream(to + i); });
  V::fence();
  for (int k = 0; k < arity; ++k) body[k] += done * size;
  apply_vectors<Op, T>(body, out + (head + done) * size, n - head - done);
}

template <class Op, class T>
void apply_elements(const std::byte* const* in, std::byte* out, std::int64_t n) {
  constexpr std::int64_t size = sizeof(T);
  const Inputs<T, arity_of<Op>()> from(in);
  const auto load = [](const T* p) { return read<T>(reinterpret_cast<const std::byte*>(p)); };
  RSQRT_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) write(out + i * size, apply_at<Op>(from, i, load));
}

// The loop of Op over contiguous elements of T. Null where T is converted first.
template <class Op, class T>
constexpr Apply apply_loop() {
  if constexpr (std::is_void_v<Compute<Op, T>>) {
    return nullptr;
  } else if constexpr (is_complex<T>) {
    return &apply_complex<Op, decltype(T::re)>;
  } else if constexpr (takes<Op, T>) {
    return &apply_elements<Op, T>;
  } else if constexpr (vectors_hold<T>) {
    return &apply_vectors<Op, T>;
  } else {
    return nullptr;
  }
}

template <class Op, class T>
constexpr Apply stream_loop() {
  // (gcc 12 with -fsanitize=undefined does not accept a comparison of apply_loop() with null as a
  // constant.)
  if constexpr (!std::is_void_v<Compute<Op, T>> && vectors_hold<T> && vectors_stream<T> && !takes<Op, T>) {
    return &stream_vectors<Op, T>;
  } else {
    return nullptr;
  }
}

#define CONVERT(id, name, type) &convert_strided<From, type>,
#define APPLY(id, name, type) apply_loop<Op, type>(),
#define STREAM(id, name, type) stream_loop<Op, type>(),

template <class From>
constexpr ConvertRow converts = {{RSQRT_DTYPES(CONVERT)}};
template <class Op>
constexpr ApplyRow applies = {{RSQRT_DTYPES(APPLY)}, {RSQRT_DTYPES(STREAM)}};

#undef CONVERT
#undef APPLY
#undef STREAM

#define CONVERTS(id, name, type) converts<type>,
#define APPLIES(name, functor) applies<functor>,

constexpr ApplyRow apply_rows[] = {RSQRT_OPS(APPLIES)};

// Of float32 and float64 only: other dtypes take two loops.
template <class Op, class T>
constexpr Apply pair_loop() {
  if constexpr (std::is_floating_point_v<T>) {
    return &apply_vectors<Op, T>;
  } else {
    return nullptr;
  }
}

#define PAIR_LOOP(id, name, type) pair_loop<Op, type>(),
template <class Op>
constexpr PairRow pair_loops = {{RSQRT_DTYPES(PAIR_LOOP)}};

#define PAIR(first, second, functor) pair_loops<functor>,
constexpr PairRow pair_rows[] = {RSQRT_PAIRS(PAIR)};

}  // namespace

extern const Draw draws[];  // of random.cpp
extern const Kernels kernels;
const Kernels kernels = {{RSQRT_DTYPES(CONVERTS)}, apply_rows, pair_rows, draws};

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cpu
