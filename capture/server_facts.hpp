// What a server says about itself and its binlog.
// Threading: one thread per connection.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "capture/mysql/connection.hpp"
#include "core/position.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

struct ServerFacts {
  // False: a MySQL without GTIDs (gtid_mode is not ON); places are files and offsets, and the sets
  // here stand for them: see set_at().
  bool by_gtid = true;
  BinlogPosition end;  // of the newest binlog; known without GTIDs only
  std::string uuid;  // of MariaDB, which has none, "server-<server_id>": unique among its replicas
  GtidSet executed;  // of MariaDB: what it logged, a moment before others may see it, or replicated
  GtidSet purged;    // what came before the oldest binlog
  bool ignore_table_case = false;  // lower_case_table_names is not 0
};
// Everything up to a place in the binlogs of a server without GTIDs, as a set: the server's own
// UUID, from 1 to a number that rises with file and offset. So two places compare as sets do, and
// places of two servers never contain each other.
GtidSet set_at(const std::string& server_uuid, const BinlogPosition& place);

Result<ServerFacts> read_server_facts(mysql::Connection& connection);

// Names in lower case; what the server does not know is missing.
Result<std::map<std::string, std::string>> read_variables(mysql::Connection& connection,
                                                          std::span<const std::string_view> names);

// What can be read from the binlog up to now.
Result<GtidSet> read_executed(mysql::Connection& connection);

// What a consistent snapshot, just opened on `connection`, holds at least: streaming goes on from
// there. `facts` were read before it was opened.
Result<GtidSet> read_snapshot_start(mysql::Connection& connection, const ServerFacts& facts);

// The position of somebody who has read everything up to `place`; nullopt: up to now. Errors halt
// source.start: a place of a MySQL with GTIDs, which does not tell the set that it stands for, or
// one that is gone.
Result<SourcePosition> read_position(mysql::Connection& connection,
                                     const std::optional<BinlogPosition>& place);

// The statement whose answer is the end of the binlog and its filters.
std::string_view binlog_status_sql(const mysql::ServerVersion& version);

// End of the newest binlog. Error halt source.no_binlog.
Result<BinlogPosition> read_binlog_end(mysql::Connection& connection);

}  // namespace tailrace::capture
