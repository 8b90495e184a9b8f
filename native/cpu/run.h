// Runs one job on the CPU.
#pragma once

#include "core/job.h"
#include "cpu/kernels.h"
#include "cpu/pool.h"

namespace rsqrt_native::cpu {

// The job is valid (see napi/unary.cpp and napi/random.cpp): its dtypes are computed by its op, its memory is
// there. At most `threads` threads share it, the calling one included; the result does not depend on how
// many.
void run(const Kernels& kernels, const Job& job, Pool& pool, int threads);
void run(const Kernels& kernels, const RandomJob& job, Pool& pool, int threads);

}  // namespace rsqrt_native::cpu
