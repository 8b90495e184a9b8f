#include "test/random_program.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/failure.h"
#include "ops/table.h"
#include "test/execute.h"
#include "test/step_by_step.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

DType random_dtype(Random& random) { return static_cast<DType>(random.below(dtype_count)); }

// Writes one program.
class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {
    const std::int64_t dtypes = random.one_in(8) ? dtype_count : random.between(1, 3);
    for (std::int64_t i = 0; i < dtypes; ++i) {
      palette_.push_back(random.one_in(3) ? DType::float32 : random_dtype(random));
    }
    max_live_ = random.one_in(4) ? max_slots : static_cast<std::size_t>(random.between(1, max_slots));
    prefers_newest_ = random.one_in(2);
    choose_operands();
    const int scalars = static_cast<int>(random.one_in(16) ? max_scalars : random.below(4));
    for (int i = 0; i < scalars || (i == 0 && inputs_.empty()); ++i) draft_.add_scalar(a_dtype());
  }

  // NOLINTNEXTLINE(readability-function-cognitive-complexity): the grammar of programs
  Draft write() {
    const int last = max_steps - static_cast<int>(outputs_.size());  // the first store at the latest
    const std::int64_t length = random_.below(8);
    const std::int64_t applies = length < 4   ? random_.between(0, 4)
                                 : length < 7 ? random_.between(5, 15)
                                              : max_steps;
    const bool loads_first = random_.one_in(3);
    std::size_t loads = 0;
    std::int64_t applied = 0;
    for (;;) {
      const int room = last - draft_.step_count() - static_cast<int>(inputs_.size() - loads);
      const bool done = applied >= applies || room < 2;  // a conversion and an op
      if (loads < inputs_.size() && (done || loads_first || live_.empty() || random_.one_in(2))) {
        load(inputs_[loads++]);
      } else if (done && any_count() > 0) {
        break;
      } else if (!draft_.scalars.empty() && (any_count() == 0 || random_.one_in(8))) {
        add_constant();
      } else if (!inputs_.empty() && random_.one_in(16)) {
        load(inputs_[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(inputs_.size())))]);
      } else {
        apply();
        ++applied;
        // Some results wait for their store while other steps run.
        if (results_.size() + 1 < outputs_.size() && any_count() > 1 && random_.one_in(3)) {
          add_result(live_.back(), last);
          live_.pop_back();
        }
      }
    }
    if (!prefers_newest_) join(last);
    while (results_.size() < outputs_.size()) {
      add_result(results_.empty() && !live_.empty() ? live_.back() : any_value(), last);
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      draft_.operands[static_cast<std::size_t>(outputs_[i])] =
          static_cast<std::uint8_t>(index_of(results_[i].dtype));
      draft_.store(outputs_[i], results_[i].number);
    }
    return draft_;
  }

 private:
  struct Value {
    int number;
    DType dtype;
  };

  // A value to be stored, perhaps after a conversion.
  void add_result(Value value, int last) {
    if (random_.one_in(3) && draft_.step_count() + static_cast<int>(inputs_.size()) < last) {
      const DType target = a_dtype();
      value = {draft_.copy(target, value.number), target};
    }
    results_.push_back(value);
  }

  DType a_dtype() { return palette_[random_below(palette_.size())]; }

  std::size_t random_below(std::size_t n) {
    return static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(n)));
  }

  // Which operands are inputs and which are outputs, in random order.
  void choose_operands() {
    const std::int64_t operands = random_.one_in(6) ? max_operands : random_.between(1, 4);
    const std::int64_t outputs =
        random_.one_in(3) ? 1 : random_.between(1, random_.one_in(4) ? operands : (operands + 1) / 2);
    std::vector<int> codes;
    codes.reserve(static_cast<std::size_t>(operands));
    for (int i = 0; i < operands; ++i) codes.push_back(draft_.add_operand(a_dtype()));
    for (std::size_t i = codes.size() - 1; i > 0; --i) std::swap(codes[i], codes[random_below(i + 1)]);
    outputs_.assign(codes.begin(), codes.begin() + outputs);
    inputs_.assign(codes.begin() + outputs, codes.end());
  }

  void load(int operand) {
    const int number = draft_.load(operand);
    keep({number, static_cast<DType>(draft_.operands[static_cast<std::size_t>(operand)])});
  }

  void add_constant() {
    const std::size_t scalar = random_below(draft_.scalars.size());
    const int number = draft_.scalar(static_cast<int>(scalar));
    constants_.push_back({number, static_cast<DType>(draft_.scalars[scalar])});
  }

  // A value that later steps may use. If there are too many, it replaces the value that it was made
  // of, or any.
  void keep(Value value, int made_of = -1) {
    if (live_.size() >= max_live_) {
      auto place =
          std::find_if(live_.begin(), live_.end(), [&](const Value& each) { return each.number == made_of; });
      if (place == live_.end())
        place = live_.begin() + static_cast<std::ptrdiff_t>(random_below(live_.size()));
      live_.erase(place);
    }
    live_.push_back(value);
  }

  std::size_t any_count() const { return live_.size() + constants_.size(); }

  Value any_value() {
    if (prefers_newest_ && !live_.empty() && random_.one_in(2)) return live_.back();
    const std::size_t i = random_below(random_.one_in(4) || live_.empty() ? any_count() : live_.size());
    return i < live_.size() ? live_[i] : constants_[i - live_.size()];
  }

  // Uses the values that are left, so that they stay alive until then.
  void join(int last) {
    const int op = random_.one_in(2) ? op_named("add") : op_named("mul");
    while (live_.size() > 1 && draft_.step_count() + 2 <= last) {
      Value first = live_.back();
      live_.pop_back();
      const Value second = live_.back();
      if (!op_table[op].applies_to(second.dtype)) {  // it can only be moved
        live_.back() = {draft_.copy(second.dtype, first.number), second.dtype};
        continue;
      }
      live_.pop_back();
      if (first.dtype != second.dtype) first = {draft_.copy(second.dtype, first.number), second.dtype};
      live_.push_back({draft_.apply(op, second.dtype, first.number, second.number), second.dtype});
    }
  }

  // Another value of the same dtype; if there is none, the same one.
  Value second_value(Value first) {
    for (int i = 0; i < 12; ++i) {
      const Value value = any_value();
      if (value.dtype == first.dtype && (value.number != first.number || random_.one_in(8))) return value;
    }
    return first;
  }

  // An op of some value, and a conversion before it where it needs one.
  void apply() {
    Value first = any_value();
    const bool binary = random_.one_in(2);
    int op = copy_op;
    for (int i = 0; i < 8; ++i) {
      op = static_cast<int>(random_.below(op_count));
      if (binary ? op_table[op].arity > 1 : !random_.one_in(4) || op == copy_op) break;
    }
    const int computed = op_table[op].computes[index_of(first.dtype)];
    if (computed < 0) op = copy_op;
    if (op == copy_op) {
      const DType target = random_.one_in(4) ? random_dtype(random_) : a_dtype();
      return keep({draft_.copy(target, first.number), target}, first.number);
    }
    const int source = first.number;
    if (!op_table[op].applies_to(first.dtype)) {
      const auto target = static_cast<DType>(computed);
      first = {draft_.copy(target, first.number), target};
    }
    int in[max_inputs] = {first.number};
    for (int k = 1; k < op_table[op].arity; ++k) in[k] = second_value(first).number;
    if (op_table[op].arity > 1 && random_.one_in(2)) std::swap(in[0], in[1]);
    keep({draft_.apply(op, first.dtype, in[0], in[1], in[2]),
          static_cast<DType>(op_table[op].results[index_of(first.dtype)])},
         source);
  }

  Random& random_;
  Draft draft_;
  std::vector<DType> palette_;
  std::vector<int> inputs_, outputs_;
  std::vector<Value> live_;       // values of elements; the last one is the newest
  std::vector<Value> constants_;  // values of scalars
  std::vector<Value> results_;    // values to be stored
  std::size_t max_live_;
  // Whether steps mostly use the value of the step before, or let values wait in many slots.
  bool prefers_newest_;
};

}  // namespace

