#include "capture/binlog/query_event.hpp"

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

void skip_updated_databases(WireReader& in) {
  const std::uint8_t count = in.u8();
  if (count >= 254) return;  // too many: their names are not there
  for (std::uint8_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view rest = in.rest();
    const std::size_t end = rest.find('\0');
    if (end == std::string_view::npos) return in.fail();
    in.take(end + 1);
  }
}

// One variable; false: an unknown code, and so no way to know its length.
bool read_status_variable(WireReader& in, QueryEvent& query) {
  switch (in.u8()) {
    case 0: in.take(4); return true;                            // flags2
    case 1: query.sql_mode = in.u64(); return true;
    case 2: in.take(in.u8()), in.take(1); return true;          // catalog, with a zero byte
    case 3: in.take(4); return true;                            // auto_increment
    case 4:
      query.client_collation = in.u16();
      in.take(4);
      return true;
    case 5:                                                     // time zone
    case 6: in.take(in.u8()); return true;                      // catalog
    case 7: in.take(2); return true;                            // lc_time_names
    case 8: query.database_collation = in.u16(); return true;
    case 9: in.take(8); return true;                            // tables of a multi-update
    case 10: in.take(4); return true;                           // data written by the master
    case 11: in.take(in.u8()), in.take(in.u8()); return true;   // invoker: user, host
    case 12: skip_updated_databases(in); return true;
    case 13: in.take(3); return true;                           // microseconds
    case 14: case 15: in.take(8); return true;                  // commit time stamps
    case 16: in.take(1); return true;
    case 17: in.take(8); return true;                           // xid of the DDL
    case 18: in.take(2); return true;
    case 19: case 20: in.take(1); return true;
    default: return false;                                      // MariaDB's come last
  }
}

}  // namespace

Result<QueryEvent> parse_query(const EventView& event) {
  WireReader in(event.body);
  QueryEvent query;
  query.thread_id = in.u32();
  query.seconds = in.u32();
  const std::uint8_t database_bytes = in.u8();
  query.error_code = in.u16();
  WireReader status(in.take(in.u16()));
  query.database = in.terminated(database_bytes);
  query.sql = in.rest();
  if (!in.ok()) return corrupt_event(event, "too short for its lengths");
  while (!status.at_end() && read_status_variable(status, query)) {
  }
  if (!status.ok()) return corrupt_event(event, "a status variable is cut off");
  return query;
}

}  // namespace tailrace::capture
