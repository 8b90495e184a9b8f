#include "cpu/isa.h"

#include "core/failure.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace rsqrt_native::cpu {

// RSQRT_INSTRUCTION_SETS(X) is given by CMakeLists.txt: the sets compiled in, the widest first.
#define X(set)                  \
  inline namespace set {        \
  extern const Kernels kernels; \
  }
RSQRT_INSTRUCTION_SETS(X)
#undef X

namespace {

#if defined(__x86_64__)
// Not every compiler knows its name. AVX2, which is checked too, includes what the operating system saves.
bool has_f16c() {
  unsigned eax, ebx, ecx, edx;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}
#endif

bool supported(const std::string& name) {
#if defined(__x86_64__)
  __builtin_cpu_init();  // these checks include what the operating system saves
  if (name == "avx512") return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  if (name == "avx2") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
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
