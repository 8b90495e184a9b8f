#include "ops/program.h"

#include <algorithm>
#include <string>

#include "core/failure.h"
#include "ops/table.h"

namespace rsqrt_native {
namespace {

[[noreturn]] void refuse(const char* code, int step, const std::string& what) {
  throw Failure(code, "step " + std::to_string(step) + " of the program " + what);
}

std::string name_of(DType dtype) { return dtype_names[index_of(dtype)]; }

// The codes of dtypes, checked.
int read_dtypes(Bytes codes, int limit, int min, const char* what, DType* dtypes) {
  if (codes.count < static_cast<std::size_t>(min) || codes.count > static_cast<std::size_t>(limit)) {
    throw Failure("ERR_OUT_OF_RANGE", std::string("the number of ") + what + " of a program must be from " +
                                          std::to_string(min) + " to " + std::to_string(limit) +
                                          ", received " + std::to_string(codes.count));
  }
  for (std::size_t i = 0; i < codes.count; ++i) {
    if (codes.data[i] >= dtype_count) {
      throw Failure("ERR_OUT_OF_RANGE", std::string("the dtypes of the ") + what +
                                            " of a program must be codes of dtypes, received " +
                                            std::to_string(codes.data[i]));
    }
    dtypes[i] = static_cast<DType>(codes.data[i]);
  }
  return static_cast<int>(codes.count);
}

class Maker {
 public:
  Maker(Bytes steps, Bytes operands, Bytes scalars) {
    program_.operands =
        static_cast<std::uint8_t>(read_dtypes(operands, max_operands, 1, "operands", program_.operand));
    program_.scalars =
        static_cast<std::uint8_t>(read_dtypes(scalars, max_scalars, 0, "scalars", program_.scalar));
    if (steps.count % step_bytes != 0 || steps.count == 0 || steps.count > max_steps * step_bytes) {
      throw Failure("ERR_OUT_OF_RANGE", "a program must have from 1 to " + std::to_string(max_steps) +
                                            " steps of " + std::to_string(step_bytes) + " bytes, received " +
                                            std::to_string(steps.count) + " bytes");
    }
    program_.steps = static_cast<std::uint8_t>(steps.count / step_bytes);
    for (int i = 0; i < program_.steps; ++i) add(i, steps.data + static_cast<std::size_t>(i) * step_bytes);
    if (program_.outputs == 0) throw Failure("ERR_OUT_OF_RANGE", "a program must store a value");
    for (int k = 0; k < program_.operands; ++k) {
      if (!program_.is_output(k) && (loaded_ >> k & 1) == 0) {
        throw Failure("ERR_OUT_OF_RANGE",
                      "operand " + std::to_string(k) + " of the program is neither loaded nor stored");
      }
    }
    assign_slots();
    find_pairs();
  }

  const Program& program() const { return program_; }

 private:
  void add(int i, const std::uint8_t* bytes) {
    Step& step = program_.step[i];
    if (bytes[0] >= kind_count)
      refuse("ERR_OUT_OF_RANGE", i, "has an unknown kind " + std::to_string(bytes[0]));
    if (bytes[2] >= dtype_count) {
      refuse("ERR_OUT_OF_RANGE", i, "has an unknown dtype " + std::to_string(bytes[2]));
    }
    step.kind = static_cast<Kind>(bytes[0]);
    step.code = bytes[1];
    step.dtype = step.result = static_cast<DType>(bytes[2]);
    program_.last_use[i] = static_cast<std::uint8_t>(i);
    if (program_.outputs != 0 && step.kind != Kind::store) refuse("ERR_OUT_OF_RANGE", i, "follows a store");
    switch (step.kind) {
      case Kind::load:
        check_operand(i, step);
        loaded_ |= 1u << step.code;
        break;
      case Kind::scalar:
        if (step.code >= program_.scalars) refuse_code(i, "scalar", step.code);
        check_dtype(i, step.dtype, program_.scalar[step.code], "scalar " + std::to_string(step.code));
        break;
      case Kind::apply:
        add_apply(i, step, bytes + 3);
        break;
      case Kind::store:
        check_operand(i, step);
        use(i, step, 0, bytes[3]);
        check_dtype(i, step.dtype, result_of(step, 0), "value " + std::to_string(step.in[0]));
        program_.outputs = static_cast<std::uint8_t>(program_.outputs | 1u << step.code);
        break;
    }
  }

  void add_apply(int i, Step& step, const std::uint8_t* inputs) {
    if (step.code >= op_count) refuse_code(i, "op", step.code);
    const OpInfo& op = op_table[step.code];
    for (int k = 0; k < op.arity; ++k) use(i, step, k, inputs[k]);
    if (step.code == copy_op) return;  // from any dtype to any other
    if (!op.applies_to(step.dtype)) {
      refuse(
          "ERR_DTYPE", i,
          std::string("applies ") + op.name + " to " + name_of(step.dtype) + ", in which it is not computed");
    }
    for (int k = 0; k < op.arity; ++k) {
      check_dtype(i, step.dtype, result_of(step, k), "value " + std::to_string(step.in[k]));
    }
    step.result = static_cast<DType>(op.results[index_of(step.dtype)]);
  }

