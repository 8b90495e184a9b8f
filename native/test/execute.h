// Runs a job for the tests. Only this file knows the interface of cpu/run.h.
#pragma once

#include <cstdint>

#include "core/job.h"
#include "cpu/isa.h"

namespace rsqrt_native::test {

void execute(const cpu::InstructionSet& set, const Job& job, int threads = 1);

void execute(const cpu::InstructionSet& set, const RandomJob& job, int threads = 1);

// A job of n contiguous elements: operand 0 is the input, operand 1 the output. The program converts
// the input to the dtype that the op computes in, applies the op, and converts the result to the
// dtype of the output. It exists as long as the process.
Job dense_job(int op, DType in_dtype, DType out_dtype, const void* in, void* out, std::int64_t n);

// The code of an operation of the table by its name.
int op_named(const char* name);

}  // namespace rsqrt_native::test
