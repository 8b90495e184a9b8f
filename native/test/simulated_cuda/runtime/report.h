// Reports what was not released: RSQRT_SIMULATED_REPORT (see cuda_runtime.h).
#pragma once

namespace rsqrt_simulated {

struct State;

// Writes the line, if it was requested.
void report(State& shared);

}  // namespace rsqrt_simulated
