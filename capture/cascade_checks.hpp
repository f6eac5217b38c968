// Foreign keys whose cascades change mapped rows without a word in the binlog.
// Threading: one thread.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "capture/mysql/connection.hpp"
#include "capture/mysql_options.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

struct HiddenCascade {
  std::string problem;
  std::string cure;
};

// Empty on servers that log what cascades do (MySQL ≥ 9.6 with innodb_native_foreign_keys = OFF).
// Cascades from tables that are not mapped are found too: they change mapped rows all the same.
Result<std::vector<HiddenCascade>> find_hidden_cascades(mysql::Connection& connection,
                                                        const std::string& database,
                                                        std::span<const TableSelection> tables);

}  // namespace tailrace::capture
