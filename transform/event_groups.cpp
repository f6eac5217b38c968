#include "transform/event_groups.hpp"

#include "core/assert.hpp"
#include "core/bytes.hpp"

namespace tailrace::transform {

namespace {

// A group without rows: its node, its place in the order, the heap's own share.
constexpr std::size_t group_overhead_bytes = sizeof(EventGroups::Entry) + 64;

void append_image(std::string& out, std::span<const Value> image) {
  append_varint(out, image.size());
  for (const Value& value : image) append_value(out, value);
}

// A third of the size of the same as JSON, which matters when a transaction is large.
void append_row(std::string& out, const RowChange& row) {
  out.push_back(static_cast<char>(row.op));
  append_image(out, row.before);
  append_image(out, row.after);
}

void read_image(ByteReader& in, std::vector<Value>& image) {
  image.resize(in.varint());
  for (Value& value : image) value = read_value(in);
}

}  // namespace

void EventGroups::add(const EventGroupKey& key, const Row& row) {
  name_.clear();
  append_varint(name_, key.rule->number);
  append_sized(name_, *key.type);
  append_sized(name_, key.topic);
  append_sized(name_, key.key);
  auto found = groups_.find(name_);
  if (found == groups_.end()) {
    if (held_ >= limit_) {
      ++rows_without_room_;
      return;
    }
    found = groups_.emplace(name_, EventGroup{}).first;
    order_.push_back(&*found);
    open(found->second, key, row);
  }
  append(found->second, row.change);
}

void EventGroups::open(EventGroup& group, const EventGroupKey& key, const Row& row) {
  group.rule = key.rule;
  group.type = key.type;
  group.data = &row.data;
  group.first_index = row.change.index;
  group.opened_by_leaving = row.leaving;
  row.data.append_members(group.members, row.values, key.rule->key_columns);
  held_ += group_overhead_bytes + name_.size() + group.members.size();
}

void EventGroups::append(EventGroup& group, const RowChange& change) {
  if (group.rule->spec->data == EventRule::Data::key) return;
  if (held_ >= limit_) {
    group.incomplete = true;
    group.rows = std::string();
    return;
  }
  const std::size_t size_before = group.rows.size();
  append_row(group.rows, change);
  held_ += group.rows.size() - size_before;
}

EventGroupKey EventGroups::key_of(const Entry& entry) {
  ByteReader in(entry.first);
  in.varint();
  in.sized();
  const std::string_view topic = in.sized();
  const std::string_view key = in.sized();
  return {entry.second.rule, entry.second.type, topic, key};
}

void EventGroups::append_data(const EventGroup& group, std::string& out) {
  out.push_back('{');
  out += group.members;
  if (group.rule->spec->data != EventRule::Data::key) {
    out += group.members.empty() ? "\"rows\":[" : ",\"rows\":[";
    ByteReader in(group.rows);
    std::vector<Value> before;
    std::vector<Value> after;
    while (!in.at_end()) {
      RowChange row;
      row.op = static_cast<RowOp>(in.byte());
      read_image(in, before);
      read_image(in, after);
      TAILRACE_ASSERT(in.ok());
      row.before = before;
      row.after = after;
      if (out.back() != '[') out.push_back(',');
      group.data->append_row(out, row);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

void EventGroups::clear() {
  groups_.clear();
  order_.clear();
  held_ = 0;
  rows_without_room_ = 0;
}

}  // namespace tailrace::transform
