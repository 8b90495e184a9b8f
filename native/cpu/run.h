// Runs one job on the CPU.
#pragma once

#include "core/job.h"
#include "cpu/kernels.h"

namespace rsqrt_native::cpu {

// The job is valid (see napi/unary.cpp): its dtypes are computed by its op, its memory is there.
void run(const Kernels& kernels, const Job& job);

}  // namespace rsqrt_native::cpu
