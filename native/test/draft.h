// A program that is being written for a test: the bytes that make_program takes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/program.h"
#include "ops/program.h"
#include "ops/table.h"

namespace rsqrt_native::test {

struct Draft {
  std::vector<std::uint8_t> steps, operands, scalars;

  int step_count() const { return static_cast<int>(steps.size() / step_bytes); }

  int add_operand(DType dtype) { return add(operands, dtype); }
  int add_scalar(DType dtype) { return add(scalars, dtype); }

  // Each adds a step and returns its number, which is that of its value.
  int add_step(Kind kind, int code, DType dtype, int a = 0, int b = 0, int c = 0) {
    const int number = step_count();
    for (const int byte : {static_cast<int>(kind), code, index_of(dtype), a, b, c}) {
      steps.push_back(static_cast<std::uint8_t>(byte));
    }
    return number;
  }
  int load(int operand) { return add_step(Kind::load, operand, dtype_at(operands, operand)); }
  int scalar(int scalar) { return add_step(Kind::scalar, scalar, dtype_at(scalars, scalar)); }
  int apply(int op, DType dtype, int a, int b = 0, int c = 0) {
    return add_step(Kind::apply, op, dtype, a, b, c);
  }
  int copy(DType dtype, int value) { return apply(copy_op, dtype, value); }
  int store(int operand, int value) {
    return add_step(Kind::store, operand, dtype_at(operands, operand), value);
  }

  Program make() const {
    return make_program({steps.data(), steps.size()}, {operands.data(), operands.size()},
                        {scalars.data(), scalars.size()});
  }

 private:
  static int add(std::vector<std::uint8_t>& list, DType dtype) {
    list.push_back(static_cast<std::uint8_t>(index_of(dtype)));
    return static_cast<int>(list.size()) - 1;
  }
  static DType dtype_at(const std::vector<std::uint8_t>& list, int index) {
    return static_cast<DType>(list[static_cast<std::size_t>(index)]);
  }
};

}  // namespace rsqrt_native::test
