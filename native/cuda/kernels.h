// The kernels, launched on a stream.
#pragma once

#include <cuda_runtime.h>

#include "core/job.h"

namespace rsqrt_native::cuda {

// Queues a job. Its memory must belong to the current device, and its pointers must be aligned to
// the element. Returns the status of the launch.
cudaError_t launch(const Job& job, int multiprocessors, cudaStream_t stream);
cudaError_t launch_random(const RandomJob& job, int multiprocessors, cudaStream_t stream);

// Some kernel, to ask the runtime whether the binary holds code for the current device.
const void* probe_kernel();

}  // namespace rsqrt_native::cuda
