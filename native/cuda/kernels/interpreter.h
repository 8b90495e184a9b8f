// The kernels for any program: each thread runs the tape for a few neighbouring elements.
#pragma once

#include <cstddef>
#include <type_traits>

#include "cuda/kernels/element.h"
#include "cuda/kernels/shared_memory.h"
#include "cuda/kernels/tape.h"

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ < 700 || !defined(__grid_constant__)
#define RSQRT_GRID_CONSTANT
#else
#define RSQRT_GRID_CONSTANT __grid_constant__
#endif

// clang would join the ends of branches into one access by a computed address, which is one to local
// memory. The number tells a branch from others.
#ifdef __clang__
#define RSQRT_APART(number) asm volatile("" ::"n"(number))
#else
#define RSQRT_APART(number)
#endif

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

// Registers cannot be indexed, so each slot is a variable, and a switch finds it, in which all
// threads take the same branch. An array would be in local memory.
inline constexpr int register_slots = 4;

template <int width>
class RegisterSlots {
 public:
  __device__ __forceinline__ Values<width> get(int slot) const {
    Values<width> values;
    switch (slot) {
      case 0:
        values = first_;
        RSQRT_APART(0);
        break;
      case 1:
        values = second_;
        RSQRT_APART(1);
        break;
      case 2:
        values = third_;
        RSQRT_APART(2);
        break;
      default:
        values = fourth_;
        RSQRT_APART(3);
        break;
    }
    return values;
  }
  __device__ __forceinline__ void set(int slot, const Values<width>& values) {
    switch (slot) {
      case 0:
        first_ = values;
        RSQRT_APART(0);
        break;
      case 1:
        second_ = values;
        RSQRT_APART(1);
        break;
      case 2:
        third_ = values;
        RSQRT_APART(2);
        break;
      default:
        fourth_ = values;
        RSQRT_APART(3);
        break;
    }
  }

 private:
  Values<width> first_ = {}, second_ = {}, third_ = {}, fourth_ = {};
};

// Slots in shared memory. Neighbouring threads have neighbouring words of 16 bytes, so no bank is
// asked twice.
template <int width>
class SharedSlots {
 public:
  __device__ __forceinline__ Values<width> get(int slot) const {
    return bits_as<Values<width>>(rsqrt_shared_memory[slot * threads_per_block + threadIdx.x]);
  }
  __device__ __forceinline__ void set(int slot, const Values<width>& values) {
    rsqrt_shared_memory[slot * threads_per_block + threadIdx.x] = bits_as<uint4>(values);
  }
};
inline constexpr std::size_t shared_slot_bytes = sizeof(uint4) * threads_per_block;

// A value that an instruction reads: of a slot or a scalar.
template <int width, class Slots>
__device__ __forceinline__ Values<width> input(const Task<width>& task, const Slots& slots, int in) {
  Values<width> values;
  if (in < max_slots) {
    values = slots.get(in);
    RSQRT_APART(0);
  } else {
    const Word<width> scalar = task.scalar[in - max_slots];
#pragma unroll
    for (int k = 0; k < elements_in_slot<width>; ++k) values.word[k] = scalar;
    RSQRT_APART(1);
  }
  return values;
}

// The elements of a row that a thread handles at a time.
struct Place {
  std::uint32_t row;
  std::uint32_t first;  // the index in the row of element 0, which is below 0 in the lead: modulo 2^32

  template <int width>
  __device__ __forceinline__ Place(const Task<width>& task, std::uint32_t number) {
    row = quotient(number, task.packs_in_row);
    first = (number - row * task.packs_in_row.divisor) * elements_in_slot<width> - task.lead;
  }

  // Whether element k is in the row, or all are.
  template <int width>
  __device__ __forceinline__ bool has(const Task<width>& task, int k) const {
    return first + k < task.size;
  }
  template <int width>
  __device__ __forceinline__ bool is_whole(const Task<width>& task) const {
    constexpr std::uint32_t more = elements_in_slot<width> - 1;
    return first < task.size && first + more < task.size;
  }

