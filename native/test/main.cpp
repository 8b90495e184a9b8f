// The native test program: tests what can be tested below Node, with sanitizers or with very many
// inputs.
//
//   native-test [PART…] [--threads=N] [--float64=N] [--layouts=N] [--programs=N] [--thin=N]
//               [--corrupt=N] [--hard-inputs=FILE]
//
// Without parts, it runs all except the long ones (seeds and float32) and those that the part
// device runs in separate processes. Prints a line for each part and target, and returns 1 if
// anything was wrong.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "cpu/isa.h"
#include "cpu/workspace.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

struct Part {
  const char* name;
  bool (*test)(const Options&);
  bool on_demand;
};

constexpr Part parts[] = {
    {"layouts", test_layouts, false},
    {"conversions", test_conversions, false},
    {"environment", test_environment, false},
    {"concurrent", test_concurrent, false},
    {"streamed", test_streamed, false},
    {"programs", test_programs, false},
    {"corrupt", test_corrupt, false},
    {"integers", test_integers, false},
    {"float16", test_float16, false},
    {"bfloat16", test_bfloat16, false},
    {"coarse-seeds", test_coarse_seeds, false},
    {"float64", test_float64, false},
    {"complex", test_complex, false},
    {"philox", test_philox, false},
    {"distributions", test_distributions, false},
    {"draws", test_draws, false},
    {"device", test_device, false},
    {"backend", test_backend, false},
    {"failures", test_failures, false},
    {"device-bare", test_bare_device, true},
    {"device-overrun", test_overrun, true},
    {"divisors", test_divisors, false},
    {"gpu-dense", test_gpu_dense, false},
    {"gpu-far", test_gpu_far, false},
    {"gpu-programs", test_gpu_programs, false},
    {"gpu-tiles", test_gpu_tiles, false},
    {"gpu-pieces", test_gpu_pieces, false},
    {"gpu-draws", test_gpu_draws, false},
    {"barriers", test_barriers, false},
    {"seeds", test_seeds, true},
    {"float32", test_float32, true},
    {"speed", test_speed, true},
};

int usage(const std::string& word) {
  std::fprintf(stderr, "native-test: '%s' is neither a part nor an option. Parts:", word.c_str());
  for (const Part& part : parts) std::fprintf(stderr, " %s", part.name);
  std::fputs(
      "; options: --threads=N --float64=N --layouts=N --programs=N --corrupt=N --thin=N --hard-inputs=FILE\n",
      stderr);
  return 2;
}

const Part* part_named(const std::string& name) {
  for (const Part& part : parts) {
    if (name == part.name) return &part;
  }
  return nullptr;
}

// Reads --name=value. False if there is no such option or the value is invalid.
bool take_option(const std::string& word, Options& options) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return false;
  const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
  const std::int64_t number = std::atoll(value.c_str());
  if (name == "--hard-inputs") {
    options.hard_inputs = value;
    return true;
  }
  if (number <= 0) return false;
  if (name == "--threads") {
    options.threads = static_cast<int>(number);
  } else if (name == "--float64") {
    options.float64 = number;
  } else if (name == "--layouts") {
    options.layouts = number;
  } else if (name == "--programs") {
    options.programs = number;
  } else if (name == "--corrupt") {
    options.corrupt = number;
  } else if (name == "--thin") {
    options.thin = number;
  } else {
    return false;
  }
  return true;
}

int run(const std::vector<std::string>& words) {
  Options options{
      static_cast<int>(std::thread::hardware_concurrency()), 2'000'000, 20, 12'000, 100'000, 1, ""};
  std::vector<const Part*> chosen;
  std::vector<std::string> given;  // options
  for (const std::string& word : words) {
    if (const Part* part = part_named(word); part != nullptr) {
      chosen.push_back(part);
    } else if (take_option(word, options)) {
      given.push_back(word);
    } else {
      return usage(word);
    }
  }
  if (chosen.empty()) {
    for (const Part& part : parts) {
      if (!part.on_demand) chosen.push_back(&part);
    }
  }
  if (chosen.size() == 1) {
    cpu::poisons_blocks = chosen[0]->test != test_speed;
    return chosen[0]->test(options) ? 0 : 1;
  }
  // Several parts run in separate processes, so that no part finds a device that another made fail,
  // or another's settings.
  std::vector<std::string> environment;
  for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
  bool right = true;
  for (const Part* part : chosen) {
    std::vector<std::string> own = given;
    own.emplace_back(part->name);
    if (run_process(own, environment) == 0) continue;
    std::fprintf(stderr, "native-test: %s failed\n", part->name);
    right = false;
  }
  return right ? 0 : 1;
}

}  // namespace
}  // namespace rsqrt_native::test

int main(int count, char** words) {
  setenv("RSQRT_SIMULATED_DEVICES", "4", 1);  // some are made to fail permanently
  return rsqrt_native::test::run(std::vector<std::string>(words + 1, words + count));
}
