// Makes programs from bytes that nobody checked: random ones, and valid ones that were changed. Each
// must be refused with a sentence that names the step, or be a program that keeps to its memory and
// gives what its steps say.

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/failure.h"
#include "ops/table.h"
#include "test/execute.h"
#include "test/guarded_memory.h"
#include "test/random_program.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

// ---------------------------------------------------------------- what must be refused

// The rules of ops/program.h, written down again in the plainest way.
struct Fault {
  int step;          // −1: of the program as a whole
  const char* code;  // of the failure
};

constexpr Fault out_of_range(int step) { return {step, "ERR_OUT_OF_RANGE"}; }
constexpr Fault wrong_dtype(int step) { return {step, "ERR_DTYPE"}; }

struct Line {
  int kind, code, dtype, in[max_inputs];
};

std::vector<Line> lines_of(const Draft& draft) {
  std::vector<Line> lines;
  for (std::size_t at = 0; at + step_bytes <= draft.steps.size(); at += step_bytes) {
    const std::uint8_t* const b = draft.steps.data() + at;
    lines.push_back({b[0], b[1], b[2], {b[3], b[4], b[5]}});
  }
  return lines;
}

bool are_dtypes(const std::vector<std::uint8_t>& codes, std::size_t min, std::size_t max) {
  return codes.size() >= min && codes.size() <= max &&
         std::all_of(codes.begin(), codes.end(), [](std::uint8_t code) { return code < dtype_count; });
}

// The number of values that a line uses.
int inputs_of(const Line& line) {
  if (line.kind == static_cast<int>(Kind::apply)) return op_table[line.code].arity;
  return line.kind == static_cast<int>(Kind::store) ? 1 : 0;
}

// The first thing that is wrong, and the dtype of every value before it. Leaves slots aside.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): every rule, in the order of the header
std::optional<Fault> find_fault(const Draft& draft, std::vector<int>& results) {
  if (!are_dtypes(draft.operands, 1, max_operands) || !are_dtypes(draft.scalars, 0, max_scalars)) {
    return out_of_range(-1);
  }
  if (draft.steps.empty() || draft.steps.size() % step_bytes != 0 ||
      draft.steps.size() / step_bytes > max_steps) {
    return out_of_range(-1);
  }
  const std::vector<Line> lines = lines_of(draft);
  std::vector<int> loads(draft.operands.size()), stores(draft.operands.size());
  bool stored = false;
  for (int i = 0; i < static_cast<int>(lines.size()); ++i) {
    const Line& line = lines[static_cast<std::size_t>(i)];
    if (line.kind >= kind_count || line.dtype >= dtype_count) return out_of_range(i);
    const auto kind = static_cast<Kind>(line.kind);
    if (stored && kind != Kind::store) return out_of_range(i);
    const std::size_t codes = kind == Kind::apply    ? op_count
                              : kind == Kind::scalar ? draft.scalars.size()
                                                     : draft.operands.size();
    const auto code = static_cast<std::size_t>(line.code);
    if (code >= codes) return out_of_range(i);
    if (kind == Kind::load || kind == Kind::store) {
      if (draft.operands[code] != line.dtype) return wrong_dtype(i);
      if (stores[code] > 0 || (kind == Kind::store && loads[code] > 0)) return out_of_range(i);
      ++(kind == Kind::load ? loads : stores)[code];
    }
    if (kind == Kind::scalar && draft.scalars[code] != line.dtype) return wrong_dtype(i);
    for (int k = 0; k < inputs_of(line); ++k) {
      if (line.in[k] >= i) return out_of_range(i);
      if (results[static_cast<std::size_t>(line.in[k])] < 0) return out_of_range(i);
    }
    int result = line.dtype;
    if (kind == Kind::apply && line.code != copy_op) {
      const OpInfo& op = op_table[code];
      const bool widened = is_float16_dtype(static_cast<DType>(line.dtype));
      if (op.computes[line.dtype] < 0 || (op.computes[line.dtype] != line.dtype && !widened)) {
        return wrong_dtype(i);
      }
      result = op.results[line.dtype];
    }
    if (kind == Kind::store || (kind == Kind::apply && line.code != copy_op)) {
      for (int k = 0; k < inputs_of(line); ++k) {
        if (results[static_cast<std::size_t>(line.in[k])] != line.dtype) return wrong_dtype(i);
      }
    }
    stored = stored || kind == Kind::store;
    results.push_back(kind == Kind::store ? -1 : result);
  }
  for (std::size_t k = 0; k < loads.size(); ++k) {
    if (loads[k] + stores[k] == 0) return out_of_range(-1);
  }
  return stored ? std::nullopt : std::optional<Fault>(out_of_range(-1));
}