  // The offset of element 0 in an operand, modulo 2^32.
  template <int width>
  __device__ __forceinline__ std::uint32_t offset(const Task<width>& task, const TaskOperand& operand) const {
    std::uint32_t rest = row, offset = first * operand.inner_stride;
#pragma unroll 1
    for (int dim = static_cast<int>(task.outer) - 1; dim >= 0; --dim) {
      const std::uint32_t outer = quotient(rest, task.sizes[dim]);
      offset += (rest - outer * task.sizes[dim].divisor) * operand.strides[dim];
      rest = outer;
    }
    return offset;
  }
};

template <class T, int n>
struct Elements {
  T element[n];
};

// Where a thread finds the elements that it handles in an operand.
struct Found {
  std::byte* memory;
  std::uint32_t offset;  // of element 0, in elements
  std::uint32_t stride;
  std::uint32_t size;  // of an element, in bytes
  bool whole;          // all are there, one after the other and aligned

  template <int width>
  __device__ __forceinline__ Found(const Task<width>& task, int k, const Place& place) {
    const TaskOperand& operand = task.operand[k];
    memory = operand.memory;
    offset = place.offset(task, operand);
    stride = operand.inner_stride;
    size = operand.size;
    whole = operand.whole != 0 && place.is_whole(task);
  }
};

template <class T, int width>
__device__ __forceinline__ void load(const Task<width>& task, const Place& place, const Found& found,
                                     Values<width>& values) {
  constexpr int n = elements_in_slot<width>;
  if constexpr (sizeof(T) <= width) {
    const T* const memory = reinterpret_cast<const T*>(found.memory);
    Elements<T, n> elements = {};
    if (found.whole) {
      elements = read<Elements<T, n>>(memory + found.offset);
    } else {
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const std::uint32_t i = found.offset + k * found.stride;
        if (place.has(task, k)) elements.element[k] = read<T>(memory + i);
      }
    }
#pragma unroll
    for (int k = 0; k < n; ++k) values.word[k] = loaded<Word<width>>(elements.element[k]);
  }
}

template <class T, int width>
__device__ __forceinline__ void store(const Task<width>& task, const Place& place, const Found& found,
                                      const Values<width>& values) {
  constexpr int n = elements_in_slot<width>;
  if constexpr (sizeof(T) <= width) {
    T* const memory = reinterpret_cast<T*>(found.memory);
    Elements<T, n> elements;
#pragma unroll
    for (int k = 0; k < n; ++k) elements.element[k] = stored<T>(values.word[k]);
    if (found.whole) {
      write(memory + found.offset, elements);
    } else {
#pragma unroll
      for (int k = 0; k < n; ++k) {
        const std::uint32_t i = found.offset + k * found.stride;
        if (place.has(task, k)) write(memory + i, elements.element[k]);
      }
    }
  }
}

// Starts to move a pack of every operand that is fetched ahead into the second-level cache. A thread
// waits for each element that it loads before it runs the next instruction, so without this too few
// reads would be in flight.
template <int width>
__device__ __forceinline__ void fetch_ahead(const Task<width>& task, std::uint32_t number) {
  if (number >= task.packs) return;
  const Place place(task, number);
#pragma unroll 1
  for (std::uint32_t i = 0; i < task.ahead; ++i) {
    const Found found(task, task.fetched[i], place);
    [[maybe_unused]] const std::byte* const p = found.memory + std::size_t{found.offset} * found.size;
#ifdef __CUDA_ARCH__
    if (found.whole) asm volatile("prefetch.global.L2 [%0];" ::"l"(p));
#endif
  }
}

// Sets each element of `results` to f of those of `inputs`. With `once`, the code contains f once,
// and the elements move down by one place after each.
template <bool once, int width, class F, class... Inputs>
__device__ __forceinline__ void each(Values<width>& results, F f, Inputs... inputs) {
  constexpr int n = elements_in_slot<width>;
  if constexpr (once && n > 1) {
    const auto shift = [](Values<width>& values) {
#pragma unroll
      for (int k = 1; k < n; ++k) values.word[k - 1] = values.word[k];
    };
#pragma unroll 1
    for (int i = 0; i < n; ++i) {
      const Word<width> result = f(inputs.word[0]...);
      (shift(inputs), ...);
      shift(results);
      results.word[n - 1] = result;
    }
  } else {
#pragma unroll
    for (int k = 0; k < n; ++k) results.word[k] = f(inputs.word[k]...);
  }
}

