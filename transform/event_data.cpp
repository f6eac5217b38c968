#include "transform/event_data.hpp"

#include <algorithm>

#include "core/json_writer.hpp"

namespace tailrace::transform {

namespace {

void merge(std::span<const Value> first, std::span<const Value> second,
           std::vector<Value>& values) {
  values.resize(std::max(first.size(), second.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Value value = image_value(first, i);
    values[i] = value.is_absent() ? image_value(second, i) : value;
  }
}

// Comma between members; nothing after an opening brace.
void separate(std::string& out, std::size_t start) {
  if (out.size() > start) out.push_back(',');
}

}  // namespace

std::string_view event_op_name(RowOp op) {
  switch (op) {
    case RowOp::insert: return "insert";
    case RowOp::update: return "update";
    case RowOp::remove: return "delete";
  }
  return {};
}

Value image_value(std::span<const Value> image, std::size_t column) {
  return column < image.size() ? image[column] : Value();
}

void last_known_values(const RowChange& row, std::vector<Value>& values) {
  merge(row.after, row.before, values);
}

void first_known_values(const RowChange& row, std::vector<Value>& values) {
  merge(row.before, row.after, values);
}

EventData::EventData(const TableSchema& table) {
  labels_.reserve(table.columns.size());
  for (const Column& column : table.columns) {
    std::string& label = labels_.emplace_back();
    append_json_string(label, column.name);
    label.push_back(':');
  }
}

void EventData::append_image(std::string& out, std::span<const Value> values) const {
  out.push_back('{');
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < std::min(values.size(), labels_.size()); ++i) {
    if (values[i].is_absent()) continue;
    separate(out, start);
    out += labels_[i];
    append_json_value(out, values[i]);
  }
  out.push_back('}');
}

void EventData::append_members(std::string& out, std::span<const Value> values,
                               const std::vector<bool>& included) const {
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const Value value = image_value(values, i);
    if (!included[i] || value.is_absent()) continue;
    separate(out, start);
    out += labels_[i];
    append_json_value(out, value);
  }
}

void EventData::append_change(std::string& out, const Value& before, const Value& after) const {
  out.push_back('{');
  if (!before.is_absent()) {
    out += "\"before\":";
    append_json_value(out, before);
  }
  if (!after.is_absent()) {
    out += before.is_absent() ? "\"after\":" : ",\"after\":";
    append_json_value(out, after);
  }
  out.push_back('}');
}

void EventData::append_diff(std::string& out, const RowChange& row,
                            const std::vector<bool>& key_columns) const {
  out.push_back('{');
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const Value before = image_value(row.before, i);
    const Value after = image_value(row.after, i);
    if (before.is_absent() && after.is_absent()) continue;
    // A column that only the image before an update holds was not written, so it did not change.
    const bool same = before == after || (row.op == RowOp::update && after.is_absent());
    const bool as_it_is = key_columns[i] && (same || row.op != RowOp::update);
    if (same && !as_it_is) continue;
    separate(out, start);
    out += labels_[i];
    if (as_it_is) {
      append_json_value(out, after.is_absent() ? before : after);
    } else {
      append_change(out, before, after);
    }
  }
  out.push_back('}');
}

void EventData::append_row(std::string& out, const RowChange& row) const {
  out += "{\"op\":\"";
  out += event_op_name(row.op);
  out.push_back('"');
  if (row.op != RowOp::insert) {
    out += ",\"before\":";
    append_image(out, row.before);
  }
  if (row.op != RowOp::remove) {
    out += ",\"after\":";
    append_image(out, row.after);
  }
  out.push_back('}');
}

}  // namespace tailrace::transform
