// Chooses the GPU kernel for a job. Compiled by nvcc, or as plain C++ for the simulated device.
//
// `dense`, `strided` and `transposed` exist for every operation and every dtype of its input, and
// store the result in its own dtype. `general` handles all other jobs.
#include "cuda/kernels.h"

#include <cstdint>
#include <type_traits>

#include "cuda/kernels/dense.h"
#include "cuda/kernels/general.h"
#include "cuda/kernels/random.h"
#include "cuda/kernels/strided.h"
#include "cuda/kernels/transpose.h"
#include "ops/table.h"

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {
namespace {

using Launch = cudaError_t (*)(const Job& job, int multiprocessors, cudaStream_t stream);

// The result in its own dtype, counts and offsets in 32 bits.
template <class Op, class From>
cudaError_t launch_typed(const Job& job, int multiprocessors, cudaStream_t stream) {
  if (job.layout == nullptr) return launch_dense<Op, From>(job, multiprocessors, stream);
  const int across = crossing_dim(*job.layout, sizeof(From));
  if (across >= 0) return launch_transposed<Op, From>(job, across, multiprocessors, stream);
  return launch_strided<Op, From>(job, multiprocessors, stream);
}

// A copy within a dtype moves bits: one kernel for all dtypes of a size.
template <std::size_t size>
struct BitsOf;
// clang-format off
template <> struct BitsOf<1> { using type = std::uint8_t; };
template <> struct BitsOf<2> { using type = std::int16_t; };
template <> struct BitsOf<4> { using type = std::int32_t; };
template <> struct BitsOf<8> { using type = std::int64_t; };
template <> struct BitsOf<16> { using type = Complex<double>; };
// clang-format on

template <class Op, class From>
constexpr Launch typed_or_null() {
  if constexpr (std::is_void_v<Compute<Op, From>>) {
    return nullptr;
  } else if constexpr (std::is_same_v<Op, Copy>) {
    return &launch_typed<Copy, typename BitsOf<sizeof(From)>::type>;
  } else {
    return &launch_typed<Op, From>;
  }
}

template <class Op, class T>
constexpr Launch general_or_null() {
  if constexpr (computes<Op, T>) {
    return &launch_general<Op, T>;
  } else {
    return nullptr;
  }
}

struct Row {
  Launch typed[dtype_count];    // by the input's dtype
  Launch general[dtype_count];  // by the dtype computed in
};

#define TYPED(id, name, type) typed_or_null<Op, type>(),
#define GENERAL(id, name, type) general_or_null<Op, type>(),
template <class Op>
constexpr Row row() {
  return {{RSQRT_DTYPES(TYPED)}, {RSQRT_DTYPES(GENERAL)}};
}
#undef TYPED
#undef GENERAL

constexpr Row rows[] = {
#define X(name, functor) row<functor>(),
    RSQRT_OPS(X)
#undef X
};

template <class Distribution>
cudaError_t launch_distribution(const RandomJob& job, int multiprocessors, cudaStream_t stream) {
  switch (part_of(job.dtype)) {
    case DType::float16:
      return launch_random_parts<Distribution, Half>(job, multiprocessors, stream);
    case DType::bfloat16:
      return launch_random_parts<Distribution, BFloat16>(job, multiprocessors, stream);
    case DType::float32:
      return launch_random_parts<Distribution, float>(job, multiprocessors, stream);
    default:
      return launch_random_parts<Distribution, double>(job, multiprocessors, stream);
  }
}

constexpr decltype(&launch_distribution<Uniform>) random_rows[] = {
#define X(name, functor) &launch_distribution<functor>,
    RSQRT_DISTRIBUTIONS(X)
#undef X
};

}  // namespace
}  // namespace RSQRT_TARGET

cudaError_t launch(const Job& job, int multiprocessors, cudaStream_t stream) {
  if (job.numel == 0) return cudaSuccess;
  const Row& row = rows[job.op];
  const bool typed = index_of(job.out_dtype) == op_table[job.op].results[index_of(job.in_dtype)] &&
                     (job.layout == nullptr || fits_in_32_bits(*job.layout));
  const Launch start = typed ? row.typed[index_of(job.in_dtype)] : row.general[index_of(job.compute)];
  return start(job, multiprocessors, stream);
}

cudaError_t launch_random(const RandomJob& job, int multiprocessors, cudaStream_t stream) {
  if (job.numel == 0) return cudaSuccess;
  return random_rows[job.distribution](job, multiprocessors, stream);
}

const void* probe_kernel() { return reinterpret_cast<const void*>(&dense<Rsqrt, float>); }

}  // namespace rsqrt_native::cuda
