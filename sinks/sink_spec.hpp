// One sink of the pipeline file.
#pragma once

#include <string>
#include <variant>

#include "sinks/elasticsearch/elasticsearch_options.hpp"
#include "sinks/sqlite/sqlite_options.hpp"

namespace tailrace::sinks {

struct StdoutOptions {
  bool pretty = false;
};

struct SinkSpec {
  std::string name;
  std::string document;
  std::variant<SqliteOptions, ElasticsearchOptions, StdoutOptions> options;
};

}  // namespace tailrace::sinks
