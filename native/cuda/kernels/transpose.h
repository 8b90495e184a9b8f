// Copies between layouts in which input and output run along different dimensions. The kernel moves
// tiles through shared memory.
#pragma once

#include "core/layout.h"
#include "cuda/kernels/divisor.h"
#include "cuda/kernels/element.h"
#include "cuda/kernels/shared_memory.h"

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
  // The other dimensions, outermost first.
  int batch_dims;
  Divisor sizes[max_walked_dims];
  std::uint32_t in_strides[max_walked_dims];
  std::uint32_t out_strides[max_walked_dims];
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
    std::uint32_t rest = quotient(line, across.tiles);
    const std::uint32_t first_inner = (number - line * inner.tiles.divisor) * side;
    const std::uint32_t first_across = (line - rest * across.tiles.divisor) * side;
    in = first_inner * inner.in_stride + first_across * across.in_stride;
    out = first_inner * inner.out_stride + first_across * across.out_stride;
#pragma unroll 1
    for (int dim = tiling.batch_dims - 1; dim >= 0; --dim) {
      const std::uint32_t outer = quotient(rest, tiling.sizes[dim]);
      const std::uint32_t index = rest - outer * tiling.sizes[dim].divisor;
      in += index * tiling.in_strides[dim];
      out += index * tiling.out_strides[dim];
      rest = outer;
    }
    width = inner.size - first_inner;
    height = across.size - first_across;
  }
};

// Reads along `across`, which becomes the rows of the tile in shared memory.
template <class T>
__device__ __forceinline__ void read_tile(const T* in, const Tiling& tiling, const Tile& tile, T* kept) {
  using At = Places<T>;
#pragma unroll 1
  for (unsigned first = 0; first < At::count; first += in_flight) {
    T values[in_flight] = {};
#pragma unroll
    for (unsigned k = 0; k < in_flight; ++k) {
      const At at(first + k);
      const std::uint32_t i = tile.in + at.row * tiling.inner.in_stride + at.column * tiling.across.in_stride;
      if (at.row < tile.width && at.column < tile.height) values[k] = read<T>(in + i);
    }
#pragma unroll
    for (unsigned k = 0; k < in_flight; ++k) {
      const At at(first + k);
      write(kept + (at.row * tile_pitch<T> + at.column), values[k]);
    }
  }
}

// Writes along `inner`, from the columns of the tile in shared memory.
template <class T>
__device__ __forceinline__ void write_tile(const T* kept, const Tiling& tiling, const Tile& tile, T* out) {
  using At = Places<T>;
#pragma unroll 1
  for (unsigned first = 0; first < At::count; first += in_flight) {
#pragma unroll
    for (unsigned k = 0; k < in_flight; ++k) {
      const At at(first + k);
      const T value = read<T>(kept + (at.column * tile_pitch<T> + at.row));
      const std::uint32_t i =
          tile.out + at.row * tiling.across.out_stride + at.column * tiling.inner.out_stride;
      if (at.row < tile.height && at.column < tile.width) write(out + i, value);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(threads_per_block) transposed(const T* in, T* out, const Tiling tiling) {
  T* const kept = reinterpret_cast<T*>(rsqrt_shared_memory);
#pragma unroll 1
  for (std::uint32_t number = blockIdx.x; number < tiling.tiles; number += gridDim.x) {
    const Tile tile(tiling, number, tile_side<T>);
    read_tile(in, tiling, tile, kept);
    __syncthreads();
    write_tile(kept, tiling, tile, out);
    __syncthreads();
  }
}

// A dimension of a layout of which `in` and `out` are operands.
inline TiledDim tiled_dim(const Layout& layout, int in, int out, int dim, unsigned side) {
  return {static_cast<std::uint32_t>(layout.sizes[dim]), static_cast<std::uint32_t>(layout.strides[in][dim]),
          static_cast<std::uint32_t>(layout.strides[out][dim]),
          divisor_of(static_cast<std::uint32_t>(quotient_up(layout.sizes[dim], side)))};
}

// Copies operand `in` to operand `out`. The input runs along `across`, and no dimension has size 1.
template <class T>
cudaError_t launch_transposed(std::byte* const* memory, const Layout& layout, int in, int out, int across,
                              int multiprocessors, cudaStream_t stream) {
  const T* from = reinterpret_cast<const T*>(memory[in]);
  T* to = reinterpret_cast<T*>(memory[out]);
  const int inner = layout.ndim - 1;
  Tiling tiling{};
  tiling.inner = tiled_dim(layout, in, out, inner, tile_side<T>);
  tiling.across = tiled_dim(layout, in, out, across, tile_side<T>);
  tiling.tiles = tiling.inner.tiles.divisor * tiling.across.tiles.divisor;
  for (int dim = 0; dim < inner; ++dim) {
    if (dim == across) continue;
    const int batch = tiling.batch_dims++;
    tiling.sizes[batch] = divisor_of(static_cast<std::uint32_t>(layout.sizes[dim]));
    tiling.in_strides[batch] = static_cast<std::uint32_t>(layout.strides[in][dim]);
    tiling.out_strides[batch] = static_cast<std::uint32_t>(layout.strides[out][dim]);
    tiling.tiles *= static_cast<std::uint32_t>(layout.sizes[dim]);
  }
  void* args[] = {&from, &to, &tiling};
  static_assert(tile_bytes<T> <= 49152, "more shared memory must be asked for");
  return cudaLaunchKernel(transposed<T>, grid_for(tiling.tiles, multiprocessors), dim3(threads_per_block),
                          args, tile_bytes<T>, stream);
}

}  // namespace RSQRT_TARGET
}  // namespace rsqrt_native::cuda
