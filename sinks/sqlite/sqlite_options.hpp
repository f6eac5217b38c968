// Options of one SQLite sink.
#pragma once

#include <string>

namespace tailrace::sinks {

struct SqliteOptions {
  std::string path;      // absolute, or relative to the working directory
  std::string document;  // also the table's name
  std::size_t batch_documents = 1000;
  std::size_t batch_bytes = 8u << 20;
};

}  // namespace tailrace::sinks
