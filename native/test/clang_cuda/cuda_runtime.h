// The parts of CUDA that kernels.cu needs to be compiled by clang's backend for NVIDIA GPUs,
// without a toolkit. This checks the kernels with a second compiler (scripts/check-kernels.mjs).
// The result is inspected but never run.
#pragma once

#include <cstddef>
#include <cstdlib>  // what clang has in place of <new> needs it

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))

// clang-format off
struct alignas(8) uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
// clang-format on

struct dim3 {
  constexpr __host__ __device__ dim3(unsigned vx = 1, unsigned vy = 1, unsigned vz = 1)
      : x(vx), y(vy), z(vz) {}
  unsigned x, y, z;
};

enum cudaError_t { cudaSuccess = 0 };
using cudaStream_t = struct CUstream_st*;

extern "C" cudaError_t cudaLaunchKernel(const void* kernel, dim3 grid, dim3 block, void** args,
                                        std::size_t shared_size, cudaStream_t stream);
template <class... Args>
cudaError_t cudaLaunchKernel(void (*kernel)(Args...), dim3 grid, dim3 block, void** args,
                             std::size_t shared_size, cudaStream_t stream) {
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, args, shared_size, stream);
}

#define RSQRT_INTRINSIC static __device__ __forceinline__

// Read like members, as with nvcc.
#define RSQRT_SPECIAL_REGISTER(name, read)                             \
  struct name##_type {                                                 \
    __declspec(property(get = get_x)) unsigned x;                      \
    __device__ __forceinline__ unsigned get_x() const { return read; } \
  };                                                                   \
  extern const __device__ name##_type name;
RSQRT_SPECIAL_REGISTER(threadIdx, __nvvm_read_ptx_sreg_tid_x())
RSQRT_SPECIAL_REGISTER(blockIdx, __nvvm_read_ptx_sreg_ctaid_x())
RSQRT_SPECIAL_REGISTER(gridDim, __nvvm_read_ptx_sreg_nctaid_x())
#undef RSQRT_SPECIAL_REGISTER

RSQRT_INTRINSIC float __fadd_rn(float a, float b) { return __nvvm_add_rn_f(a, b); }
RSQRT_INTRINSIC float __fsub_rn(float a, float b) { return __nvvm_add_rn_f(a, -b); }
RSQRT_INTRINSIC float __fmul_rn(float a, float b) { return __nvvm_mul_rn_f(a, b); }
RSQRT_INTRINSIC float __fdiv_rn(float a, float b) { return __nvvm_div_rn_f(a, b); }
RSQRT_INTRINSIC float __fsqrt_rn(float a) { return __nvvm_sqrt_rn_f(a); }
RSQRT_INTRINSIC float __fmaf_rn(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
RSQRT_INTRINSIC double __dadd_rn(double a, double b) { return __nvvm_add_rn_d(a, b); }
RSQRT_INTRINSIC double __dsub_rn(double a, double b) { return __nvvm_add_rn_d(a, -b); }
RSQRT_INTRINSIC double __dmul_rn(double a, double b) { return __nvvm_mul_rn_d(a, b); }
RSQRT_INTRINSIC double __ddiv_rn(double a, double b) { return __nvvm_div_rn_d(a, b); }
RSQRT_INTRINSIC double __dsqrt_rn(double a) { return __nvvm_sqrt_rn_d(a); }
RSQRT_INTRINSIC double __fma_rn(double a, double b, double c) { return __nvvm_fma_rn_d(a, b, c); }
RSQRT_INTRINSIC float rsqrtf(float a) { return __nvvm_rsqrt_approx_f(a); }
RSQRT_INTRINSIC double rsqrt(double a) { return __nvvm_rsqrt_approx_d(a); }
RSQRT_INTRINSIC unsigned __float_as_uint(float a) { return __builtin_bit_cast(unsigned, a); }
RSQRT_INTRINSIC float __uint_as_float(unsigned a) { return __builtin_bit_cast(float, a); }
RSQRT_INTRINSIC long long __double_as_longlong(double a) { return __builtin_bit_cast(long long, a); }
RSQRT_INTRINSIC double __longlong_as_double(long long a) { return __builtin_bit_cast(double, a); }
RSQRT_INTRINSIC unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}
template <class T>
RSQRT_INTRINSIC void __stwb(T* p, T value) {
  *p = value;
}

#undef RSQRT_INTRINSIC
