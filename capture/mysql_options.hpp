// How to reach one MySQL or MariaDB server and what to read from it.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "core/table_schema.hpp"

namespace tailrace::capture {

enum class TlsMode : std::uint8_t { disabled, preferred, required, verify_ca, verify_identity };

struct MysqlOptions {
  std::string host;           // or the path of a Unix socket
  std::uint16_t port = 3306;
  std::string database;       // of the mapped tables
  std::string user;
  Secret password;
  TlsMode tls = TlsMode::preferred;
  std::string tls_ca;         // PEM file
  std::uint32_t server_id = 0;  // of this reader; 0: derived from pipeline, shard and host name
  Milliseconds connect_timeout{10000};
  Milliseconds heartbeat{10000};     // the read time-out is three of them
  Milliseconds reconnect_from{200};  // back-off
  Milliseconds reconnect_up_to{30000};
  std::size_t snapshot_chunk_rows = 10000;
  std::size_t spool_above_bytes = 8u << 20;  // a larger transaction goes to spool_dir
  std::string spool_dir;
};

// What ON DELETE of a foreign key does to the rows that point.
struct ForeignKeyCascade {
  std::vector<std::string> on;
  std::string references;  // table
  bool set_null = false;
};

// A mapped table and the columns somebody uses (by name; empty: all).
struct TableSelection {
  std::string table{};
  std::vector<std::string> columns{};
  bool lookup = false;        // read before the others in a first load
  bool newest_first = false;  // a first load reads it by descending primary key
  std::vector<std::string> booleans{};  // TINYINT(1) columns shown as true/false
  bool decimals_as_numbers = false;
  std::vector<ForeignKeyCascade> cascades{};      // declared in the pipeline file
  std::vector<ForeignKeyCascade> may_declare{};   // what documents could follow
};

}  // namespace tailrace::capture
