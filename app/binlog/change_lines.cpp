#include "app/binlog/change_lines.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/json_writer.hpp"

namespace tailrace::app {
namespace {

constexpr std::size_t flush_bytes = 128 * 1024;
constexpr std::size_t most_tables = 4096;

constexpr std::string_view op_name(RowOp op) {
  switch (op) {
    case RowOp::insert:
      return "insert";
    case RowOp::update:
      return "update";
    case RowOp::remove:
      return "delete";
  }
  return "";
}

// Names come from the file: what is no UTF-8 in them would make no JSON.
void append_name(std::string& out, std::string_view name) {
  Arena arena(256);
  bool repaired = false;
  append_json_string(out, capture::valid_utf8(name, arena, repaired));
}

void append_table(std::string& out, const TableId& id) {
  out += ",\"schema\":";
  append_name(out, id.database);
  out += ",\"table\":";
  if (id.table.empty()) {
    out += "null";
  } else {
    append_name(out, id.table);
  }
  out += '}';
}

// The documents' rendering, but a date that no calendar has shows its text.
void append_shown(std::string& out, const Value& value) {
  if (value.kind() != ValueKind::impossible_date) {
    append_json_value(out, value);
  } else {
    out.append(1, '"').append(value.as_text()).append(1, '"');
  }
}

}  // namespace

const ChangeLines::TableText& ChangeLines::text_of(const capture::WalkedRows& rows) {
  if (table_ != nullptr && table_->layout == rows.layout) return *table_;
  if (tables_.size() >= most_tables) tables_.clear();
  auto [known, is_new] = tables_.try_emplace(rows.layout.get());
  TableText& text = known->second;
  if (!is_new) return text;
  const TableSchema& schema = rows.layout->schema();
  text.layout = rows.layout;
  for (const Column& column : schema.columns) {
    std::string& name = text.names.emplace_back(",");
    append_name(name, column.name);
    name += ':';
  }
  append_table(text.tail, schema.id);
  return text;
}

void ChangeLines::begin_file(std::string_view name) {
  file_ = name;
  file_text_ = "{\"file\":";
  append_name(file_text_, name);
  file_text_ += ",\"pos\":";
}

template <class Walked>
void ChangeLines::append_source(std::string_view op, const Walked& walked) {
  const capture::EventView& event = walked.event;
  const capture::WalkedTransaction& transaction = walked.transaction;
  const std::int64_t ts_us = transaction.commit_time_us != 0
                                 ? transaction.commit_time_us
                                 : std::int64_t{event.header.timestamp_s} * 1'000'000;
  if (file_text_.empty() || file_ != walked.file) begin_file(walked.file);
  head_.assign("{\"op\":\"").append(op).append("\",\"source\":").append(file_text_);
  append_number(head_, event.offset);
  head_ += ",\"ts_us\":";
  append_number(head_, ts_us);
  head_ += ",\"server_id\":";
  append_number(head_, std::uint64_t{event.header.server_id});
  head_ += ",\"gtid\":";
  if (transaction.gtid.empty()) {
    head_ += "null";
  } else {
    append_json_string(head_, transaction.gtid);
  }
  head_ += ",\"xid\":";
  if (transaction.xid) {
    append_number(head_, *transaction.xid);
  } else {
    head_ += "null";
  }
  head_ += ",\"tx_seq\":";
  append_number(head_, transaction.sequence);
  head_ += ",\"row\":";
}

Result<void> ChangeLines::begin_rows(const capture::WalkedRows& rows) {
  table_ = &text_of(rows);
  op_ = rows.op;
  append_source(op_name(op_), rows);
  return {};
}

Result<void> ChangeLines::row(std::uint64_t index, std::span<const Value> before,
                              std::span<const Value> after) {
  out_ += head_;
  append_number(out_, index);
  out_ += table_->tail;
  out_ += ",\"key\":";
  append_key(op_ == RowOp::insert ? after : before, after);
  if (op_ != RowOp::insert) {
    out_ += ",\"before\":";
    append_image(before);
  }
  if (op_ != RowOp::remove) {
    out_ += ",\"after\":";
    append_image(after);
  }
  out_ += "}\n";
  return out_.size() < flush_bytes ? Result<void>() : flush();
}

// Of the row that was there before; what a partial image of that leaves out is in `other`.
void ChangeLines::append_key(std::span<const Value> values, std::span<const Value> other) {
  const TableSchema& schema = table_->layout->schema();
  const std::size_t start = out_.size();
  for (const std::uint32_t column : schema.primary_key) {
    const Value* value = &values[column];
    if (value->is_absent() && !other.empty()) value = &other[column];
    if (value->is_absent()) {  // half a key names no row
      out_.resize(start);
      break;
    }
    out_ += table_->names[column];
    append_shown(out_, *value);
  }
  if (out_.size() == start) {
    out_ += "null";
    return;
  }
  out_[start] = '{';
  out_ += '}';
}

void ChangeLines::append_image(std::span<const Value> values) {
  const std::size_t start = out_.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_absent()) continue;
    out_ += table_->names[i];
    append_shown(out_, values[i]);
  }
  if (out_.size() == start) {
    out_ += '{';
  } else {
    out_[start] = '{';  // in place of the first comma
  }
  out_ += '}';
}

Result<void> ChangeLines::statement(const capture::WalkedStatement& statement) {
  append_source(statement.truncate ? "truncate" : "ddl", statement);
  out_ += head_;
  out_ += "null";
  append_table(out_, statement.table);
  if (!statement.truncate) {
    out_ += ",\"sql\":";
    append_json_string(out_, statement.sql);
  }
  out_ += "}\n";
  return out_.size() < flush_bytes ? Result<void>() : flush();
}

Result<void> ChangeLines::flush() {
  std::string_view rest = out_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return halt("output.write", std::string("writing the lines failed: ") + std::strerror(errno));
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  out_.clear();
  return {};
}

}  // namespace tailrace::app
