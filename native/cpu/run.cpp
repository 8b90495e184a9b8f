#include "cpu/run.h"

#include <algorithm>
#include <cstring>

#include "cpu/blocks.h"
#include "cpu/cursor.h"
#include "cpu/share.h"
#include "cpu/tiles.h"
#include "ops/table.h"

namespace rsqrt_native::cpu {
namespace {

// The shortest programs: one op of one input, or a copy. They need no blocks.
class Direct {
 public:
  // For runs of `run_length` contiguous elements.
  Direct(const Kernels& kernels, const Job& job, std::int64_t run_length) {
    const Program& program = *job.program;
    if (program.operands != 2 || program.steps > 3 || program.step[0].kind != Kind::load) return;
    int op = copy_op;
    if (program.steps == 3) {
      const Step& apply = program.step[1];
      if (apply.kind != Kind::apply || op_table[apply.code].arity != 1 || apply.in[0] != 0 ||
          apply.dtype != program.step[0].dtype) {
        return;
      }
      op = apply.code;
    }
    const Step& store = program.step[program.steps - 1];
    if (store.in[0] != program.steps - 2) return;
    in_ = program.step[0].code;
    out_ = store.code;
    in_size_ = bytes_of(program.operand[in_]);
    out_size_ = bytes_of(program.operand[out_]);
    const ApplyRow& row = kernels.apply[op];
    const int dtype = index_of(program.operand[in_]);
    loop_ = row.in[dtype];
    const bool large = job.numel * out_size_ >= streaming_bytes && run_length >= streaming_run;
    // In place, the cache lines are loaded already.
    if (large && row.stream[dtype] != nullptr && job.memory[in_] != job.memory[out_])
      loop_ = row.stream[dtype];
  }

  bool exists() const { return loop_ != nullptr; }

  void run(const std::byte* in, std::byte* out, std::int64_t n) const { loop_(&in, out, n); }

  // Elements [begin, end) of contiguous operands.
  void run(const Job& job, std::int64_t begin, std::int64_t end) const {
    run(job.memory[in_] + begin * in_size_, job.memory[out_] + begin * out_size_, end - begin);
  }

  int in() const { return in_; }
  int out() const { return out_; }

 private:
  Apply loop_ = nullptr;
  int in_ = 0;
  int out_ = 0;
  std::int64_t in_size_ = 0;
  std::int64_t out_size_ = 0;
};

void run_strided(const Kernels& kernels, const Job& job, const Layout& layout, Pool& pool, int threads) {
  const int inner = layout.ndim - 1;
  const std::int64_t length = layout.sizes[inner];
  if (length >= short_row && job.program->operands == 2 && layout.strides[0][inner] == 1 &&
      layout.strides[1][inner] == 1) {
    if (const Direct direct(kernels, job, length); direct.exists()) {
      return share(pool, threads, job.numel, 1, [&](std::int64_t begin, std::int64_t end) {
        std::byte* at[2];
        Cursor cursor(job, layout, 2, layout.ndim, begin, at);
        for (std::int64_t left = end - begin; left > 0;) {
          const std::int64_t n = std::min(cursor.left(), left);
          direct.run(at[direct.in()], at[direct.out()], n);
          cursor.advance(n);
          left -= n;
        }
      });
    }
  }
  if (const int across = crossing_dim(job, layout); across >= 0) {
    return run_tiles(kernels, job, layout, across, pool, threads);
  }
  run_blocks(kernels, job, pool, threads);
}

// Whether a program only stores a scalar.
bool is_fill(const Program& program) {
  return program.steps == 2 && program.step[0].kind == Kind::scalar && program.operands == 1;
}

// Copies a block of equal elements over and over, which is faster than a loop over elements of
// fewer than 4 bytes.
void fill(const Job& job, Pool& pool, int threads) {
  constexpr std::int64_t block_bytes = 4096;  // a multiple of the size of every element
  alignas(cache_line) std::byte block[block_bytes];
  const std::int64_t size = bytes_of(job.program->operand[0]);
  const std::byte* const value = job.scalars[job.program->step[0].code].bytes;
  const std::int64_t used = std::min(job.numel, block_bytes / size) * size;
  std::memcpy(block, value, static_cast<std::size_t>(size));
  for (std::int64_t filled = size; filled < used; filled *= 2) {
    std::memcpy(block + filled, block, static_cast<std::size_t>(std::min(filled, used - filled)));
  }
  share(pool, threads, job.numel, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * size; at < end * size; at += block_bytes) {
      std::memcpy(job.memory[0] + at, block,
                  static_cast<std::size_t>(std::min(block_bytes, end * size - at)));
    }
  });
}

}  // namespace

void run(const Kernels& kernels, const Job& job, Pool& pool, int threads) {
  if (job.layout != nullptr) return run_strided(kernels, job, *job.layout, pool, threads);
  if (is_fill(*job.program)) return fill(job, pool, threads);
  if (const Direct direct(kernels, job, job.numel); direct.exists()) {
    return share(pool, threads, job.numel, 1,
                 [&](std::int64_t begin, std::int64_t end) { direct.run(job, begin, end); });
  }
  run_blocks(kernels, job, pool, threads);
}

void run(const Kernels& kernels, const RandomJob& job, Pool& pool, int threads) {
  constexpr std::int64_t block_size = 1024;
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
