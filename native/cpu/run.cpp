#include "cpu/run.h"

#include <algorithm>

#include "cpu/float_environment.h"
#include "cpu/transpose.h"

namespace rsqrt_native::cpu {
namespace {

// Memory in which elements are converted and computed. It stays in the first-level cache.
struct alignas(64) Block {
  std::byte bytes[16384];
};

// The number of elements that are converted or gathered at a time.
constexpr std::int64_t block_size = 1024;
static_assert(block_size * sizeof(Complex<double>) <= sizeof(Block));

// Runs shorter than this are gathered across, many runs at a time.
constexpr std::int64_t short_run = 16;

// The number of rows and of columns of a tile, for elements of `size` bytes: rows of four cache
// lines, as long as the tile fits into a block.
constexpr std::int64_t tile_side(std::int64_t size) {
  return std::min<std::int64_t>(4 * cache_line / size, 64);
}
static_assert(tile_side(4) * tile_side(4) * 4 <= std::int64_t{sizeof(Block)});

// The smallest number of elements that a thread takes at a time: a few microseconds of work, many
// times the cost of handing it out. A power of two, so that no two threads write to one cache line
// of an aligned output.
constexpr std::int64_t grain = 16384;
// The number of ranges per thread of a large job: few, but enough to balance threads that were held
// up.
constexpr std::int64_t ranges_per_thread = 16;

// An output of this many bytes does not fit into the caches with its input, so it is written past
// them (decision 18).
constexpr std::int64_t streaming_bytes = std::int64_t{16} << 20;
// In shorter runs, the partly written cache lines at the ends cost more than streaming gains.
constexpr std::int64_t streaming_run = 4096;

constexpr std::int64_t bytes_of(DType dtype) { return static_cast<std::int64_t>(size_of(dtype)); }

// Distributes [0, count) over the threads of the pool. `unit` is the number of elements that one of
// count stands for.
template <class Body>
void share(Pool& pool, int threads, std::int64_t count, std::int64_t unit, const Body& body) {
  const DefaultFloatEnvironment environment;  // for this thread; helper threads always have it
  const std::int64_t least = std::max<std::int64_t>(grain / unit, 1);
  if (threads == 1 || count < 2 * least) return body(std::int64_t{0}, count);
  const std::int64_t grains = count / least / (threads * ranges_per_thread);
  pool.run(count, least * std::max<std::int64_t>(grains, 1), threads, body);
}

// The loop of a job's operation that reads the input and writes the output directly. Null if there
// is none.
Apply direct_loop(const Kernels& kernels, const Job& job, std::int64_t run_length) {
  if (job.in_dtype != job.out_dtype) return nullptr;
  const ApplyRow& row = kernels.apply[job.op];
  const int dtype = index_of(job.in_dtype);
  const bool large = job.numel * bytes_of(job.out_dtype) >= streaming_bytes && run_length >= streaming_run;
  const Apply stream = row.stream[dtype];
  // In place, the cache lines are loaded already.
  return large && stream != nullptr && job.in != job.out ? stream : row.in[dtype];
}

// Walks the outermost `dims` dimensions of a layout in logical order, in runs along the innermost of them.
class Cursor {
 public:
  Cursor(const Layout& layout, int dims, std::int64_t start) : layout_(layout), inner_(dims - 1) {
    for (int dim = inner_; dim >= 0; --dim) {
      index_[dim] = 0;
      move(dim, start % layout.sizes[dim]);
      start /= layout.sizes[dim];
    }
  }

  // Calls visit(in, out, count) for runs that make up the next n elements, offsets in elements.
  template <class Visit>
  void advance(std::int64_t n, Visit visit) {
    while (n > 0) {
      const std::int64_t count = std::min(n, layout_.sizes[inner_] - index_[inner_]);
      visit(in_, out_, count);
      n -= count;
      move(inner_, count);
      for (int dim = inner_; dim > 0 && index_[dim] == layout_.sizes[dim]; --dim) {
        move(dim, -index_[dim]);
        move(dim - 1, 1);
      }
    }
  }

 private:
  void move(int dim, std::int64_t steps) {
    index_[dim] += steps;
    in_ += steps * layout_.in_strides[dim];
    out_ += steps * layout_.out_strides[dim];
  }

  const Layout& layout_;
  const int inner_;
  std::int64_t index_[max_dims];
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;
};

// Whether one side of a layout is a single contiguous run, whatever the other side is.
bool is_dense(const Layout& layout, const std::int64_t* strides) {
  std::int64_t expected = 1;
  for (int dim = layout.ndim - 1; dim >= 0; --dim) {
    if (strides[dim] != expected) return false;
    expected *= layout.sizes[dim];
  }
  return true;
}

// Runs jobs that are strided or change dtype. Holds the kernels and sizes that every path needs
// (decision 17).
class Strided {
 public:
  Strided(const Kernels& kernels, const Job& job, const Layout& layout)
      : kernels_(kernels),
        job_(job),
        layout_(layout),
        inner_(layout.ndim - 1),
        size_(bytes_of(job.compute)),
        apply_(kernels.apply[job.op].in[index_of(job.compute)]),
        load_(kernels.convert[index_of(job.in_dtype)].to[index_of(job.compute)]),
        store_(kernels.convert[index_of(job.compute)].to[index_of(job.out_dtype)]) {}

