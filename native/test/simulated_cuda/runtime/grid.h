// Runs a grid: the built-in variables, shared memory and the barrier of its threads. cuda_runtime.h
// includes it after the types that it needs.
#pragma once

#include <cstddef>
#include <functional>

extern constinit thread_local uint3 threadIdx;
extern constinit thread_local uint3 blockIdx;
extern constinit thread_local dim3 blockDim;
extern constinit thread_local dim3 gridDim;

// Supports only the memory whose size a launch states, declared as
// `extern __shared__ uint4 rsqrt_shared_memory[];`. It is filled with 0xFF before each block.
#define __shared__ constinit thread_local

#define __syncthreads() rsqrt_simulated::synchronize_threads()

template <class T>
void __stwb(T* p, T value) {
  *p = value;
}

namespace rsqrt_simulated {

inline constexpr std::size_t shared_memory_limit = 49152;

// Calls `thread` once for each thread of the grid, with the built-in variables set: block after
// block, and within a block thread after thread, each up to its end or a barrier. Returns what went
// wrong, or nullptr.
const char* run_grid(dim3 grid, dim3 block, std::size_t shared_size, bool backwards,
                     const std::function<void()>& thread);

// Returns when every thread of the block has called it. If a thread ends instead, the grid stops.
void synchronize_threads();

}  // namespace rsqrt_simulated
