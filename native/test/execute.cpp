#include "test/execute.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "cpu/run.h"
#include "ops/table.h"

namespace rsqrt_native::test {

namespace {

template <class AnyJob>
void run_on_pool(const cpu::InstructionSet& set, const AnyJob& job, int threads) {
  static const std::shared_ptr<cpu::Pool> pool = cpu::shared_pool();
  cpu::run(*set.kernels, job, *pool, threads);
}

}  // namespace

void execute(const cpu::InstructionSet& set, const Job& job, int threads) { run_on_pool(set, job, threads); }
void execute(const cpu::InstructionSet& set, const RandomJob& job, int threads) {
  run_on_pool(set, job, threads);
}

Job dense_job(int op, DType in_dtype, DType out_dtype, const void* in, void* out, std::int64_t n) {
  return {op,
          in_dtype,
          static_cast<DType>(op_table[op].computes[index_of(in_dtype)]),
          out_dtype,
          static_cast<const std::byte*>(in),
          static_cast<std::byte*>(out),
          n,
          nullptr};
}

int op_named(const char* name) {
  for (int op = 0; op < op_count; ++op) {
    if (std::strcmp(op_table[op].name, name) == 0) return op;
  }
  std::abort();
}

}  // namespace rsqrt_native::test