// How values are held by an op: in a Lane, or as they are.
template <class T>
__device__ __forceinline__ auto lane_of(T value) {
  if constexpr (is_complex<T>) {
    return Complex<Lane<decltype(T::re)>>{{value.re}, {value.im}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return Lane<T>{value};
  } else {
    return value;
  }
}
template <class V>
__device__ __forceinline__ auto from_lane(V value) {
  if constexpr (is_complex<V>) {
    return Complex<decltype(value.re.v)>{value.re.v, value.im.v};
  } else if constexpr (requires { value.v; }) {
    return value.v;
  } else {
    return value;
  }
}

// A kernel has as many registers as the largest of its ops needs. So ops that need many are in
// kernels of their own, which have all others too.
enum class Tier { light, full };

// The tier of an op that computes T. A functor with `static constexpr bool heavy = true` is in the
// full one, and so are the long ops of complex numbers.
template <class Op, class T>
inline constexpr Tier tier_of = [] {
  if constexpr (requires { requires Op::heavy; }) return Tier::full;
  return is_complex<T> && is_long<Op, T> ? Tier::full : Tier::light;
}();

// Whether a kernel has an op that computes T from so many inputs. Copies are conversions.
template <class Op, class T, int width, Tier tier, int inputs>
inline constexpr bool has_op = !std::is_same_v<Op, Copy> && inputs == arity_of<Op>() && sizeof(T) <= width &&
                               computes<Op, T> && (tier == Tier::full || tier_of<Op, T> == Tier::light);

template <class Op, class T, Tier tier, int width, class... Inputs>
__device__ __forceinline__ void apply(Values<width>& results, const Inputs&... inputs) {
  if constexpr (has_op<Op, T, width, tier, sizeof...(Inputs)>) {
    each<is_long<Op, T>>(
        results,
        [](auto... words) { return word_of<Word<width>>(from_lane(Op()(lane_of(value_of<T>(words))...))); },
        inputs...);
  }
}

template <class From, class To, int width>
__device__ __forceinline__ void convert_values(Values<width>& results, const Values<width>& values) {
  if constexpr (sizeof(From) <= width && sizeof(To) <= width) {
    each<false>(
        results, [](Word<width> word) { return word_of<Word<width>>(convert<To>(value_of<From>(word))); },
        values);
  }
}

// To a float that rounds to any 16-bit float as the value, or its real part, does.
template <class From>
__device__ __forceinline__ float to_odd(From value) {
  if constexpr (is_complex<From>) {
    return to_odd(value.re);
  } else if constexpr (std::is_same_v<From, std::int64_t>) {
    return rounded_to_odd(rounded_to_odd(value));
  } else {
    return rounded_to_odd(static_cast<double>(value));
  }
}

// From which values that is not exact.
template <class From>
inline constexpr bool has_odd = std::is_same_v<From, std::int32_t> || sizeof(From) == 8 || sizeof(From) == 16;
template <>
inline constexpr bool has_odd<Complex<float>> = false;

template <class From, int width>
__device__ __forceinline__ void convert_to_odd(Values<width>& results, const Values<width>& values) {
  if constexpr (sizeof(From) <= width && has_odd<From>) {
    each<false>(
        results, [](Word<width> word) { return word_of<Word<width>>(to_odd(value_of<From>(word))); }, values);
  }
}

template <class T, int width>
__device__ __forceinline__ void round_to(Values<width>& values) {
#pragma unroll
  for (int k = 0; k < elements_in_slot<width>; ++k) {
    T rounded;
    narrow_quickly(value_of<float>(values.word[k]), rounded);
    values.word[k] = word_of<Word<width>>(widened(rounded));
  }
}
template <class T, int width>
__device__ __forceinline__ void wrap_to(Values<width>& values) {
#pragma unroll
  for (int k = 0; k < elements_in_slot<width>; ++k) {
    const std::int32_t wrapped = static_cast<T>(value_of<std::int32_t>(values.word[k]));
    values.word[k] = word_of<Word<width>>(wrapped);
  }
}
template <class T, int width>
__device__ __forceinline__ void clamp_to(Values<width>& values) {
#pragma unroll
  for (int k = 0; k < elements_in_slot<width>; ++k) {
    constexpr std::int32_t min = limits<T, float>.min, max = limits<T, float>.max;
    const std::int32_t value = value_of<std::int32_t>(values.word[k]);
    values.word[k] = word_of<Word<width>>(value < min ? min : value > max ? max : value);
  }
}

template <int width>
__device__ __forceinline__ void fit(Fit how, Values<width>& values) {
  switch (how) {
    case Fit::none:
      break;
    case Fit::half:
      round_to<Half>(values);
      break;
    case Fit::bfloat16:
      round_to<BFloat16>(values);
      break;
    case Fit::wrap_int8:
      wrap_to<std::int8_t>(values);
      break;
    case Fit::wrap_uint8:
      wrap_to<std::uint8_t>(values);
      break;
    case Fit::wrap_int16:
      wrap_to<std::int16_t>(values);
      break;
    case Fit::clamp_int8:
      clamp_to<std::int8_t>(values);
      break;
    case Fit::clamp_uint8:
      clamp_to<std::uint8_t>(values);
      break;
    case Fit::clamp_int16:
      clamp_to<std::int16_t>(values);
      break;
  }
}

enum OpIndex {
#define X(name, functor) index_of_##functor,
  RSQRT_OPS(X)
#undef X
};

// clang-format off
// The cases of an op in every form. The inputs are the further arguments.
#define RSQRT_APPLY_CASE(functor, form, ...)                                       \
  case apply_code(index_of_##functor, Form::form):                                 \
    apply<functor, typename TypeOf<Form::form>::type, tier>(results, __VA_ARGS__); \
    break;
#define RSQRT_APPLY_CASES(functor, ...)         \
  RSQRT_APPLY_CASE(functor, f32, __VA_ARGS__)   \
  RSQRT_APPLY_CASE(functor, i32, __VA_ARGS__)   \
  RSQRT_APPLY_CASE(functor, truth, __VA_ARGS__) \
  RSQRT_APPLY_CASE(functor, f64, __VA_ARGS__)   \
  RSQRT_APPLY_CASE(functor, i64, __VA_ARGS__)   \
  RSQRT_APPLY_CASE(functor, c64, __VA_ARGS__)   \
  RSQRT_APPLY_CASE(functor, c128, __VA_ARGS__)

// The cases of the conversions from a form.
#define RSQRT_CONVERT_CASE(from, to)                                                                \
  case convert_code(Form::from, Form::to):                                                          \
    convert_values<typename TypeOf<Form::from>::type, typename TypeOf<Form::to>::type>(results, a); \
    break;
#define RSQRT_CONVERT_CASES(from, type) \
  RSQRT_CONVERT_CASE(from, f32)         \
  RSQRT_CONVERT_CASE(from, i32)         \
  RSQRT_CONVERT_CASE(from, truth)       \
  RSQRT_CONVERT_CASE(from, f64)         \
  RSQRT_CONVERT_CASE(from, i64)         \
  RSQRT_CONVERT_CASE(from, c64)         \
  RSQRT_CONVERT_CASE(from, c128)        \
  case odd_code(Form::from):            \
    convert_to_odd<type>(results, a);   \
    break;
// clang-format on

template <Tier tier, int width>
__device__ __forceinline__ void evaluate(int code, Values<width>& results, const Values<width>& a) {
  switch (code) {
    RSQRT_FORMS(RSQRT_CONVERT_CASES)
    case canonical_code:
      each<false>(
          results,
          [](Word<width> word) { return word_of<Word<width>>(convert_float<float>(value_of<float>(word))); },
          a);
      break;
    case canonical_complex_code:
      if constexpr (width >= 8) {
        each<false>(
            results,
            [](Word<width> word) {
              return word_of<Word<width>>(Complex<float>{convert_float<float>(value_of<float>(word)), 0});
            },
            a);
      }
      break;
#define X(name, functor) RSQRT_APPLY_CASES(functor, a)
      RSQRT_OPS(X)
#undef X
    default:
      break;
  }
}

template <Tier tier, int width>
__device__ __forceinline__ void evaluate(int code, Values<width>& results, const Values<width>& a,
                                         const Values<width>& b) {
  switch (code) {
#define X(name, functor) RSQRT_APPLY_CASES(functor, a, b)
    RSQRT_OPS(X)
#undef X
    default:
      break;
  }
}

template <Tier tier, int width>
__device__ __forceinline__ void evaluate(int code, Values<width>& results, const Values<width>& a,
                                         const Values<width>& b, const Values<width>& c) {
  switch (code) {
#define X(name, functor) RSQRT_APPLY_CASES(functor, a, b, c)
    RSQRT_OPS(X)
#undef X
    default:
      break;
  }
}

// The number of ops with three inputs.
#define X(name, functor) +(arity_of<functor>() == 3 ? 1 : 0)
inline constexpr int ternary_ops = RSQRT_OPS(X);
#undef X

#undef RSQRT_APPLY_CASE
#undef RSQRT_APPLY_CASES
#undef RSQRT_CONVERT_CASE
#undef RSQRT_CONVERT_CASES

// Runs an instruction that loads or applies an op.
template <Tier tier, int width, class Slots>
__device__ __forceinline__ void run(const Task<width>& task, const Instruction& next, const Place& place,
                                    Slots& slots) {
  Values<width> results = {};
  if (next.arity() == 0) {
    const Found found(task, next.in(0), place);
    switch (next.code()) {
#define X(name, type)                               \
  case load_codes + static_cast<int>(Stored::name): \
    load<type>(task, place, found, results);        \
    break;
      RSQRT_STORED(X)
#undef X
      default:
        break;
    }
  } else {
    const Values<width> a = input(task, slots, next.in(0));
    if (next.arity() == 1) {
      evaluate<tier>(next.code(), results, a);
    } else {
      const Values<width> b = input(task, slots, next.in(1));
      if (ternary_ops == 0 || next.arity() == 2) {
        evaluate<tier>(next.code(), results, a, b);
      } else {
        evaluate<tier>(next.code(), results, a, b, input(task, slots, next.in(2)));
      }
    }
    fit(next.fit(), results);
  }
  slots.set(next.out(), results);
}

// Runs an instruction that stores.
template <int width, class Slots>
__device__ __forceinline__ void run_store(const Task<width>& task, const Instruction& next,
                                          const Place& place, const Slots& slots) {
  const Values<width> values = input(task, slots, next.in(0));
  const Found found(task, next.in(1), place);
  switch (next.code()) {
#define X(name, type)                        \
  case static_cast<int>(Stored::name):       \
    store<type>(task, place, found, values); \
    break;
    RSQRT_STORED(X)
#undef X
    default:
      break;
  }
}

// The blocks that a multiprocessor must be able to hold: 64 registers in the light tier, 128 in the
// full one.
inline constexpr int blocks_in_tier(Tier tier) { return tier == Tier::light ? 4 : 2; }

// The blocks of a grid for each multiprocessor: whole waves, as in grid_for, but fewer, because a
// block fetches ahead from its second pack on.
inline constexpr int interpreter_blocks = 24;

template <int width, Tier tier, class Slots>
__global__ void __launch_bounds__(threads_per_block, blocks_in_tier(tier))
    interpreter(RSQRT_GRID_CONSTANT const Task<width> task) {
  Slots slots;
  const std::uint32_t step = gridDim.x * threads_per_block;
  std::uint32_t number = blockIdx.x * threads_per_block + threadIdx.x;
  fetch_ahead(task, number);
#pragma unroll 1
  for (; number < task.packs; number += step) {
    fetch_ahead(task, number + step);
    const Place place(task, number);
#pragma unroll 1
    for (std::uint32_t i = 0; i < task.length; ++i) run<tier>(task, task.tape[i], place, slots);
#pragma unroll 1
    for (std::uint32_t i = 0; i < task.stores; ++i) run_store(task, task.tape[task.length + i], place, slots);
  }
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda

#undef RSQRT_APART
