// Compiled for the baseline only. For wider instruction sets the compiler would gather and scatter
// single elements, which is several times slower.
#include "cpu/transpose.h"

#include <cstring>

namespace rsqrt_native::cpu {
namespace {

template <class T>
T read(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

template <class T>
void write(std::byte* p, T value) {
  std::memcpy(p, &value, sizeof(T));
}

// Transposes a square of `side` × `side` elements. Rows of the input are in_step bytes apart, and
// rows of the output out_step bytes.
using Turn = void (*)(const std::byte* in, std::int64_t in_step, std::byte* out, std::int64_t out_step);

template <class T>
void turn_one(const std::byte* in, std::int64_t, std::byte* out, std::int64_t) {
  write(out, read<T>(in));
}

using Four = std::uint32_t __attribute__((vector_size(16)));
using Two = std::uint64_t __attribute__((vector_size(16)));

void turn_four(const std::byte* in, std::int64_t in_step, std::byte* out, std::int64_t out_step) {
  const Four a = read<Four>(in), b = read<Four>(in + in_step);
  const Four c = read<Four>(in + 2 * in_step), d = read<Four>(in + 3 * in_step);
  const Four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  write(out, __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5));
  write(out + out_step, __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7));
  write(out + 2 * out_step, __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5));
  write(out + 3 * out_step, __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7));
}

void turn_two(const std::byte* in, std::int64_t in_step, std::byte* out, std::int64_t out_step) {
  const Two a = read<Two>(in), b = read<Two>(in + in_step);
  write(out, __builtin_shufflevector(a, b, 0, 2));
  write(out + out_step, __builtin_shufflevector(a, b, 1, 3));
}

// Transposes squares as far as they fit, then single elements.
template <class T, std::int64_t side, Turn turn>
void turn_matrix(const std::byte* in, std::byte* out, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t size = sizeof(T);
  const std::int64_t in_step = columns * size, out_step = rows * size;
  const std::int64_t square_rows = rows - rows % side, square_columns = columns - columns % side;
  for (std::int64_t column = 0; column < square_columns; column += side) {
    for (std::int64_t row = 0; row < square_rows; row += side) {
      turn(in + row * in_step + column * size, in_step, out + column * out_step + row * size, out_step);
    }
  }
  for (std::int64_t column = 0; column < columns; ++column) {
    for (std::int64_t row = column < square_columns ? square_rows : 0; row < rows; ++row) {
      turn_one<T>(in + row * in_step + column * size, 0, out + column * out_step + row * size, 0);
    }
  }
}

}  // namespace

void transpose(const std::byte* in, std::byte* out, std::int64_t rows, std::int64_t columns,
               std::int64_t size) {
  switch (size) {
    case 1:
      return turn_matrix<std::uint8_t, 1, turn_one<std::uint8_t>>(in, out, rows, columns);
    case 2:
      return turn_matrix<std::uint16_t, 1, turn_one<std::uint16_t>>(in, out, rows, columns);
    case 4:
      return turn_matrix<std::uint32_t, 4, turn_four>(in, out, rows, columns);
    case 8:
      return turn_matrix<std::uint64_t, 2, turn_two>(in, out, rows, columns);
    default:
      return turn_matrix<Two, 1, turn_one<Two>>(in, out, rows, columns);
  }
}

}  // namespace rsqrt_native::cpu
