// Foreign keys whose cascades change mapped rows without a word in the binlog, and what the
// pipeline file declares of them.
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
  std::string cure;  // begins with what to do: "run: …", "paste these lines …"
};

// A server that logs what cascades do (MySQL ≥ 9.6 with innodb_native_foreign_keys = OFF) hides
// none. A declaration that does not fit the server's keys is a problem on every server.
// Cascades from tables that are not mapped are found too: they change mapped rows all the same.
Result<std::vector<HiddenCascade>> find_hidden_cascades(mysql::Connection& connection,
                                                        const std::string& database,
                                                        std::span<const TableSelection> tables);

}  // namespace tailrace::capture
