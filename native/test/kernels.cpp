// Tests the GPU kernels on the simulated device where the tables of test/ do not reach: strides
// beyond 32 bits, every alignment of both sides, memory guarded to the byte. The memory is the
// host's, which the simulated device can access as long as it is not protected.
#include "cuda/kernels.h"

#include <cuda_runtime.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "cuda/kernels/divisor.h"
#include "ops/random.h"
#include "ops/table.h"
#include "test/check_cuda.h"
#include "test/execute.h"
#include "test/guarded_memory.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

constexpr int multiprocessors = 1;  // so that loops over more than a grid are short

cudaStream_t new_stream(int device) {
  cudaStream_t stream = nullptr;
  check(cudaSetDevice(device));
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return stream;
}

cudaStream_t first_stream() {
  static const cudaStream_t stream = new_stream(0);
  check(cudaSetDevice(0));
  return stream;
}

void execute_on_gpu(const Job& job) {
  check(cuda::launch(job, multiprocessors, first_stream()));
  check(cudaStreamSynchronize(first_stream()));
}

void execute_on_gpu(const RandomJob& job) {
  check(cuda::launch_random(job, multiprocessors, first_stream()));
  check(cudaStreamSynchronize(first_stream()));
}

cpu::InstructionSet some_cpu() { return cpu::available_instruction_sets().back(); }

void fill(Random& random, std::byte* p, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) p[i] = static_cast<std::byte>(random.bits() >> 56);
}

DType result_of(int op, DType in) { return static_cast<DType>(op_table[op].results[index_of(in)]); }

std::string name_of(int op, DType in, DType out) {
  return std::string(op_table[op].name) + " of " + dtype_names[index_of(in)] + " into " +
         dtype_names[index_of(out)];
}

}  // namespace

