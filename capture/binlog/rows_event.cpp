#include "capture/binlog/rows_event.hpp"

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {


RowOp operation(EventType type) {
  switch (type) {
    case EventType::write_rows_v1:
    case EventType::write_rows: return RowOp::insert;
    case EventType::delete_rows_v1:
    case EventType::delete_rows: return RowOp::remove;
    default: return RowOp::update;
  }
}

}  // namespace

Result<RowsEvent> parse_rows(const EventView& event, const FormatDescription& format) {
  const EventType type = event.header.type;
  const bool partial = type == EventType::partial_update_rows;
  if (!is_rows_event(type) && !partial) return unsupported_event(event, "row events of this type");
  WireReader in(event.body);
  RowsEvent rows;
  rows.type = type;
  rows.partial = partial;
  rows.op = operation(type);
  rows.offset = event.offset;
  rows.table_id = in.integer(format.table_id_bytes(type));
  rows.flags = in.u16();
  if (format.rows_have_extra_data(type)) {
    const std::uint16_t extra_bytes = in.u16();  // counts itself; partition numbers, NDB
    if (extra_bytes < 2) return corrupt_event(event, "its extra data has no length");
    in.take(extra_bytes - 2u);
  }
  const std::uint64_t width = in.lenenc();
  if (!in.ok() || width > in.remaining() * 8) return corrupt_event(event, "its head is cut off");
  rows.width = static_cast<std::uint32_t>(width);
  const std::uint64_t bitmap_bytes = (width + 7) / 8;
  if (rows.op != RowOp::insert) rows.before_columns = in.take(bitmap_bytes);
  if (rows.op != RowOp::remove) rows.after_columns = in.take(bitmap_bytes);
  rows.rows = in.rest();
  if (!in.ok()) return corrupt_event(event, "its column bitmaps are cut off");
  return rows;
}

}  // namespace tailrace::capture
