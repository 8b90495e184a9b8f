#include "napi/unary.h"

#include <limits>
#include <string>

#include "cpu/run.h"
#include "napi/arguments.h"
#include "napi/context.h"
#include "napi/memory.h"
#include "ops/table.h"

namespace rsqrt_native {
namespace {

// Reads [size, inputStride, outputStride] triples, outermost dimension first. Returns the element
// count.
std::int64_t read_layout(napi_env env, napi_value value, Layout& layout) {
  napi_typedarray_type type;
  std::size_t length = 0, offset;
  void* data;
  napi_value buffer;
  if (!Napi::Value(env, value).IsTypedArray() ||
      napi_get_typedarray_info(env, value, &type, &length, &data, &buffer, &offset) != napi_ok ||
      type != napi_float64_array) {
    wrong_type("layout", "a number or a Float64Array");
  }
  if (length == 0 || length % 3 != 0 || length > std::size_t{3} * max_dims) {
    out_of_range("the length of layout", "3 times the number of dimensions, 1 to 64", std::to_string(length));
  }
  const double* triple = static_cast<const double*>(data);
  layout.ndim = static_cast<int>(length / 3);
  std::int64_t numel = 1;
  for (int dim = 0; dim < layout.ndim; ++dim, triple += 3) {
    layout.sizes[dim] = whole(triple[0], "a size of layout");
    layout.in_strides[dim] = whole(triple[1], "a stride of layout");
    layout.out_strides[dim] = whole(triple[2], "a stride of layout");
    if (__builtin_mul_overflow(numel, layout.sizes[dim], &numel)) {
      out_of_range("the element count of layout", "below 2^63", "more");
    }
  }
  return numel;
}

// Throws unless all elements of one side lie within its memory. Returns the byte offset of the
// first.
std::int64_t checked_offset(const Memory& memory, DType dtype, std::int64_t offset, std::int64_t numel,
                            const Layout* layout, const std::int64_t* strides, const char* argument) {
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  if (numel == 0) return 0;
  std::int64_t last = numel - 1;  // of the last element, in elements past the first
  bool overflow = false;
  if (layout != nullptr) {
    last = 0;
    for (int dim = 0; dim < layout->ndim; ++dim) {
      std::int64_t extent;
      overflow |= __builtin_mul_overflow(layout->sizes[dim] - 1, strides[dim], &extent);
      overflow |= __builtin_add_overflow(last, extent, &last);
    }
  }
  std::int64_t end = 0;
  overflow |= __builtin_add_overflow(last, 1, &end);
  if (overflow) end = std::numeric_limits<std::int64_t>::max();  // larger than any memory
  check_end(memory, offset, end, size, argument);
  check_aligned(memory, offset, size, argument);
  return offset;
}

napi_value run(Napi::Env env, Context& context, const napi_value* args) {
  Job job;
  job.op = static_cast<int>(whole(env, args[0], "op", op_count - 1));
  job.in_dtype = static_cast<DType>(whole(env, args[2], "inputDtype", dtype_count - 1));
  job.out_dtype = static_cast<DType>(whole(env, args[5], "outputDtype", dtype_count - 1));
  const int compute = op_table[job.op].computes[index_of(job.in_dtype)];
  if (compute < 0) {
    throw Failure("ERR_DTYPE", std::string(op_table[job.op].name) + " is not defined for " +
                                   dtype_names[index_of(job.in_dtype)]);
  }
  job.compute = static_cast<DType>(compute);

  Layout layout;
  double numel;
  if (napi_get_value_double(env, args[7], &numel) == napi_ok) {
    job.layout = nullptr;
    job.numel = whole(numel, "layout");
  } else {
    job.layout = &layout;
    job.numel = read_layout(env, args[7], layout);
  }

  const Memory input = unwrap_memory(env, args[1], "input");
  const Memory output = unwrap_memory(env, args[4], "output");
  if (input.device() != output.device()) {
    throw Failure("ERR_DEVICE", "input and output must be on the same device");
  }
  job.in = input.data + checked_offset(input, job.in_dtype, whole(env, args[3], "inputOffset"), job.numel,
                                       job.layout, layout.in_strides, "inputOffset");
  job.out = output.data + checked_offset(output, job.out_dtype, whole(env, args[6], "outputOffset"),
                                         job.numel, job.layout, layout.out_strides, "outputOffset");
  if (job.numel == 0) return nullptr;
  if (static_cast<std::uint64_t>(job.numel) > output.bytes / size_of(job.out_dtype)) {
    // Only an output whose elements share memory could have more elements, and writing it could
    // take arbitrarily long.
    out_of_range("the element count of layout", "at most what the output holds", std::to_string(job.numel));
  }
  if (input.block == nullptr) {
    cpu::run(*context.isa.kernels, job, *context.pool, context.threads);
  } else {
    context.cuda->run(*input.block, *output.block, job);
  }
  return nullptr;
}

}  // namespace

napi_value unary(napi_env env, napi_callback_info info) { return guarded_call<run, 8>(env, info); }

}  // namespace rsqrt_native
