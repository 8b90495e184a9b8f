#include "runtime/report.h"

#include <cstdio>
#include <string>

#include "runtime/state.h"

namespace rsqrt_simulated {

namespace {

std::string text_of(DeviceMemory::Held held) {
  return std::to_string(held.allocations) + " allocations (" + std::to_string(held.bytes) + " bytes)";
}

std::string line(State& shared) {
  DeviceMemory::Held total;
  std::size_t reserved = 0;
  std::string by_device;
  for (std::size_t i = 0; i < shared.devices.size(); ++i) {
    const DeviceMemory::Held held = shared.devices[i].memory.held();
    total.allocations += held.allocations;
    total.bytes += held.bytes;
    reserved += shared.devices[i].default_pool->reserved;
    if (held.allocations > 0) by_device += "; device " + std::to_string(i) + ": " + text_of(held);
  }
  for (const auto& [handle, pool] : shared.pools) reserved += pool->reserved;

  std::string text = "rsqrt simulated: left behind: " + text_of(total);
  const auto add = [&text](std::size_t count, const char* what) {
    text += ", " + std::to_string(count) + " " + what;
  };
  add(reserved, "reserved bytes");
  add(shared.pools.size(), "pools");
  add(shared.host_blocks.size(), "pinned blocks");
  add(shared.streams.size(), "streams");
  add(shared.events.size(), "events");
  add(shared.graphs.size(), "graphs");
  add(shared.execs.size(), "execs");
  return text + by_device + "\n";
}

}  // namespace

void report(State& shared) {
  const std::string& where = shared.settings.report;
  if (where.empty()) return;
  const std::string text = line(shared);
  std::FILE* file = where == "1" ? stderr : std::fopen(where.c_str(), "a");
  if (file == nullptr) return;
  std::fputs(text.c_str(), file);
  if (file != stderr) static_cast<void>(std::fclose(file));
}

}  // namespace rsqrt_simulated