bool test_divisors(const Options&) {
  constexpr std::uint32_t limit = std::uint32_t{1} << 31;
  Report report("divisors");
  Random random(5);
  const auto check_divisor = [&](std::uint32_t d) {
    const cuda::Divisor divisor = cuda::divisor_of(d);
    const auto is_right = [&](std::uint32_t n) { return cuda::quotient(n, divisor) == n / d; };
    std::int64_t wrong = 0;
    // The first number with a quotient and the last one before it, for random quotients and the
    // largest one.
    for (int i = 0; i < 40; ++i) {
      const std::uint32_t most = (limit - 1) / d;
      const auto q = static_cast<std::uint32_t>(i == 0 ? most : random.below(std::int64_t{most} + 1));
      if (!is_right(q * d) || (q > 0 && !is_right(q * d - 1))) ++wrong;
    }
    if (!is_right(limit - 1)) ++wrong;
    if (wrong > 0) report.explain("quotient", "by " + std::to_string(d) + " is wrong");
    report.checked("quotient", 41, wrong);
  };
  for (std::uint32_t d = 1; d < 4000; ++d) check_divisor(d);
  for (int power = 2; power < 31; ++power) {
    for (int i = -3; i <= 3; ++i) check_divisor((std::uint32_t{1} << power) + static_cast<std::uint32_t>(i));
  }
  for (std::uint32_t i = 1; i < 100; ++i) check_divisor(limit - i);
  for (int i = 0; i < 20'000; ++i)
    check_divisor(static_cast<std::uint32_t>(random.bits() >> (33 + i % 31)) | 1);
  return report.finish();
}

namespace {

// Compares n contiguous elements with the CPU. Each side starts at an offset of some elements from a
// multiple of 16 bytes.
void check_dense(int op, DType in_dtype, std::int64_t n, std::int64_t in_offset, std::int64_t out_offset,
                 GuardedMemory& in_memory, GuardedMemory& out_memory, Random& random, Report& report) {
  const DType out_dtype = result_of(op, in_dtype);
  const std::size_t in_bytes = static_cast<std::size_t>(n) * size_of(in_dtype);
  const std::size_t out_bytes = static_cast<std::size_t>(n) * size_of(out_dtype);
  // Sometimes they end at the end of the memory instead.
  const auto place = [&](GuardedMemory& memory, std::size_t bytes, std::int64_t offset, DType dtype) {
    if (random.one_in(3)) return memory.at_end(bytes);
    return memory.at_start(bytes, static_cast<std::size_t>(offset) * size_of(dtype));
  };
  std::byte* const in = place(in_memory, in_bytes, in_offset, in_dtype);
  fill(random, in, in_bytes);
  std::vector<std::byte> right(out_bytes);
  execute(some_cpu(), dense_job(op, in_dtype, out_dtype, in, right.data(), n));
  std::byte* const out = place(out_memory, out_bytes, out_offset, out_dtype);
  execute_on_gpu(dense_job(op, in_dtype, out_dtype, in, out, n));
  const bool wrong = !std::equal(right.begin(), right.end(), out);
  if (wrong) {
    report.explain("dense", name_of(op, in_dtype, out_dtype) + ", " + std::to_string(n) + " elements at " +
                                std::to_string(in_offset) + " and " + std::to_string(out_offset) +
                                " differ from the CPU's");
  }
  report.checked("dense", 1, wrong ? 1 : 0);
}

}  // namespace

bool test_gpu_dense(const Options&) {
  // Less than a pack, about a pack of the widest and narrowest elements, a block, and more than a
  // grid.
  constexpr std::int64_t lengths[] = {1, 2, 7, 15, 16, 17, 31, 33, 1000, 4096, 20'001, 210'000};
  constexpr std::size_t most = (210'000 + 32) * sizeof(Complex<double>);
  Report report("gpu dense");
  GuardedMemory in_memory(most), out_memory(most);
  Random random(21);
  for (int i = 0; i < op_count * dtype_count; ++i) {
    const int op = i / dtype_count;
    const auto in = static_cast<DType>(i % dtype_count);
    if (op_table[op].computes[index_of(in)] < 0) continue;
    for (const std::int64_t n : lengths) {
      // The long ones for one operation only, because the loops are the same.
      if (n > 1000 && op_table[op].name != std::string("neg")) continue;
      for (int j = 0; j < 6; ++j) {
        const std::int64_t in_offset = j == 0 ? 0 : random.below(17);
        const std::int64_t out_offset = j % 2 == 0 ? in_offset : random.below(17);
        check_dense(op, in, n, in_offset, out_offset, in_memory, out_memory, random, report);
      }
    }
  }
  return report.finish();
}

namespace {

// Address space. Only the part that is written uses memory.
class Reservation {
 public:
  explicit Reservation(std::size_t bytes)
      : bytes_(bytes),
        start_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                    0)) {
    if (start_ == MAP_FAILED) std::abort();
  }
  ~Reservation() { munmap(start_, bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  std::byte* start() const { return static_cast<std::byte*>(start_); }

 private:
  std::size_t bytes_;
  void* start_;
};

// Copies the elements of a strided side, one after the other, to it or from it.
template <class Move>
void for_each_element(const Layout& layout, const std::int64_t* strides, std::size_t size, Move move) {
  std::int64_t numel = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) numel *= layout.sizes[dim];
  for (std::int64_t i = 0; i < numel; ++i) {
    std::int64_t rest = i, offset = 0;
    for (int dim = layout.ndim - 1; dim >= 0; --dim) {
      offset += rest % layout.sizes[dim] * strides[dim];
      rest /= layout.sizes[dim];
    }
    move(static_cast<std::size_t>(offset) * size, static_cast<std::size_t>(i) * size, size);
  }
}

}  // namespace

// Offsets of more than 31 and of more than 32 bits, on one side or both, with results in any other
// dtype.
bool test_gpu_far(const Options&) {
  constexpr std::int64_t far = (std::int64_t{1} << 32) + 5;
  const Layout layouts[] = {
      {2, {3, 37}, {{far, 1}, {37, 1}}},
      {2, {3, 37}, {{37, 1}, {far / 2, 1}}},
      {3, {2, 5, 70}, {{far, 2, 11}, {far, 70, 1}}},
      {3, {2, 33, 40}, {{5000, 1, 40}, {1320, 40, 1}}},  // small, for the other way to find offsets
      {1, {5000}, {{1}, {1}}},
  };
  Report report("gpu far");
  Random random(22);
  const Reservation in(static_cast<std::size_t>(far) * 3 * 16), out(static_cast<std::size_t>(far) * 3 * 16);
  for (int i = 0; i < op_count * dtype_count * dtype_count; ++i) {
    const int op = i / dtype_count / dtype_count;
    const auto in_dtype = static_cast<DType>(i / dtype_count % dtype_count);
    const auto out_dtype = static_cast<DType>(i % dtype_count);
    if (op_table[op].computes[index_of(in_dtype)] < 0) continue;
    const DType result = result_of(op, in_dtype);
    const std::size_t in_size = size_of(in_dtype), out_size = size_of(out_dtype);
    for (const Layout& layout : layouts) {
      std::int64_t numel = 1;
      for (int dim = 0; dim < layout.ndim; ++dim) numel *= layout.sizes[dim];
      const auto n = static_cast<std::size_t>(numel);
      // On the CPU: computes the result in its own dtype, and then copies it.
      std::vector<std::byte> dense(n * in_size), computed(n * size_of(result)), right(n * out_size),
          got(n * out_size);
      fill(random, dense.data(), dense.size());
      execute(some_cpu(), dense_job(op, in_dtype, result, dense.data(), computed.data(), numel));
      execute(some_cpu(),
              dense_job(op_named("copy"), result, out_dtype, computed.data(), right.data(), numel));
      for_each_element(layout, layout.strides[0], in_size,
                       [&](std::size_t there, std::size_t here, std::size_t size) {
                         std::memcpy(in.start() + there, dense.data() + here, size);
                       });
      Job job = dense_job(op, in_dtype, out_dtype, in.start(), out.start(), numel);
      job.layout = &layout;
      execute_on_gpu(job);
      for_each_element(layout, layout.strides[1], out_size,
                       [&](std::size_t there, std::size_t here, std::size_t size) {
                         std::memcpy(got.data() + here, out.start() + there, size);
                       });
      const bool wrong = got != right;
      const char* target = result == out_dtype ? "in its dtype" : "in another dtype";
      if (wrong) {
        report.explain(target, name_of(op, in_dtype, out_dtype) + ", layout " +
                                   std::to_string(&layout - layouts) + ", differs");
      }
      report.checked(target, 1, wrong ? 1 : 0);
    }
  }
  return report.finish();
}

bool test_gpu_draws(const Options&) {
  constexpr std::int64_t lengths[] = {1, 2, 3, 255, 256, 257, 512, 513, 100'001};
  Report report("gpu draws");
  GuardedMemory memory(std::size_t{2} << 20);
  Random random(23);
  for (int kind = 0; kind < distribution_count * dtype_count; ++kind) {
    const auto dtype = static_cast<DType>(kind % dtype_count);
    if (!has_random[index_of(dtype)]) continue;
    for (const std::int64_t n : lengths) {
      // Sometimes the counter carries over within the job.
      const std::uint64_t counter = random.one_in(2) ? random.bits() : (std::uint64_t{1} << 32) - 20;
      RandomJob job{kind / dtype_count, random.bits(), counter, dtype, nullptr, n};
      std::vector<std::byte> right(static_cast<std::size_t>(n) * size_of(dtype));
      job.out = right.data();
      execute(some_cpu(), job);
      job.out = memory.at_start(right.size(), static_cast<std::size_t>(random.below(3)) * size_of(dtype));
      execute_on_gpu(job);
      const bool wrong = !std::equal(right.begin(), right.end(), job.out);
      if (wrong) {
        report.explain("draws", std::to_string(n) + " " + dtype_names[index_of(dtype)] + ", " +
                                    distribution_names[job.distribution] + ", differ from the CPU's");
      }
      report.checked("draws", 1, wrong ? 1 : 0);
    }
  }
  return report.finish();
}

}  // namespace rsqrt_native::test

// Kernels that only the simulated device runs, to test it.
extern __shared__ uint4 rsqrt_shared_memory[];

namespace rsqrt_native::test {
namespace {

enum class Fault { none, leaves_early, second_barrier_missed, writes_past_the_end };

// Every thread passes its number on to its neighbour, twice, each time across a barrier.
__global__ void pass_on(unsigned* out, Fault fault) {
  auto* const shared = reinterpret_cast<unsigned*>(rsqrt_shared_memory);
  const unsigned n = blockDim.x, i = threadIdx.x;
  const unsigned untouched = shared[i];
  if (fault == Fault::leaves_early && i == 3) return;
  shared[i] = blockIdx.x * n + i;
  __syncthreads();
  const unsigned from_left = shared[(i + n - 1) % n];
  if (fault == Fault::second_barrier_missed && i >= n / 2) return;
  __syncthreads();
  shared[i] = from_left;
  __syncthreads();
  if (fault == Fault::writes_past_the_end && i == 0) shared[n] = 0;
  out[blockIdx.x * n + i] = untouched == ~0u ? shared[(i + n - 1) % n] : 0xdead;
}

cudaError_t run_pass_on(cudaStream_t stream, unsigned* out, unsigned blocks, unsigned threads, Fault fault) {
  void* args[] = {&out, &fault};
  check(cudaLaunchKernel(pass_on, dim3(blocks), dim3(threads), args, threads * sizeof(unsigned), stream));
  return cudaStreamSynchronize(stream);
}

}  // namespace

// Barriers and shared memory of the simulated device.
bool test_barriers(const Options&) {
  constexpr unsigned blocks = 5;
  Report report("barriers");
  for (const unsigned threads : {1u, 2u, 33u, 256u}) {
    for (int launch = 0; launch < 2; ++launch) {  // forwards and backwards
      std::vector<unsigned> out(std::size_t{blocks} * threads);
      check(run_pass_on(first_stream(), out.data(), blocks, threads, Fault::none));
      std::int64_t wrong = 0;
      for (unsigned i = 0; i < out.size(); ++i) {
        const unsigned block = i / threads, from = (i % threads + 2 * threads - 2) % threads;
        if (out[i] != block * threads + from) ++wrong;
      }
      report.checked("two steps", std::int64_t{blocks} * threads, wrong);
    }
  }
  int device = 1;
  for (const Fault fault : {Fault::leaves_early, Fault::second_barrier_missed, Fault::writes_past_the_end}) {
    std::vector<unsigned> out(64);
    const cudaError_t status = run_pass_on(new_stream(device++), out.data(), 1, 64, fault);
    report.checked("faults", 1, status == cudaErrorLaunchFailure ? 0 : 1);
    static_cast<void>(cudaGetLastError());
  }
  return report.finish();
}

}  // namespace rsqrt_native::test
