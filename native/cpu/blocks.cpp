#include "cpu/blocks.h"

#include <algorithm>

#include "cpu/cursor.h"
#include "cpu/plan.h"
#include "cpu/share.h"
#include "cpu/workspace.h"

namespace rsqrt_native::cpu {
namespace {

// From this number of elements on, inputs are not in the first two levels of cache.
constexpr std::int64_t large_count = std::int64_t{1} << 20;

// The number of elements in a block: as many as leave half of a first-level cache of 32 KiB to the
// operands. Larger blocks gain nothing. If a plan uses operands in place only, a call can be longer.
std::int64_t capacity_of(const Plan& plan) {
  if (plan.block_count == 0) return std::int64_t{1} << 14;
  // (64-bit division takes several times as long on some processors.)
  const auto element = static_cast<std::uint32_t>(plan.block_count * plan.widest);
  const auto count = static_cast<std::int64_t>(std::uint32_t{16384} / element) / min_capacity * min_capacity;
  return std::clamp<std::int64_t>(count, min_capacity, 1024);
}

std::byte* at(const Job& job, int operand, std::int64_t offset) {
  return job.memory[operand] + offset * bytes_of(job.program->operand[operand]);
}

// Fetches the elements of an input that the next block will use.
void prefetch(const std::byte* first, std::int64_t bytes) {
  for (std::int64_t at = 0; at < bytes; at += cache_line) __builtin_prefetch(first + at);
}

// Every operand is contiguous.
void run_contiguous(const Kernels& kernels, const Job& job, Pool& pool, int threads) {
  const Access direct[max_operands] = {};
  const Plan plan(kernels, job, direct, job.numel);
  const std::int64_t max_count = capacity_of(plan);
  const bool large = job.numel >= large_count;
  share(pool, threads, job.numel, 1, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t count = std::min(max_count, end - begin);
    Workspace<> blocks(kernels, plan, count);
    std::byte** const operands = blocks.operands();
    for (std::int64_t done = begin; done < end; done += count) {
      for (int k = 0; k < job.program->operands; ++k) {
        operands[k] = at(job, k, done);
        if (large && !job.program->is_output(k) && done + 2 * count <= end) {
          const std::int64_t bytes = count * bytes_of(job.program->operand[k]);
          prefetch(operands[k] + bytes, bytes);
        }
      }
      blocks.run(
          plan, std::min(count, end - done), [](const Task&, std::byte*, std::int64_t) {},
          [](const Task&, const std::byte*, std::int64_t) {});
    }
  });
}

// A block is part of one row: of the innermost dimension.
void run_long_rows(const Kernels& kernels, const Job& job, const Layout& layout, Pool& pool, int threads) {
  const int operands = job.program->operands, inner = layout.ndim - 1;
  Access access[max_operands];
  for (int k = 0; k < operands; ++k) {
    const std::int64_t stride = layout.strides[k][inner];
    access[k] = stride == 1 ? Access::direct : stride == 0 ? Access::repeat : Access::gather;
  }
  const Plan plan(kernels, job, access, layout.sizes[inner]);
  const std::int64_t max_count = capacity_of(plan);
  share(pool, threads, job.numel, 1, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t capacity = std::min({max_count, layout.sizes[inner], end - begin});
    Workspace<> blocks(kernels, plan, capacity);
    Cursor cursor(job, layout, operands, layout.ndim, begin, blocks.operands());
    unsigned filled = 0;                      // bit k: the block of repeated input k is filled
    const std::byte* repeated[max_operands];  // with this element
    for (std::int64_t left = end - begin; left > 0;) {
      const std::int64_t n = std::min({capacity, cursor.left(), left});
      blocks.run(
          plan, n,
          [&](const Task& task, std::byte* to, std::int64_t count) {
            const std::int64_t stride = layout.strides[task.operand][inner];
            const std::byte* const from = cursor.at(task.operand);
            if (task.repeats) {
              const unsigned bit = 1u << task.operand;
              if ((filled & bit) != 0 && repeated[task.operand] == from) return;
              filled |= bit;
              repeated[task.operand] = from;
              count = capacity;
            }
            task.convert(from, stride, to, 1, count);
          },
          [&](const Task& task, const std::byte* from, std::int64_t count) {
            task.convert(from, 1, cursor.at(task.operand), layout.strides[task.operand][inner], count);
          });
      cursor.advance(n);
      left -= n;
    }
  });
}

// Whether an operand is a single contiguous run, whatever the others are.
bool is_dense(const Layout& layout, const std::int64_t* strides) {
  std::int64_t expected = 1;
  for (int dim = layout.ndim - 1; dim >= 0; --dim) {
    if (strides[dim] != expected) return false;
    expected *= layout.sizes[dim];
  }
  return true;
}

// Moves the rows of one operand to or from a block: along each row, or across rows where they are
// shorter than the runs of rows.
class Rows {
 public:
  Rows(const Job& job, const Layout& layout)
      : job_(job), layout_(layout), inner_(layout.ndim - 1), length_(layout.sizes[inner_]) {}