// Whether a message names the step, or what is wrong with the program as a whole.
bool names(const std::string& message, int step) {
  if (step >= 0) return message.rfind("step " + std::to_string(step) + " of the program ", 0) == 0;
  return message.find("program") != std::string::npos && message.rfind("step ", 0) != 0;
}

// ---------------------------------------------------------------- what make_program adds

// Whether one loop could compute two steps, so that the first value is not needed.
bool can_join(const Program& program, int first, int uses) {
  const Step &one = program.step[first], &two = program.step[first + 1];
  if (one.kind != Kind::apply || two.kind != Kind::apply || one.dtype != two.dtype || uses != 1) return false;
  const int arity = op_table[two.code].arity;
  return std::find(two.in, two.in + arity, first) != two.in + arity;
}

// The codes of the operations of each row of RSQRT_PAIRS.
constexpr int pair_codes[][2] = {
#define X(first, second, functor) {rsqrt_native::op_named(first), rsqrt_native::op_named(second)},
    RSQRT_PAIRS(X)
#undef X
};

// What is wrong with what the program says of the uses of its values and of pairs of steps.
std::string wrong_uses(const Program& program, const std::vector<int>& uses) {
  for (int i = 0; i < program.steps; ++i) {
    if (program.uses[i] != uses[static_cast<std::size_t>(i)]) return "uses of step " + std::to_string(i);
    int row = -1;
    if (i > 0 && can_join(program, i - 1, uses[static_cast<std::size_t>(i - 1)])) {
      const auto* const pair =
          std::find_if(std::begin(pair_codes), std::end(pair_codes), [&](const int* codes) {
            return codes[0] == program.step[i - 1].code && codes[1] == program.step[i].code;
          });
      if (pair != std::end(pair_codes)) row = static_cast<int>(pair - std::begin(pair_codes));
    }
    if (program.pair[i] != row) return "pair of step " + std::to_string(i);
  }
  return "";
}

// What is wrong with the members that make_program has set. Empty if nothing is.
// NOLINTNEXTLINE(readability-function-cognitive-complexity): one condition per member
std::string wrong_member(const Draft& draft, const Program& program, const std::vector<int>& results) {
  const std::vector<Line> lines = lines_of(draft);
  const auto steps = static_cast<int>(lines.size());
  if (program.steps != steps || program.operands != draft.operands.size() ||
      program.scalars != draft.scalars.size()) {
    return "counts";
  }
  std::vector<int> last_use(lines.size()), uses(lines.size());
  int outputs = 0, widest = 0, slots = 0;
  for (int i = 0; i < steps; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Line& line = lines[at];
    last_use[at] = i;
    for (int k = 0; k < inputs_of(line); ++k) {
      if (program.step[i].in[k] != line.in[k]) return "inputs of step " + std::to_string(i);
      last_use[static_cast<std::size_t>(line.in[k])] = i;
      ++uses[static_cast<std::size_t>(line.in[k])];
    }
    if (line.kind == static_cast<int>(Kind::store)) {
      outputs |= 1 << line.code;
      continue;
    }
    if (index_of(program.step[i].result) != results[at]) return "result of step " + std::to_string(i);
    widest = std::max(widest, static_cast<int>(size_of(program.step[i].result)));
  }
  if (program.outputs != outputs) return "outputs";
  if (program.slot_size != widest) return "slot_size";
  // No two values that are alive have the same slot. A result may take over the slot of an input
  // that ends there only if it is as wide.
  const auto in_slot = [&](int i) {
    const auto kind = static_cast<Kind>(lines[static_cast<std::size_t>(i)].kind);
    return kind == Kind::load || kind == Kind::apply;
  };
  for (int i = 0; i < steps; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (program.last_use[i] != last_use[at]) return "last_use of step " + std::to_string(i);
    if (!in_slot(i)) continue;
    slots = std::max(slots, program.step[i].slot + 1);
    for (int j = i + 1; j <= last_use[at]; ++j) {
      if (!in_slot(j) || program.step[j].slot != program.step[i].slot) continue;
      const bool takes_over =
          j == last_use[at] && size_of(program.step[j].result) == size_of(program.step[i].result);
      if (!takes_over) return "slots of steps " + std::to_string(i) + " and " + std::to_string(j);
    }
  }
  if (program.slots != slots || slots > max_slots) return "slots";
  return wrong_uses(program, uses);
}

