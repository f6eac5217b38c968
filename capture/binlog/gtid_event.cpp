#include "capture/binlog/gtid_event.hpp"

#include <algorithm>

#include "capture/binlog/serialization.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::uint64_t has_original_time = std::uint64_t{1} << 55;
constexpr std::size_t time_bytes = 7;

// Two times: the second is there only if it differs, which bit 55 of the first says.
void read_times(WireReader& in, GtidEvent& gtid) {
  const std::uint64_t immediate = in.integer(time_bytes);
  gtid.immediate_commit_us = static_cast<std::int64_t>(immediate & ~has_original_time);
  gtid.original_commit_us = (immediate & has_original_time) != 0
                                ? static_cast<std::int64_t>(in.integer(time_bytes))
                                : gtid.immediate_commit_us;
}

// Fixed fields; how far they go depends on the server's version, so the length decides.
Result<GtidEvent> parse_untagged(const EventView& event) {
  WireReader in(event.body);
  GtidEvent gtid;
  gtid.anonymous = event.header.type == EventType::anonymous_gtid;
  gtid.flags = in.u8();
  const std::string_view uuid = in.take(16);
  std::copy(uuid.begin(), uuid.end(), gtid.gtid.source.uuid.begin());
  gtid.gtid.number = static_cast<std::int64_t>(in.u64());
  if (!in.ok()) return corrupt_event(event, "too short");
  if (in.remaining() >= 17 && in.u8() == 2) {
    gtid.last_committed = static_cast<std::int64_t>(in.u64());
    gtid.sequence_number = static_cast<std::int64_t>(in.u64());
    if (in.remaining() >= time_bytes) read_times(in, gtid);
    if (in.remaining() > 0) gtid.transaction_bytes = in.lenenc();
  }
  if (!in.ok()) return corrupt_event(event, "a field is cut off");
  if (gtid.anonymous) gtid.gtid = MysqlGtid{};
  return gtid;
}

std::int64_t read_time(WireReader& in) {
  return static_cast<std::int64_t>(read_serialized_unsigned(in));
}

void read_tagged_field(WireReader& in, std::uint64_t field, GtidEvent& gtid) {
  switch (field) {
    case 0: gtid.flags = static_cast<std::uint8_t>(read_serialized_unsigned(in)); return;
    case 1:
      for (std::uint8_t& byte : gtid.gtid.source.uuid) {
        byte = static_cast<std::uint8_t>(read_serialized_unsigned(in));
      }
      return;
    case 2: gtid.gtid.number = read_serialized_signed(in); return;
    case 3: gtid.gtid.source.tag = in.take(read_serialized_unsigned(in)); return;
    case 4: gtid.last_committed = read_serialized_signed(in); return;
    case 5: gtid.sequence_number = read_serialized_signed(in); return;
    case 6: gtid.immediate_commit_us = read_time(in); return;
    case 7: gtid.original_commit_us = read_time(in); return;
    case 8: gtid.transaction_bytes = read_serialized_unsigned(in); return;
    case 9:   // server versions
    case 10:
    case 11: read_serialized_unsigned(in); return;  // ticket of the commit group
    default: in.fail();
  }
}

constexpr std::uint64_t last_known_field = 11;

Result<GtidEvent> parse_tagged(const EventView& event) {
  WireReader in(event.body);
  GtidEvent gtid;
  const std::uint64_t version = read_serialized_unsigned(in);
  read_serialized_unsigned(in);  // size of the whole
  const std::uint64_t last_required = read_serialized_unsigned(in);
  if (!in.ok()) return corrupt_event(event, "too short");
  if (version != 1 && version != 0) {
    return unsupported_event(event, "serialization version " + std::to_string(version));
  }
  while (in.ok() && !in.at_end()) {
    const std::uint64_t field = read_serialized_unsigned(in);
    if (field > last_known_field) {
      if (field > last_required) break;  // newer than this reader, and it may be ignored
      return unsupported_event(event, "a required field " + std::to_string(field));
    }
    read_tagged_field(in, field, gtid);
  }
  if (!in.ok()) return corrupt_event(event, "a field is cut off");
  if (gtid.original_commit_us == 0) gtid.original_commit_us = gtid.immediate_commit_us;
  return gtid;
}

bool valid(const MysqlGtid& gtid) {
  const std::string& tag = gtid.source.tag;
  return gtid.number > 0 && gtid.number != INT64_MAX && (tag.empty() || is_gtid_tag(tag));
}

}  // namespace

Result<GtidEvent> parse_gtid(const EventView& event) {
  TAILRACE_ASSIGN(GtidEvent gtid, event.header.type == EventType::gtid_tagged
                                      ? parse_tagged(event)
                                      : parse_untagged(event));
  if (!gtid.anonymous && !valid(gtid.gtid)) {
    return corrupt_event(event, "no valid transaction number or tag");
  }
  return gtid;
}

Result<MariadbGtidEvent> parse_mariadb_gtid(const EventView& event) {
  WireReader in(event.body);
  MariadbGtidEvent gtid;
  gtid.server_id = event.header.server_id;
  gtid.sequence = in.u64();
  gtid.domain = in.u32();
  gtid.flags = in.u8();
  if ((gtid.flags & 0x02) != 0) in.u64();  // id of the group commit
  if (gtid.xa_prepared() || gtid.xa_completed()) {
    gtid.xid_format = in.u32();
    gtid.xid_global_bytes = in.u8();
    const std::uint8_t branch_bytes = in.u8();
    gtid.xid = in.take(std::uint64_t{gtid.xid_global_bytes} + branch_bytes);
  }
  if (!in.ok()) return corrupt_event(event, "too short");
  if (!in.at_end()) {
    gtid.extra_flags = in.u8();
    if ((gtid.extra_flags & 0x01) != 0) in.u8();  // further engines
    if ((gtid.extra_flags & 0x0c) != 0) gtid.alter_sequence = in.u64();
    if (!in.ok()) return corrupt_event(event, "a field is cut off");
  }
  return gtid;
}

}  // namespace tailrace::capture
