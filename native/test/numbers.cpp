// Tests conversions between all pairs of dtypes, and rsqrt of integers, against exact integers.

#include <cstring>
#include <vector>

#include "test/exact.h"
#include "test/execute.h"
#include "test/random.h"
#include "test/test.h"

namespace rsqrt_native::test {
namespace {

constexpr bool is_float(DType dtype) { return dtype <= DType::float64; }
constexpr bool is_signed(DType dtype) { return dtype != DType::uint8 && dtype != DType::boolean; }

// The format of a floating-point dtype, or of the parts of a complex one.
constexpr Format format_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return float16;
    case DType::bfloat16:
      return bfloat16;
    case DType::float32:
    case DType::complex64:
      return float32;
    default:
      return float64;
  }
}

constexpr int part_width(DType dtype) {
  return static_cast<int>(size_of(dtype)) * 8 / (is_complex_dtype(dtype) ? 2 : 1);
}

// One element: the bits of its parts.
struct Element {
  std::uint64_t re = 0;
  std::uint64_t im = 0;
};

Element read(DType dtype, const std::byte* p) {
  Element element;
  const std::size_t size = static_cast<std::size_t>(part_width(dtype)) / 8;
  std::memcpy(&element.re, p, size);
  if (is_complex_dtype(dtype)) std::memcpy(&element.im, p + size, size);
  return element;
}

void write(DType dtype, Element element, std::byte* p) {
  const std::size_t size = static_cast<std::size_t>(part_width(dtype)) / 8;
  std::memcpy(p, &element.re, size);
  if (is_complex_dtype(dtype)) std::memcpy(p + size, &element.im, size);
}

std::int64_t integer_of(DType dtype, std::uint64_t bits) {
  if (dtype == DType::boolean) return bits != 0 ? 1 : 0;
  const int unused = 64 - part_width(dtype);
  const std::uint64_t shifted = bits << unused;
  return is_signed(dtype) ? static_cast<std::int64_t>(shifted) >> unused
                          : static_cast<std::int64_t>(shifted >> unused);
}

Number number_of(DType dtype, std::uint64_t bits) {
  if (is_float(dtype) || is_complex_dtype(dtype)) return decode(format_of(dtype), bits);
  const std::int64_t value = integer_of(dtype, bits);
  const auto magnitude = static_cast<std::uint64_t>(value);
  return {Number::Kind::finite, value < 0, value < 0 ? std::uint64_t{0} - magnitude : magnitude, 0};
}

// Truncates, saturates, and maps NaN to 0.
std::uint64_t truncated(const Number& number, DType to) {
  const int bits = part_width(to) - (is_signed(to) ? 1 : 0);
  const std::uint64_t max = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  const std::uint64_t largest = number.negative ? (is_signed(to) ? max + 1 : 0) : max;
  std::uint64_t magnitude = 0;
  if (number.kind == Number::Kind::nan) return 0;
  if (number.kind == Number::Kind::infinite) {
    magnitude = largest;
  } else if (number.exponent >= 0) {
    const bool fits = number.exponent < 64 && number.significand <= (largest >> number.exponent);
    magnitude = number.significand == 0 ? 0 : fits ? number.significand << number.exponent : largest;
  } else {
    magnitude = number.exponent > -64 ? number.significand >> -number.exponent : 0;
    if (magnitude > largest) magnitude = largest;
  }
  return number.negative ? std::uint64_t{0} - magnitude : magnitude;
}

// One part of a number in another floating-point format. In the same format it keeps its bits, even
// of a NaN.
std::uint64_t part_as(Format to, DType from, std::uint64_t bits) {
  const bool floating = is_float(from) || is_complex_dtype(from);
  if (floating && format_of(from).width == to.width && format_of(from).precision == to.precision) return bits;
  return encode(to, number_of(from, bits));
}

Element converted(DType from, DType to, Element element) {
  if (from == to) return element;
  if (to == DType::boolean) {
    const auto not_zero = [&](std::uint64_t part) {
      const Number number = number_of(from, part);
      return number.kind != Number::Kind::finite || number.significand != 0;
    };
    return {not_zero(element.re) || (is_complex_dtype(from) && not_zero(element.im)) ? 1u : 0u};
  }
  if (is_float(to)) return {part_as(format_of(to), from, element.re)};
  if (is_complex_dtype(to)) {
    return {part_as(format_of(to), from, element.re),
            is_complex_dtype(from) ? part_as(format_of(to), from, element.im) : 0};
  }
  if (is_float(from) || is_complex_dtype(from)) return {truncated(number_of(from, element.re), to)};
  return {static_cast<std::uint64_t>(integer_of(from, element.re))};
}

