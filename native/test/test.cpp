#include "test/test.h"

#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <thread>
#include <vector>

namespace rsqrt_native::test {

void Report::checked(const std::string& target, std::int64_t inputs, std::int64_t wrong) {
  const std::lock_guard lock(mutex_);
  Count& count = counts_[target];
  count.inputs += inputs;
  count.wrong += wrong;
}

void Report::explain(const std::string& target, const std::string& sentence) {
  const std::lock_guard lock(mutex_);
  if (++counts_[target].explained > 5) return;
  std::printf("  %s, %s: %s\n", part_.c_str(), target.c_str(), sentence.c_str());
  std::fflush(stdout);  // the next input may crash
}

bool Report::finish() {
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  bool right = !counts_.empty();
  for (const auto& [target, count] : counts_) {
    std::printf("%s, %s: %lld inputs, %lld wrong\n", part_.c_str(), target.c_str(),
                static_cast<long long>(count.inputs), static_cast<long long>(count.wrong));
    right = right && count.inputs > 0 && count.wrong == 0;
  }
  std::printf("%s: %s (%.1f s)\n", part_.c_str(), right ? "right" : "WRONG", seconds.count());
  std::fflush(stdout);
  return right;
}

void in_parallel(int threads, std::int64_t count, const std::function<void(std::int64_t)>& work) {
  std::atomic<std::int64_t> next = 0;
  const auto take = [&] {
    for (std::int64_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> others;
  others.reserve(static_cast<std::size_t>(threads));
  for (int i = 1; i < threads; ++i) others.emplace_back(take);
  take();
  for (std::thread& each : others) each.join();
}

std::string hex(std::uint64_t bits, int width) {
  char text[20];
  std::snprintf(text, sizeof(text), "0x%0*llx", width / 4, static_cast<unsigned long long>(bits));
  return text;
}

namespace {

// A list of words as C expects it.
std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

int run_process(std::vector<std::string> words, std::vector<std::string> environment) {
  words.insert(words.begin(), "native-test");
  pid_t child = 0;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, pointers_to(words).data(),
                  pointers_to(environment).data()) != 0) {
    return -1;
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace rsqrt_native::test