  // `start` is at the first row. `block` holds elements of `size` bytes. Calls
  // move(element of the operand, its stride, element of the block, its stride, n).
  template <class Move>
  void move(const Cursor& start, int operand, std::byte* block, std::int64_t size, std::int64_t rows,
            Move each) const {
    const std::int64_t count = std::min(start.left(), rows);
    move_run(start.at(operand), operand, block, size, count, each);
    if (count == rows) return;
    std::byte* at[max_operands];
    Cursor walk(start, at);
    for (std::int64_t n = count; rows > n;) {
      walk.advance(n);
      rows -= n;
      block += n * length_ * size;
      n = std::min(walk.left(), rows);
      move_run(at[operand], operand, block, size, n, each);
    }
  }

 private:
  // Rows that are the same distance apart.
  template <class Move>
  void move_run(std::byte* first, int operand, std::byte* block, std::int64_t size, std::int64_t rows,
                Move each) const {
    const std::int64_t along = layout_.strides[operand][inner_];
    const std::int64_t across = layout_.strides[operand][inner_ - 1];
    const std::int64_t operand_size = bytes_of(job_.program->operand[operand]);
    if (rows > length_) {
      for (std::int64_t i = 0; i < length_; ++i) {
        each(first + i * along * operand_size, across, block + i * size, length_, rows);
      }
    } else {
      for (std::int64_t i = 0; i < rows; ++i) {
        each(first + i * across * operand_size, along, block + i * length_ * size, 1, length_);
      }
    }
  }

  const Job& job_;
  const Layout& layout_;
  const int inner_;
  const std::int64_t length_;
};

// A block is a number of whole rows.
void run_short_rows(const Kernels& kernels, const Job& job, const Layout& layout, Pool& pool, int threads) {
  const int operands = job.program->operands, inner = layout.ndim - 1;
  const std::int64_t length = layout.sizes[inner];
  Access access[max_operands];
  for (int k = 0; k < operands; ++k) {
    const std::int64_t* const strides = layout.strides[k];
    const bool repeats =
        std::all_of(strides, strides + inner, [](std::int64_t stride) { return stride == 0; });
    access[k] = is_dense(layout, strides)               ? Access::direct
                : repeats && !job.program->is_output(k) ? Access::repeat
                                                        : Access::gather;
  }
  const Plan plan(kernels, job, access);
  const Rows rows(job, layout);
  share(pool, threads, job.numel / length, length, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t max_rows = std::min(capacity_of(plan) / length, end - begin);
    Workspace<> blocks(kernels, plan, max_rows * length);
    std::byte* starts[max_operands];
    Cursor cursor(job, layout, operands, inner, begin, starts);
    unsigned repeated = 0;  // bit k: the block of repeated input k is filled
    for (std::int64_t done = begin; done < end; done += max_rows) {
      const std::int64_t count = std::min(max_rows, end - done);
      for (int k = 0; k < operands; ++k) {
        if (access[k] == Access::direct) blocks.operands()[k] = at(job, k, done * length);
      }
      blocks.run(
          plan, count * length,
          [&](const Task& task, std::byte* to, std::int64_t) {
            if (task.repeats) {  // the first block is the longest
              if ((repeated >> task.operand & 1) != 0) return;
              repeated |= 1u << task.operand;
            }
            rows.move(
                cursor, task.operand, to, bytes_of(task.dtype), count,
                [&](const std::byte* in, std::int64_t in_stride, std::byte* out, std::int64_t out_stride,
                    std::int64_t m) { task.convert(in, in_stride, out, out_stride, m); });
          },
          [&](const Task& task, std::byte* from, std::int64_t) {
            rows.move(
                cursor, task.operand, from, bytes_of(task.dtype), count,
                [&](std::byte* out, std::int64_t out_stride, const std::byte* in, std::int64_t in_stride,
                    std::int64_t m) { task.convert(in, in_stride, out, out_stride, m); });
          });
      cursor.advance_by(count);
    }
  });
}

// Whether rows are so short that several of them should share a block.
bool has_short_rows(const Job& job, const Layout& layout) {
  const int inner = layout.ndim - 1;
  if (inner == 0 || layout.sizes[inner] >= min_capacity) return false;
  if (layout.sizes[inner] < short_row) return true;
  // Rows of contiguous elements are used in place.
  return std::any_of(layout.strides, layout.strides + job.program->operands,
                     [inner](const std::int64_t* strides) { return strides[inner] != 1; });
}

}  // namespace

void run_blocks(const Kernels& kernels, const Job& job, Pool& pool, int threads) {
  if (job.layout == nullptr) return run_contiguous(kernels, job, pool, threads);
  const auto run = has_short_rows(job, *job.layout) ? &run_short_rows : &run_long_rows;
  run(kernels, job, *job.layout, pool, threads);
}

}  // namespace rsqrt_native::cpu
