// The language of `documents.D.compute`: one function over the rows of one child.
//   count(items) · min(payments.paid_at) · max(payments.paid_at)
//   sum(items.qty * (items.price - 0.5))       + - * ( ), integers and decimals
// Names that are no plain words stand in backquotes.
// Threading: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace tailrace::transform {

enum class Aggregate : std::uint8_t { count, sum, minimum, maximum };

enum class StepKind : std::uint8_t { column, number, add, subtract, multiply, negate };

// One step of an expression, in postfix order.
struct ComputeStep {
  StepKind kind = StepKind::column;
  std::string text;    // of a column: its name; of a number: its digits
  std::size_t at = 0;  // where it stands in the text, in bytes
  std::size_t length = 0;
};

struct ComputeText {
  Aggregate function = Aggregate::count;
  std::string function_name;  // as written
  std::string child;
  std::size_t child_at = 0;
  std::size_t child_length = 0;
  std::vector<ComputeStep> steps;  // empty for count
};

struct ComputeMistake {
  std::size_t at = 0;
  std::size_t length = 1;
  std::string message;
  std::string hint;
};

tl::expected<ComputeText, ComputeMistake> parse_compute(std::string_view text);

}  // namespace tailrace::transform
