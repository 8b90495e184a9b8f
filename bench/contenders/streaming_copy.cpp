// Copies memory past the cache with non-temporal stores, as fast as possible. The large sizes are
// compared with this.
//
//   streaming_copy BYTES THREADS
//
// Reads a number of copies from each line of standard input and prints the nanoseconds that they
// took. For 0 it prints the number of bytes that differ.

#include <emmintrin.h>
#include <sys/mman.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t line = 64;  // of the cache, in bytes

std::size_t rounded_up(std::size_t size, std::size_t to) { return (size + to - 1) / to * to; }

char* allocate(std::size_t size) {
  const std::size_t capacity = rounded_up(std::max(size, huge_page), huge_page);
  void* memory = std::aligned_alloc(huge_page, capacity);
  if (memory == nullptr) throw std::bad_alloc();
  madvise(memory, capacity, MADV_HUGEPAGE);  // a hint, which may be refused
  return static_cast<char*>(memory);
}

// Whole cache lines: `size` is a multiple of `line`.
void copy(char* to, const char* from, std::size_t size) {
  for (std::size_t i = 0; i < size; i += line) {
    const auto* source = reinterpret_cast<const __m128i*>(from + i);
    auto* target = reinterpret_cast<__m128i*>(to + i);
    const __m128i a = _mm_load_si128(source);
    const __m128i b = _mm_load_si128(source + 1);
    const __m128i c = _mm_load_si128(source + 2);
    const __m128i d = _mm_load_si128(source + 3);
    _mm_stream_si128(target, a);
    _mm_stream_si128(target + 1, b);
    _mm_stream_si128(target + 2, c);
    _mm_stream_si128(target + 3, d);
  }
  _mm_sfence();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return EXIT_FAILURE;
  const std::size_t size = rounded_up(std::stoull(argv[1]), line);
  const std::size_t threads = std::stoull(argv[2]);
  char* from = allocate(size);
  char* to = allocate(size);
  std::memset(from, 1, size);
  std::memset(to, 0, size);

  // Each thread copies its own part, as often as requested. The threads wait for each other between
  // copies.
  std::size_t count = 0;
  bool last = false;
  std::barrier barrier(static_cast<std::ptrdiff_t>(threads));
  const auto copy_part = [&](std::size_t thread) {
    const std::size_t part = rounded_up(rounded_up(size, threads) / threads, line);
    const std::size_t start = std::min(size, thread * part);
    const std::size_t length = std::min(size - start, part);
    // The next count may be read while another thread is still leaving this loop.
    const std::size_t times = count;
    for (std::size_t i = 0; i < times; i++) {
      copy(to + start, from + start, length);
      barrier.arrive_and_wait();
    }
  };
  std::vector<std::thread> others;
  for (std::size_t thread = 1; thread < threads; thread++) {
    others.emplace_back([&, thread] {
      for (barrier.arrive_and_wait(); !last; barrier.arrive_and_wait()) copy_part(thread);
    });
  }

  while (std::cin >> count) {
    if (count == 0) {
      std::cout << size - static_cast<std::size_t>(std::count(to, to + size, from[0])) << std::endl;
      continue;
    }
    const auto start = std::chrono::steady_clock::now();
    barrier.arrive_and_wait();  // starts the others
    copy_part(0);
    const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - start;
    std::cout << time.count() << std::endl;
  }
  last = true;
  barrier.arrive_and_wait();
  for (std::thread& other : others) other.join();
}
