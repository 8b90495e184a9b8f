#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "test/device/fixture.h"
#include "test/device/temporary_file.h"
#include "test/device/tests.h"

namespace rsqrt_native::test::device {
namespace {

// Runs a part with other settings of the simulated device.
int run_part(const char* part, const std::vector<std::string>& environment) {
  std::vector<std::string> variables = environment;
  for (char** each = environ; *each != nullptr; ++each) {
    if (std::strncmp(*each, "RSQRT_SIMULATED_", 16) != 0) variables.emplace_back(*each);
  }
  return run_process({part}, variables);
}

}  // namespace

void test_processes(Report& report) {
  Topic t(report, "processes of their own");
  const TemporaryFile left;
  const std::string to_file = "RSQRT_SIMULATED_REPORT=" + left.path();
  t.equals(0, run_part("device-bare", {"RSQRT_SIMULATED_POOLS=0", "RSQRT_SIMULATED_PEER=0",
                                       "RSQRT_SIMULATED_IMAGE=none", to_file}));
  const std::string said = left.text();
  t.holds(
      said ==
          "rsqrt simulated: left behind: 2 allocations (1100 bytes), 0 reserved bytes, 0 pools, "
          "1 pinned blocks, 1 streams, 1 events, 1 graphs, 1 execs; device 1: 2 allocations (1100 bytes)\n",
      "the report is " + said);
#if defined(__SANITIZE_ADDRESS__)
  t.holds(run_part("device-overrun", {}) != 0, "AddressSanitizer let a kernel write beyond its allocation");
#else
  t.equals(0, run_part("device-overrun", {}));
#endif
}

}  // namespace rsqrt_native::test::device
