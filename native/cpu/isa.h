// The instruction sets: which are compiled in, which this CPU has, which one to use.
#pragma once

#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace rsqrt_native::cpu {

struct InstructionSet {
  const char* name;  // "avx512", "avx2", "baseline"; "neon" on arm64
  const Kernels* kernels;
};

// Those that this CPU and its operating system support, the widest first; never empty.
std::vector<InstructionSet> available_instruction_sets();

// The one of that name, or the widest if `name` is empty. Throws Failure (ERR_ISA) if it is not available.
InstructionSet choose_instruction_set(const std::string& name);

}  // namespace rsqrt_native::cpu
