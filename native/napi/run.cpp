#include "napi/run.h"

#include <cstring>
#include <limits>
#include <string>

#include "cpu/run.h"
#include "napi/arguments.h"
#include "napi/context.h"
#include "napi/memory.h"
#include "napi/program.h"

namespace rsqrt_native {
namespace {

// For messages.
constexpr const char* memory_names[] = {"memory0", "memory1", "memory2", "memory3",
                                        "memory4", "memory5", "memory6", "memory7"};
constexpr const char* offset_names[] = {"offset0", "offset1", "offset2", "offset3",
                                        "offset4", "offset5", "offset6", "offset7"};
static_assert(sizeof(memory_names) == sizeof(offset_names));
static_assert(sizeof(memory_names) / sizeof(memory_names[0]) == max_operands);

// Where the arguments are.
constexpr std::size_t first_operand = 2;  // program and layout come before
constexpr std::size_t max_arguments = first_operand + std::size_t{2} * max_operands + 1;

// Reads the number of dimensions and for each, outermost first, the size and a stride per operand.
// Returns the element count. Every number is read once, because another thread may write to shared
// memory.
std::int64_t read_layout(napi_env env, napi_value value, int operands, Layout& layout) {
  napi_typedarray_type type;
  std::size_t length = 0, offset;
  void* data;
  napi_value buffer;
  if (!Napi::Value(env, value).IsTypedArray() ||
      napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, &offset) != napi_ok ||
      type != napi_float64_array) {
    wrong_type("layout", "a number or a Float64Array");
  }
  if (length == 0) out_of_range("the length of layout", "at least 1", "0");
  const double* number = static_cast<const double*>(data);
  layout.ndim = static_cast<int>(whole(*number++, "the number of dimensions of layout", max_dims, 1));
  const std::size_t needed =
      1 + static_cast<std::size_t>(layout.ndim) * static_cast<std::size_t>(1 + operands);
  if (length < needed) {
    out_of_range("the length of layout", "at least " + std::to_string(needed), std::to_string(length));
  }
  std::int64_t numel = 1;
  bool overflow = false, empty = false;
  for (int dim = 0; dim < layout.ndim; ++dim) {
    const std::int64_t size = whole(*number++, "a size of layout");
    layout.sizes[dim] = size;
    for (int k = 0; k < operands; ++k) layout.strides[k][dim] = whole(*number++, "a stride of layout");
    empty |= size == 0;
    overflow |= __builtin_mul_overflow(numel, size, &numel);
  }
  if (empty) return 0;
  if (overflow) out_of_range("the element count of layout", "below 2^63", "more");
  return numel;
}

// Throws unless all elements of operand k lie within its memory, and are aligned on a device.
void check_operand(const Memory& memory, int k, DType dtype, std::int64_t offset, std::int64_t numel,
                   const Layout* layout) {
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  std::int64_t last = numel - 1;  // of the last element, in elements past the first
  bool overflow = false;
  if (layout != nullptr) {
    last = 0;
    for (int dim = 0; dim < layout->ndim; ++dim) {
      std::int64_t extent;
      overflow |= __builtin_mul_overflow(layout->sizes[dim] - 1, layout->strides[k][dim], &extent);
      overflow |= __builtin_add_overflow(last, extent, &last);
    }
  }
  std::int64_t end = 0;
  overflow |= __builtin_add_overflow(last, 1, &end);
  if (overflow) end = std::numeric_limits<std::int64_t>::max();  // larger than any memory
  check_end(memory, offset, end, size, offset_names[k]);
  check_aligned(memory, offset, size, offset_names[k]);
}

// Throws if elements of output k share memory so that it has more of them than its memory holds,
// which could take arbitrarily long to write, or if it is repeated along a dimension.
void check_output(const Memory& memory, int k, DType dtype, std::int64_t numel, const Layout* layout) {
  if (layout == nullptr) return;
  for (int dim = 0; dim < layout->ndim; ++dim) {
    if (layout->sizes[dim] > 1 && layout->strides[k][dim] == 0) {
      throw Failure("ERR_OUT_OF_RANGE",
                    "the strides of operand " + std::to_string(k) +
                        " must not be 0 where the size is over 1, because it is an output");
    }
  }
  if (static_cast<std::uint64_t>(numel) > memory.bytes / size_of(dtype)) {
    out_of_range("the element count of layout", "at most what every output holds", std::to_string(numel));
  }
}

// Reads the values of scalars, 16 bytes each.
void read_scalars(napi_env env, napi_value value, int count, Scalar* scalars) {
  const Memory memory = unwrap_memory(env, value, "scalars");
  if (memory.block != nullptr) wrong_type("scalars", "an ArrayBuffer or a Uint8Array");
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(Scalar);
  if (memory.bytes < bytes) {
    out_of_range("the length of scalars", "at least " + std::to_string(bytes) + " bytes",
                 std::to_string(memory.bytes));
  }
  std::memcpy(scalars, memory.data, bytes);
}

napi_value run_program(napi_env env, Context& context, const napi_value* args) {
  double number;
  const Program* program = nullptr;
  if (napi_get_value_double(env, args[0], &number) == napi_ok) program = context.programs.find(number);
  if (program == nullptr) refuse_program(env, args[0]);
  const int operands = program->operands;

  Job job;
  Layout layout;
  Scalar scalars[max_scalars];
  double count;
  job.program = program;
  job.scalars = scalars;
  if (napi_get_value_double(env, args[1], &count) == napi_ok) {
    job.layout = nullptr;
    job.numel = whole(count, "layout");
  } else {
    job.layout = &layout;
    job.numel = read_layout(env, args[1], operands, layout);
  }

  cuda::Block* blocks[max_operands];
  const napi_value* arg = args + first_operand;
  for (int k = 0; k < operands; ++k) {
    const Memory memory = unwrap_memory(env, *arg++, memory_names[k]);
    const std::int64_t offset = whole(env, *arg++, offset_names[k]);
    blocks[k] = memory.block;
    if (k > 0 && memory.device() != (blocks[0] == nullptr ? -1 : blocks[0]->device)) {
      throw Failure("ERR_DEVICE",
                    std::string("memory0 and ") + memory_names[k] + " must be on the same device");
    }
    job.memory[k] = memory.data;
    if (job.numel == 0) continue;
    check_operand(memory, k, program->operand[k], offset, job.numel, job.layout);
    if (program->is_output(k)) check_output(memory, k, program->operand[k], job.numel, job.layout);
    job.memory[k] += offset;
  }
  if (program->scalars > 0) read_scalars(env, *arg, program->scalars, scalars);
  if (job.numel == 0) return nullptr;
  if (blocks[0] == nullptr) {
    cpu::run(*context.isa.kernels, job, *context.pool, context.threads);
  } else {
    context.cuda->run(blocks, job);
  }
  return nullptr;
}

}  // namespace

napi_value run(napi_env env, napi_callback_info info) {
  return guarded_call<run_program, max_arguments>(env, info);
}

}  // namespace rsqrt_native
