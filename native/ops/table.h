// The op table: every elementwise operation the addon knows.
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

// The type that Op computes T in, which is also the type of its result; void where it refuses T.
template <class Op, class T>
constexpr auto compute_type() {
  if constexpr (std::is_floating_point_v<T>) {
    return T{};
  } else if constexpr (!std::is_invocable_v<Op, std::int32_t>) {
    return float{};
  } else if constexpr (!std::is_same_v<T, Bool>) {
    return T{};
  } else if constexpr (requires { typename Op::bool_type; }) {
    return typename Op::bool_type{};
  }
}

template <class Op, class T>
using Compute = decltype(compute_type<Op, T>());

// The code of the dtype that Op computes T in, −1 where it refuses T.
template <class Op, class T>
constexpr int compute_code() {
  if constexpr (std::is_void_v<Compute<Op, T>>) {
    return -1;
  } else {
    return index_of(dtype_of<Compute<Op, T>>);
  }
}

// Whether some dtype is computed as T: then a backend has a kernel <Op, T>.
template <class Op, class T>
inline constexpr bool computes = std::is_same_v<Compute<Op, T>, T>;

struct OpInfo {
  const char* name;
  int results[dtype_count];  // by dtype: the code of the dtype computed in and returned, −1 if refused
};

template <class Op>
constexpr OpInfo describe(const char* op) {
#define X(id, name, type) compute_code<Op, type>(),
  return {op, {RSQRT_DTYPES(X)}};
#undef X
}

inline constexpr OpInfo op_table[] = {
#define X(name, functor) describe<functor>(name),
    RSQRT_OPS(X)
#undef X
};

inline constexpr int op_count = static_cast<int>(sizeof(op_table) / sizeof(op_table[0]));

RSQRT_TARGET_END
