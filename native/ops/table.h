// The operation table: every elementwise operation of the addon.
#pragma once

#include <string_view>
#include <type_traits>

#include "core/dtype.h"
#include "ops/basic.h"
#include "ops/binary.h"
#include "ops/rsqrt.h"

// X(public name, functor). The position is the operation's code, which the addon publishes by name.
#define RSQRT_OPS(X)          \
  X("copy", Copy)             \
  X("rsqrt", Rsqrt)           \
  X("sqrt", Sqrt)             \
  X("reciprocal", Reciprocal) \
  X("neg", Neg)               \
  X("abs", Abs)               \
  X("square", Square)         \
  X("add", Add)               \
  X("mul", Mul)

RSQRT_TARGET_BEGIN

// The number of inputs of Op: 1, unless it says otherwise.
template <class Op>
constexpr int arity_of() {
  if constexpr (requires { Op::arity; }) {
    return Op::arity;
  } else {
    return 1;
  }
}

// Whether Op can be called with as many values of type V as it has inputs, and what it returns.
template <class Op, class V, int arity = arity_of<Op>()>
struct Call : std::is_invocable<Op, V> {
  using Return = std::invoke_result<Op, V>;
};
template <class Op, class V>
struct Call<Op, V, 2> : std::is_invocable<Op, V, V> {
  using Return = std::invoke_result<Op, V, V>;
};
template <class Op, class V>
struct Call<Op, V, 3> : std::is_invocable<Op, V, V, V> {
  using Return = std::invoke_result<Op, V, V, V>;
};
template <class Op, class V>
inline constexpr bool takes = Call<Op, V>::value;

// The type that Op computes T in. void if Op refuses T.
template <class Op, class T>
constexpr auto compute_type() {
  if constexpr (std::is_floating_point_v<T> || takes<Op, T>) {
    return T{};
  } else if constexpr (is_float16<T>) {
    return float{};
  } else if constexpr (is_complex<T>) {
    return;
  } else if constexpr (!takes<Op, std::int32_t>) {
    return float{};
  } else if constexpr (requires { typename Op::bool_type; }) {
    return typename Op::bool_type{};
  }
}

template <class Op, class T>
using Compute = decltype(compute_type<Op, T>());

// The type that Op returns for T: the computed type, except that a 16-bit float returns itself and
// a complex number may return a real one.
template <class Op, class T>
constexpr auto result_type() {
  if constexpr (is_float16<T>) {
    return T{};
  } else if constexpr (is_complex<T> && takes<Op, T>) {
    return typename Call<Op, T>::Return::type{};
  } else {
    return compute_type<Op, T>();
  }
}

template <class Op, class T>
using Result = decltype(result_type<Op, T>());

// The code of the dtype of T. −1 for void.
template <class T>
constexpr int code_of() {
  if constexpr (std::is_void_v<T>) {
    return -1;
  } else {
    return index_of(dtype_of<T>);
  }
}

// Whether some dtype is computed as T. If so, a backend has a kernel <Op, T>.
template <class Op, class T>
inline constexpr bool computes = std::is_same_v<Compute<Op, T>, T>;

struct OpInfo {
  const char* name;
  int arity;
  // By dtype: the code of the computed dtype and that of the result. −1 if refused.
  int computes[dtype_count];
  int results[dtype_count];

  // Whether a step of a program may apply the op to values of a dtype: it computes in that dtype, or
  // in float32 for a 16-bit float.
  constexpr bool applies_to(DType dtype) const {
    const int computed = computes[index_of(dtype)];
    return computed == index_of(dtype) || (computed >= 0 && is_float16_dtype(dtype));
  }
};

template <class Op>
constexpr OpInfo describe(const char* op) {
#define COMPUTE(id, name, type) code_of<Compute<Op, type>>(),
#define RESULT(id, name, type) code_of<Result<Op, type>>(),
  return {op, arity_of<Op>(), {RSQRT_DTYPES(COMPUTE)}, {RSQRT_DTYPES(RESULT)}};
#undef COMPUTE
#undef RESULT
}

inline constexpr OpInfo op_table[] = {
#define X(name, functor) describe<functor>(name),
    RSQRT_OPS(X)
#undef X
};

inline constexpr int op_count = static_cast<int>(sizeof(op_table) / sizeof(op_table[0]));

constexpr int op_named(std::string_view name) {
  for (int op = 0; op < op_count; ++op) {
    if (op_table[op].name == name) return op;
  }
  return -1;
}

// The operation that moves and converts.
inline constexpr int copy_op = op_named("copy");
static_assert(copy_op >= 0);

// X(first, second, functor): pairs that the CPU runs as one loop, if their dtype has one. The functor
// is second(first(x), z) or second(first(x, y), z), and the second operation is commutative.
#define RSQRT_PAIRS(X)    \
  X("mul", "add", MulAdd) \
  X("mul", "mul", MulMul) \
  X("add", "mul", AddMul) \
  X("rsqrt", "mul", RsqrtMul)

// The row of a pair. −1 if there is none.
constexpr int pair_of(int first, int second) {
#define X(first_name, second_name, functor) {op_named(first_name), op_named(second_name)},
  constexpr int pairs[][2] = {RSQRT_PAIRS(X)};
#undef X
  int row = 0;
  for (const auto& pair : pairs) {
    if (pair[0] == first && pair[1] == second) return row;
    ++row;
  }
  return -1;
}

RSQRT_TARGET_END
