// mysql://user[:password]@host[:port]/[database][?tls=required&tls_ca=FILE], also mariadb://: a
// server on the command line. Parts are percent-encoded where they hold / : @ ? # or %; a host that
// begins with an encoded / is a Unix socket.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

#include "capture/mysql_options.hpp"
#include "core/result.hpp"

namespace tailrace::app {

struct MysqlUrl {
  capture::MysqlOptions options;
  bool shows_password = false;  // it stands in the URL, where others on the machine see it
};

bool is_mysql_url(std::string_view text);

// A password that the URL leaves out comes from `fallback_password`. Error halt url.malformed says
// what is wrong without repeating the URL, which may hold a password.
Result<MysqlUrl> parse_mysql_url(std::string_view text, std::string_view fallback_password);
// With the environment's MYSQL_PWD.
Result<MysqlUrl> parse_mysql_url(std::string_view text);

}  // namespace tailrace::app