Draft random_draft(Random& random) {
  for (;;) {
    Draft draft = Writer(random).write();
    try {
      static_cast<void>(draft.make());
      return draft;
    } catch (const Failure& failure) {
      // The only limit that a writer does not know exactly.
      if (std::strstr(failure.what(), "needs a slot") == nullptr) throw;
    }
  }
}

// ---------------------------------------------------------------- layouts

namespace {

// Numbers of elements at which an executor may do something else: whole vectors, tiles, blocks.
std::int64_t edge_size(Random& random, std::int64_t limit) {
  static constexpr std::int64_t edges[] = {16, 64, 128, 256, 512, 1024, 2048, 4096};
  const std::int64_t size =
      random.one_in(3) ? random.between(1, 20) : edges[random.below(8)] + random.between(-1, 1);
  return std::min(size, limit);
}

std::int64_t numel_of(const Layout& layout) {
  std::int64_t numel = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) numel *= layout.sizes[dim];
  return numel;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one branch per kind of shape
void random_sizes(Random& random, Amount amount, Layout& layout) {
  std::int64_t left = amount == Amount::few ? 5000 : 120'000;
  const auto take = [&](int dim, std::int64_t size) {
    layout.sizes[dim] = std::clamp<std::int64_t>(size, 1, left);
    left /= layout.sizes[dim];
  };
  const bool long_row = amount == Amount::many && random.one_in(2);
  switch (random.below(8)) {
    case 0:
    case 1:  // a run
      layout.ndim = 1;
      take(0, amount == Amount::few ? edge_size(random, left) : random.between(30'000, left));
      return;
    case 2:
    case 3:
    case 4:  // rows
      layout.ndim = 2;
      take(1, long_row ? random.between(2000, left / 2) : edge_size(random, left));
      take(0, amount == Amount::many ? left
              : random.one_in(2)     ? edge_size(random, left)
                                     : random.between(1, 9));
      return;
    case 5:  // many dims, most of which have one element
      layout.ndim = static_cast<int>(random.between(6, max_dims));
      for (int dim = 0; dim < layout.ndim; ++dim) layout.sizes[dim] = 1;
      for (int i = 0; i < 10; ++i) take(static_cast<int>(random.below(layout.ndim)), random.between(1, 3));
      return;
    default:
      layout.ndim = static_cast<int>(random.between(2, 5));
      for (int dim = 0; dim < layout.ndim; ++dim) layout.sizes[dim] = 1;
      for (int i = 0; i < layout.ndim; ++i) {
        const auto dim = static_cast<int>(random.below(layout.ndim));
        if (layout.sizes[dim] != 1) continue;
        take(dim, i == 0 ? edge_size(random, left) : random.between(1, amount == Amount::few ? 20 : 400));
      }
  }
}

// Rows that are shorter or longer than a block of an executor, and so many of them that most threads
// start in the middle of a row.
void uneven_rows(Random& random, Layout& layout) {
  layout.ndim = static_cast<int>(random.between(2, 3));
  const int inner = layout.ndim - 1;
  std::fill_n(layout.sizes, layout.ndim, random.between(1, 3));
  layout.sizes[inner] = random.one_in(2) ? random.between(65, 1023) : random.between(1025, 9000);
  layout.sizes[0] = 120'000 / layout.sizes[inner] / (layout.ndim == 3 ? layout.sizes[1] : 1);
}

constexpr std::size_t streamed_bytes = std::size_t{16} << 20;

// The number of elements for which the outputs have 16 MiB and more.
std::int64_t streamed_count(const Program& program) {
  std::size_t size = sizeof(Complex<double>);
  for (int k = 0; k < program.operands; ++k) {
    if (program.is_output(k)) size = std::min(size, size_of(program.operand[k]));
  }
  return static_cast<std::int64_t>(streamed_bytes / size);
}

void streamed_sizes(Random& random, const Program& program, Layout& layout) {
  layout.ndim = static_cast<int>(random.between(1, 2));
  const std::int64_t row = random.between(4096, 9000), count = streamed_count(program);
  layout.sizes[0] = layout.ndim == 1 ? count + random.below(row) : count / row + 1;
  layout.sizes[1] = row;
}

void set_contiguous(const Layout& layout, std::int64_t* strides) {
  std::int64_t next = 1;
  for (int dim = layout.ndim - 1; dim >= 0; --dim) {
    strides[dim] = next;
    next *= layout.sizes[dim];
  }
}

// Contiguous in a random order of dims, perhaps with gaps. No two indices have the same element.
void set_permuted(Random& random, const Layout& layout, bool gaps, std::int64_t* strides) {
  int order[max_dims];
  for (int i = 0; i < layout.ndim; ++i) order[i] = layout.ndim - 1 - i;  // the innermost first
  if (!gaps || random.one_in(2)) {
    for (int i = layout.ndim - 1; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
  }
  std::int64_t next = gaps && random.one_in(2) ? random.between(2, 5) : 1;
  for (int i = 0; i < layout.ndim; ++i) {
    strides[order[i]] = next;
    next *= layout.sizes[order[i]];
    if (gaps && random.one_in(3)) next += random.between(1, 3);
  }
}

// Repeated along random dims, and contiguous along the others.
void set_broadcast(Random& random, const Layout& layout, std::int64_t* strides) {
  std::int64_t next = 1;
  const bool one_element = random.one_in(3);
  for (int dim = layout.ndim - 1; dim >= 0; --dim) {
    const bool repeated = one_element || random.one_in(2);
    strides[dim] = repeated ? 0 : next;
    if (!repeated) next *= layout.sizes[dim];
  }
}

// Any strides, as torch.as_strided gives: elements are shared in all ways.
void set_overlapping(Random& random, const Layout& layout, std::int64_t* strides) {
  for (int dim = 0; dim < layout.ndim; ++dim) {
    strides[dim] = random.one_in(2) ? random.below(3) : random.below(40);
  }
}

std::int64_t extent_of(const Layout& layout, const std::int64_t* strides) {
  std::int64_t extent = 1;
  for (int dim = 0; dim < layout.ndim; ++dim) extent += (layout.sizes[dim] - 1) * strides[dim];
  return extent;
}

// Whether every element has a place of its own. For strides that one of the functions above made.
bool are_apart(const Layout& layout, const std::int64_t* strides) {
  std::vector<std::pair<std::int64_t, std::int64_t>> dims;
  for (int dim = 0; dim < layout.ndim; ++dim) {
    if (layout.sizes[dim] > 1) dims.emplace_back(strides[dim], layout.sizes[dim]);
  }
  std::sort(dims.begin(), dims.end());
  std::int64_t extent = 1;
  for (const auto& [stride, size] : dims) {
    if (stride < extent) return false;
    extent += (size - 1) * stride;
  }
  return true;
}

void random_strides(Random& random, const Layout& layout, bool output, std::int64_t* strides) {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      if (!output) return set_broadcast(random, layout, strides);
      return set_contiguous(layout, strides);
    case 3:
      return set_permuted(random, layout, false, strides);
    case 4:
      return set_permuted(random, layout, true, strides);
    case 5:
      if (!output) return set_overlapping(random, layout, strides);
      return set_permuted(random, layout, true, strides);
    default:
      return set_contiguous(layout, strides);
  }
}

}  // namespace

bool can_stream(const Program& program) {
  const auto max_bytes = [&](int k) {
    return static_cast<std::size_t>(streamed_count(program) + 9000) * size_of(program.operand[k]);
  };
  for (int k = 0; k < program.operands; ++k) {
    if (max_bytes(k) > max_operand_bytes) return false;
  }
  return program.steps <= 8 && program.operands <= 4;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one branch per kind of layout
Shape random_shape(Random& random, const Program& program, Amount amount) {
  Shape shape{};
  Layout& layout = shape.layout;
  const bool uneven = amount == Amount::many && random.one_in(3);
  if (amount == Amount::streamed) {
    streamed_sizes(random, program, layout);
  } else if (uneven) {
    uneven_rows(random, layout);
  } else {
    random_sizes(random, amount, layout);
  }
  shape.numel = numel_of(layout);
  const bool all_contiguous = !uneven && random.one_in(amount == Amount::streamed ? 2 : 4);
  for (int k = 0; k < program.operands; ++k) {
    std::int64_t* const strides = layout.strides[k];
    shape.place_of[k] = k;
    set_contiguous(layout, strides);
    if (uneven && !program.is_output(k) && random.one_in(2)) {
      set_broadcast(random, layout, strides);
    } else if (!all_contiguous) {
      random_strides(random, layout, program.is_output(k), strides);
    }
    const std::int64_t max_extent = std::max<std::int64_t>(shape.numel, 1 << 18);
    if (extent_of(layout, strides) > max_extent) set_contiguous(layout, strides);
    // The stride of a dimension of one element means nothing.
    for (int dim = 0; dim < layout.ndim; ++dim) {
      if (!all_contiguous && layout.sizes[dim] == 1 && random.one_in(4)) strides[dim] = random.below(5000);
    }
  }
  bool taken[max_operands] = {};
  for (int k = 0; k < program.operands; ++k) {
    if (!program.is_output(k) || !random.one_in(2)) continue;
    std::vector<int> candidates;
    for (int input = 0; input < program.operands; ++input) {
      if (!program.is_output(input) && !taken[input] &&
          size_of(program.operand[input]) == size_of(program.operand[k]) &&
          are_apart(layout, layout.strides[input])) {
        candidates.push_back(input);
      }
    }
    if (candidates.empty()) continue;
    const int input =
        candidates[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(candidates.size())))];
    taken[input] = true;
    shape.place_of[k] = input;
    std::copy_n(layout.strides[input], layout.ndim, layout.strides[k]);
  }
  shape.contiguous = true;
  for (int k = 0; k < program.operands; ++k) {
    shape.extent[k] = extent_of(layout, layout.strides[k]);
    std::int64_t expected[max_dims];
    set_contiguous(layout, expected);
    for (int dim = 0; dim < layout.ndim; ++dim) {
      if (layout.sizes[dim] > 1 && layout.strides[k][dim] != expected[dim]) shape.contiguous = false;
    }
  }
  return shape;
}

// ---------------------------------------------------------------- elements

void random_elements(Random& random, DType dtype, std::byte* elements, std::int64_t n) {
  const DType part = part_of(dtype);
  const std::size_t size = size_of(part);
  const std::int64_t parts = n * static_cast<std::int64_t>(size_of(dtype) / size);
  const std::int64_t kind = random.below(4);
  const int sign = static_cast<int>(size) * 8 - 1;
  for (std::int64_t i = 0; i < parts; ++i) {
    std::byte* const element = elements + static_cast<std::size_t>(i) * size;
    std::uint64_t bits = random.bits();
    const std::uint64_t choice = random.bits();
    if (kind < 2) {                                                       // near to 1, or small integers
      const double fraction = static_cast<double>(bits >> 12) * 0x1p-52;  // below 1
      const double scale = static_cast<double>(1 << choice % 8) / 16;
      const double number = kind == 0 ? (1 + fraction) * scale : std::floor(fraction * 100);
      const double value = (choice >> 8 & 1) != 0 ? number : -number;
      convert_element(DType::float64, reinterpret_cast<const std::byte*>(&value), part, element);
      continue;
    }
    if (choice % 8 == 0) bits &= std::uint64_t{1} << sign;               // ±0
    if (choice / 8 % 8 == 0) bits &= (std::uint64_t{1} << sign) | 0xff;  // subnormal
    if (choice / 64 % 8 == 0)
      bits |= ~(~std::uint64_t{0} << sign) & ~std::uint64_t{0xff};  // NaN, or the largest
    std::memcpy(element, &bits, size);
  }
}

namespace {

// Calls visit(position) for every element in logical order.
template <class Visit>
void for_each_position(const Layout& layout, const std::int64_t* strides, const Visit& visit) {
  std::int64_t index[max_dims] = {}, position = 0;
  for (;;) {
    visit(static_cast<std::size_t>(position));
    int dim = layout.ndim - 1;
    while (dim >= 0 && ++index[dim] == layout.sizes[dim]) {
      position -= (layout.sizes[dim] - 1) * strides[dim];
      index[dim--] = 0;
    }
    if (dim < 0) return;
    position += strides[dim];
  }
}

Elements gathered(const Layout& layout, const std::int64_t* strides, std::size_t size,
                  const std::vector<std::byte>& memory) {
  Elements elements(static_cast<std::size_t>(numel_of(layout)) * size);
  std::byte* next = elements.data();
  for_each_position(layout, strides, [&](std::size_t position) {
    std::memcpy(next, memory.data() + position * size, size);
    next += size;
  });
  return elements;
}

void scatter(const Layout& layout, const std::int64_t* strides, std::size_t size, const Elements& elements,
             std::vector<std::byte>& memory) {
  const std::byte* next = elements.data();
  for_each_position(layout, strides, [&](std::size_t position) {
    std::memcpy(memory.data() + position * size, next, size);
    next += size;
  });
}

}  // namespace

Trial make_trial(Random& random, const Program& program, const Shape& shape) {
  Trial trial{program, shape, std::vector<Scalar>(program.scalars), {}, {}};
  for (int i = 0; i < program.scalars; ++i) {
    random_elements(random, program.scalar[i], trial.scalars[static_cast<std::size_t>(i)].bytes, 1);
  }
  const Layout& layout = shape.layout;
  std::vector<Elements> inputs(program.operands);
  for (int k = 0; k < program.operands; ++k) {
    if (!trial.has_place(k)) continue;
    const std::size_t size = size_of(program.operand[k]);
    trial.before[k].resize(static_cast<std::size_t>(shape.extent[k]) * size);
    random_elements(random, program.operand[k], trial.before[k].data(), shape.extent[k]);
    if (!program.is_output(k)) {
      inputs[static_cast<std::size_t>(k)] = gathered(layout, layout.strides[k], size, trial.before[k]);
    }
    trial.after[k] = trial.before[k];
  }
  const std::vector<Elements> outputs =
      execute_step_by_step(program, inputs, trial.scalars.data(), shape.numel);
  for (int k = 0; k < program.operands; ++k) {
    if (!program.is_output(k)) continue;
    scatter(layout, layout.strides[k], size_of(program.operand[k]), outputs[static_cast<std::size_t>(k)],
            trial.after[shape.place_of[k]]);
  }
  return trial;
}

void TrialMemory::place(Random& random, const Trial& trial, bool aligned) {
  for (int k = 0; k < trial.program.operands; ++k) {
    if (!trial.has_place(k)) continue;
    const std::size_t bytes = trial.before[k].size();
    if (random.one_in(2)) {
      start_[k] = memory_[k].at_end(bytes);
    } else {
      const auto offset = static_cast<std::size_t>(random.below(17));
      start_[k] = memory_[k].at_start(bytes, aligned ? offset * size_of(trial.program.operand[k]) : offset);
    }
  }
  for (int k = 0; k < trial.program.operands; ++k) start_[k] = start_[trial.shape.place_of[k]];
}

void TrialMemory::fill(const Trial& trial) const {
  for (int k = 0; k < trial.program.operands; ++k) {
    if (trial.has_place(k)) std::copy(trial.before[k].begin(), trial.before[k].end(), start_[k]);
  }
}

Job TrialMemory::job(const Trial& trial, bool with_layout) const {
  Job job{};
  job.program = &trial.program;
  std::copy_n(start_, trial.program.operands, job.memory);
  job.numel = trial.shape.numel;
  job.layout = with_layout ? &trial.shape.layout : nullptr;
  job.scalars = trial.scalars.data();
  return job;
}

std::string TrialMemory::difference(const Trial& trial) const {
  for (int k = 0; k < trial.program.operands; ++k) {
    if (!trial.has_place(k)) continue;
    const std::vector<std::byte>& right = trial.after[k];
    if (std::memcmp(right.data(), start_[k], right.size()) == 0) continue;
    const auto [there, here] = std::mismatch(right.begin(), right.end(), start_[k]);
    const std::size_t size = size_of(trial.program.operand[k]);
    const std::size_t element = static_cast<std::size_t>(there - right.begin()) / size;
    const auto bits = [&](const std::byte* p) {
      std::uint64_t low = 0, high = 0;
      std::memcpy(&low, p + element * size, std::min<std::size_t>(size, 8));
      if (size > 8) std::memcpy(&high, p + element * size + 8, 8);
      const int width = static_cast<int>(std::min<std::size_t>(size, 8)) * 8;
      return hex(low, width) + (size > 8 ? ", " + hex(high, 64) : "");
    };
    return "element " + std::to_string(element) + " of the memory of operand " + std::to_string(k) + " is " +
           bits(start_[k]) + ", expected " + bits(right.data());
  }
  return "";
}

// ---------------------------------------------------------------- messages

namespace {

std::string describe(int i, const Step& step) {
  const std::string dtype = dtype_names[index_of(step.dtype)], code = std::to_string(step.code);
  std::string value = "v";  // (gcc 12 warns of "v" + std::to_string(i) without reason)
  value.append(std::to_string(i)).append(" = ");
  switch (step.kind) {
    case Kind::load:
      return value + "load " + code + " (slot " + std::to_string(step.slot) + ")";
    case Kind::scalar:
      return value + "scalar " + code;
    case Kind::store:
      return "store v" + std::to_string(step.in[0]) + " to " + code;
    case Kind::apply:
      break;
  }
  std::string text = value + op_table[step.code].name + " " + dtype;
  for (int k = 0; k < input_count(step); ++k)
    text.append(k == 0 ? " v" : ", v") += std::to_string(step.in[k]);
  return text + " (slot " + std::to_string(step.slot) + ")";
}

}  // namespace

std::string describe(const Program& program) {
  std::string text = "program:";
  for (int k = 0; k < program.operands; ++k) {
    text += std::string(k == 0 ? " operands " : ", ") + dtype_names[index_of(program.operand[k])];
  }
  for (int k = 0; k < program.scalars; ++k) {
    text += std::string(k == 0 ? "; scalars " : ", ") + dtype_names[index_of(program.scalar[k])];
  }
  for (int i = 0; i < program.steps; ++i) text += "; " + describe(i, program.step[i]);
  return text;
}

std::string describe(const Program& program, const Shape& shape) {
  const auto list = [&](const std::int64_t* numbers) {
    std::string text = "[";
    for (int dim = 0; dim < shape.layout.ndim; ++dim) {
      text.append(dim == 0 ? "" : ",") += std::to_string(numbers[dim]);
    }
    return text + "]";
  };
  std::string text = describe(program) + "; layout: sizes " + list(shape.layout.sizes);
  for (int k = 0; k < program.operands; ++k) {
    text += ", operand " + std::to_string(k) + " " + list(shape.layout.strides[k]);
    if (shape.place_of[k] != k) text += " in place of " + std::to_string(shape.place_of[k]);
  }
  return text;
}

}  // namespace rsqrt_native::test
