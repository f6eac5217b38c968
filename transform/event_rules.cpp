#include "transform/event_rules.hpp"

#include <algorithm>

#include "core/json_writer.hpp"
#include "transform/event_data.hpp"

namespace tailrace::transform {

namespace {

Failure rule_error(const char* code, std::uint32_t number, const EventRule& rule,
                   const std::string& problem) {
  return halt(code, "events.rules[" + std::to_string(number) + "] (table " + rule.table +
                        "): " + problem);
}

Result<void> check_rule(std::uint32_t number, const EventRule& rule) {
  const auto bad = [&](const char* problem) {
    return rule_error("events.bad_rule", number, rule, problem);
  };
  const auto unnamed = [](const Transition& transition) { return transition.emit.empty(); };
  if (rule.column.empty() && rule.emit.empty()) return bad("write `emit`");
  if (std::any_of(rule.transitions.begin(), rule.transitions.end(), unnamed)) {
    return bad("write `emit` in every transition");
  }
  if (!rule.column.empty() && rule.on_unexpected == OnUnexpected::emit &&
      rule.unexpected_emit.empty()) {
    return bad("write the event type in `unexpected: { emit: … }`");
  }
  if (rule.per_transaction && rule.data == EventRule::Data::diff) {
    return bad("`per: transaction` carries rows with before and after; drop `data: diff`");
  }
  return {};
}

// The key as the file says, else the primary key.
std::string key_text(const EventsSpec& spec, const EventRule& rule, const TableSchema& table) {
  if (!rule.key.empty()) return rule.key;
  if (!spec.key.empty()) return spec.key;
  std::string text;
  for (const std::uint32_t column : table.primary_key) {
    text += (text.empty() ? "{" : "-{") + table.columns[column].name + "}";
  }
  return text;
}

Result<void> compile_templates(const EventsSpec& spec, const TableSchema& table,
                               CompiledEventRule& compiled) {
  const EventRule& rule = *compiled.spec;
  const std::string& topic_text = rule.topic.empty() ? spec.topic : rule.topic;
  auto topic = Template::compile(topic_text, table);
  auto key = Template::compile(key_text(spec, rule, table), table);
  for (const auto* part : {&topic, &key}) {
    if (*part) continue;
    return rule_error("events.bad_template", compiled.number, rule,
                      (part == &topic ? "topic: " : "key: ") + part->error().message);
  }
  if (topic->is_fixed() && !is_topic_name(topic_text)) {
    return rule_error("events.bad_topic", compiled.number, rule,
                      "'" + topic_text + "' is no topic name; use 1 to 249 of a-z A-Z 0-9 . _ -");
  }
  compiled.topic = std::move(*topic);
  compiled.key = std::move(*key);
  compiled.key_columns.assign(table.columns.size(), false);
  for (const std::uint32_t column : compiled.key.columns()) compiled.key_columns[column] = true;
  if (rule.per_transaction) return {};
  for (const std::uint32_t column : table.primary_key) compiled.key_columns[column] = true;
  return {};
}

Result<void> compile_state_machine(const TableSchema& table, CompiledEventRule& compiled) {
  const EventRule& rule = *compiled.spec;
  if (rule.column.empty()) return {};
  compiled.column = table.find(rule.column);
  if (!compiled.column) {
    return rule_error("events.unknown_column", compiled.number, rule,
                      "there is no column '" + rule.column + "'");
  }
  for (const Transition& transition : rule.transitions) {
    compiled.names_insert |= transition.from.kind == StateMatch::Kind::none;
    compiled.names_remove |= transition.to.kind == StateMatch::Kind::none;
  }
  return {};
}

// `state` is null where there is no row: before an insert, after a delete.
bool matches(const StateMatch& match, const Value* state) {
  switch (match.kind) {
    case StateMatch::Kind::none: return state == nullptr;
    case StateMatch::Kind::any: return true;
    case StateMatch::Kind::values:
      return state != nullptr &&
             std::any_of(match.values.begin(), match.values.end(),
                         [&](const std::string& text) { return equals_state(*state, text); });
  }
  return false;
}

const Transition* find_transition(const EventRule& rule, const Value* from, const Value* to) {
  for (const Transition& transition : rule.transitions) {
    // A delete is no change to any value: only `to: none` speaks of it.
    if (to == nullptr && transition.to.kind != StateMatch::Kind::none) continue;
    if (matches(transition.from, from) && matches(transition.to, to)) return &transition;
  }
  return nullptr;
}

}  // namespace

Result<CompiledEventRule> compile_event_rule(const EventsSpec& spec, std::uint32_t number,
                                             const TableSchema& table) {
  CompiledEventRule compiled;
  compiled.spec = &spec.rules[number];
  compiled.number = number;
  TAILRACE_TRY(check_rule(number, *compiled.spec));
  TAILRACE_TRY(compile_state_machine(table, compiled));
  TAILRACE_TRY(compile_templates(spec, table, compiled));
  const auto rows = table.find("rows");
  if (compiled.spec->per_transaction && rows && compiled.key_columns[*rows]) {
    return rule_error("events.bad_rule", number, *compiled.spec,
                      "`per: transaction` cannot have a column named 'rows' in its key");
  }
  return compiled;
}

EventDecision decide_event(const CompiledEventRule& rule, const RowChange& row) {
  using Kind = EventDecision::Kind;
  if (!rule.column) return {Kind::emit, &rule.spec->emit};
  const Value before = image_value(row.before, *rule.column);
  const Value after = image_value(row.after, *rule.column);
  if (row.op == RowOp::update && (after.is_absent() || before == after)) return {};
  if (row.op == RowOp::insert && after.is_absent()) return {Kind::state_missing, nullptr};
  const Transition* transition =
      find_transition(*rule.spec, row.op == RowOp::insert ? nullptr : &before,
                      row.op == RowOp::remove ? nullptr : &after);
  if (transition != nullptr) return {Kind::emit, &transition->emit};
  // A machine that never speaks of rows that come or go does not judge them.
  if (row.op == RowOp::insert && !rule.names_insert) return {};
  if (row.op == RowOp::remove && !rule.names_remove) return {};
  return {Kind::unexpected, nullptr};
}

bool equals_state(const Value& value, const std::string& text) {
  switch (value.kind()) {
    case ValueKind::absent:
    case ValueKind::null:
    case ValueKind::impossible_date: return false;
    case ValueKind::decimal:
    case ValueKind::decimal_number:
    case ValueKind::date:
    case ValueKind::datetime:
    case ValueKind::timestamp:
    case ValueKind::time:
    case ValueKind::string:
    case ValueKind::json: return value.as_text() == text;
    case ValueKind::boolean:
    case ValueKind::int64:
    case ValueKind::uint64:
    case ValueKind::float32:
    case ValueKind::float64: break;
    case ValueKind::bytes: {
      std::string base64;
      append_base64(base64, value.as_text());
      return base64 == text;
    }
  }
  std::string json;
  append_json_value(json, value);
  return json == text;
}

bool is_topic_name(std::string_view name) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace tailrace::transform
