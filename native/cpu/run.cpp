#include "cpu/run.h"

#include <algorithm>

#include "cpu/float_environment.h"

namespace rsqrt_native::cpu {
namespace {

// Elements that are converted or gathered at a time; a block of the largest dtype is 16 KiB and stays in
// the first-level cache.
constexpr std::int64_t block_size = 1024;

// Elements that a thread takes at a time: a few microseconds of work, many times what handing it out costs.
// A power of two, so that no two threads write to one cache line of an aligned output.
constexpr std::int64_t grain = 16384;

// Walks the elements of a layout in logical order, in runs along the innermost dimension.
class Cursor {
 public:
  Cursor(const Layout& layout, const std::int64_t* strides) : layout_(layout), strides_(strides) {
    std::fill_n(index_, layout.ndim, std::int64_t{0});
  }

  // Calls visit(offset, count) for runs that make up the next n elements, offsets in elements.
  template <class Visit>
  void advance(std::int64_t n, Visit visit) {
    const int inner = layout_.ndim - 1;
    while (n > 0) {
      const std::int64_t count = std::min(n, layout_.sizes[inner] - index_[inner]);
      visit(offset_, count);
      n -= count;
      index_[inner] += count;
      offset_ += count * strides_[inner];
      for (int dim = inner; dim > 0 && index_[dim] == layout_.sizes[dim]; --dim) {
        offset_ += strides_[dim - 1] - index_[dim] * strides_[dim];
        index_[dim] = 0;
        ++index_[dim - 1];
      }
    }
  }

 private:
  const Layout& layout_;
  const std::int64_t* strides_;
  std::int64_t index_[max_dims];
  std::int64_t offset_ = 0;
};

}  // namespace

void run(const Kernels& kernels, const Job& job, Pool& pool, int threads) {
  const DefaultFloatEnvironment environment;
  const Apply apply = kernels.apply[job.op].in[index_of(job.compute)];

  const bool flat = job.layout == nullptr;
  const bool one_run = flat || job.layout->ndim == 1;
  // A side that is dense and of the computed dtype needs no block in between.
  const bool in_direct = job.in_dtype == job.compute && one_run && (flat || job.layout->in_strides[0] == 1);
  const bool out_direct =
      job.out_dtype == job.compute && one_run && (flat || job.layout->out_strides[0] == 1);
  const auto in_size = static_cast<std::int64_t>(size_of(job.in_dtype));
  const auto out_size = static_cast<std::int64_t>(size_of(job.out_dtype));
  const auto compute_size = static_cast<std::int64_t>(size_of(job.compute));
  if (in_direct && out_direct) {
    pool.run(job.numel, grain, threads, [&](std::int64_t begin, std::int64_t end) {
      apply(job.in + begin * in_size, job.out + begin * out_size, end - begin);
    });
    return;
  }

  Layout dense;  // only its first dimension is used, so only that is set
  if (flat) {
    dense.ndim = 1;
    dense.sizes[0] = job.numel;
    dense.in_strides[0] = dense.out_strides[0] = 1;
  }
  const Layout& layout = flat ? dense : *job.layout;
  const int inner = layout.ndim - 1;
  const Load load = kernels.load[index_of(job.in_dtype)].to[index_of(job.compute)];
  const Store store = kernels.store[index_of(job.compute)].to[index_of(job.out_dtype)];
  Cursor in_cursor(layout, layout.in_strides);
  Cursor out_cursor(layout, layout.out_strides);
  alignas(64) std::byte block[block_size * sizeof(Complex<double>)];

  for (std::int64_t done = 0; done < job.numel; done += block_size) {
    const std::int64_t count = std::min(block_size, job.numel - done);
    const std::byte* source = block;
    if (in_direct) {
      source = job.in + done * in_size;
    } else {
      std::byte* to = block;
      in_cursor.advance(count, [&](std::int64_t offset, std::int64_t n) {
        load(job.in + offset * in_size, layout.in_strides[inner], to, n);
        to += n * compute_size;
      });
    }
    if (out_direct) {
      apply(source, job.out + done * out_size, count);
      continue;
    }
    apply(source, block, count);
    const std::byte* from = block;
    out_cursor.advance(count, [&](std::int64_t offset, std::int64_t n) {
      store(from, job.out + offset * out_size, layout.out_strides[inner], n);
      from += n * compute_size;
    });
  }
}

}  // namespace rsqrt_native::cpu
