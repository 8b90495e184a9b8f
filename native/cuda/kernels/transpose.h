// The kernel for layouts in which input and output run along different dimensions. It moves tiles
// through shared memory.
#pragma once

#include "core/job.h"
#include "cuda/kernels/element.h"
#include "cuda/kernels/walk.h"

// Shared memory of the running block, as large as the launch requests. Every kernel that uses
// shared memory uses this.
extern __shared__ uint4 rsqrt_shared_memory[];

namespace rsqrt_native::cuda {
inline namespace RSQRT_TARGET {

inline constexpr unsigned warp = 32;

// The number of rows and of columns of a tile. For elements of 8 and 16 bits it is the number that
// fills a cache line of 128 bytes, so that each row and each column of a tile is a whole line. For
// wider elements it is the size of a warp.
template <class T>
inline constexpr unsigned tile_side = sizeof(T) >= 4 ? warp : 128 / static_cast<unsigned>(sizeof(T));

// The distance from one row of a tile to the next. It is one bank longer than a row, or one element
// if that is wider, so that the elements of a column are in different banks.
template <class T>
inline constexpr unsigned tile_pitch = tile_side<T> +
                                       (sizeof(T) >= 4 ? 1 : 4 / static_cast<unsigned>(sizeof(T)));

template <class T>
inline constexpr std::size_t tile_bytes = std::size_t{tile_side<T>} * tile_pitch<T> * sizeof(T);

// One of the two dimensions of a tile.
struct TiledDim {
  std::uint32_t size;
  std::uint32_t in_stride;
  std::uint32_t out_stride;
  Divisor tiles;  // the number of tiles along it
};

struct Tiling {
  std::uint32_t tiles;
  TiledDim inner;   // along which the output runs
  TiledDim across;  // along which the input runs
  Walk batches;     // the other dimensions
};

// The elements of a tile that a thread handles. The threads of a warp handle neighbours in a row.
template <class T>
struct Places {
  static constexpr unsigned rows_at_once = threads_per_block / warp;
  static constexpr unsigned warps_in_row = tile_side<T> / warp;
  static constexpr unsigned count = tile_side<T> / rows_at_once * warps_in_row;
  static_assert(count % in_flight == 0);

  unsigned row, column;  // of element `place`

  __device__ __forceinline__ explicit Places(unsigned place)
      : row(threadIdx.x / warp + place / warps_in_row * rows_at_once),
        column(threadIdx.x % warp + place % warps_in_row * warp) {}
};

// Where a tile begins, and how large it is.
struct Tile {
  std::uint32_t in, out;        // offsets
  std::uint32_t width, height;  // what is left along `inner` and `across`; may exceed a tile

  __device__ __forceinline__ Tile(const Tiling& tiling, std::uint32_t number, std::uint32_t side) {
    const TiledDim &inner = tiling.inner, &across = tiling.across;
    const std::uint32_t line = quotient(number, inner.tiles);
    std::uint32_t batch[] = {quotient(line, across.tiles)};
    const std::uint32_t first_inner = (number - line * inner.tiles.divisor) * side;
    const std::uint32_t first_across = (line - batch[0] * across.tiles.divisor) * side;
    Offsets start[1];
    locate(tiling.batches, batch, start);
    in = start[0].in + first_inner * inner.in_stride + first_across * across.in_stride;
    out = start[0].out + first_inner * inner.out_stride + first_across * across.out_stride;
    width = inner.size - first_inner;
    height = across.size - first_across;
  }
};

// Reads along `across`, which becomes the rows of the tile in shared memory.
template <class From>
__device__ __forceinline__ void read_tile(const From* in, const Tiling& tiling, const Tile& tile,
                                          From* kept) {
  using Place = Places<From>;
#pragma unroll 1
  for (unsigned first = 0; first < Place::count; first += in_flight) {
    From values[in_flight] = {};
#pragma unroll
    for (unsigned k = 0; k < in_flight; ++k) {
      const Place at(first + k);
      const std::uint32_t i = tile.in + at.row * tiling.inner.in_stride + at.column * tiling.across.in_stride;
      if (at.row < tile.width && at.column < tile.height) values[k] = read<From>(in + i);
    }
#pragma unroll
    for (unsigned k = 0; k < in_flight; ++k) {
      const Place at(first + k);
      write(kept + (at.row * tile_pitch<From> + at.column), values[k]);
    }
  }
}

// Writes along `inner`, from the columns of the tile in shared memory.
template <class Op, class From>
__device__ __forceinline__ void write_tile(const From* kept, const Tiling& tiling, const Tile& tile,
                                           Result<Op, From>* out) {
  using Place = Places<From>;
  constexpr unsigned at_once = is_long<Op, Compute<Op, From>> ? 1 : in_flight;
#pragma unroll 1
  for (unsigned first = 0; first < Place::count; first += at_once) {
#pragma unroll
    for (unsigned k = 0; k < at_once; ++k) {
      const Place at(first + k);
      const auto result = result_of<Op>(read<From>(kept + (at.column * tile_pitch<From> + at.row)));
      const std::uint32_t i =
          tile.out + at.row * tiling.across.out_stride + at.column * tiling.inner.out_stride;
      if (at.row < tile.height && at.column < tile.width) write(out + i, result);
    }
  }
}

template <class Op, class From>
__global__ void __launch_bounds__(threads_per_block)
    transposed(const From* in, Result<Op, From>* out, const Tiling tiling) {
  From* const kept = reinterpret_cast<From*>(rsqrt_shared_memory);
#pragma unroll 1
  for (std::uint32_t number = blockIdx.x; number < tiling.tiles; number += gridDim.x) {
    const Tile tile(tiling, number, tile_side<From>);
    read_tile(in, tiling, tile, kept);
    __syncthreads();
    write_tile<Op>(kept, tiling, tile, out);
    __syncthreads();
  }
}

// The dimension along which the input runs while the output runs along the last one. −1 if tiles
// are not worth while.
//
// Without tiles, a warp reads along the last dimension. If a sector of memory (32 bytes, the
// smallest unit that is moved) holds only one element of the input there, it is moved once for each
// of its elements, or waits in a cache until other warps read the rest. Tiles of fewer than 16 rows
// or columns would leave most threads idle.
inline int crossing_dim(const Layout& layout, std::int64_t element_size) {
  constexpr std::int64_t sector = 32, least = 16;
  const int inner = layout.ndim - 1;
  if (layout.in_strides[inner] * element_size < sector || layout.sizes[inner] < least) return -1;
  int found = -1;
  for (int dim = 0; dim < inner; ++dim) {
    const std::int64_t stride = layout.in_strides[dim];
    if (stride == 0 || stride >= layout.in_strides[inner] || layout.sizes[dim] < least) continue;
    if (found < 0 || stride < layout.in_strides[found]) found = dim;
  }
  return found;
}

inline TiledDim tiled_dim(const Layout& layout, int dim, unsigned side) {
  return {static_cast<std::uint32_t>(layout.sizes[dim]), static_cast<std::uint32_t>(layout.in_strides[dim]),
          static_cast<std::uint32_t>(layout.out_strides[dim]),
          divisor_of(static_cast<std::uint32_t>(quotient_up(layout.sizes[dim], side)))};
}

template <class Op, class From>
cudaError_t launch_transposed(const Job& job, int across, int multiprocessors, cudaStream_t stream) {
  const From* in = reinterpret_cast<const From*>(job.in);
  auto* out = reinterpret_cast<Result<Op, From>*>(job.out);
  const Layout& layout = *job.layout;
  const int inner = layout.ndim - 1;
  Tiling tiling{0, tiled_dim(layout, inner, tile_side<From>), tiled_dim(layout, across, tile_side<From>), {}};
  tiling.tiles = tiling.inner.tiles.divisor * tiling.across.tiles.divisor;
  for (int dim = 0; dim < inner; ++dim) {
    if (dim == across) continue;
    add_dim(tiling.batches, layout, dim);
    tiling.tiles *= static_cast<std::uint32_t>(layout.sizes[dim]);
  }
  void* args[] = {&in, &out, &tiling};
  static_assert(tile_bytes<From> <= 49152, "more shared memory must be asked for");
  return cudaLaunchKernel(transposed<Op, From>, grid_for(tiling.tiles, multiprocessors),
                          dim3(threads_per_block), args, tile_bytes<From>, stream);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
