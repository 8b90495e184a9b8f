#include "runtime/state.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime/report.h"

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

std::string text_from(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? "" : text;
}

Settings settings_from_environment() {
  const std::string kind = text_from("RSQRT_SIMULATED_DRIVER");
  return {
      .devices = static_cast<int>(std::min<std::uint64_t>(number_from("RSQRT_SIMULATED_DEVICES", 2), 64)),
      .driver_version = kind == "none"  ? 0
                        : kind == "old" ? 12020
                                        : CUDART_VERSION,
      .memory = number_from("RSQRT_SIMULATED_MEMORY", std::size_t{256} << 20),
      .delay = std::chrono::microseconds(
          std::min<std::uint64_t>(number_from("RSQRT_SIMULATED_DELAY", 2000), 60'000'000)),
      .pools = number_from("RSQRT_SIMULATED_POOLS", 1) != 0,
      .peers = number_from("RSQRT_SIMULATED_PEER", 1) != 0,
      .image = text_from("RSQRT_SIMULATED_IMAGE") != "none",
      .report = text_from("RSQRT_SIMULATED_REPORT"),
  };
}

cudaError_t availability(const Settings& settings) {
  if (settings.driver_version < CUDART_VERSION) return cudaErrorInsufficientDriver;
  return settings.devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

// Tasks of streams that still exist must not use what other exit handlers destroy. So no more tasks
// are started, and running ones get a second to end.
void unload() {
  const Exempt exempt;
  State& shared = state();
  Lock lock(shared.mutex);
  shared.unloading = true;
  shared.progress.notify_all();
  shared.progress.wait_for(lock, std::chrono::seconds(1), [&] { return shared.running == 0; });
  report(shared);
}

}  // namespace

State::State() : settings(settings_from_environment()), unavailable(availability(settings)) {
  if (unavailable != cudaSuccess) return;
  for (int i = 0; i < settings.devices; ++i) devices.emplace_back(i, settings.memory);
}

void State::fail_device(int index, const Outcome& outcome) {
  if (device(index).error != cudaSuccess) return;
  device(index).error = outcome.error;
  std::fprintf(stderr, "rsqrt simulated device %d failed: %s\n", index, outcome.reason);
}

void State::inject(cudaError_t error) {
  if (is_sticky(error) && has_device(current_device) && unavailable == cudaSuccess) {
    fail_device(current_device, {error, "as RSQRT_SIMULATED_FAIL requests"});
  }
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

void give_back_unused(State& shared, int device) {
  DeviceMemory& memory = shared.device(device).memory;
  Pool& own = *shared.device(device).default_pool;
  memory.trim(own, own.threshold);
  for (const auto& [handle, pool] : shared.pools) {
    if (pool->device == device) memory.trim(*pool, pool->threshold);
  }
}

cudaError_t synchronize(State& shared, Lock& lock, const Mark& mark, int device) {
  wait_for(shared, lock, mark);
  give_back_unused(shared, device);
  return shared.health(device);
}

void enqueue_wait(State& shared, Stream& stream, const Mark& mark) {
  stream.enqueue(shared, [&shared, mark](std::uint64_t) -> Outcome {
    Lock lock(shared.mutex);
    wait_for(shared, lock, mark);
    return {};
  });
}

cudaError_t drain(State& shared, Lock& lock, int device) {
  std::vector<Mark> marks;
  for (const auto& stream : shared.device(device).streams) marks.push_back({stream, stream->enqueued});
  for (const auto& mark : marks) mark.stream->hurry(mark.position);
  for (const auto& mark : marks) wait_for(shared, lock, mark);
  return shared.health(device);
}

}  // namespace rsqrt_simulated
