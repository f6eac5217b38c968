// What capture does when a statement changes a table that it maps.
// Threading: pure.
#pragma once

#include <functional>
#include <vector>

#include "core/change.hpp"
#include "core/result.hpp"
#include "core/schema_policy.hpp"
#include "core/table_schema.hpp"

namespace tailrace::engine {

// The table with the columns and the representation that the pipeline file asks for.
using FitToFile = std::function<TableSchema(TableSchema)>;

// Which of `schemas` the event makes larger: columns that were added and are to be followed are
// appended to them, so that the places of the others stay. True: there are such.
// Error halt source.schema_changed, source.table_dropped: the policy says pause; the position stays
// in front of the statement.
Result<bool> follow(const TableEvent& event, const SchemaPolicy& policy,
                    const FitToFile& fit_to_file, std::vector<TableSchema>& schemas);

// Whether every row that the table had is gone.
bool empties(const TableEvent& event);

}  // namespace tailrace::engine
