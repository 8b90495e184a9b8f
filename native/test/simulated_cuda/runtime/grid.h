// Running a grid: the built-in variables, shared memory and the barrier of its threads. Included by
// cuda_runtime.h, behind the types that it needs.
#pragma once

#include <cstddef>
#include <functional>

extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;

// Only what a launch asks for, declared as `extern __shared__ uint4 rsqrt_shared_memory[];`. Blocks
// find it filled with 0xFF.
#define __shared__ constinit thread_local

#define __syncthreads() rsqrt_simulated::synchronize_threads()

template <class T>
void __stwb(T* p, T value) {
  *p = value;
}

namespace rsqrt_simulated {

inline constexpr std::size_t shared_memory_limit = 49152;

// Calls `thread` once per thread of the grid, with the built-in variables set; block after block,
// and in a block thread after thread up to its end or a barrier. Returns what went wrong, or
// nullptr.
const char* run_grid(dim3 grid, dim3 block, std::size_t shared_size, bool backwards,
                     const std::function<void()>& thread);

// Returns when every thread of the block has called it. If one ends instead, the grid goes no
// further.
void synchronize_threads();

}  // namespace rsqrt_simulated
