// The interpreter: runs a program block by block, so that its values stay in the first-level cache.
#pragma once

#include "core/job.h"
#include "cpu/kernels.h"
#include "cpu/pool.h"

namespace rsqrt_native::cpu {

// Runs any job. The layout may be null.
void run_blocks(const Kernels& kernels, const Job& job, Pool& pool, int threads);

}  // namespace rsqrt_native::cpu
