// How a message tells to change a server's setting for good.
// Threading: a free function.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::capture {

// "SET PERSIST name = value". MariaDB keeps nothing over a restart: its configuration must say so.
inline std::string set_global(bool mariadb, std::string_view assignment) {
  return std::string(mariadb ? "SET GLOBAL " : "SET PERSIST ").append(assignment);
}

}  // namespace tailrace::capture
