// events.*
#include <set>

#include "config/fields.hpp"

namespace tailrace::config {
namespace {

using transform::EventRule;
using transform::EventsSpec;
using transform::OnUnexpected;
using transform::StateMatch;
using transform::Transition;

Shape text_shape(std::string noun) {
  Shape shape;
  shape.noun = std::move(noun);
  return shape;
}

// { value: none }: a status that is literally one of the words.
void decode_literal_state(Decoder& d, const Node& node, StateMatch& out) {
  const Node* value = node.find("value");
  if (value == nullptr || node.children.size() != 1) {
    return d.error(
        node,
        {"E0216", fmt::format("'{}' expects a state, a list of states, none or any", node.key),
         "write { value: none } for a state that is literally named so"});
  }
  if (const std::string* written = scalar_text(d, *value, "a state"))
    out.values.push_back(*written);
}

void decode_state_entry(Decoder& d, const Node& node, StateMatch& out) {
  if (node.kind == Node::Kind::map) return decode_literal_state(d, node, out);
  const std::string* written = scalar_text(d, node, "a state");
  if (written == nullptr) return;
  if (node.plain && (*written == "none" || *written == "any")) {
    return d.error(
        node, {"E0216", fmt::format("'{}' cannot stand in a list of states", *written),
               fmt::format("give it a transition of its own, or write {{ value: {} }}", *written)});
  }
  if (std::find(out.values.begin(), out.values.end(), *written) != out.values.end()) {
    return refuse_duplicate(d, node, *written);
  }
  out.values.push_back(*written);
}

void decode_state(Decoder& d, const Node& node, StateMatch& out) {
  if (node.kind == Node::Kind::list) {
    if (node.children.empty())
      d.error(node, {"E0204", fmt::format("'{}' is empty", node.key), "name a state"});
    for (const auto& child : node.children) decode_state_entry(d, *child, out);
    return;
  }
  if (node.kind == Node::Kind::map) return decode_literal_state(d, node, out);
  const std::string* written = scalar_text(d, node, "a state");
  if (written == nullptr) return;
  if (*written == "none") {
    out.kind = StateMatch::Kind::none;
  } else if (*written == "any") {
    out.kind = StateMatch::Kind::any;
  } else {
    out.values = {*written};
  }
}

Type<StateMatch> state() {
  Shape one = text_shape("a state, none or any");
  Shape literal;
  literal.kind = Shape::Kind::map;
  literal.noun = "{ value: … }";
  literal.parts = {text_shape("a state")};
  Shape entry;
  entry.kind = Shape::Kind::any_of;
  entry.noun = "a state";
  entry.parts = {text_shape("a state"), literal};
  Shape list;
  list.kind = Shape::Kind::list;
  list.noun = "a list of states";
  list.least = 1;
  list.parts = {entry};
  Shape shape;
  shape.kind = Shape::Kind::any_of;
  shape.noun = "a state, a list of states, none, any, or { value: … }";
  shape.parts = {one, list, literal};
  return {std::move(shape), decode_state};
}

const Object& transition_object() {
  static const Object declared =
      Declare<Transition>("a transition",
                          "One step of the state machine; the first that matches wins.")
          .key("from", &Transition::from, state(),
               "The state before: a value, a list, any, or none for a row just inserted.")
          .required("add from: none, any, a state or a list of states")
          .example("from: [PAID, PACKED]")
          .key("to", &Transition::to, state(), "The state after; none matches a delete.")
          .required("add to: the state after")
          .example("to: SHIPPED")
          .key("emit", &Transition::emit, name(Name::event), "The event's name.")
          .required()
          .example("emit: OrderShipped")
          .done();
  return declared;
}

Shape unexpected_shape() {
  Shape word;
  word.kind = Shape::Kind::choice;
  word.choices = {"ignore", "dead_letter", "pause"};
  Shape emit;
  emit.kind = Shape::Kind::map;
  emit.noun = "{ emit: Name }";
  emit.parts = {text_shape("an event's name")};
  Shape shape;
  shape.kind = Shape::Kind::any_of;
  shape.noun = "ignore, dead_letter, pause or { emit: Name }";
  shape.parts = {word, emit};
  return shape;
}

void decode_unexpected(Decoder& d, const Node& node, EventRule& out) {
  if (node.kind == Node::Kind::map) {
    const Node* emit = node.find("emit");
    if (emit == nullptr || node.children.size() != 1) {
      return d.error(
          node, {"E0203", "'unexpected' expects ignore, dead_letter, pause or { emit: Name }"});
    }
    out.on_unexpected = OnUnexpected::emit;
    return name(Name::event).decode(d, *emit, out.unexpected_emit);
  }
  choice<OnUnexpected>({{"ignore", OnUnexpected::ignore},
                        {"dead_letter", OnUnexpected::dead_letter},
                        {"pause", OnUnexpected::pause}})
      .decode(d, node, out.on_unexpected);
}

Type<EventRule::Data> data() {
  const Type<EventRule::Data> words = choice<EventRule::Data>({{"after", EventRule::Data::after},
                                                               {"diff", EventRule::Data::diff},
                                                               {"key", EventRule::Data::key}});
  return {words.shape, [words](Decoder& d, const Node& node, EventRule::Data& out) {
            if (node.kind == Node::Kind::map)
              return d.not_supported(node, "a mapping under 'data'");
            words.decode(d, node, out);
          }};
}

const Object& rule_object() {
  static const Object declared =
      Declare<EventRule>("an event rule",
                         "A state machine over one column, or one event per change of a table.")
          .key("table", &EventRule::table, name(Name::table),
               "The table whose changes are watched.")
          .required()
          .example("table: orders")
          .key("column", &EventRule::column, name(Name::column), "The column that holds the state.")
          .otherwise("none: the rule fires on every change")
          .example("column: status")
          .key("transitions", &EventRule::transitions,
               list_of(object<Transition>(transition_object), "a list of transitions", 1),
               "Steps of the state machine, in order; an unchanged column emits nothing.")
          .example("transitions: [{ from: PLACED, to: PAID, emit: OrderPaid }]")
          .key_into("unexpected", unexpected_shape(), decode_unexpected,
                    "What a change of state that no transition names does.")
          .otherwise("ignore")
          .example("unexpected: { emit: OrderStatusAnomaly }")
          .later("when", "A condition over the row before and after.")
          .key("emit", &EventRule::emit, name(Name::event),
               "The event's name, for a rule without transitions.")
          .example("emit: OrderItemsChanged")
          .key("data", &EventRule::data, data(),
               "What the event carries: the row after, the changed columns, or the key only.")
          .fallback("after")
          .key("per", &EventRule::per_transaction, choice<bool>({{"transaction", true}}),
               "transaction: one event for all rows of one key in one transaction.")
          .otherwise("one event per row")
          .example("per: transaction")
          .key("topic", &EventRule::topic, row_template("a topic", true),
               "The topic, in place of events.topic.")
          .otherwise("events.topic")
          .example("topic: shop.items.events")
          .key("key", &EventRule::key, row_template("a key"),
               "The message's key, in place of events.key.")
          .otherwise("events.key")
          .example("key: \"{order_id}\"")
          .done();
  return declared;
}

}  // namespace

const Object& events_object() {
  static const Object declared =
      Declare<EventsSpec>(
          "events",
          "Named domain events for other services. {column} is filled per row in topic and key.")
          .key("envelope", &EventsSpec::envelope,
               choice<transform::Envelope>({{"cloudevents", transform::Envelope::cloudevents},
                                            {"bare", transform::Envelope::bare}},
                                           {"debezium"}),
               "cloudevents: binary mode, ce_* headers. bare: the data alone.")
          .fallback("cloudevents")
          .key("topic", &EventsSpec::topic, row_template("a topic", true), "Where events go.")
          .otherwise("every rule names its own")
          .example("topic: shop.orders.events")
          .key("key", &EventsSpec::key, row_template("a key"),
               "The message's key: equal keys stay in order.")
          .otherwise("every rule names its own")
          .example("key: \"{id}\"")
          .key("rules", &EventsSpec::rules,
               list_of(object<EventRule>(rule_object), "a list of rules", 1),
               "What emits which event.")
          .required("add rules: a list of { table, … }")
          .unless("outbox")
          .example("rules: [{ table: orders, emit: OrderChanged }]")
          .later("outbox", "A table whose rows are events already.")
          .done();
  return declared;
}

}  // namespace tailrace::config
