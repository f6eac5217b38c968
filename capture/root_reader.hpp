// Reads chosen roots with all that hangs on them, as of one moment, beside the stream (engine.md
// §8). It needs no table and no rights in the source beyond those of the first load.
// Threading: one thread calls; reading goes on beside it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/arena.hpp"
#include "core/change.hpp"
#include "core/result.hpp"

namespace tailrace::capture {

// A table whose rows say in `columns` which root they belong to, in the order of the root's key.
struct RootTable {
  std::string table;
  std::vector<std::string> columns;
};

struct RootRequest {
  std::vector<RootTable> tables;
  std::vector<std::vector<std::string>> keys;  // of roots: the plain text of each column of the key
  SourcePosition read;                         // what is read now holds all of this
};

struct RootRows {
  // By table of the request; rows as inserts. Rows of other roots may be among them: servers
  // compare texts by their collations.
  std::vector<std::unique_ptr<RowStream>> tables;
  // All that the rows may show. Servers of which file and offset do not tell that fill in the set.
  std::string server_uuid;
  BinlogPosition high;
  std::optional<GtidSet> high_set;

  // Whether a stream that is at `position` has come past it.
  bool is_behind(const SourcePosition& position) const {
    return high_set ? position.gtid_set.contains(*high_set) : !before(position.binlog, high);
  }
};

class RootReader {
 public:
  virtual ~RootReader() = default;

  // Begins to read; what was begun before is given up.
  virtual void begin(RootRequest request) = 0;
  // nullopt: not read yet. Errors end the reading: retry (connection, a table altered meanwhile),
  // halt (a value that is none of its column's).
  virtual Result<std::optional<RootRows>> poll() = 0;

  // The value of a key's column, from its plain text in a document's id. Text goes to the arena.
  // Error dead_letter "import.bad_id": no such value.
  virtual Result<Value> key_value(const ColumnType& type, std::string_view text,
                                  Arena& arena) const = 0;
};

}  // namespace tailrace::capture
