#include "transform/event_mapper.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/json_writer.hpp"
#include "transform/event_data.hpp"
#include "transform/event_envelope.hpp"
#include "transform/event_groups.hpp"
#include "transform/event_rules.hpp"
#include "transform/event_template.hpp"

namespace tailrace::transform {

namespace {

// Far more tables than a pipeline has; reached only by new schema objects over a long life.
constexpr std::size_t max_table_plans = 4096;

// What the rules mean for one schema object.
struct TablePlan {
  TableSchema schema;  // copy of what was compiled: id only where no rule is about it
  std::optional<EventData> data;
  std::vector<CompiledEventRule> rules;
  std::uint64_t checked_in = 0;  // transaction in which the schema object was last compared

  bool fits(const TableSchema& other) const {
    if (schema.id != other.id) return false;
    if (rules.empty()) return true;
    return schema.primary_key == other.primary_key &&
           std::equal(schema.columns.begin(), schema.columns.end(), other.columns.begin(),
                      other.columns.end(),
                      [](const Column& a, const Column& b) { return a.name == b.name; });
  }
};

Result<TablePlan> compile_plan(const EventsSpec& spec, const TableSchema& table) {
  TablePlan plan;
  plan.schema.id = table.id;
  for (std::uint32_t number = 0; number < spec.rules.size(); ++number) {
    if (spec.rules[number].table != table.id.table) continue;
    TAILRACE_ASSIGN(CompiledEventRule rule, compile_event_rule(spec, number, table));
    plan.rules.push_back(std::move(rule));
  }
  if (plan.rules.empty()) return plan;
  plan.schema = table;
  plan.data.emplace(table);
  return plan;
}

// Collects the dead letters of several events into one error; the first gives the code.
class Refusals {
 public:
  // False: not a dead letter, so it is not collected.
  bool take(const Error& error) {
    if (error.disposition != Disposition::dead_letter) return false;
    if (++count_ == 1) {
      first_ = error;
    } else if (count_ <= max_named) {
      first_.message += "; " + error.message;
    }
    return true;
  }

  Result<void> result() && {
    if (count_ == 0) return {};
    if (count_ > max_named) {
      first_.message += "; and " + std::to_string(count_ - max_named) + " more";
    }
    return Failure(std::move(first_));
  }

 private:
  static constexpr std::size_t max_named = 5;
  std::size_t count_ = 0;
  Error first_;
};

std::string state_text(std::span<const Value> image, std::uint32_t column) {
  if (image.empty()) return "none";
  std::string text;
  append_json_value(text, image_value(image, column));
  return text;
}

}  // namespace

struct EventMapper::State {
  explicit State(EventsSpec the_spec, EventLimits the_limits)
      : spec(std::move(the_spec)), limits(the_limits), envelope(spec.envelope),
        groups(the_limits.held_bytes) {}

  Result<TablePlan*> plan_of(const TableSchema& table);
  Result<void> apply(const CompiledEventRule& rule, const TablePlan& plan, const RowChange& row,
                     const Out& out);
  Result<void> unexpected(const CompiledEventRule& rule, const TablePlan& plan,
                          const RowChange& row);
  Result<void> render_topic(const CompiledEventRule& rule, const std::vector<Value>& values);
  Result<void> send_row(const CompiledEventRule& rule, const TablePlan& plan,
                        const RowChange& row, const Out& out);
  Result<void> collect(const CompiledEventRule& rule, const TablePlan& plan, const RowChange& row,
                       const std::string& type);
  Result<void> send_group(const EventGroups::Entry& entry, const Out& out);
  Result<void> send(const EventEnvelope::Origin& origin, const Out& out);

  EventsSpec spec;  // does not change: the plans point into it
  EventLimits limits;
  EventEnvelope envelope;
  std::unordered_map<const TableSchema*, TablePlan> plans;
  std::uint64_t transaction = 0;
  EventGroups groups;

