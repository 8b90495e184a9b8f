#include "cpu/isa.h"

#include "core/failure.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace rsqrt_native::cpu {

// CMakeLists.txt defines RSQRT_INSTRUCTION_SETS(X): the sets that are compiled in, widest first.
#define X(set)                  \
  inline namespace set {        \
  extern const Kernels kernels; \
  }
RSQRT_INSTRUCTION_SETS(X)
#undef X

namespace {

#if defined(__x86_64__)
// Bits of CPUID (Intel SDM volume 2A) and of XCR0 (volume 1, section 13.3). CPUID is executed
// directly, because the compiler's own check needs a part of its run-time library that not every
// toolchain links into a shared library (decision 36).
constexpr unsigned leaf1_ecx_fma = 1u << 12;
constexpr unsigned leaf1_ecx_osxsave = 1u << 27;
constexpr unsigned leaf1_ecx_f16c = 1u << 29;
constexpr unsigned leaf7_ebx_avx2 = 1u << 5;
constexpr unsigned leaf7_ebx_avx512f = 1u << 16;
constexpr unsigned leaf7_ebx_avx512dq = 1u << 17;
constexpr unsigned xcr0_avx = 0x06;     // the operating system saves XMM and YMM registers,
constexpr unsigned xcr0_avx512 = 0xe6;  // and ZMM and mask registers

constexpr bool all(unsigned value, unsigned bits) { return (value & bits) == bits; }

// The features of the CPU, and the registers that the operating system saves.
struct Features {
  unsigned leaf1_ecx = 0;
  unsigned leaf7_ebx = 0;
  unsigned xcr0 = 0;

  Features() {
    unsigned eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0) return;
    leaf1_ecx = ecx;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) leaf7_ebx = ebx;
    // NOLINTNEXTLINE(hicpp-no-assembler): the intrinsic needs a wider target
    if (all(leaf1_ecx, leaf1_ecx_osxsave)) asm("xgetbv" : "=a"(xcr0), "=d"(edx) : "c"(0));
  }
  bool avx2() const {
    return all(xcr0, xcr0_avx) && all(leaf1_ecx, leaf1_ecx_fma | leaf1_ecx_f16c) &&
           all(leaf7_ebx, leaf7_ebx_avx2);
  }
  bool avx512() const {
    return avx2() && all(xcr0, xcr0_avx512) && all(leaf7_ebx, leaf7_ebx_avx512f | leaf7_ebx_avx512dq);
  }
};
#endif

bool supported(const std::string& name) {
#if defined(__x86_64__)
  const Features features;
  if (name == "avx512") return features.avx512();
  if (name == "avx2") return features.avx2();
#endif
  return name == "baseline" || name == "neon";
}

}  // namespace

std::vector<InstructionSet> available_instruction_sets() {
  std::vector<InstructionSet> sets;
#define X(set) \
  if (supported(#set)) sets.push_back({#set, &set::kernels});
  RSQRT_INSTRUCTION_SETS(X)
#undef X
  return sets;
}

InstructionSet choose_instruction_set(const std::string& name) {
  const std::vector<InstructionSet> sets = available_instruction_sets();
  if (name.empty()) return sets.front();
  std::string names;
  for (const InstructionSet& set : sets) {
    if (name == set.name) return set;
    names += (names.empty() ? "" : ", ") + std::string(set.name);
  }
  throw Failure("ERR_ISA", "RSQRT_ISA must be one of the instruction sets of this CPU (" + names +
                               "), received '" + name + "'");
}

}  // namespace rsqrt_native::cpu
