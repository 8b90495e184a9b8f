#include "cpu/plan.h"

#include <algorithm>

#include "cpu/share.h"
#include "ops/table.h"

namespace rsqrt_native::cpu {

Plan::Plan(const Kernels& kernels, const Job& of, const Access* access, std::int64_t run_length)
    : job(of),
      kernels_(kernels),
      access_(access),
      long_runs_(run_length >= streaming_run),
      shared_(find_shared()) {
  const int steps = job.program->steps;
  for (int i = 0; i < steps; ++i) {
    fates_[i] = {false, false, -1, 0};
  }
  for (int i = steps - 1; i >= 0 && step(i).kind == Kind::store; --i) {
    const int value = step(i).in[0];
    if (can_write_directly(value, step(i).code)) {
      fates_[value].output = static_cast<std::int8_t>(step(i).code);
      fates_[i].skipped = true;
    } else if (can_scatter(value, i)) {
      fates_[value].skipped = true;
    }
  }
  for (int i = 1; i < steps; ++i) {
    fates_[i].paired = !fates_[i - 1].paired && pair_loop(i) != nullptr;
    if (fates_[i].paired) fates_[i - 1].skipped = true;
  }
  for (int i = 0; i < steps; ++i) {
    if (!fates_[i].skipped) add_step(i);
  }
}

void Plan::add_step(int i) {
  const Step& current = step(i);
  switch (current.kind) {
    case Kind::scalar:
      set_place(i, use(first_scalar + current.code, current.dtype));
      break;
    case Kind::apply:
      add_apply(i);
      break;
    case Kind::load:
      if (access_to(i) == Access::direct) {
        add_direct_load(i);
      } else if (job.program->uses[i] != 1 || !gathers_for(job.program->last_use[i])) {
        add_load(i, i);
      }
      break;
    case Kind::store:
      add_store(i);
      break;
  }
}

void Plan::add_store(int i) {
  const Step& store = step(i);
  const int value = store.in[0];
  const int source = fates_[value].skipped ? step(value).in[0] : value;  // see can_scatter
  if (const Apply stream = stream_of(store.code); stream != nullptr) {
    const int from = place_of(source);
    add_loop(stream, &from, 1, first_operand + store.code);
    return;
  }
  if (access_to(i) == Access::direct) {
    add_convert(place_of(source), step(source).result, first_operand + store.code, store.dtype);
    return;
  }
  Task& task = tasks[count++];
  task.type = Task::Type::store;
  task.in[0] = static_cast<std::uint8_t>(place_of(source));
  task.operand = store.code;
  task.dtype = step(source).result;
  task.convert = kernels_.convert[index_of(task.dtype)].to[index_of(store.dtype)];
}

// Bit k: operand k is in the memory of another operand, one of which is an output.
std::uint8_t Plan::find_shared() const {
  const Program& program = *job.program;
  unsigned shared = 0;
  for (int k = 0; k < program.operands; ++k) {
    if (!program.is_output(k)) continue;
    for (int other = 0; other < program.operands; ++other) {
      if (other != k && job.memory[other] == job.memory[k]) shared |= 1u << k | 1u << other;
    }
  }
  return static_cast<std::uint8_t>(shared);
}

// Whether an input is in the memory of an output, and used in place.
bool Plan::is_overwritten(int load) const {
  return step(load).kind == Kind::load && access_to(load) == Access::direct && is_shared(step(load).code);
}

// The loop that writes an output past the caches, from a block. Null if the output is not so large, or
// is in the memory of an input, whose cache lines are loaded already.
Apply Plan::stream_of(int operand) const {
  const DType dtype = job.program->operand[operand];
  if (!long_runs_ || access_[operand] != Access::direct || is_shared(operand) ||
      job.numel * bytes_of(dtype) < streaming_bytes) {
    return nullptr;
  }
  return kernels_.apply[copy_op].stream[index_of(dtype)];
}

// Whether step i is a conversion of elements that nothing else uses and that have to be gathered.
// They are then converted while they are gathered.
bool Plan::gathers_for(int i) const {
  return step(i).kind == Kind::apply && step(i).code == copy_op && is_gathered(step(i).in[0]) &&
         job.program->uses[step(i).in[0]] == 1;
}

// Whether a value can be computed in the memory of an output, which saves a slot and a copy.
bool Plan::can_write_directly(int i, int operand) const {
  if (access_[operand] != Access::direct || fates_[i].output >= 0 || step(i).kind == Kind::scalar)
    return false;
  if (stream_of(operand) != nullptr) return false;
  // What repeats is kept in a block of its own.
  const int load = gathers_for(i) ? step(i).in[0] : i;
  if (step(load).kind == Kind::load && access_to(load) != Access::gather) return false;
  // Nothing may read an input in the same memory afterwards.
  if (!is_shared(operand)) return true;
  for (int k = 0; k < job.program->steps; ++k) {
    if (step(k).kind == Kind::load && job.memory[step(k).code] == job.memory[operand] &&
        job.program->last_use[k] > i) {
      return false;
    }
  }
  return true;
}

// Whether value i is a conversion that only one store uses, so that it can be done while its
// elements are scattered. Nothing may take the slot of what is converted until then.
bool Plan::can_scatter(int i, int store) const {
  if (access_to(store) == Access::direct || step(i).kind != Kind::apply || step(i).code != copy_op ||
      job.program->uses[i] != 1 || gathers_for(i)) {
    return false;
  }
  const Step& source = step(step(i).in[0]);
  if (source.kind == Kind::scalar) return true;
  if (is_overwritten(step(i).in[0])) return false;
  return std::none_of(job.program->step + i + 1, job.program->step + store, [&](const Step& later) {
    return (later.kind == Kind::apply || later.kind == Kind::load) && later.slot == source.slot;
  });
}

// The loop for the step before and step i. Null if there is none.
Apply Plan::pair_loop(int i) const {
  const int pair = job.program->pair[i];
  return pair < 0 ? nullptr : kernels_.pairs[pair].in[index_of(step(i).dtype)];
}

// The place where value i is computed.
int Plan::define(int i) {
  const int output = fates_[i].output;
  return set_place(i, output >= 0 ? first_operand + output : use(step(i).slot, step(i).result));
}

int Plan::use(int place, DType dtype) {
  const std::uint64_t bit = std::uint64_t{1} << place;
  if ((blocks & bit) == 0) ++block_count;
  blocks |= bit;
  widest = std::max(widest, static_cast<std::int64_t>(size_of(dtype)));
  return place;
}

// An input that is used in place. If a store may read it after another store wrote to its memory, it
// is copied.
void Plan::add_direct_load(int i) {
  const Step& load = step(i);
  const int place = set_place(i, first_operand + load.code);
  if (step(job.program->last_use[i]).kind != Kind::store || !is_overwritten(i)) return;
  add_convert(place, load.result, set_place(i, use(load.slot, load.result)), load.result);
}

// Gathers the elements of a load for value `defined`: the load itself or its conversion.
void Plan::add_load(int load, int defined) {
  const DType dtype = step(defined).result;
  const unsigned bit = 1u << step(load).code;
  const bool repeats = access_to(load) == Access::repeat && (repeated_ & bit) == 0;
  if (repeats) {
    repeated_ |= bit;
    set_place(defined, use(first_repeated + step(load).code, dtype));
  } else {
    define(defined);
  }
  Task& task = tasks[count++];
  task.type = Task::Type::load;
  task.out = static_cast<std::uint8_t>(place_of(defined));
  task.operand = step(load).code;
  task.repeats = repeats;
  task.dtype = dtype;
  task.convert = kernels_.convert[index_of(step(load).dtype)].to[index_of(dtype)];
}

void Plan::add_apply(int i) {
  const Step& apply = step(i);
  if (apply.code == copy_op) {
    const int source = apply.in[0];
    if (gathers_for(i)) return add_load(source, i);
    const int from = place_of(source);
    return add_convert(from, step(source).result, define(i), apply.dtype);
  }
  const int dtype = index_of(apply.dtype);
  const int inputs = op_table[apply.code].arity;
  int in[max_inputs] = {};
  for (int k = 0; k < inputs; ++k) in[k] = place_of(apply.in[k]);
  if (fates_[i].paired) {
    const Step& first = step(i - 1);
    const int other = in[apply.in[0] == i - 1 ? 1 : 0];
    const int first_inputs = op_table[first.code].arity;
    for (int k = 0; k < first_inputs; ++k) in[k] = place_of(first.in[k]);
    in[first_inputs] = other;
    return add_loop(pair_loop(i), in, first_inputs + 1, define(i));
  }
  const Apply loop = kernels_.apply[apply.code].in[dtype];
  if (loop != nullptr) return add_loop(loop, in, inputs, define(i));
  // A 16-bit float that this instruction set does not load into vectors.
  for (int k = 0; k < inputs; ++k) {
    const int wide = use(first_temporary + k, DType::float32);
    add_convert(in[k], apply.dtype, wide, DType::float32);
    in[k] = wide;
  }
  const int result = in[0];
  add_loop(kernels_.apply[apply.code].in[index_of(DType::float32)], in, inputs, result);
  add_convert(result, DType::float32, define(i), apply.result);
}

void Plan::add_convert(int from, DType from_dtype, int to, DType to_dtype) {
  Task& task = tasks[count++];
  task.type = Task::Type::convert;
  task.in[0] = static_cast<std::uint8_t>(from);
  task.out = static_cast<std::uint8_t>(to);
  task.convert = kernels_.convert[index_of(from_dtype)].to[index_of(to_dtype)];
}

void Plan::add_loop(Apply apply, const int* in, int inputs, int out) {
  Task& task = tasks[count++];
  task.type = Task::Type::apply;
  for (int k = 0; k < max_inputs; ++k) task.in[k] = static_cast<std::uint8_t>(in[k < inputs ? k : 0]);
  task.out = static_cast<std::uint8_t>(out);
  task.apply = apply;
}

}  // namespace rsqrt_native::cpu