// Whether more values are alive at a time than there are slots: at step i, those that it uses and
// its result. A result that takes over a slot counts once.
bool needs_too_many_slots(const Draft& draft, const std::vector<int>& results) {
  const std::vector<Line> lines = lines_of(draft);
  const auto steps = static_cast<int>(lines.size());
  std::vector<int> last_use(lines.size());
  for (int i = 0; i < steps; ++i) {
    last_use[static_cast<std::size_t>(i)] = i;
    const Line& line = lines[static_cast<std::size_t>(i)];
    for (int k = 0; k < inputs_of(line); ++k) last_use[static_cast<std::size_t>(line.in[k])] = i;
  }
  const auto in_slot = [&](int i) {
    const auto kind = static_cast<Kind>(lines[static_cast<std::size_t>(i)].kind);
    return kind == Kind::load || kind == Kind::apply;
  };
  const auto size = [&](int i) { return size_of(static_cast<DType>(results[static_cast<std::size_t>(i)])); };
  for (int i = 0; i < steps; ++i) {
    if (!in_slot(i)) continue;
    int alive = 1;
    bool takes_over = false;
    for (int j = 0; j < i; ++j) {
      if (!in_slot(j) || last_use[static_cast<std::size_t>(j)] < i) continue;
      ++alive;
      takes_over = takes_over || (last_use[static_cast<std::size_t>(j)] == i && size(j) == size(i));
    }
    if (alive - (takes_over ? 1 : 0) > max_slots) return true;
  }
  return false;
}

// ---------------------------------------------------------------- bytes

std::uint8_t random_byte(Random& random) { return static_cast<std::uint8_t>(random.bits() >> 56); }

// A byte near to one that means something.
std::uint8_t likely_byte(Random& random) {
  static constexpr int limits[] = {0,           kind_count, op_count,  dtype_count, max_operands,
                                   max_scalars, max_steps,  max_slots, 255};
  if (random.one_in(3)) return static_cast<std::uint8_t>(random.below(dtype_count));
  return static_cast<std::uint8_t>(limits[random.below(9)] + random.between(-1, 1));
}

void change_bytes(Random& random, std::vector<std::uint8_t>& bytes) {
  if (bytes.empty()) return;
  for (std::int64_t i = random.between(1, 3); i > 0; --i) {
    std::uint8_t& byte =
        bytes[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())))];
    byte = random.one_in(4)   ? random_byte(random)
           : random.one_in(2) ? likely_byte(random)
                              : static_cast<std::uint8_t>(byte ^ 1);
  }
}

// Other counts, up to one beyond the limit and far beyond it.
void change_count(Random& random, std::vector<std::uint8_t>& bytes, int limit) {
  const std::int64_t count = random.one_in(8) ? random.below(700) : random.between(0, limit + 1);
  bytes.resize(static_cast<std::size_t>(count));
}

// Removes, repeats or exchanges whole steps.
void move_steps(Random& random, std::vector<std::uint8_t>& steps) {
  const auto count = static_cast<std::int64_t>(steps.size() / step_bytes);
  if (count < 2) return;
  const auto at = [&](std::int64_t i) {
    return steps.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::int64_t>(step_bytes));
  };
  const std::int64_t i = random.below(count), j = random.below(count);
  switch (random.below(3)) {
    case 0:
      steps.erase(at(i), at(i + 1));
      return;
    case 1: {
      const std::vector<std::uint8_t> step(at(i), at(i + 1));
      steps.insert(at(j), step.begin(), step.end());
      return;
    }
    default:
      if (i != j) std::swap_ranges(at(i), at(i + 1), at(j));
  }
}

// Random bytes, or those of a valid program with changes.
Draft corrupt_draft(Random& random, const Draft& valid) {
  if (random.one_in(8)) {
    Draft draft;
    for (auto* bytes : {&draft.steps, &draft.operands, &draft.scalars}) {
      const std::int64_t limit = bytes == &draft.steps ? max_steps * std::int64_t{step_bytes} : 10;
      bytes->resize(static_cast<std::size_t>(random.below(limit)));
      for (std::uint8_t& byte : *bytes) byte = random.one_in(4) ? random_byte(random) : likely_byte(random);
    }
    if (random.one_in(2)) draft.steps.resize(draft.steps.size() / step_bytes * step_bytes);
    return draft;
  }
  Draft draft = valid;
  for (std::int64_t i = random.between(1, 2); i > 0; --i) {
    switch (random.below(8)) {
      case 0:
        change_bytes(random, draft.operands);
        break;
      case 1:
        change_bytes(random, draft.scalars);
        break;
      case 2:
        change_count(random, draft.steps, max_steps * static_cast<int>(step_bytes));
        break;
      case 3:
        change_count(random, draft.operands, max_operands);
        break;
      case 4:
        change_count(random, draft.scalars, max_scalars);
        break;
      case 5:
        move_steps(random, draft.steps);
        break;
      default:
        change_bytes(random, draft.steps);
    }
  }
  return draft;
}

