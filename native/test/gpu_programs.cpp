// Executes random programs on the simulated device, and compares the bits with those of the same
// program executed step by step (test/step_by_step.h). The memory is the host's, which the simulated
// device can access as long as it is not protected.

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "cuda/kernels.h"
#include "test/random_program.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

void check(cudaError_t status) {
  if (status == cudaSuccess) return;
  std::fprintf(stderr, "%s\n", cudaGetErrorString(status));
  std::abort();
}

// The stream of a thread of the test.
class OwnStream {
 public:
  OwnStream() {
    check(cudaSetDevice(0));
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~OwnStream() { check(cudaStreamDestroy(stream_)); }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

  void execute(const Job& job) const {
    constexpr int multiprocessors = 1;  // so that loops over more than a grid are short
    check(cuda::launch(job, multiprocessors, stream_));
    check(cudaStreamSynchronize(stream_));
  }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace

bool test_gpu_programs(const Options& options) {
  Report report("gpu programs");
  in_parallel(options.threads, options.programs, [&](std::int64_t i) {
    thread_local TrialMemory memory;
    thread_local OwnStream stream;
    Random random(static_cast<std::uint64_t>(i) + 1'000'000);
    const Program program = random_draft(random).make();
    // A few are more than a grid, or large enough for tiles.
    const Amount amount = random.one_in(32) ? Amount::many : Amount::few;
    const Trial trial = make_trial(random, program, random_shape(random, program, amount));
    memory.place(random, trial, true);
    memory.fill(trial);
    stream.execute(memory.job(trial, !trial.shape.contiguous || random.one_in(2)));
    const std::string difference = memory.difference(trial);
    const std::string target = std::to_string(program.slot_size) + " bytes, " +
                               (program.slots > 4 ? "shared memory" : "registers");
    report.checked(target, 1, difference.empty() ? 0 : 1);
    if (difference.empty()) return;
    report.explain(target, "program " + std::to_string(i) + ": " + difference + "; " +
                               describe(trial.program, trial.shape));
  });
  return report.finish();
}

}  // namespace rsqrt_native::test
