// How a message tells to change a server's setting for good.
// Threading: a free function.
#pragma once

#include <string>
#include <string_view>

#include "capture/binlog/format_description.hpp"
#include "capture/statement.hpp"

namespace tailrace::capture {

// "SET PERSIST name = value". `forgets`: MariaDB and MySQL before 8.0 keep nothing over a restart;
// their configuration must say so.
inline std::string set_global(bool forgets, std::string_view assignment) {
  return std::string(forgets ? "SET GLOBAL " : "SET PERSIST ").append(assignment);
}
// For the server that wrote the binlog.
inline std::string set_global(const FormatDescription& format, std::string_view assignment) {
  return set_global(format.mariadb || server_version_number(format) < 80000, assignment);
}

}  // namespace tailrace::capture
