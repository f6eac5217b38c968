// Where capture is in one source. The GTID set is the truth, file and offset are a hint for people
// and for servers without GTIDs.
// Threading: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/gtid_set.hpp"

namespace tailrace {

struct BinlogPosition {
  std::string file;          // "binlog.000042"; empty: unknown
  std::uint64_t offset = 0;  // bytes; our own 64-bit count

  bool known() const { return !file.empty(); }
  std::string text() const { return file + ":" + std::to_string(offset); }
  friend bool operator==(const BinlogPosition&, const BinlogPosition&) = default;
};
// Files of one server are ordered by their numeric suffix, then by offset.
bool before(const BinlogPosition& a, const BinlogPosition& b);

enum class SnapshotPhase : std::uint8_t {
  none = 0,         // not begun
  reading = 1,      // rows are being read; gtid_set is `low` and stays it
  catching_up = 2,  // rows are read; streaming until `snapshot_high` is passed
  done = 3,
};

// An XA transaction that was prepared at or before a position and whose outcome comes behind it.
struct PreparedTransaction {
  std::string xid;      // as the source writes it
  bool mapped = false;  // it has rows that count, which are read again from here after a restart:
  GtidSet gtid_set;     // in front of it
  BinlogPosition binlog;

  friend bool operator==(const PreparedTransaction&, const PreparedTransaction&) = default;
};

struct SourcePosition {
  GtidSet gtid_set;         // executed and read, everything at or before this position
  BinlogPosition binlog;    // end of the last transaction read
  std::string server_uuid;  // of the server it was read from
  SnapshotPhase snapshot = SnapshotPhase::none;
  BinlogPosition snapshot_high;  // end of the binlog after the consistent snapshot was opened
  std::vector<PreparedTransaction> prepared;  // oldest first
  // The definitions of tables here, in bytes that only the source reads; null: not known yet.
  // Shared, because it rarely changes from one position to the next.
  std::shared_ptr<const std::string> tables;
};

}  // namespace tailrace
