// Some libraries leave a thread with subnormals flushed to zero or with another rounding direction.
// Results must not depend on that.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace rsqrt_native::cpu {

// While it exists: round to nearest even, subnormals honoured, exceptions masked. Reading the
// register takes a few cycles. Writing it is slow, and is done only if it differs.
class DefaultFloatEnvironment {
 public:
  DefaultFloatEnvironment() : saved_(read()) {
    if (differs()) write((saved_ & ~controls) | defaults);
  }
  ~DefaultFloatEnvironment() {
    if (differs()) write(saved_);
  }
  DefaultFloatEnvironment(const DefaultFloatEnvironment&) = delete;
  DefaultFloatEnvironment& operator=(const DefaultFloatEnvironment&) = delete;

 private:
  bool differs() const { return (saved_ & controls) != defaults; }

#if defined(__x86_64__)
  static constexpr std::uint64_t controls = 0xffc0;  // flush to zero, rounding, masks, denormals are zero
  static constexpr std::uint64_t defaults = 0x1f80;  // all exceptions masked
  static std::uint64_t read() { return _mm_getcsr(); }
  static void write(std::uint64_t value) { _mm_setcsr(static_cast<unsigned>(value)); }
#elif defined(__aarch64__)
  static constexpr std::uint64_t controls = 0x07c89f00;  // AHP, DN, FZ, rounding, FZ16, exception traps
  static constexpr std::uint64_t defaults = 0;
  static std::uint64_t read() {
    std::uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(std::uint64_t value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#else
#error "rsqrt supports x86-64 and arm64"
#endif

  std::uint64_t saved_;
};

}  // namespace rsqrt_native::cpu
