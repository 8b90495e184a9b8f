// Declarations shared by the parts of the test program.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace rsqrt_native::test {

struct Options {
  int threads;              // of the test program itself
  std::int64_t float64;     // number of inputs of the part float64
  std::int64_t layouts;     // number of random layouts per operation and pair of dtypes
  std::int64_t programs;    // number of random programs
  std::int64_t corrupt;     // number of corrupt programs
  std::int64_t thin;        // float32, failures, concurrent and streamed take one case in so many
  std::string hard_inputs;  // a file of float64 inputs that are hard to round, or empty
};

// Counts the checks of one part and prints a line for each of its targets. Safe to use from several
// threads.
class Report {
 public:
  explicit Report(std::string part) : part_(std::move(part)) {}

  void checked(const std::string& target, std::int64_t inputs, std::int64_t wrong);
  // Prints what is wrong, for the first few failures of a target only.
  void explain(const std::string& target, const std::string& sentence);
  // Prints the lines. Returns whether something was checked and nothing was wrong.
  bool finish();

 private:
  struct Count {
    std::int64_t inputs = 0;
    std::int64_t wrong = 0;
    int explained = 0;
  };
  std::string part_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::map<std::string, Count> counts_;
};

// Calls work(i) for i from 0 to count − 1 on `threads` threads.
void in_parallel(int threads, std::int64_t count, const std::function<void(std::int64_t)>& work);

std::string hex(std::uint64_t bits, int width);

// Runs this program with other arguments and another environment. Returns its exit status, or −1 if
// a signal ended it.
int run_process(std::vector<std::string> words, std::vector<std::string> environment);

// The parts. Each returns whether everything was right.
bool test_float16(const Options& options);
bool test_bfloat16(const Options& options);
bool test_float32(const Options& options);
bool test_seeds(const Options& options);
bool test_coarse_seeds(const Options& options);
bool test_float64(const Options& options);
bool test_integers(const Options& options);
bool test_complex(const Options& options);
bool test_conversions(const Options& options);
bool test_layouts(const Options& options);
bool test_environment(const Options& options);
bool test_concurrent(const Options& options);
bool test_streamed(const Options& options);
bool test_programs(const Options& options);
bool test_corrupt(const Options& options);
bool test_philox(const Options& options);
bool test_distributions(const Options& options);
bool test_draws(const Options& options);
bool test_backend(const Options& options);
bool test_failures(const Options& options);
bool test_device(const Options& options);
bool test_bare_device(const Options& options);
bool test_overrun(const Options& options);
bool test_divisors(const Options& options);
bool test_gpu_dense(const Options& options);
bool test_gpu_far(const Options& options);
bool test_gpu_programs(const Options& options);
bool test_gpu_tiles(const Options& options);
bool test_gpu_pieces(const Options& options);
bool test_gpu_draws(const Options& options);
bool test_barriers(const Options& options);
bool test_speed(const Options& options);

}  // namespace rsqrt_native::test