// Memory that ends where the bytes end.
class GuardedBytes {
 public:
  Bytes copy(const std::vector<std::uint8_t>& bytes) {
    std::byte* const start = memory_.at_end(bytes.size());
    if (!bytes.empty()) std::memcpy(start, bytes.data(), bytes.size());
    return {reinterpret_cast<const std::uint8_t*>(start), bytes.size()};
  }

 private:
  GuardedMemory memory_{4096};
};

struct Memory {
  GuardedBytes steps, operands, scalars;
  TrialMemory trial;
};

Memory& own_memory() {
  thread_local Memory memory;
  return memory;
}

std::string text_of(const Draft& draft) {
  std::string text;
  for (const auto* bytes : {&draft.steps, &draft.operands, &draft.scalars}) {
    text += text.empty() ? "steps" : bytes == &draft.operands ? "; operands" : "; scalars";
    for (const std::uint8_t byte : *bytes) text.append(" ") += std::to_string(byte);
  }
  return text;
}

// What is wrong about how make_program treats the bytes. Sets `program` if it accepts them.
std::string check_draft(const Draft& draft, std::optional<Program>& program) {
  std::vector<int> results;
  const std::optional<Fault> fault = find_fault(draft, results);
  const bool too_many = !fault && needs_too_many_slots(draft, results);
  Memory& memory = own_memory();
  try {
    program = make_program(memory.steps.copy(draft.steps), memory.operands.copy(draft.operands),
                           memory.scalars.copy(draft.scalars));
  } catch (const Failure& failure) {
    const std::string code = failure.code(), message = failure.what();
    if (fault) {
      if (code != fault->code || !names(message, fault->step)) {
        return "expected " + std::string(fault->code) + " at step " + std::to_string(fault->step) +
               ", received " + code + ": " + message;
      }
      return "";
    }
    // Too many values, or a slot is free that is not as wide.
    const bool about_slots = code == "ERR_OUT_OF_RANGE" && message.rfind("step ", 0) == 0 &&
                             message.find("needs a slot") != std::string::npos;
    return about_slots && too_many ? "" : "refused although it is right: " + message;
  }
  if (fault) return "accepted, but step " + std::to_string(fault->step) + " is wrong";
  if (too_many) return "accepted, but more values are alive at a time than there are slots";
  const std::string member = wrong_member(draft, *program, results);
  return member.empty() ? "" : "wrong " + member;
}

// Runs a program that was accepted, on all instruction sets.
std::string check_run(const Program& program, Random& random) {
  Shape shape = random_shape(random, program, Amount::few);
  const Trial trial = make_trial(random, program, shape);
  TrialMemory& memory = own_memory().trial;
  memory.place(random, trial, false);
  const Job job = memory.job(trial, !shape.contiguous || random.one_in(2));
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    memory.fill(trial);
    execute(set, job);
    const std::string difference = memory.difference(trial);
    if (!difference.empty())
      return std::string(set.name) + ": " + difference + "; " + describe(program, shape);
  }
  return "";
}

}  // namespace

bool test_corrupt(const Options& options) {
  Report report("corrupt");
  constexpr std::int64_t piece = 1000, drafts_of_one = 10;
  in_parallel(options.threads, (options.corrupt + piece - 1) / piece, [&](std::int64_t begin) {
    std::int64_t refused = 0, accepted = 0, wrong = 0;
    Draft valid;
    for (std::int64_t i = begin * piece; i < std::min((begin + 1) * piece, options.corrupt); ++i) {
      Random random(static_cast<std::uint64_t>(i));
      if (i % drafts_of_one == 0) valid = random_draft(random);
      const Draft draft = corrupt_draft(random, valid);
      std::optional<Program> program;
      std::string error = check_draft(draft, program);
      ++(program ? accepted : refused);
      if (program && error.empty() && random.one_in(8)) error = check_run(*program, random);
      if (error.empty()) continue;
      ++wrong;
      report.explain("programs", "number " + std::to_string(i) + ": " + error + "; " + text_of(draft));
    }
    report.checked("refused", refused, 0);
    report.checked("accepted", accepted, 0);
    report.checked("programs", refused + accepted, wrong);
  });
  return report.finish();
}

}  // namespace rsqrt_native::test