  // Reused from row to row.
  DomainEvent event;
  std::vector<Value> last_known;
  std::vector<Value> first_known;
};

// A schema object may be gone and another one at its address, so it is compared once a transaction.
Result<TablePlan*> EventMapper::State::plan_of(const TableSchema& table) {
  const auto [found, is_new] = plans.try_emplace(&table);
  TablePlan& plan = found->second;
  if (!is_new && plan.checked_in == transaction) return &plan;
  if (is_new || !plan.fits(table)) {
    auto compiled = compile_plan(spec, table);
    if (!compiled) {
      plans.erase(found);
      return Failure(std::move(compiled).error());
    }
    plan = std::move(*compiled);
  }
  plan.checked_in = transaction;
  return &plan;
}

Result<void> EventMapper::State::apply(const CompiledEventRule& rule, const TablePlan& plan,
                                       const RowChange& row, const Out& out) {
  EventDecision decision = decide_event(rule, row);
  if (decision.kind == EventDecision::Kind::nothing) return {};
  if (decision.kind == EventDecision::Kind::state_missing) {
    return halt("events.column_missing",
                "the rows of " + plan.schema.id.text() + " come without column '" +
                    rule.spec->column + "', which events.rules[" + std::to_string(rule.number) +
                    "] needs: do not exclude it, and set binlog_row_image=FULL");
  }
  last_known_values(row, last_known);
  if (decision.kind == EventDecision::Kind::unexpected) {
    if (rule.spec->on_unexpected == OnUnexpected::ignore) return {};
    if (rule.spec->on_unexpected != OnUnexpected::emit) return unexpected(rule, plan, row);
    decision.type = &rule.spec->unexpected_emit;
  }
  if (rule.spec->per_transaction) return collect(rule, plan, row, *decision.type);
  event.type = *decision.type;
  return send_row(rule, plan, row, out);
}

Result<void> EventMapper::State::unexpected(const CompiledEventRule& rule, const TablePlan& plan,
                                            const RowChange& row) {
  std::string key;
  rule.key.render(last_known, key);
  std::string message = plan.schema.id.text() + ", key '" + key + "': " + rule.spec->column +
                        " went from " + state_text(row.before, *rule.column) + " to " +
                        state_text(row.after, *rule.column) +
                        ", which no transition of events.rules[" + std::to_string(rule.number) +
                        "] allows";
  if (rule.spec->on_unexpected == OnUnexpected::pause) {
    return halt("events.unexpected_transition",
                message + "; add the transition, or change `unexpected`");
  }
  return dead_letter("events.unexpected_transition", std::move(message));
}

Result<void> EventMapper::State::render_topic(const CompiledEventRule& rule,
                                              const std::vector<Value>& values) {
  event.topic.clear();
  const bool complete = rule.topic.render(values, event.topic);
  if (rule.topic.is_fixed() || (complete && is_topic_name(event.topic))) return {};
  return dead_letter("events.bad_topic", "events.rules[" + std::to_string(rule.number) +
                                             "]: the row gives '" + event.topic +
                                             "', which is no topic name");
}

Result<void> EventMapper::State::send_row(const CompiledEventRule& rule, const TablePlan& plan,
                                          const RowChange& row, const Out& out) {
  TAILRACE_TRY(render_topic(rule, last_known));
  event.key.clear();
  rule.key.render(last_known, event.key);
  event.value.clear();
  switch (rule.spec->data) {
    case EventRule::Data::after: plan.data->append_image(event.value, last_known); break;
    case EventRule::Data::diff: plan.data->append_diff(event.value, row, rule.key_columns); break;
    case EventRule::Data::key:
      event.value.push_back('{');
      plan.data->append_members(event.value, last_known, rule.key_columns);
      event.value.push_back('}');
      break;
  }
  return send({rule.number, row.index, event_op_name(row.op), false}, out);
}

// A row that moved from one key to another belongs to both, as its state machine does not: there
// the event is about the row as it is now.
Result<void> EventMapper::State::collect(const CompiledEventRule& rule, const TablePlan& plan,
                                         const RowChange& row, const std::string& type) {
  TAILRACE_TRY(render_topic(rule, last_known));
  event.key.clear();
  rule.key.render(last_known, event.key);
  groups.add({&rule, &type, event.topic, event.key}, {row, *plan.data, last_known, false});
  if (row.op != RowOp::update || rule.column) return {};
  first_known_values(row, first_known);
  const std::string topic = event.topic;
  const std::string key = event.key;
  TAILRACE_TRY(render_topic(rule, first_known));
  event.key.clear();
  rule.key.render(first_known, event.key);
  if (event.topic == topic && event.key == key) return {};
  groups.add({&rule, &type, event.topic, event.key}, {row, *plan.data, first_known, true});
  return {};
}

Result<void> EventMapper::State::send_group(const EventGroups::Entry& entry, const Out& out) {
  const EventGroup& group = entry.second;
  const EventGroupKey name = EventGroups::key_of(entry);
  event.topic = name.topic;
  event.key = name.key;
  event.type = *group.type;
  if (group.incomplete) {
    return dead_letter("events.too_large",
                       "event " + event.type + " for key '" + event.key +
                           "' has more rows than there is room to hold; use `data: key`");
  }
  event.value.clear();
  EventGroups::append_data(group, event.value);
  return send({group.rule->number, group.first_index, {}, group.opened_by_leaving}, out);
}

Result<void> EventMapper::State::send(const EventEnvelope::Origin& origin, const Out& out) {
  if (event.value.size() > limits.event_bytes) {
    return dead_letter("events.too_large", "event " + event.type + " for key '" + event.key +
                                               "' takes " + std::to_string(event.value.size()) +
                                               " bytes, allowed are " +
                                               std::to_string(limits.event_bytes) +
                                               "; use `data: key` or `diff`");
  }
  envelope.write_headers(origin, event);
  return out(event);
}

EventMapper::EventMapper() = default;
EventMapper::EventMapper(EventMapper&&) noexcept = default;
EventMapper& EventMapper::operator=(EventMapper&&) noexcept = default;
EventMapper::~EventMapper() = default;

Result<EventMapper> EventMapper::compile(const EventsSpec& spec,
                                         std::span<const TableSchema> tables, EventLimits limits) {
  for (std::size_t number = 0; number < spec.rules.size(); ++number) {
    const std::string& name = spec.rules[number].table;
    const auto is_named = [&](const TableSchema& table) { return table.id.table == name; };
    if (std::none_of(tables.begin(), tables.end(), is_named)) {
      return halt("events.unknown_table", "events.rules[" + std::to_string(number) +
                                              "]: there is no table '" + name + "'");
    }
  }
  for (const TableSchema& table : tables) TAILRACE_TRY(compile_plan(spec, table));
  EventMapper mapper;
  mapper.state_ = std::make_unique<State>(spec, limits);
  return mapper;
}

void EventMapper::begin(EventContext context) {
  State& state = *state_;
  ++state.transaction;
  state.groups.clear();
  if (state.plans.size() > max_table_plans) state.plans.clear();
  state.envelope.begin(context);
}

Result<void> EventMapper::add(const RowChange& row, const Out& out) {
  TAILRACE_ASSIGN(const TablePlan* plan, state_->plan_of(*row.table));
  if (plan->rules.empty()) return {};
  Refusals refusals;
  for (const CompiledEventRule& rule : plan->rules) {
    auto done = state_->apply(rule, *plan, row, out);
    if (!done && !refusals.take(done.error())) return done;
  }
  return std::move(refusals).result();
}

Result<void> EventMapper::finish(const Out& out) {
  Refusals refusals;
  for (const EventGroups::Entry* entry : state_->groups.in_order()) {
    auto done = state_->send_group(*entry, out);
    if (!done && !refusals.take(done.error())) return done;
  }
  if (const std::uint64_t rows = state_->groups.rows_without_room(); rows > 0) {
    refusals.take(dead_letter("events.too_large",
                              "there was no room to hold " + std::to_string(rows) +
                                  " row changes for events with `per: transaction`").value());
  }
  state_->groups.clear();
  return std::move(refusals).result();
}

std::vector<std::string> EventMapper::fixed_topics() const {
  std::vector<std::string> topics;
  for (const EventRule& rule : state_->spec.rules) {
    const std::string& topic = rule.topic.empty() ? state_->spec.topic : rule.topic;
    if (!Template::placeholders(topic).empty()) continue;
    if (std::find(topics.begin(), topics.end(), topic) == topics.end()) topics.push_back(topic);
  }
  return topics;
}

bool EventMapper::uses_table(const EventsSpec& spec, std::string_view table) {
  return std::any_of(spec.rules.begin(), spec.rules.end(),
                     [&](const EventRule& rule) { return rule.table == table; });
}

std::vector<std::string> EventMapper::used_columns(const EventsSpec& spec,
                                                   std::string_view table) {
  std::vector<std::string> columns;
  const auto use = [&](const std::string& column) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(column);
    }
  };
  for (const EventRule& rule : spec.rules) {
    if (rule.table != table) continue;
    if (rule.data != EventRule::Data::key) return {};
    if (!rule.column.empty()) use(rule.column);
    for (const std::string* text : {&rule.topic, &rule.key}) {
      const std::string& section = text == &rule.topic ? spec.topic : spec.key;
      for (const auto& name : Template::placeholders(text->empty() ? section : *text)) use(name);
    }
  }
  return columns;
}

}  // namespace tailrace::transform
