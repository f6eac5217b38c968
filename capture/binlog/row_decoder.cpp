#include "capture/binlog/row_decoder.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "capture/binlog/column_op.hpp"
#include "capture/binlog/json_diff.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

// The length in front of a variable value; `width` is 1 to 4 and the bytes are there.
inline std::size_t length_prefix(const char* at, unsigned width) {
  switch (width) {
    case 1: return static_cast<std::uint8_t>(*at);
    case 2: return load<std::uint16_t>(at);
    case 3: return static_cast<std::size_t>(load<std::uint16_t>(at)) |
                   static_cast<std::size_t>(static_cast<std::uint8_t>(at[2])) << 16;
    default: return load<std::uint32_t>(at);
  }
}

inline std::uint32_t three_bytes(const char* at) {
  const std::uint32_t high = static_cast<std::uint8_t>(at[2]);
  return load<std::uint16_t>(at) | high << 16;
}

// The values that fit into a Value as they are; everything else is in column_values.cpp.
inline bool decode_number(ColumnOp op, const char* at, Value& out) {
  switch (op) {
    case ColumnOp::int8: out = Value::int64(load<std::int8_t>(at)); return true;
    case ColumnOp::uint8: out = Value::uint64(load<std::uint8_t>(at)); return true;
    case ColumnOp::int16: out = Value::int64(load<std::int16_t>(at)); return true;
    case ColumnOp::uint16: out = Value::uint64(load<std::uint16_t>(at)); return true;
    case ColumnOp::int24:
      out = Value::int64(static_cast<std::int32_t>(three_bytes(at) << 8) >> 8);
      return true;
    case ColumnOp::uint24: out = Value::uint64(three_bytes(at)); return true;
    case ColumnOp::int32: out = Value::int64(load<std::int32_t>(at)); return true;
    case ColumnOp::uint32: out = Value::uint64(load<std::uint32_t>(at)); return true;
    case ColumnOp::int64: out = Value::int64(load<std::int64_t>(at)); return true;
    case ColumnOp::uint64: out = Value::uint64(load<std::uint64_t>(at)); return true;
    case ColumnOp::boolean: out = Value::boolean(*at != 0); return true;
    case ColumnOp::bit1: out = Value::boolean((*at & 1) != 0); return true;
    case ColumnOp::float32: out = Value::float32(load<float>(at)); return true;
    case ColumnOp::float64: out = Value::float64(load<double>(at)); return true;
    case ColumnOp::year:
      out = Value::int64(*at == 0 ? 0 : 1900 + load<std::uint8_t>(at));
      return true;
    default: return false;
  }
}

}  // namespace

RowDecoder::RowDecoder(const TableLayout& layout, const RowsEvent& event, Arena& arena)
    : layout_(layout),
      event_(event),
      arena_(arena),
      at_(event.rows.data()),
      end_(event.rows.data() + event.rows.size()),
      before_(describe(event.before_columns)),
      after_(describe(event.after_columns)) {}

// Bits beyond the width may be set (MySQL 9.7 does that): they name no column.
RowDecoder::Image RowDecoder::describe(std::string_view present) const {
  Image image{present, 0, false};
  if (present.empty()) return image;
  for (std::size_t i = 0; i < event_.width; ++i) image.columns += bit_set(present, i) ? 1 : 0;
  image.complete = image.columns == event_.width && event_.width == layout_.columns().size();
  return image;
}

Result<bool> RowDecoder::next(std::span<Value> before, std::span<Value> after) {
  if (event_.width > layout_.columns().size()) return broken();
  // An insert of nothing but defaults can be a row without a byte.
  const bool empty_row = event_.rows.empty() && event_.op == RowOp::insert && row_ == 0 &&
                         after_.columns == 0;
  if (at_ == end_ && !empty_row) return false;
  const char* const start = at_;
  if (event_.op != RowOp::insert && !decode(before_, before)) return broken();
  std::string_view partial;
  if (event_.partial && !read_partial_bits(partial)) return broken();
  if (event_.op != RowOp::remove && !decode(after_, after, partial, before)) return broken();
  if (at_ == start && !empty_row) return broken();
  ++row_;
  return true;
}