// Bits of a float that are hard to round to fewer bits: at the middle of two floats of a lower
// precision, one last bit beside it, or random.
std::uint64_t hard_float(Random& random, Format format) {
  static constexpr Format targets[] = {float16, bfloat16, float32};
  const Format target = targets[random.below(3)];
  const std::uint64_t sign = random.one_in(2) ? format.sign() : 0;
  if (target.precision >= format.precision || random.one_in(4)) {
    return random.bits() & (2 * format.sign() - 1);
  }
  // A number of target.precision bits and a half, with an exponent in or near the target's range.
  Number number{Number::Kind::finite, false, 0, 0};
  const int kept = static_cast<int>(random.between(1, target.precision));  // fewer: subnormal
  number.significand = (std::uint64_t{1} << kept) | (random.bits() & ((std::uint64_t{1} << kept) - 1));
  if (random.one_in(8)) number.significand |= (std::uint64_t{1} << kept) - 1;  // so that rounding carries
  const int span = 1 << target.exponent_bits();
  number.exponent = random.one_in(3) ? target.least_exponent() - 1
                                     : target.least_exponent() - 4 + static_cast<int>(random.below(span + 8));
  // The middle, and ±1 and ±2 in the last bit; or ± one bit between the two.
  const std::uint64_t bits = encode(format, number);
  const std::uint64_t step = std::uint64_t{1}
                             << (random.one_in(2) ? 0 : random.below(format.precision - kept));
  const std::uint64_t moved = bits + static_cast<std::uint64_t>(random.between(-2, 2)) * step;
  return sign | (moved & (format.sign() - 1));
}

std::uint64_t hard_integer(Random& random, int width) {
  const auto few = static_cast<std::uint64_t>(random.between(-3, 3));
  switch (random.below(4)) {
    case 0:
      return random.bits();
    case 1:  // near a power of two
      return (std::uint64_t{1} << random.below(width)) + few;
    case 2:  // of any length
      return (random.bits() >> random.below(64)) * (random.one_in(2) ? 1 : ~std::uint64_t{0});
    default: {  // near the middle of two floats of 8, 11, 24 or 53 bits
      static constexpr int precisions[] = {8, 11, 24, 53};
      const int precision = precisions[random.below(4)];
      const std::uint64_t middle =
          (random.bits() >> (64 - precision) | std::uint64_t{1} << (precision - 1)) * 2 + 1;
      const std::uint64_t value = (middle << random.below(64 - precision)) + few;
      return random.one_in(2) ? value : std::uint64_t{0} - value;
    }
  }
}

// All elements of up to 16 bits; for wider dtypes, many hard and random ones.
std::vector<std::byte> inputs_of(DType dtype) {
  const int width = part_width(dtype);
  const std::int64_t count = width <= 16 ? std::int64_t{1} << width : 200'000;
  const std::size_t size = size_of(dtype);
  std::vector<std::byte> inputs(static_cast<std::size_t>(count) * size);
  Random random(static_cast<std::uint64_t>(index_of(dtype)));
  const auto part = [&]() {
    return is_float(dtype) || is_complex_dtype(dtype) ? hard_float(random, format_of(dtype))
                                                      : hard_integer(random, width);
  };
  for (std::int64_t i = 0; i < count; ++i) {
    const Element element = width <= 16 ? Element{static_cast<std::uint64_t>(i)} : Element{part(), part()};
    write(dtype, element, inputs.data() + static_cast<std::size_t>(i) * size);
  }
  return inputs;
}

// Runs an operation on all inputs of a dtype and compares each result with what `expected` returns
// for the element.
template <class Expected>
void check(Report& report, int op, DType from, DType to, const Expected& expected) {
  const std::vector<std::byte> in = inputs_of(from);
  const std::size_t count = in.size() / size_of(from);
  std::vector<std::byte> out(count * size_of(to)), right(out.size());
  for (std::size_t i = 0; i < count; ++i) {
    write(to, expected(read(from, in.data() + i * size_of(from))), right.data() + i * size_of(to));
  }
  for (const cpu::InstructionSet& set : cpu::available_instruction_sets()) {
    execute(set, dense_job(op, from, to, in.data(), out.data(), static_cast<std::int64_t>(count)));
    std::int64_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t at = i * size_of(to);
      if (std::memcmp(out.data() + at, right.data() + at, size_of(to)) == 0) continue;
      ++wrong;
      const Element input = read(from, in.data() + i * size_of(from));
      const Element is = read(to, out.data() + at), must = read(to, right.data() + at);
      const int width = part_width(to);
      report.explain(set.name, std::string(dtype_names[index_of(from)]) + " " +
                                   hex(input.re, part_width(from)) + " to " + dtype_names[index_of(to)] +
                                   " is " + hex(is.re, width) + ", " + hex(is.im, width) + ", expected " +
                                   hex(must.re, width) + ", " + hex(must.im, width));
    }
    report.checked(set.name, static_cast<std::int64_t>(count), wrong);
  }
}

}  // namespace

bool test_conversions(const Options& options) {
  Report report("conversions");
  const int copy = op_named("copy");
  in_parallel(options.threads, std::int64_t{dtype_count} * dtype_count, [&](std::int64_t i) {
    const auto from = static_cast<DType>(i / dtype_count), to = static_cast<DType>(i % dtype_count);
    check(report, copy, from, to, [&](Element element) { return converted(from, to, element); });
  });
  return report.finish();
}

bool test_integers(const Options& options) {
  Report report("integers");
  const int rsqrt = op_named("rsqrt");
  in_parallel(options.threads, dtype_count, [&](std::int64_t i) {
    const auto from = static_cast<DType>(i);
    if (is_float(from) || is_complex_dtype(from)) return;
    check(report, rsqrt, from, DType::float32, [&](Element element) -> Element {
      return {rsqrt_of(float32, converted(from, DType::float32, element).re)};
    });
  });
  return report.finish();
}

}  // namespace rsqrt_native::test
