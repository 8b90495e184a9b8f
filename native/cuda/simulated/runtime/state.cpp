#include "runtime/state.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace rsqrt_simulated {

constinit thread_local int current_device = 0;
constinit thread_local cudaError_t last_error = cudaSuccess;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return otherwise;
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(text, &end, 10);
  return *end == '\0' ? number : otherwise;
}

Settings settings_from_environment() {
  const char* driver = std::getenv("RSQRT_SIMULATED_DRIVER");
  const std::string_view kind = driver == nullptr ? "" : driver;
  return {
      .devices = static_cast<int>(std::min<std::uint64_t>(number_from("RSQRT_SIMULATED_DEVICES", 2), 64)),
      .driver_version = kind == "none"  ? 0
                        : kind == "old" ? 12020
                                        : CUDART_VERSION,
      .memory = number_from("RSQRT_SIMULATED_MEMORY", std::size_t{256} << 20),
      .delay = std::chrono::microseconds(
          std::min<std::uint64_t>(number_from("RSQRT_SIMULATED_DELAY", 2000), 60'000'000)),
  };
}

cudaError_t availability(const Settings& settings) {
  if (settings.driver_version < CUDART_VERSION) return cudaErrorInsufficientDriver;
  return settings.devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

// Tasks of streams that were left over must not touch what the other exit handlers destroy: none is
// started any more, and those under way get a second to end.
void unload() {
  State& shared = state();
  Lock lock(shared.mutex);
  shared.unloading = true;
  shared.progress.notify_all();
  shared.progress.wait_for(lock, std::chrono::seconds(1), [&] { return shared.running == 0; });
}

}  // namespace

State::State() : settings(settings_from_environment()), unavailable(availability(settings)) {
  if (unavailable != cudaSuccess) return;
  for (int i = 0; i < settings.devices; ++i) devices.emplace_back(settings.memory);
}

State& state() {
  static State* const shared = [] {
    auto* created = new State;
    std::atexit(unload);
    return created;
  }();
  return *shared;
}

std::shared_ptr<Stream> find_stream(State& shared, cudaStream_t handle) {
  if (handle == nullptr) {
    auto& stream = shared.device(current_device).default_stream;
    if (stream == nullptr) stream = Stream::create(shared, current_device);
    return stream;
  }
  const auto found = shared.streams.find(handle);
  return found == shared.streams.end() ? nullptr : found->second;
}

cudaError_t drain(State& shared, Lock& lock, int device) {
  std::vector<Mark> marks;
  for (const auto& stream : shared.device(device).streams) marks.push_back({stream, stream->enqueued});
  for (const auto& mark : marks) mark.stream->hurry(mark.position);
  for (const auto& mark : marks) wait_for(shared, lock, mark);
  return shared.health(device);
}

}  // namespace rsqrt_simulated
