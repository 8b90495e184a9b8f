// Shared by the kernels: applying an op to one element, memory access in words, block and grid sizes.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

#include "core/convert.h"
#include "cuda/half.h"
#include "cuda/lane.h"
#include "ops/table.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

inline constexpr unsigned threads_per_block = 256;

// The number of elements, or packs of them, that a thread loads before it computes the first. That
// keeps enough memory reads in flight even where registers allow only few resident threads.
inline constexpr int in_flight = 4;

// Whole waves of blocks, whether 8, 6, 4 or 3 of them are resident on a multiprocessor, and nearly
// so for 5 and 7. With more blocks, each would have less work over which to spread its start.
inline constexpr int blocks_per_multiprocessor = 48;

// The grid for `blocks` blocks' worth of work. The kernels loop over what exceeds a grid.
inline dim3 grid_for(std::int64_t blocks, int multiprocessors, int most_each = blocks_per_multiprocessor) {
  const std::int64_t most = std::int64_t{multiprocessors} * most_each;
  return dim3(static_cast<unsigned>(blocks < most ? blocks : most));
}

constexpr std::int64_t quotient_up(std::int64_t dividend, std::int64_t divisor) {
  return (dividend + divisor - 1) / divisor;
}

// The result of Op for an element that it computes as T: a T, or possibly a real number if T is
// complex.
template <class Op, class T>
__device__ __forceinline__ auto evaluate(T value) {
  if constexpr (is_complex<T>) {
    using V = Lane<decltype(T::re)>;
    const auto result = Op()(Complex<V>{{value.re}, {value.im}});
    if constexpr (is_complex<std::remove_const_t<decltype(result)>>) {
      return T{result.re.v, result.im.v};
    } else {
      return result.v;
    }
  } else if constexpr (std::is_invocable_v<Op, T>) {
    return Op()(value);
  } else {
    return Op()(Lane<T>{value}).v;
  }
}

template <class T>
inline constexpr bool is_16_bit_float = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// A float that rounds to the same 16-bit float as the result of Op.
template <class Op>
__device__ __forceinline__ float evaluate_coarsely(float value) {
  if constexpr (requires(Lane<float> lane) { Op().coarse(lane); }) {
    return Op().coarse(Lane<float>{value}).v;
  } else {
    return evaluate<Op, float>(value);
  }
}

// The result of Op for an element as it is stored in memory, rounded to the dtype of the result.
template <class Op, class From>
__device__ __forceinline__ Result<Op, From> result_of(From value) {
  using T = Compute<Op, From>;
  Result<Op, From> result;
  if constexpr (is_16_bit_float<From> && std::is_same_v<Result<Op, From>, From>) {
    narrow_quickly(evaluate_coarsely<Op>(widened(value)), result);
  } else {
    result = convert<Result<Op, From>>(evaluate<Op, T>(convert<T>(value)));
  }
  return result;
}

template <class Op, class... Ops>
inline constexpr bool is_one_of = (std::is_same_v<Op, Ops> || ...);

// Whether Op has so many instructions that a kernel should contain it once, and not once for each
// element in flight. A new op counts as long in double and for complex numbers.
template <class Op, class T>
inline constexpr bool is_long =
    is_complex<T> ? !is_one_of<Op, Copy, Neg, Add>
                  : std::is_same_v<T, double> && !is_one_of<Op, Copy, Neg, Abs, Square, Add, Mul>;

// Calls visit(values[k], k) for every k. To keep the code short, it can be there only once; then
// the values are shifted to the first place. An index known only at run time would move them from
// registers to memory.
template <bool repeats_code, class T, int n, class Visit>
__device__ __forceinline__ void for_each(T (&values)[n], Visit visit) {
  if constexpr (repeats_code) {
#pragma unroll
    for (int k = 0; k < n; ++k) visit(values[k], k);
  } else {
#pragma unroll 1
    for (int k = 0; k < n; ++k) {
      visit(values[0], k);
#pragma unroll
      for (int i = 1; i < n; ++i) values[i - 1] = values[i];
    }
  }
}

// The type with which one instruction moves this many bytes.
template <int bytes>
struct WordOf;
// clang-format off
template <> struct WordOf<1> { using type = std::uint8_t; };
template <> struct WordOf<2> { using type = std::uint16_t; };
template <> struct WordOf<4> { using type = std::uint32_t; };
template <> struct WordOf<8> { using type = uint2; };
template <> struct WordOf<16> { using type = uint4; };
// clang-format on

// Reads and writes a T with one instruction, where p is a multiple of its size.
template <class T>
__device__ __forceinline__ T read(const void* p) {
  return bits_as<T>(*static_cast<const typename WordOf<sizeof(T)>::type*>(p));
}
template <class T>
__device__ __forceinline__ void write(void* p, T value) {
  using Word = typename WordOf<sizeof(T)>::type;
  *static_cast<Word*>(p) = bits_as<Word>(value);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
