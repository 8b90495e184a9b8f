// The operation table: every elementwise operation of the addon.
#pragma once

#include <type_traits>

#include "core/dtype.h"
#include "ops/basic.h"
#include "ops/rsqrt.h"

// X(public name, functor). The position is the operation's code, which the addon publishes by name.
#define RSQRT_OPS(X)          \
  X("copy", Copy)             \
  X("rsqrt", Rsqrt)           \
  X("sqrt", Sqrt)             \
  X("reciprocal", Reciprocal) \
  X("neg", Neg)               \
  X("abs", Abs)               \
  X("square", Square)

RSQRT_TARGET_BEGIN

// The type that Op computes T in. void if Op refuses T.
template <class Op, class T>
constexpr auto compute_type() {
  if constexpr (std::is_floating_point_v<T> || std::is_invocable_v<Op, T>) {
    return T{};
  } else if constexpr (is_float16<T>) {
    return float{};
  } else if constexpr (is_complex<T>) {
    return;
  } else if constexpr (!std::is_invocable_v<Op, std::int32_t>) {
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
  } else if constexpr (is_complex<T> && std::is_invocable_v<Op, T>) {
    return std::invoke_result_t<Op, T>{};
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
  // By dtype: the code of the computed dtype and that of the result. −1 if refused.
  int computes[dtype_count];
  int results[dtype_count];
};

template <class Op>
constexpr OpInfo describe(const char* op) {
#define COMPUTE(id, name, type) code_of<Compute<Op, type>>(),
#define RESULT(id, name, type) code_of<Result<Op, type>>(),
  return {op, {RSQRT_DTYPES(COMPUTE)}, {RSQRT_DTYPES(RESULT)}};
#undef COMPUTE
#undef RESULT
}

inline constexpr OpInfo op_table[] = {
#define X(name, functor) describe<functor>(name),
    RSQRT_OPS(X)
#undef X
};

inline constexpr int op_count = static_cast<int>(sizeof(op_table) / sizeof(op_table[0]));

RSQRT_TARGET_END
