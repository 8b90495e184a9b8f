// What was not given back: RSQRT_SIMULATED_REPORT of cuda_runtime.h.
#pragma once

namespace rsqrt_simulated {

struct State;

// Writes the line, if it was requested.
void report(State& shared);

}  // namespace rsqrt_simulated
