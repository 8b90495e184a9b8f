// Runs a program on tiles, for layouts in which an input runs along another dimension than the
// output (decision 17).
#pragma once

#include "core/job.h"
#include "cpu/kernels.h"
#include "cpu/pool.h"

namespace rsqrt_native::cpu {

// The dimension along which some input is dense, where it strides over whole cache lines along the
// innermost dimension. −1 if there is none for which tiles are worth while.
int crossing_dim(const Job& job, const Layout& layout);

// `across` is what crossing_dim found.
void run_tiles(const Kernels& kernels, const Job& job, const Layout& layout, int across, Pool& pool,
               int threads);

}  // namespace rsqrt_native::cpu