  void run(Pool& pool, int threads) const {
    const std::int64_t length = layout_.sizes[inner_];
    const bool rows = layout_.in_strides[inner_] == 1 && layout_.out_strides[inner_] == 1;
    const Apply direct = rows && length >= short_run ? direct_loop(kernels_, job_, length) : nullptr;
    if (direct != nullptr) {
      return share(pool, threads, job_.numel, 1,
                   [&](std::int64_t begin, std::int64_t end) { run_rows(direct, begin, end); });
    }
    if (const int across = crossing_dim(); across >= 0) {
      return share(pool, threads, tiles(across), tile_side(size_) * tile_side(size_),
                   [&](std::int64_t begin, std::int64_t end) { run_tiles(across, begin, end); });
    }
    if (inner_ > 0 && length < short_run && layout_.sizes[inner_ - 1] > length) {
      return share(pool, threads, job_.numel / length, length,
                   [&](std::int64_t begin, std::int64_t end) { run_short(begin, end); });
    }
    share(pool, threads, job_.numel, 1, [&](std::int64_t begin, std::int64_t end) { run_long(begin, end); });
  }

 private:
  const std::byte* in_at(std::int64_t offset) const { return job_.in + offset * bytes_of(job_.in_dtype); }
  std::byte* out_at(std::int64_t offset) const { return job_.out + offset * bytes_of(job_.out_dtype); }

  // Both sides are dense along the innermost dimension.
  void run_rows(Apply direct, std::int64_t begin, std::int64_t end) const {
    Cursor(layout_, layout_.ndim, begin)
        .advance(end - begin, [&](std::int64_t in, std::int64_t out, std::int64_t n) {
          direct(in_at(in), out_at(out), n);
        });
  }

  // In runs along the innermost dimension, block by block.
  void run_long(std::int64_t begin, std::int64_t end) const {
    run_blocks(
        layout_.ndim, begin, end, 1,
        [&](std::int64_t in, std::byte* block, std::int64_t n) {
          load_(in_at(in), layout_.in_strides[inner_], block, 1, n);
        },
        [&](const std::byte* block, std::int64_t out, std::int64_t n) {
          store_(block, 1, out_at(out), layout_.out_strides[inner_], n);
        });
  }

  // The innermost dimension is short. Each of its indices is processed in runs along the next
  // dimension.
  void run_short(std::int64_t begin, std::int64_t end) const {
    const std::int64_t length = layout_.sizes[inner_];
    run_blocks(
        inner_, begin, end, length,
        [&](std::int64_t in, std::byte* block, std::int64_t n) {
          for (std::int64_t k = 0; k < length; ++k) {
            load_(in_at(in + k * layout_.in_strides[inner_]), layout_.in_strides[inner_ - 1],
                  block + k * size_, length, n);
          }
        },
        [&](const std::byte* block, std::int64_t out, std::int64_t n) {
          for (std::int64_t k = 0; k < length; ++k) {
            store_(block + k * size_, length, out_at(out + k * layout_.out_strides[inner_]),
                   layout_.out_strides[inner_ - 1], n);
          }
        });
  }

  // Processes block by block: load (gather, convert), apply, store (scatter, convert). Each
  // position of the outermost `dims` dimensions stands for `unit` elements.
  template <class LoadRun, class StoreRun>
  void run_blocks(int dims, std::int64_t begin, std::int64_t end, std::int64_t unit, LoadRun load_run,
                  StoreRun store_run) const {
    // A side that is one contiguous run of the computed dtype is read or written directly, without
    // a block.
    const bool from_input = job_.in_dtype == job_.compute && is_dense(layout_, layout_.in_strides);
    const bool to_output = job_.out_dtype == job_.compute && is_dense(layout_, layout_.out_strides);
    Cursor in_cursor(layout_, dims, begin);
    Cursor out_cursor(layout_, dims, begin);
    Block block;
    const std::int64_t most = block_size / unit;
    for (std::int64_t done = begin; done < end; done += most) {
      const std::int64_t count = std::min(most, end - done);
      if (!from_input) {
        std::byte* next = block.bytes;
        in_cursor.advance(count, [&](std::int64_t in, std::int64_t, std::int64_t n) {
          load_run(in, next, n);
          next += n * unit * size_;
        });
      }
      apply_(from_input ? in_at(done * unit) : block.bytes, to_output ? out_at(done * unit) : block.bytes,
             count * unit);
      if (!to_output) {
        const std::byte* next = block.bytes;
        out_cursor.advance(count, [&](std::int64_t, std::int64_t out, std::int64_t n) {
          store_run(next, out, n);
          next += n * unit * size_;
        });
      }
    }
  }

