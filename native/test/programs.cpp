// Executes random programs on every instruction set, and compares the bits with those of the same
// program executed step by step (test/step_by_step.h). So blocks, slots, steps that are left out or
// joined, broadcasting, threads and execution in place must not show.

#include <string>

#include "test/execute.h"
#include "test/random_program.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

void check_trial(Report& report, const Trial& trial, TrialMemory& memory, Random& random, int threads,
                 const std::string& name) {
  memory.place(random, trial, false);
  // Contiguous operands need no layout, and may have one.
  const bool with_layout = !trial.shape.contiguous || random.one_in(2);
  const Job job = memory.job(trial, with_layout);
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    memory.fill(trial);
    execute(set, job, threads);
    const std::string difference = memory.difference(trial);
    report.checked(set.name, 1, difference.empty() ? 0 : 1);
    if (difference.empty()) continue;
    std::string sentence = name;
    sentence.append(" on ").append(std::to_string(threads)).append(" threads");
    if (!with_layout) sentence.append(" without layout");
    sentence.append(": ").append(difference).append("; ").append(describe(trial.program, trial.shape));
    report.explain(set.name, sentence);
  }
}

// Some programs run on so many elements that these are distributed over threads, and a few on so many
// that outputs are written past the caches.
Amount random_amount(Random& random, const Program& program) {
  if (can_stream(program) && random.one_in(200)) return Amount::streamed;
  return program.steps <= 12 && random.one_in(8) ? Amount::many : Amount::few;
}

// The memory of a thread of the test.
TrialMemory& own_memory() {
  thread_local TrialMemory memory;
  return memory;
}

}  // namespace

bool test_programs(const Options& options) {
  Report report("programs");
  in_parallel(options.threads, options.programs, [&](std::int64_t i) {
    Random random(static_cast<std::uint64_t>(i));
    const Program program = random_draft(random).make();
    const Amount amount = random_amount(random, program);
    const Trial trial = make_trial(random, program, random_shape(random, program, amount));
    const int threads = static_cast<int>(amount == Amount::few ? 1 : random.between(1, 4));
    check_trial(report, trial, own_memory(), random, threads, "program " + std::to_string(i));
  });
  return report.finish();
}

}  // namespace rsqrt_native::test
