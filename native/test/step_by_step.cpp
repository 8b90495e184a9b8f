#include "test/step_by_step.h"

#include <cstring>
#include <type_traits>

#include "core/convert.h"
#include "ops/program.h"
#include "ops/table.h"
#include "test/lone.h"

namespace rsqrt_native::test {
namespace {

using Move = void (*)(const std::byte* in, std::byte* out, std::int64_t n);
using Apply = void (*)(const std::byte* const* in, std::byte* out, std::int64_t n);

template <class T>
T read(const std::byte* elements, std::int64_t i) {
  T value;
  std::memcpy(&value, elements + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void write(std::byte* elements, std::int64_t i, T value) {
  std::memcpy(elements + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof(T));
}

template <class From, class To>
void convert_all(const std::byte* in, std::byte* out, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) write(out, i, convert<To>(read<From>(in, i)));
}

// An element as the type that functors take, and back.
template <class T>
auto wrapped(T value) {
  if constexpr (is_float16<T>) {
    return Lone<float>{convert<float>(value)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return Lone<T>{value};
  } else if constexpr (is_complex<T>) {
    using Part = Lone<decltype(value.re)>;
    return Complex<Part>{{value.re}, {value.im}};
  } else {
    return value;
  }
}
template <class T, class V>
T unwrapped(V value) {
  if constexpr (is_complex<T>) {
    return {value.re.v, value.im.v};
  } else if constexpr (requires { value.v; }) {
    return convert<T>(value.v);
  } else {
    return value;
  }
}

// `T` is the dtype of a step.
template <class Op, class T>
void apply_all(const std::byte* const* in, std::byte* out, std::int64_t n) {
  using R = Result<Op, T>;
  const auto input = [&](int k, std::int64_t i) { return wrapped(read<T>(in[k], i)); };
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (arity_of<Op>() == 1) {
      write(out, i, unwrapped<R>(Op()(input(0, i))));
    } else if constexpr (arity_of<Op>() == 2) {
      write(out, i, unwrapped<R>(Op()(input(0, i), input(1, i))));
    } else {
      write(out, i, unwrapped<R>(Op()(input(0, i), input(1, i), input(2, i))));
    }
  }
}

// Null where a step cannot have that dtype.
template <class Op, class T>
constexpr Apply apply_of() {
  if constexpr (computes<Op, T> || (is_float16<T> && !std::is_void_v<Compute<Op, T>>)) {
    return &apply_all<Op, T>;
  } else {
    return nullptr;
  }
}

struct Converts {
  Move to[dtype_count];
};
struct Applies {
  Apply in[dtype_count];
};

#define CONVERT(id, name, type) &convert_all<From, type>,
#define APPLY(id, name, type) apply_of<Op, type>(),

template <class From>
constexpr Converts converts_from = {{RSQRT_DTYPES(CONVERT)}};
template <class Op>
constexpr Applies applies_of = {{RSQRT_DTYPES(APPLY)}};

#undef CONVERT
#undef APPLY

#define CONVERTS(id, name, type) converts_from<type>,
#define APPLIES(name, functor) applies_of<functor>,

constexpr Converts converts[] = {RSQRT_DTYPES(CONVERTS)};
constexpr Applies applies[] = {RSQRT_OPS(APPLIES)};

#undef CONVERTS
#undef APPLIES

std::size_t bytes_of(DType dtype, std::int64_t n) { return static_cast<std::size_t>(n) * size_of(dtype); }

}  // namespace

std::vector<Elements> execute_step_by_step(const Program& program, const std::vector<Elements>& inputs,
                                           const Scalar* scalars, std::int64_t n) {
  int last_use[max_steps] = {};
  for (int i = 0; i < program.steps; ++i) {
    const Step& step = program.step[i];
    for (int k = 0; k < input_count(step); ++k) last_use[step.in[k]] = i;
  }
  std::vector<Elements> values(program.steps), outputs(program.operands);
  std::vector<DType> dtypes(program.steps);
  for (int i = 0; i < program.steps; ++i) {
    const Step& step = program.step[i];
    Elements& value = values[static_cast<std::size_t>(i)];
    DType& dtype = dtypes[static_cast<std::size_t>(i)];
    switch (step.kind) {
      case Kind::load:
        dtype = program.operand[step.code];
        value = inputs[step.code];
        break;
      case Kind::scalar:
        dtype = program.scalar[step.code];
        for (std::int64_t k = 0; k < n; ++k) {
          const std::byte* const bytes = scalars[step.code].bytes;
          value.insert(value.end(), bytes, bytes + size_of(dtype));
        }
        break;
      case Kind::apply: {
        const std::byte* in[max_inputs] = {};
        for (int k = 0; k < input_count(step); ++k) in[k] = values[step.in[k]].data();
        if (step.code == copy_op) {
          dtype = step.dtype;
          value.resize(bytes_of(dtype, n));
          converts[index_of(dtypes[step.in[0]])].to[index_of(dtype)](in[0], value.data(), n);
        } else {
          dtype = static_cast<DType>(op_table[step.code].results[index_of(step.dtype)]);
          value.resize(bytes_of(dtype, n));
          applies[step.code].in[index_of(step.dtype)](in, value.data(), n);
        }
        break;
      }
      case Kind::store:
        outputs[step.code] = values[step.in[0]];
        break;
    }
    // Frees memory.
    for (int k = 0; k < input_count(step); ++k) {
      if (last_use[step.in[k]] == i) values[step.in[k]] = {};
    }
  }
  return outputs;
}

void convert_element(DType from, const std::byte* in, DType to, std::byte* out) {
  converts[index_of(from)].to[index_of(to)](in, out, 1);
}

}  // namespace rsqrt_native::test
