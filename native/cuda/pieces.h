// Divides jobs into launches: the layout of a job, and the parts of it that a kernel can take.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/job.h"

namespace rsqrt_native::cuda {

// Some elements of a job. No dimension has size 1, and dimensions that every operand walks as one
// are one.
struct Piece {
  std::byte* memory[max_operands];
  std::int64_t numel;
  Layout layout;
};

Piece piece_of(const Job& job);

// Whether every operand is contiguous.
bool is_dense(const Program& program, const Piece& piece);

// Divides a piece in two if its counts or the offsets in an operand, in elements, are not below 2^31.
// Then `piece` becomes the first part, `rest` the second, and the result is true.
bool split(const Program& program, Piece& piece, Piece& rest);

// The dimension along which operand `k` runs, if that is not the last one and tiles are worth while;
// −1 otherwise.
//
// Without tiles, a warp reads along the last dimension. If a sector of memory (32 bytes, the
// smallest unit that is moved) holds only one element of the operand there, it is moved once for
// each of its elements, or waits in a cache until other warps read the rest. Tiles of fewer than 16
// rows or columns would leave most threads idle.
int crossing_dim(const Program& program, const Layout& layout, int k);

// Tiles: if an input runs along another dimension than the first output, the elements are reordered
// so that a block of threads handles a tile, whose rows and columns are whole sectors in both. The
// first-level cache holds the sectors until the block has read all of them. `size` is the bytes of
// the widest value.

// Divides a piece in two, if it has tiles and more than whole ones: into those and the rest.
bool cut_edge(const Program& program, int size, Piece& piece, Piece& rest);

// Reorders a piece that has whole tiles only.
void reorder_tiles(const Program& program, int size, Piece& piece);

}  // namespace rsqrt_native::cuda
