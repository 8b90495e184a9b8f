#include "cuda/pieces.h"

#include <algorithm>

namespace rsqrt_native::cuda {
namespace {

// The inner side of a tile.
constexpr std::int64_t tile_width = 32;
// The other side of a tile of elements of 1 byte. A tile has the elements that a block of 256
// threads handles at a time.
constexpr std::int64_t tile_height = 128;
// Smaller pieces fit in a cache.
constexpr std::int64_t least_tiled = std::int64_t{1} << 15;

void set_dim(Layout& to, int dim, const Layout& from, int source, int operands) {
  to.sizes[dim] = from.sizes[source];
  for (int k = 0; k < operands; ++k) to.strides[k][dim] = from.strides[k][source];
}

// Whether all operands walk `dim` and the one after it as one dimension.
bool continues(const Layout& layout, int dim, const Layout& next, int after, int operands) {
  for (int k = 0; k < operands; ++k) {
    if (layout.strides[k][dim] != next.strides[k][after] * next.sizes[after]) return false;
  }
  return true;
}

// Removes dimensions of size 1, merges those that are walked as one, and counts the elements.
void simplify(const Layout& from, int operands, Piece& piece) {
  Layout& layout = piece.layout;
  int ndim = 0;
  piece.numel = 1;
  for (int dim = 0; dim < from.ndim; ++dim) {
    if (from.sizes[dim] == 1) continue;
    piece.numel *= from.sizes[dim];
    if (ndim > 0 && continues(layout, ndim - 1, from, dim, operands)) {
      const std::int64_t size = layout.sizes[ndim - 1] * from.sizes[dim];
      set_dim(layout, ndim - 1, from, dim, operands);
      layout.sizes[ndim - 1] = size;
    } else {
      set_dim(layout, ndim++, from, dim, operands);
    }
  }
  layout.ndim = ndim;
}

std::int64_t reach(const Layout& layout, int k, int dim) {
  return (layout.sizes[dim] - 1) * layout.strides[k][dim];
}

// The dimension to divide, −1 if everything fits.
int too_long(const Program& program, const Piece& piece) {
  constexpr std::int64_t limit = std::int64_t{1} << 31;
  const Layout& layout = piece.layout;
  int longest = -1;
  for (int k = 0; k < program.operands && longest < 0; ++k) {
    std::int64_t last = 0;
    for (int dim = 0; dim < layout.ndim; ++dim) last += reach(layout, k, dim);
    if (last + 1 < limit) continue;
    longest = 0;
    for (int dim = 1; dim < layout.ndim; ++dim) {
      if (reach(layout, k, dim) > reach(layout, k, longest)) longest = dim;
    }
  }
  if (longest >= 0 || piece.numel < limit) return longest;
  return static_cast<int>(std::max_element(layout.sizes, layout.sizes + layout.ndim) - layout.sizes);
}

// The indices of a piece from `begin` up to `end` along a dimension.
Piece part(const Program& program, const Piece& piece, int dim, std::int64_t begin, std::int64_t end) {
  Piece result;
  for (int k = 0; k < program.operands; ++k) {
    result.memory[k] = piece.memory[k] + begin * piece.layout.strides[k][dim] *
                                             static_cast<std::int64_t>(size_of(program.operand[k]));
  }
  Layout layout = piece.layout;
  layout.sizes[dim] = end - begin;
  simplify(layout, program.operands, result);
  return result;
}

int first_output(const Program& program) {
  int k = 0;
  while (!program.is_output(k)) ++k;
  return k;
}

// The dimension across which tiles are worth while, −1 if there is none.
int tiled_dim(const Program& program, int size, const Piece& piece) {
  if (piece.numel < least_tiled) return -1;
  const Layout& layout = piece.layout;
  const int inner = layout.ndim - 1, output = first_output(program);
  for (int k = 0; k < program.operands; ++k) {
    if (program.is_output(k)) continue;
    const int across = crossing_dim(program, layout, k);
    if (across < 0 || layout.sizes[inner] < tile_width || layout.sizes[across] < tile_height / size) continue;
    if (layout.strides[output][inner] < layout.strides[output][across]) return across;
  }
  return -1;
}

}  // namespace

Piece piece_of(const Job& job) {
  Piece piece;
  const int operands = job.program->operands;
  std::copy_n(job.memory, operands, piece.memory);
  if (job.layout != nullptr) {
    simplify(*job.layout, operands, piece);
  } else {
    piece.numel = job.numel;
    piece.layout.ndim = job.numel == 1 ? 0 : 1;
    piece.layout.sizes[0] = job.numel;
    for (int k = 0; k < operands; ++k) piece.layout.strides[k][0] = 1;
  }
  return piece;
}

bool is_dense(const Program& program, const Piece& piece) {
  if (piece.layout.ndim > 1) return false;
  for (int k = 0; k < program.operands; ++k) {
    if (piece.layout.ndim == 1 && piece.layout.strides[k][0] != 1) return false;
  }
  return true;
}

bool split(const Program& program, Piece& piece, Piece& rest) {
  const int dim = too_long(program, piece);
  if (dim < 0) return false;
  constexpr std::int64_t pack = 64;  // keeps the alignment
  const std::int64_t size = piece.layout.sizes[dim];
  const std::int64_t half = size / 2 < pack ? size / 2 : size / 2 / pack * pack;
  rest = part(program, piece, dim, half, size);
  piece = part(program, piece, dim, 0, half);
  return true;
}

int crossing_dim(const Program& program, const Layout& layout, int k) {
  constexpr std::int64_t sector = 32, least = 16;
  const int inner = layout.ndim - 1;
  if (inner < 1) return -1;
  const std::int64_t* const strides = layout.strides[k];
  const auto size = static_cast<std::int64_t>(size_of(program.operand[k]));
  if (strides[inner] * size < sector || layout.sizes[inner] < least) return -1;
  int found = -1;
  for (int dim = 0; dim < inner; ++dim) {
    if (strides[dim] == 0 || strides[dim] >= strides[inner] || layout.sizes[dim] < least) continue;
    if (found < 0 || strides[dim] < strides[found]) found = dim;
  }
  return found;
}

bool cut_edge(const Program& program, int size, Piece& piece, Piece& rest) {
  const int across = tiled_dim(program, size, piece);
  if (across < 0) return false;
  const int inner = piece.layout.ndim - 1;
  const auto cut = [&](int dim, std::int64_t side) {
    const std::int64_t end = piece.layout.sizes[dim], whole = end / side * side;
    if (whole == end) return false;
    rest = part(program, piece, dim, whole, end);
    piece = part(program, piece, dim, 0, whole);
    return true;
  };
  return cut(across, tile_height / size) || cut(inner, tile_width);
}

void reorder_tiles(const Program& program, int size, Piece& piece) {
  const int across = tiled_dim(program, size, piece);
  if (across < 0) return;
  const Layout from = piece.layout;
  const int inner = from.ndim - 1;
  Layout& layout = piece.layout;
  layout.ndim = 0;
  // Every `step`-th index of a dimension.
  const auto add = [&](int dim, std::int64_t count, std::int64_t step) {
    if (count == 1) return;
    layout.sizes[layout.ndim] = count;
    for (int k = 0; k < program.operands; ++k) layout.strides[k][layout.ndim] = from.strides[k][dim] * step;
    ++layout.ndim;
  };
  const std::int64_t height = tile_height / size;
  for (int dim = 0; dim < inner; ++dim) {
    if (dim != across) add(dim, from.sizes[dim], 1);
  }
  add(inner, from.sizes[inner] / tile_width, tile_width);
  add(across, from.sizes[across] / height, height);
  add(across, height, 1);
  add(inner, tile_width, 1);
}

}  // namespace rsqrt_native::cuda
