// The inline namespace and the qualifiers of functions that are compiled for one instruction set or
// for a GPU.
//
// Every function or template that is compiled for a wider instruction set is inside
// RSQRT_TARGET_BEGIN … RSQRT_TARGET_END. Otherwise two object files would define the same symbol,
// and the linker could keep the AVX-512 copy for a caller that runs on any CPU.
//
// (The outer namespace is not `rsqrt`, because CUDA declares a function of that name, and so does
// C23.)
#pragma once

#ifndef RSQRT_TARGET
#error "RSQRT_TARGET must name what this file is compiled for: baseline, avx2, avx512, neon, device"
#endif

#define RSQRT_TARGET_BEGIN \
  namespace rsqrt_native { \
  inline namespace RSQRT_TARGET {
#define RSQRT_TARGET_END \
  }                      \
  }

#ifdef __CUDACC__
#define RSQRT_FUNCTION __host__ __device__ __forceinline__
// On a GPU a call would spill the registers of the common path around it.
#define RSQRT_RARE RSQRT_FUNCTION
#else
#define RSQRT_FUNCTION inline __attribute__((always_inline))
#define RSQRT_RARE __attribute__((noinline, cold))
#endif
