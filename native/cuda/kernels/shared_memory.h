// Shared memory of the running block, as large as the launch requests. Every kernel that uses
// shared memory uses this.
#pragma once

#include <cuda_runtime.h>

extern __shared__ uint4 rsqrt_shared_memory[];
