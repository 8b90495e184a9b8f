#include "cpu/tiles.h"

#include <algorithm>

#include "cpu/plan.h"
#include "cpu/share.h"
#include "cpu/transpose.h"
#include "cpu/workspace.h"

namespace rsqrt_native::cpu {
namespace {

// What the blocks of a thread share. They stay in the second-level cache, and where one or two
// suffice, in the first-level cache.
constexpr std::int64_t tile_bytes = 65536;
using Tiles = Workspace<tile_bytes>;

// The number of rows and of columns of a tile: rows of four cache lines, as long as every place has
// room for a tile.
std::int64_t tile_side(const Plan& plan) {
  const std::int64_t blocks = plan.block_count + 1;  // one for a tile before it is transposed
  std::int64_t side = std::min<std::int64_t>(4 * cache_line / plan.widest, 64);
  while (side * side * plan.widest * blocks > tile_bytes) side /= 2;
  return side;
}

// Whether an operand strides over whole cache lines along the innermost dimension, but not along
// `dim`.
bool crosses(const Job& job, const Layout& layout, int operand, int dim) {
  const std::int64_t size = bytes_of(job.program->operand[operand]);
  const std::int64_t* const strides = layout.strides[operand];
  return strides[layout.ndim - 1] * size >= cache_line && strides[dim] != 0 &&
         strides[dim] * size < cache_line;
}

// Part of an operand: a rectangle of two dimensions of the layout.
struct Tile {
  std::byte* first;
  std::int64_t size;    // bytes of an element
  std::int64_t across;  // stride from row to row, in elements
  std::int64_t inner;   // stride along a row
  std::int64_t height;
  std::int64_t width;
};

// Converts a tile into a block, row by row.
void load_rows(const Task& task, const Tile& tile, std::byte* block) {
  const std::int64_t size = bytes_of(task.dtype);
  for (std::int64_t i = 0; i < tile.height; ++i) {
    task.convert(tile.first + i * tile.across * tile.size, tile.inner, block + i * tile.width * size, 1,
                 tile.width);
  }
}

// The same along the input's cache lines, which are columns of the tile.
void load_columns(const Task& task, const Tile& tile, std::byte* spare, std::byte* block) {
  const std::int64_t size = bytes_of(task.dtype);
  for (std::int64_t i = 0; i < tile.width; ++i) {
    task.convert(tile.first + i * tile.inner * tile.size, tile.across, spare + i * tile.height * size, 1,
                 tile.height);
  }
  transpose(spare, block, tile.width, tile.height, size);
}

void store_rows(const Task& task, const Tile& tile, const std::byte* block) {
  const std::int64_t size = bytes_of(task.dtype);
  for (std::int64_t i = 0; i < tile.height; ++i) {
    task.convert(block + i * tile.width * size, 1, tile.first + i * tile.across * tile.size, tile.inner,
                 tile.width);
  }
}

}  // namespace

int crossing_dim(const Job& job, const Layout& layout) {
  const int inner = layout.ndim - 1;
  if (layout.sizes[inner] < short_row) return -1;
  int found = -1;
  std::int64_t found_stride = 0;
  for (int k = 0; k < job.program->operands; ++k) {
    if (job.program->is_output(k)) continue;
    for (int dim = 0; dim < inner; ++dim) {
      const std::int64_t stride = layout.strides[k][dim];
      if (layout.sizes[dim] < short_row || !crosses(job, layout, k, dim)) continue;
      if (found >= 0 && stride >= found_stride) continue;
      found = dim;
      found_stride = stride;
    }
    if (found >= 0) break;
  }
  return found;
}

void run_tiles(const Kernels& kernels, const Job& job, const Layout& layout, int across, Pool& pool,
               int threads) {
  const int operands = job.program->operands, inner = layout.ndim - 1;
  Access access[max_operands];
  std::fill_n(access, operands, Access::gather);
  const Plan plan(kernels, job, access);
  const std::int64_t side = tile_side(plan);
  const auto tiles_along = [&](int dim) { return (layout.sizes[dim] + side - 1) / side; };
  const std::int64_t down = tiles_along(across), along = tiles_along(inner);
  const std::int64_t tiles = job.numel / (layout.sizes[across] * layout.sizes[inner]) * down * along;
  share(pool, threads, tiles, side * side, [&](std::int64_t begin, std::int64_t end) {
    const Tiles blocks(kernels, plan, side * side);
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t row = tile / along % down * side;
      const std::int64_t column = tile % along * side;
      const std::int64_t height = std::min(side, layout.sizes[across] - row);
      const std::int64_t width = std::min(side, layout.sizes[inner] - column);
      const auto tile_of = [&](int k) {
        const std::int64_t* const strides = layout.strides[k];
        const std::int64_t size = bytes_of(job.program->operand[k]);
        std::int64_t offset = row * strides[across] + column * strides[inner];
        std::int64_t rest = tile / along / down;
        for (int dim = inner - 1; dim >= 0; --dim) {
          if (dim == across) continue;
          offset += rest % layout.sizes[dim] * strides[dim];
          rest /= layout.sizes[dim];
        }
        return Tile{job.memory[k] + offset * size, size, strides[across], strides[inner], height, width};
      };
      blocks.run(
          plan, height * width,
          [&](const Task& task, std::byte* to, std::int64_t) {
            if (crosses(job, layout, task.operand, across)) {
              load_columns(task, tile_of(task.operand), blocks.spare(), to);
            } else {
              load_rows(task, tile_of(task.operand), to);
            }
          },
          [&](const Task& task, const std::byte* from, std::int64_t) {
            store_rows(task, tile_of(task.operand), from);
          });
    }
  });
}

}  // namespace rsqrt_native::cpu
