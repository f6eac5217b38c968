#include <fmt/format.h>

#include <algorithm>

#include "config/checks.hpp"
#include "config/template_text.hpp"

namespace tailrace::config {
namespace {

using transform::EventRule;
using transform::EventsSpec;
using transform::StateMatch;
using transform::Transition;

struct RulePlace {
  Decoder& decoder;
  std::string path;
  bool written(std::string_view key) const {
    return decoder.tree().find(fmt::format("{}.{}", path, key)) != nullptr;
  }
  void error(std::string_view key, Report report) const {
    decoder.error_at(key.empty() ? path : fmt::format("{}.{}", path, key), std::move(report));
  }
};

bool covers(const StateMatch& wide, const StateMatch& narrow) {
  if (narrow.kind == StateMatch::Kind::none || wide.kind == StateMatch::Kind::none)
    return wide.kind == narrow.kind;
  if (wide.kind == StateMatch::Kind::any) return true;
  if (narrow.kind == StateMatch::Kind::any) return false;
  return std::all_of(narrow.values.begin(), narrow.values.end(), [&](const std::string& value) {
    return std::find(wide.values.begin(), wide.values.end(), value) != wide.values.end();
  });
}

bool stands_still(const Transition& transition) {
  const StateMatch& from = transition.from;
  const StateMatch& to = transition.to;
  if (from.kind == StateMatch::Kind::none && to.kind == StateMatch::Kind::none) return true;
  return from.kind == StateMatch::Kind::values && to.kind == StateMatch::Kind::values &&
         from.values.size() == 1 && from.values == to.values;
}

bool known(const StateMatch& match) {
  return match.kind != StateMatch::Kind::values || !match.values.empty();
}

void check_transitions(const RulePlace& place, const EventRule& rule) {
  for (std::size_t i = 0; i < rule.transitions.size(); ++i) {
    const Transition& late = rule.transitions[i];
    if (!known(late.from) || !known(late.to)) continue;
    const std::string path = fmt::format("{}.transitions[{}]", place.path, i);
    if (stands_still(late)) {
      place.decoder.warn_at(
          path,
          {"W0403", fmt::format("'{}' is never emitted: its state does not change", late.emit),
           "write another from or to"});
      continue;
    }
    for (std::size_t j = 0; j < i; ++j) {
      const Transition& early = rule.transitions[j];
      if (!known(early.from) || !known(early.to) || !covers(early.from, late.from) ||
          !covers(early.to, late.to))
        continue;
      place.decoder.warn_at(
          path, {"W0403",
                 fmt::format("'{}' is never emitted: transition {} ('{}') matches first", late.emit,
                             j + 1, early.emit),
                 "move it up, or remove it"});
      break;
    }
  }
}

void check_kind(const RulePlace& place) {
  const bool column = place.written("column");
  const bool transitions = place.written("transitions");
  if (place.written("when")) return;  // not supported yet, and said so
  if (!column && !transitions && !place.written("emit")) {
    return place.error("",
                       {"E0217", "this rule emits nothing", "add column and transitions, or emit"});
  }
  if (column && !transitions) {
    place.error("column",
                {"E0217", "'column' needs 'transitions'", "add transitions: [{ from, to, emit }]"});
  }
  if (transitions && !column) {
    place.error("transitions", {"E0217", "'transitions' needs 'column'",
                                "add column: the one that holds the state"});
  }
  if (!column && !transitions && place.written("unexpected")) {
    place.error("unexpected", {"E0217", "'unexpected' is for rules with transitions", "remove it"});
  }
  if ((column || transitions) && place.written("emit")) {
    place.error("emit",
                {"E0217", "a rule with transitions names its events there", "remove this emit"});
  }
  if ((column || transitions) && place.written("per")) {
    place.error(
        "per", {"E0217", "'per: transaction' is for rules without transitions", "write two rules"});
  }
  if (place.written("per") && place.written("data")) {
    place.error("data", {"E0217", "'per: transaction' carries the key columns and all rows",
                         "remove data"});
  }
}

// A template of the rule, or else the section's: present, and free of excluded columns.
void check_template(const RulePlace& place, const PipelineDraft& draft, const EventRule& rule,
                    bool topic) {
  const std::string key = topic ? "topic" : "key";
  const bool own = place.written(key);
  if (!own && place.decoder.tree().find("events." + key) == nullptr) {
    return place.error("", {"E0202", fmt::format("this rule has no '{}'", key),
                            fmt::format("add {0} here, or events.{0} for every rule", key)});
  }
  const std::string& section = topic ? draft.events->topic : draft.events->key;
  const std::string& text = own ? (topic ? rule.topic : rule.key) : section;
  for (const std::string& column : parse_template(text).placeholders) {
    check_not_excluded(place.decoder, draft, rule.table, column,
                       (own ? place.path : "events") + "." + key);
  }
}

}  // namespace

void check_events(Decoder& decoder, const PipelineDraft& draft) {
  if (!draft.events) return;
  for (std::size_t i = 0; i < draft.events->rules.size(); ++i) {
    const EventRule& rule = draft.events->rules[i];
    const RulePlace place{decoder, fmt::format("events.rules[{}]", i)};
    const Node* node = decoder.tree().find(place.path);
    if (node == nullptr || node->kind != Node::Kind::map) continue;
    check_kind(place);
    check_template(place, draft, rule, true);
    check_template(place, draft, rule, false);
    check_transitions(place, rule);
    check_not_excluded(decoder, draft, rule.table, rule.column, place.path + ".column");
  }
}

}  // namespace tailrace::config