// Options as a length-encoded number; with its lowest bit set a bit per JSON column of the table,
// present or not.
bool RowDecoder::read_partial_bits(std::string_view& bits) {
  WireReader in({at_, static_cast<std::size_t>(end_ - at_)});
  if ((in.lenenc() & 1) != 0) {
    const auto documents = std::count_if(
        layout_.columns().begin(), layout_.columns().end(),
        [](const CompiledColumn& column) { return column.op == ColumnOp::binary_json; });
    bits = in.take((static_cast<std::uint64_t>(documents) + 7) / 8);
  }
  if (!in.ok()) return false;
  at_ = in.rest().data();
  return true;
}

bool RowDecoder::is_partial(std::string_view bits, std::size_t column) const {
  if (bits.empty() || layout_.columns()[column].op != ColumnOp::binary_json) return false;
  std::size_t documents = 0;
  for (std::size_t i = 0; i < column; ++i) {
    documents += layout_.columns()[i].op == ColumnOp::binary_json ? 1 : 0;
  }
  return bit_set(bits, documents);
}

bool RowDecoder::rebuild(const CompiledColumn& column, std::string_view field,
                         std::span<const Value> before, Value& out) {
  const Value& old = before[column.target];
  if (old.kind() != ValueKind::json) {
    ++counters_.unknown_documents;
    out = Value();
    return old.is_absent();  // to NULL there are no differences
  }
  if (!apply_json_diff(old.as_text(), field, scratch_)) return false;
  out = Value::text(ValueKind::json, arena_.copy(scratch_));
  return true;
}

bool RowDecoder::decode(const Image& image, std::span<Value> out, std::string_view partial,
                        std::span<const Value> before) {
  const auto remaining = [&] { return static_cast<std::size_t>(end_ - at_); };
  const std::size_t null_bytes = (image.columns + 7) / 8;
  if (remaining() < null_bytes) return false;
  const std::string_view nulls(at_, null_bytes);
  at_ += null_bytes;
  if (!image.complete || !layout_.sets_every_value()) std::fill(out.begin(), out.end(), Value());
  const CompiledColumn* const columns = layout_.columns().data();
  std::size_t position = 0;  // among the columns that are present
  for (std::size_t i = 0; i < event_.width; ++i) {
    if (!image.complete && !bit_set(image.present, i)) continue;
    const CompiledColumn& column = columns[i];
    const bool wanted = column.target != CompiledColumn::not_wanted;
    if (bit_set(nulls, position++)) {
      if (wanted) out[column.target] = Value::null();
      continue;
    }
    std::size_t size = column.width;
    if (column.variable) {
      if (remaining() < size) return false;
      const std::size_t length = length_prefix(at_, column.width);
      at_ += size;
      size = length;
    }
    if (remaining() < size) return false;
    const char* const field = at_;
    at_ += size;
    if (!wanted || decode_number(column.op, field, out[column.target])) continue;
    if (is_partial(partial, i)) {
      if (!rebuild(column, {field, size}, before, out[column.target])) return false;
      continue;
    }
    const DecodeContext context{arena_, counters_, scratch_};
    if (!decode_column(column, {field, size}, context, out[column.target])) return false;
  }
  return true;
}

Failure RowDecoder::broken() const {
  const std::size_t at = static_cast<std::size_t>(at_ - event_.rows.data());
  return halt("binlog.corrupt",
              fmt::format("{} event at offset {}: row {} of table {} cannot be decoded, {} bytes "
                          "into the rows", event_name(event_.type), event_.offset, row_ + 1,
                          layout_.schema().id.text(), at));
}

}  // namespace tailrace::capture
