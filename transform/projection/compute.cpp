#include "transform/projection/compute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/json_writer.hpp"
#include "core/nearest_name.hpp"
#include "transform/projection/plan_error.hpp"
#include "transform/projection/row_view.hpp"

namespace tailrace::transform {

namespace {

enum class Fitness : std::uint8_t { exact, real, ordered, none };

// What can be done with a column: add up, compare, nothing.
Fitness fitness_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::tinyint:
    case ColumnKind::smallint:
    case ColumnKind::mediumint:
    case ColumnKind::integer:
    case ColumnKind::bigint:
    case ColumnKind::decimal:
      return Fitness::exact;
    case ColumnKind::float32:
    case ColumnKind::float64:
      return Fitness::real;
    case ColumnKind::year:
    case ColumnKind::date:
    case ColumnKind::datetime:
    case ColumnKind::timestamp:
    case ColumnKind::time:
    case ColumnKind::bit:
    case ColumnKind::character:
    case ColumnKind::varchar:
    case ColumnKind::text:
    case ColumnKind::binary:
    case ColumnKind::varbinary:
    case ColumnKind::blob:
    case ColumnKind::enumeration:
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6:
      return Fitness::ordered;
    case ColumnKind::set:
    case ColumnKind::json:
    case ColumnKind::geometry:
    case ColumnKind::vector:
    case ColumnKind::unknown:
      return Fitness::none;
  }
  return Fitness::none;
}

// What the columns of an expression say about its result.
struct Operands {
  bool real = false;
  bool decimal = false;
  bool as_number = false;  // tables.T.decimals: number
  bool above_long = false;
};

Result<const Column*> column_of(const TableSchema& table, const ComputeStep& step,
                                const ComputeText& text, const std::string& path) {
  const auto index = table.find(step.text);
  if (!index) {
    std::vector<std::string> names;
    for (const Column& column : table.columns) names.push_back(column.name);
    const std::string near = nearest_name(step.text, names);
    return plan_error(
        path, fmt::format("table {} has no column '{}'{}", table.id.text(), step.text,
                          near.empty() ? "; it has " + fmt::format("{}", fmt::join(names, ", "))
                                       : "; did you mean '" + near + "'?"));
  }
  const Column& column = table.columns[*index];
  const Fitness fitness = fitness_of(column.type.kind);
  const bool sums = fitness == Fitness::exact || fitness == Fitness::real;
  if (text.function == Aggregate::sum && !sums) {
    return plan_error(path, fmt::format("sum adds up numbers, and '{}' of {} holds none", step.text,
                                        table.id.text()));
  }
  if (fitness == Fitness::none) {
    return plan_error(path, fmt::format("{} compares values, and those of '{}' of {} have no order",
                                        text.function_name, step.text, table.id.text()));
  }
  return &column;
}

void note_operand(const ColumnType& type, Operands& operands) {
  operands.real = operands.real || fitness_of(type.kind) == Fitness::real;
  if (type.kind == ColumnKind::decimal) {
    operands.decimal = true;
    operands.as_number = operands.as_number || type.decimal_as_number;
  }
  operands.above_long =
      operands.above_long || (type.kind == ColumnKind::bigint && type.is_unsigned);
}

// Digits behind the point of the whole expression: the larger of two added, the sum of two
// multiplied.
std::uint32_t scale_of(const ComputeText& text, const TableSchema& table) {
  std::vector<std::uint32_t> stack;
  for (const ComputeStep& step : text.steps) {
    switch (step.kind) {
      case StepKind::column: {
        const ColumnType& type = table.columns[*table.find(step.text)].type;
        stack.push_back(type.kind == ColumnKind::decimal ? type.scale : 0u);
        break;
      }
      case StepKind::number:
        stack.push_back(ExactNumber::of(step.text).scale());
        break;
      case StepKind::add:
      case StepKind::subtract:
      case StepKind::multiply: {
        const std::uint32_t right = stack.back();
        stack.pop_back();
        stack.back() =
            step.kind == StepKind::multiply ? stack.back() + right : std::max(stack.back(), right);
        break;
      }
      case StepKind::negate:
        break;
    }
  }
  return stack.empty() ? 0 : stack.back();
}

ColumnType type_of_sum(const Operands& operands, std::uint32_t scale) {
  ColumnType type;
  if (operands.real) {
    type.kind = ColumnKind::float64;
  } else if (operands.decimal) {
    type.kind = ColumnKind::decimal;
    type.scale = static_cast<std::uint8_t>(std::min<std::uint32_t>(scale, 255));
    type.decimal_as_number = operands.as_number;
  } else {
    type.kind = ColumnKind::bigint;
    type.is_unsigned = operands.above_long;
  }
  return type;
}

char sign_of(StepKind kind) {
  switch (kind) {
    case StepKind::add:
      return '+';
    case StepKind::subtract:
      return '-';
    case StepKind::multiply:
      return '*';
    case StepKind::negate:
      return '~';
    case StepKind::column:
    case StepKind::number:
      break;
  }
  return '?';
}

bool is_operator(StepKind kind) { return kind != StepKind::column && kind != StepKind::number; }

