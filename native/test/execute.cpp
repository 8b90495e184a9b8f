#include "test/execute.h"

#include <cstdlib>
#include <memory>
#include <vector>

#include "cpu/run.h"
#include "ops/table.h"
#include "test/draft.h"

namespace rsqrt_native::test {

namespace {

template <class AnyJob>
void run_on_pool(const cpu::InstructionSet& set, const AnyJob& job, int threads) {
  static const std::shared_ptr<cpu::Pool> pool = cpu::shared_pool();
  cpu::run(*set.kernels, job, *pool, threads);
}

Program one_op_program(int op, DType in, DType out) {
  Draft draft;
  draft.add_operand(in);
  draft.add_operand(out);
  int value = draft.load(0);
  if (op == copy_op) {
    value = draft.copy(out, value);
  } else {
    const OpInfo& info = op_table[op];
    DType dtype = in;
    if (!info.applies_to(in)) {
      dtype = static_cast<DType>(info.computes[index_of(in)]);
      value = draft.copy(dtype, value);
    }
    value = draft.apply(op, dtype, value, value, value);
    if (info.results[index_of(dtype)] != index_of(out)) value = draft.copy(out, value);
  }
  draft.store(1, value);
  return draft.make();
}

// The programs of one op, for every op and pair of dtypes that exists.
std::vector<Program> one_op_programs() {
  std::vector<Program> programs;
  for (int i = 0; i < op_count * dtype_count * dtype_count; ++i) {
    const int op = i / dtype_count / dtype_count, in = i / dtype_count % dtype_count, out = i % dtype_count;
    const bool exists = op_table[op].computes[in] >= 0;
    programs.push_back(exists ? one_op_program(op, static_cast<DType>(in), static_cast<DType>(out))
                              : Program{});
  }
  return programs;
}

}  // namespace

void execute(const cpu::InstructionSet& set, const Job& job, int threads) { run_on_pool(set, job, threads); }
void execute(const cpu::InstructionSet& set, const RandomJob& job, int threads) {
  run_on_pool(set, job, threads);
}

Job dense_job(int op, DType in_dtype, DType out_dtype, const void* in, void* out, std::int64_t n) {
  static const std::vector<Program> programs = one_op_programs();
  constexpr auto dtypes = static_cast<std::size_t>(dtype_count);
  const auto pair =
      static_cast<std::size_t>(index_of(in_dtype)) * dtypes + static_cast<std::size_t>(index_of(out_dtype));
  Job job{};
  job.program = &programs[static_cast<std::size_t>(op) * dtypes * dtypes + pair];
  job.memory[0] = static_cast<std::byte*>(const_cast<void*>(in));  // only read
  job.memory[1] = static_cast<std::byte*>(out);
  job.numel = n;
  return job;
}

int op_named(const char* name) {
  const int op = rsqrt_native::op_named(name);
  if (op < 0) std::abort();
  return op;
}

}  // namespace rsqrt_native::test
