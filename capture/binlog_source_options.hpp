// What a BinlogSource is made from.
// Threading: plain values.
#pragma once

#include <string>
#include <vector>

#include "capture/mysql_options.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

struct BinlogSourceOptions {
  MysqlOptions mysql;
  std::vector<TableSelection> tables;
  std::vector<TableSchema> schemas;  // of `tables`, in their order: read_table_schemas()
  // Together with the host name they are this reader's identity towards the server.
  std::string pipeline;
  std::string shard;
  // How much waits for next() at most, beyond one transaction.
  std::size_t queue_bytes = 16u << 20;
};

}  // namespace tailrace::capture
