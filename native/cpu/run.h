// Runs one job on the CPU.
#pragma once

#include "core/job.h"
#include "cpu/kernels.h"
#include "cpu/pool.h"

namespace rsqrt_native::cpu {

// The job must be valid (see napi/run.cpp and napi/random.cpp): the operation computes its
// dtypes, and its memory exists. At most `threads` threads work on it, including the calling one.
// The result does not depend on how many.
void run(const Kernels& kernels, const Job& job, Pool& pool, int threads);
void run(const Kernels& kernels, const RandomJob& job, Pool& pool, int threads);

}  // namespace rsqrt_native::cpu
