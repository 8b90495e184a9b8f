// Transposes a small matrix in the first-level cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rsqrt_native::cpu {

// Writes the transpose of a contiguous matrix of `rows` by `columns` elements of `size` bytes (1,
// 2, 4, 8 or 16). Input and output must not overlap. Any alignment.
void transpose(const std::byte* in, std::byte* out, std::int64_t rows, std::int64_t columns,
               std::int64_t size);

}  // namespace rsqrt_native::cpu
