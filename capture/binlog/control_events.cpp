#include "capture/binlog/control_events.hpp"

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

Result<RotateEvent> parse_rotate(const EventView& event) {
  WireReader in(event.body);
  RotateEvent rotate;
  rotate.position = in.u64();
  rotate.file = in.rest();
  if (!in.ok() || rotate.file.empty()) return corrupt_event(event, "no file name");
  return rotate;
}

Result<HeartbeatEvent> parse_heartbeat(const EventView& event) {
  HeartbeatEvent heartbeat;
  if (event.header.type != EventType::heartbeat_v2) {
    heartbeat.file = event.body;
    heartbeat.position = event.header.end_position;
    return heartbeat;
  }
  WireReader in(event.body);
  while (in.ok() && !in.at_end()) {
    const std::uint64_t field = in.lenenc();
    if (field == 0) break;
    WireReader value(in.sized());
    if (field == 1) heartbeat.file = value.rest();
    if (field == 2) heartbeat.position = value.lenenc();
    if (!value.ok()) in.fail();
  }
  if (!in.ok()) return corrupt_event(event, "a field is cut off");
  return heartbeat;
}

Result<std::uint64_t> parse_xid(const EventView& event) {
  WireReader in(event.body);
  const std::uint64_t xid = in.u64();
  if (!in.ok()) return corrupt_event(event, "too short");
  return xid;
}

Result<std::string_view> parse_rows_query(const EventView& event) {
  if (event.header.type == EventType::mariadb_annotate_rows) return event.body;
  // The length byte in front cannot hold lengths over 255 and is not used by the server either.
  if (event.body.empty()) return corrupt_event(event, "empty");
  return event.body.substr(1);
}

Result<IncidentEvent> parse_incident(const EventView& event) {
  WireReader in(event.body);
  IncidentEvent incident;
  incident.number = in.u16();
  incident.message = in.take(in.u8());
  if (!in.ok()) return corrupt_event(event, "too short");
  if (incident.number > 1) {
    return corrupt_event(event, "an incident of unknown number " + std::to_string(incident.number));
  }
  return incident;
}

Result<XaPrepareEvent> parse_xa_prepare(const EventView& event) {
  WireReader in(event.body);
  XaPrepareEvent xa;
  xa.one_phase = in.u8() != 0;
  xa.format_id = in.u32();
  const std::uint32_t global_bytes = in.u32();
  const std::uint32_t branch_bytes = in.u32();
  xa.global_part = in.take(global_bytes);
  xa.branch_part = in.take(branch_bytes);
  if (!in.ok() || global_bytes > 64 || branch_bytes > 64) {
    return corrupt_event(event, "the XID is cut off or longer than 64 bytes");
  }
  return xa;
}

}  // namespace tailrace::capture