  // An operand is either an input or, once, an output.
  void check_operand(int i, const Step& step) const {
    if (step.code >= program_.operands) refuse_code(i, "operand", step.code);
    check_dtype(i, step.dtype, program_.operand[step.code], "operand " + std::to_string(step.code));
    const bool stored = program_.is_output(step.code);
    const bool loaded = (loaded_ >> step.code & 1) != 0;
    if (stored) refuse("ERR_OUT_OF_RANGE", i, "stores operand " + std::to_string(step.code) + " again");
    if (loaded && step.kind == Kind::store) {
      refuse("ERR_OUT_OF_RANGE", i, "stores operand " + std::to_string(step.code) + ", which is an input");
    }
  }

  void use(int i, Step& step, int k, std::uint8_t value) {
    if (value >= i) {
      refuse("ERR_OUT_OF_RANGE", i,
             "uses value " + std::to_string(value) + ", which is not defined before it");
    }
    if (program_.step[value].kind == Kind::store) {
      refuse("ERR_OUT_OF_RANGE", i, "uses value " + std::to_string(value) + ", but a store defines none");
    }
    step.in[k] = value;
    program_.last_use[value] = static_cast<std::uint8_t>(i);
    ++program_.uses[value];
  }

  // Pairs of steps that one loop may compute. Which of them it does compute depends on the backend.
  void find_pairs() {
    program_.pair[0] = -1;
    for (int i = 1; i < program_.steps; ++i) {
      const Step &first = program_.step[i - 1], &second = program_.step[i];
      const bool joined = first.kind == Kind::apply && second.kind == Kind::apply &&
                          first.dtype == second.dtype && program_.uses[i - 1] == 1 &&
                          program_.last_use[i - 1] == i;
      program_.pair[i] = static_cast<std::int8_t>(joined ? pair_of(first.code, second.code) : -1);
    }
  }

  DType result_of(const Step& step, int k) const { return program_.step[step.in[k]].result; }

  static void check_dtype(int i, DType given, DType expected, const std::string& of) {
    if (given == expected) return;
    refuse("ERR_DTYPE", i, "is in " + name_of(given) + ", but " + of + " is " + name_of(expected));
  }

  [[noreturn]] static void refuse_code(int i, const char* what, int code) {
    refuse("ERR_OUT_OF_RANGE", i,
           std::string("uses ") + what + " " + std::to_string(code) + ", which does not exist");
  }

  bool ends_at(int value, int i) const {
    return program_.last_use[value] == i && program_.step[value].kind != Kind::scalar;
  }

  // The slot of an input whose last use is step i, and whose elements are as wide as the result's.
  // The result may take it over, since ops work element by element. −1 if there is none.
  int slot_of_ending_input(int i) const {
    const Step& step = program_.step[i];
    if (step.kind != Kind::apply) return -1;
    for (int k = 0; k < input_count(step); ++k) {
      const Step& value = program_.step[step.in[k]];
      if (ends_at(step.in[k], i) && size_of(value.result) == size_of(step.result)) return value.slot;
    }
    return -1;
  }

  static int free_slot(int i, const bool* used) {
    const bool* const free = std::find(used, used + max_slots, false);
    if (free == used + max_slots) {
      refuse("ERR_OUT_OF_RANGE", i,
             "needs a slot, but " + std::to_string(max_slots) + " values are in use already");
    }
    return static_cast<int>(free - used);
  }

  // A value keeps its slot until its last use.
  void assign_slots() {
    bool used[max_slots] = {};
    for (int i = 0; i < program_.steps; ++i) {
      Step& step = program_.step[i];
      const bool needs_slot = step.kind == Kind::apply || step.kind == Kind::load;
      int slot = slot_of_ending_input(i);
      if (needs_slot && slot < 0) slot = free_slot(i, used);
      for (int k = 0; k < input_count(step); ++k) {
        if (ends_at(step.in[k], i)) used[program_.step[step.in[k]].slot] = false;
      }
      if (step.kind == Kind::store) continue;
      program_.slot_size = std::max(program_.slot_size, static_cast<std::uint8_t>(size_of(step.result)));
      if (!needs_slot) continue;
      program_.slots = std::max(program_.slots, static_cast<std::uint8_t>(slot + 1));
      step.slot = static_cast<std::uint8_t>(slot);
      used[slot] = program_.last_use[i] > i;
    }
  }

  Program program_ = {};
  unsigned loaded_ = 0;  // bit k: operand k is loaded
};

}  // namespace

int input_count(const Step& step) {
  if (step.kind == Kind::apply) return op_table[step.code].arity;
  return step.kind == Kind::store ? 1 : 0;
}

Program make_program(Bytes steps, Bytes operands, Bytes scalars) {
  return Maker(steps, operands, scalars).program();
}

}  // namespace rsqrt_native
