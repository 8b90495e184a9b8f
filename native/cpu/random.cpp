// The loops that draw random numbers, compiled once per instruction set like those of kernels.cpp.
#include "cpu/kernels.h"

#include RSQRT_SIMD_HEADER
#include "ops/random.h"

namespace rsqrt_native::cpu {
inline namespace RSQRT_TARGET {
namespace {

using W = Vec<std::uint64_t>;
using V = Vec<double>;

// The numbers that are drawn at once: two from each block.
constexpr std::int64_t step = std::int64_t{2} * V::width;
static_assert(draw_step % step == 0);

// 0, 1, 2, … in the lane order that V::store_complex writes as 0, 1, 2, ….
W lane_numbers() {
  double numbers[step];
  double number = 0x1p52;
  for (std::int64_t i = 0; i < step; i += 2) {
    numbers[i] = numbers[i + 1] = number;
    number += 1;
  }
  return bits_as<W>(V::load_complex(numbers).re) ^ W::splat(bits_as<std::uint64_t>(0x1p52));
}

// Computes the bits of all blocks first, then applies the distribution to them in place. The chain
// of operations from a counter to its numbers is long. In a single loop, a CPU would hardly start
// the next number before the last is done.
template <class Distribution>
void draw(DType dtype, std::uint64_t key, std::uint64_t block, double* numbers, std::int64_t n) {
  W counter = W::splat(block) + lane_numbers();
  for (std::int64_t i = 0; i < n; i += step) {
    const Pair<W> bits = philox(key, Pair<W>{counter, W::splat(0)});
    bits_as<V>(bits.first).store(numbers + i);
    bits_as<V>(bits.second).store(numbers + i + V::width);
    counter = counter + W::splat(V::width);
  }
  const Distribution distribution(dtype);
  for (std::int64_t i = 0; i < n; i += step) {
    const Pair<W> bits = {bits_as<W>(V::load(numbers + i)), bits_as<W>(V::load(numbers + i + V::width))};
    const Pair<V> drawn = distribution.template draw<V>(bits);
    V::store_complex(numbers + i, {drawn.first, drawn.second});
  }
}

}  // namespace

extern const Draw draws[];
const Draw draws[] = {
#define X(name, functor) &draw<functor>,
    RSQRT_DISTRIBUTIONS(X)
#undef X
};

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cpu