  // Finds a transposition: the dimension along which the input is dense, where the output is dense
  // along the innermost dimension and the input strides over whole cache lines there. −1 if there
  // is none for which tiles are worth while.
  int crossing_dim() const {
    const std::int64_t size = bytes_of(job_.in_dtype);
    if (layout_.in_strides[inner_] * size < cache_line || layout_.sizes[inner_] < short_run) return -1;
    int found = -1;
    for (int dim = 0; dim < inner_; ++dim) {
      const std::int64_t stride = layout_.in_strides[dim];
      if (stride == 0 || stride * size >= cache_line || layout_.sizes[dim] < short_run) continue;
      if (found < 0 || stride < layout_.in_strides[found]) found = dim;
    }
    return found;
  }

  std::int64_t tiles_along(int dim) const {
    return (layout_.sizes[dim] + tile_side(size_) - 1) / tile_side(size_);
  }

  std::int64_t tiles(int across) const {
    return job_.numel / (layout_.sizes[across] * layout_.sizes[inner_]) * tiles_along(across) *
           tiles_along(inner_);
  }

  // Processes tile by tile, so that both input and output are accessed along their cache lines. The
  // input's lines are loaded as columns of the tile, transposed in the first-level cache, and
  // stored as rows.
  void run_tiles(int across, std::int64_t begin, std::int64_t end) const {
    const std::int64_t side = tile_side(size_);
    const std::int64_t down = tiles_along(across), along = tiles_along(inner_);
    Block turned, block;
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t row = tile / along % down * side;
      const std::int64_t column = tile % along * side;
      const std::int64_t height = std::min(side, layout_.sizes[across] - row);
      const std::int64_t width = std::min(side, layout_.sizes[inner_] - column);
      std::int64_t in = row * layout_.in_strides[across] + column * layout_.in_strides[inner_];
      std::int64_t out = row * layout_.out_strides[across] + column * layout_.out_strides[inner_];
      std::int64_t rest = tile / along / down;
      for (int dim = inner_ - 1; dim >= 0; --dim) {
        if (dim == across) continue;
        in += rest % layout_.sizes[dim] * layout_.in_strides[dim];
        out += rest % layout_.sizes[dim] * layout_.out_strides[dim];
        rest /= layout_.sizes[dim];
      }
      for (std::int64_t k = 0; k < width; ++k) {
        load_(in_at(in + k * layout_.in_strides[inner_]), layout_.in_strides[across],
              turned.bytes + k * height * size_, 1, height);
      }
      transpose(turned.bytes, block.bytes, width, height, size_);
      apply_(block.bytes, block.bytes, height * width);
      for (std::int64_t k = 0; k < height; ++k) {
        store_(block.bytes + k * width * size_, 1, out_at(out + k * layout_.out_strides[across]),
               layout_.out_strides[inner_], width);
      }
    }
  }

  const Kernels& kernels_;
  const Job& job_;
  const Layout& layout_;
  int inner_;          // the innermost dimension
  std::int64_t size_;  // bytes of an element of the computed dtype
  Apply apply_;
  Convert load_;
  Convert store_;
};

}  // namespace

void run(const Kernels& kernels, const Job& job, Pool& pool, int threads) {
  if (job.layout != nullptr) return Strided(kernels, job, *job.layout).run(pool, threads);
  if (const Apply direct = direct_loop(kernels, job, job.numel); direct != nullptr) {
    const std::int64_t in_size = bytes_of(job.in_dtype), out_size = bytes_of(job.out_dtype);
    return share(pool, threads, job.numel, 1, [&](std::int64_t begin, std::int64_t end) {
      direct(job.in + begin * in_size, job.out + begin * out_size, end - begin);
    });
  }
  Layout dense;  // sets only the members that are used
  dense.ndim = 1;
  dense.sizes[0] = job.numel;
  dense.in_strides[0] = dense.out_strides[0] = 1;
  Strided(kernels, job, dense).run(pool, threads);
}

void run(const Kernels& kernels, const RandomJob& job, Pool& pool, int threads) {
  const Draw draw = kernels.draw[job.distribution];
  const DType part = part_of(job.dtype);
  const Convert store = kernels.convert[index_of(DType::float64)].to[index_of(part)];
  const std::int64_t size = bytes_of(part), parts = job.numel * (bytes_of(job.dtype) / size);
  // Distributed in blocks of the generator, each of which gives two parts.
  share(pool, threads, (parts + 1) / 2, 2, [&](std::int64_t begin, std::int64_t end) {
    alignas(cache_line) double numbers[block_size];
    const std::int64_t last = std::min(2 * end, parts);
    for (std::int64_t done = 2 * begin; done < last; done += block_size) {
      const std::int64_t count = std::min(block_size, last - done);
      const std::int64_t drawn = (count + draw_step - 1) / draw_step * draw_step;
      draw(job.dtype, job.key, job.counter + static_cast<std::uint64_t>(done / 2), numbers, drawn);
      store(reinterpret_cast<const std::byte*>(numbers), 1, job.out + done * size, 1, count);
    }
  });
}

}  // namespace rsqrt_native::cpu
