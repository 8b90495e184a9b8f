// The instruction sets: those compiled in, those that this CPU has, and the one to use.
#pragma once

#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace rsqrt_native::cpu {

struct InstructionSet {
  const char* name;  // "avx512", "avx2", "baseline"; "neon" on arm64
  const Kernels* kernels;
};

// The sets that this CPU and its operating system support, widest first. Never empty.
std::vector<InstructionSet> available_instruction_sets();

// The set with that name, or the widest if `name` is empty. Throws Failure (ERR_ISA) if it is not
// available.
InstructionSet choose_instruction_set(const std::string& name);

}  // namespace rsqrt_native::cpu
