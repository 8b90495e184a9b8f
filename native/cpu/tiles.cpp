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
      // The first element of the tile in an operand's memory.
      const auto first_of = [&](int k) {
        const std::int64_t* const strides = layout.strides[k];
        std::int64_t offset = row * strides[across] + column * strides[inner];
        std::int64_t rest = tile / along / down;
        for (int dim = inner - 1; dim >= 0; --dim) {
          if (dim == across) continue;
          offset += rest % layout.sizes[dim] * strides[dim];
          rest /= layout.sizes[dim];
        }
        return job.memory[k] + offset * bytes_of(job.program->operand[k]);
      };
      blocks.run(
          plan, height * width,
          [&](const Task& task, std::byte* to, std::int64_t) {
            const int k = task.operand;
            const std::byte* const first = first_of(k);
            const std::int64_t size = bytes_of(task.dtype), step = bytes_of(job.program->operand[k]);
            const std::int64_t stride = layout.strides[k][inner], cross = layout.strides[k][across];
            if (!crosses(job, layout, k, across)) {
              for (std::int64_t i = 0; i < height; ++i) {
                task.convert(first + i * cross * step, stride, to + i * width * size, 1, width);
              }
              return;
            }
            // Along the input's cache lines, which are columns of the tile.
            for (std::int64_t i = 0; i < width; ++i) {
              task.convert(first + i * stride * step, cross, blocks.spare() + i * height * size, 1, height);
            }
            transpose(blocks.spare(), to, width, height, size);
          },
          [&](const Task& task, const std::byte* from, std::int64_t) {
            const int k = task.operand;
            std::byte* const first = first_of(k);
            const std::int64_t size = bytes_of(task.dtype), step = bytes_of(job.program->operand[k]);
            for (std::int64_t i = 0; i < height; ++i) {
              task.convert(from + i * width * size, 1, first + i * layout.strides[k][across] * step,
                           layout.strides[k][inner], width);
            }
          });
    }
  });
}

}  // namespace rsqrt_native::cpu
