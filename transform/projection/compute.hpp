// Computed fields: compiled against a child's table, and worked out over its rows. Integers and
// DECIMAL are exact whatever their size; an expression with FLOAT or DOUBLE is a double.
// Threading: plain values; a Computation refers to the rows it was given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/exact_number.hpp"
#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "core/value.hpp"
#include "transform/projection/compute_text.hpp"

namespace tailrace::transform {

class RowView;

struct CompiledStep {
  StepKind kind = StepKind::column;
  std::uint16_t slot = 0;  // of a column
  ExactNumber number;
  double real = 0;  // the same number
};

// One entry of `compute`, ready to run.
struct ComputedField {
  std::string name;
  std::string prefix;  // `"name":`
  Aggregate function = Aggregate::count;
  std::uint8_t node = 0;  // the child
  std::vector<CompiledStep> steps;
  ColumnType type;  // of the result, for mappings
  bool real = false;
  std::uint32_t scale = 0;  // least digits behind the point of an exact sum
  std::string source;       // in one way of writing, for the spec's hash
};

// `slot_of`: by column of the table. Error halt "plan.invalid": path, then what is wrong.
Result<ComputedField> compile_computed(const ComputeText& text, const std::string& path,
                                       const TableSchema& table,
                                       const std::vector<std::uint16_t>& slot_of);

// The value of one field over the rows of one root.
class Computation {
 public:
  explicit Computation(const ComputedField& field) : field_(&field) {}

  void add(const RowView& row);
  // Appends the value as JSON: of no rows, or none with a value, null; count: 0.
  void append_to(std::string& out) const;

 private:
  void add_sum(const RowView& row);
  void add_extreme(const Value& value);

  const ComputedField* field_;
  std::uint64_t rows_ = 0;  // with a value
  ExactNumber exact_;
  FloatSum real_;
  std::vector<ExactNumber> exact_stack_;  // reused
  std::vector<double> real_stack_;
  Value extreme_;
};

}  // namespace tailrace::transform
