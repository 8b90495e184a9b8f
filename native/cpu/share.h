// Distributes work over threads, and constants that the paths through memory have in common.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/dtype.h"
#include "cpu/float_environment.h"
#include "cpu/pool.h"

namespace rsqrt_native::cpu {

// The smallest number of elements that a thread takes at a time: a few microseconds of work, many
// times the cost of handing it out. A power of two, so that no two threads write to one cache line
// of an aligned output.
inline constexpr std::int64_t grain = 16384;
// The number of ranges per thread of a large job: few, but enough to balance threads that were held
// up.
inline constexpr std::int64_t ranges_per_thread = 16;

// An output of this many bytes does not fit into the caches with its input, so it is written past
// them (decision 18).
inline constexpr std::int64_t streaming_bytes = std::int64_t{16} << 20;
// In shorter runs, the partly written cache lines at the ends cost more than streaming gains.
inline constexpr std::int64_t streaming_run = 4096;

// Rows shorter than this are gathered across, many rows at a time.
inline constexpr std::int64_t short_row = 16;

constexpr std::int64_t bytes_of(DType dtype) { return static_cast<std::int64_t>(size_of(dtype)); }

// Distributes [0, count) over the threads of the pool. `unit` is the number of elements that one of
// count stands for.
template <class Body>
void share(Pool& pool, int threads, std::int64_t count, std::int64_t unit, const Body& body) {
  const DefaultFloatEnvironment environment;  // for this thread; helper threads always have it
  if (threads == 1) return body(std::int64_t{0}, count);
  const std::int64_t min = std::max<std::int64_t>(grain / unit, 1);
  if (count < 2 * min) return body(std::int64_t{0}, count);
  const std::int64_t grains = count / min / (threads * ranges_per_thread);
  pool.run(count, min * std::max<std::int64_t>(grains, 1), threads, body);
}

}  // namespace rsqrt_native::cpu
