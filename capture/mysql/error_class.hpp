// Which errors of a server or client library pass by themselves, and which need a person.
// Numbers and texts: MySQL's mysqld_error.h and errmsg.h; the texts of 1236 changed their words in
// 8.0.26, so both forms are matched.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace tailrace::capture::mysql {

struct ServerError {
  unsigned code = 0;
  std::string text;
};

// Where an error was met: a bad certificate stops a connect, while a broken TLS stream is a broken
// connection.
enum class Stage { connect, query, dump };

// `doing` completes "cannot …": "connect to 127.0.0.1:3306".
Error classify(const ServerError& error, Stage stage, std::string_view doing);

// Another reader with our identity has the stream now.
Error taken_over(std::string message);

// The same error for somebody who looks at a binlog without a pipeline: what it advises changes.
Error for_onlooker(Error error);

}  // namespace tailrace::capture::mysql