// Applies an operator to the end of a stack.
template <class Number>
void apply(StepKind kind, std::vector<Number>& stack) {
  if (kind == StepKind::negate) {
    if constexpr (std::is_same_v<Number, double>) {
      stack.back() = -stack.back();
    } else {
      stack.back().negate();
    }
    return;
  }
  const Number right = std::move(stack.back());
  stack.pop_back();
  if (kind == StepKind::add) {
    stack.back() += right;
  } else if (kind == StepKind::subtract) {
    stack.back() -= right;
  } else {
    stack.back() *= right;
  }
}

ExactNumber exact_of(const Value& value) {
  if (value.kind() == ValueKind::int64) return ExactNumber(value.as_int64());
  if (value.kind() == ValueKind::uint64) return ExactNumber(value.as_uint64());
  if (value.kind() == ValueKind::boolean)
    return ExactNumber(std::int64_t{value.as_boolean() ? 1 : 0});
  return ExactNumber::of(value.as_text());
}

template <class Number>
Number of_column(const Value& value) {
  if constexpr (std::is_same_v<Number, double>)
    return as_double(value);
  else
    return exact_of(value);
}

template <class Number>
const Number& literal(const CompiledStep& step) {
  if constexpr (std::is_same_v<Number, double>)
    return step.real;
  else
    return step.number;
}

// The value of an expression over one row; `stack` is reused.
template <class Number>
const Number& evaluate(const std::vector<CompiledStep>& steps, const RowView& row,
                       std::vector<Number>& stack) {
  stack.clear();
  for (const CompiledStep& step : steps) {
    if (step.kind == StepKind::column) {
      stack.push_back(of_column<Number>(row[step.slot]));
    } else if (step.kind == StepKind::number) {
      stack.push_back(literal<Number>(step));
    } else {
      apply(step.kind, stack);
    }
  }
  return stack.back();
}

}  // namespace

Result<ComputedField> compile_computed(const ComputeText& text, const std::string& path,
                                       const TableSchema& table,
                                       const std::vector<std::uint16_t>& slot_of) {
  ComputedField field;
  field.function = text.function;
  field.source = fmt::format("{}|{}", text.function_name, text.child);
  field.type.kind = ColumnKind::bigint;
  Operands operands;
  for (const ComputeStep& step : text.steps) {
    CompiledStep compiled;
    compiled.kind = step.kind;
    if (step.kind == StepKind::column) {
      TAILRACE_ASSIGN(const Column* column, column_of(table, step, text, path));
      compiled.slot = slot_of[*table.find(step.text)];
      note_operand(column->type, operands);
      field.type = column->type;
    } else if (step.kind == StepKind::number) {
      compiled.number = ExactNumber::of(step.text);
      compiled.real = std::strtod(step.text.c_str(), nullptr);
      operands.decimal = operands.decimal || compiled.number.scale() > 0;
    }
    field.source += is_operator(step.kind) ? fmt::format("|{}", sign_of(step.kind))
                                           : fmt::format("|{}", step.text);
    field.steps.push_back(std::move(compiled));
  }
  if (text.function != Aggregate::sum) return field;
  field.real = operands.real;
  field.scale = scale_of(text, table);
  field.type = type_of_sum(operands, field.scale);
  return field;
}

void Computation::add(const RowView& row) {
  switch (field_->function) {
    case Aggregate::count:
      ++rows_;
      return;
    case Aggregate::sum:
      return add_sum(row);
    case Aggregate::minimum:
    case Aggregate::maximum:
      return add_extreme(row[field_->steps[0].slot]);
  }
}

// As in SQL, a row in which one of the columns is NULL adds nothing.
void Computation::add_sum(const RowView& row) {
  for (const CompiledStep& step : field_->steps) {
    if (step.kind == StepKind::column && row[step.slot].is_missing()) return;
  }
  ++rows_;
  if (field_->real) {
    real_.add(evaluate(field_->steps, row, real_stack_));
  } else {
    exact_ += evaluate(field_->steps, row, exact_stack_);
  }
}

// A zero or impossible date is shown as null, and counts as NULL here, too.
void Computation::add_extreme(const Value& value) {
  if (value.is_missing() || value.kind() == ValueKind::impossible_date) return;
  const auto order = rows_ == 0 ? std::strong_ordering::equal : compare(value, extreme_);
  const bool takes = rows_ == 0 || (field_->function == Aggregate::minimum ? order < 0 : order > 0);
  if (takes) extreme_ = value;
  ++rows_;
}

void Computation::append_to(std::string& out) const {
  if (field_->function == Aggregate::count) {
    append_number(out, rows_);
    return;
  }
  const bool infinite = field_->real && !std::isfinite(real_.value());
  if (rows_ == 0 || infinite) {
    out += "null";
    return;
  }
  if (field_->function != Aggregate::sum) {
    append_json_value(out, extreme_);
  } else if (field_->real) {
    append_json_value(out, Value::float64(real_.value()));
  } else {
    const bool quoted = field_->type.kind == ColumnKind::decimal && !field_->type.decimal_as_number;
    if (quoted) out.push_back('"');
    out += exact_.text(field_->scale);
    if (quoted) out.push_back('"');
  }
}

}  // namespace tailrace::transform
