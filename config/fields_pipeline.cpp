// The top level of the file, and what needs no file of its own.
#include "config/fields.hpp"

namespace tailrace::config {

const Object& pipeline_object() {
  static const Object declared =
      Declare<PipelineDraft>("the pipeline file", "The top level.")
          .key("tailrace", &PipelineDraft::language, integer(1, 1), "The version of this language.")
          .required("start the file with 'tailrace: 1'")
          .example("tailrace: 1")
          .key("name", &PipelineDraft::name, name(Name::pipeline),
               "Labels metrics, names topics, the state folder and clients.")
          .required()
          .example("name: shop")
          .key("source", &PipelineDraft::source, object<SourceDraft>(source_object),
               "The database whose changes are captured.")
          .required("add source: { mysql: { user, password, shards } }")
          .unless("sources")
          .key("sources", &PipelineDraft::sources,
               named(Name::document, &SourceDraft::name, object<SourceDraft>(source_object)),
               "Instead of source, when tables live in several databases: sources by name; "
               "tables.T.source says which one holds a table.")
          .key("tables", &PipelineDraft::tables,
               named(Name::table, &TableSpec::name, object<TableSpec>(table_object)),
               "Keys and types come from the server: write only what differs. Every table that is "
               "referenced counts.")
          .example("tables: { order_items: { exclude: [internal_note] } }")
          .later("mask_key", "The HMAC key of tables.T.mask: equal inputs stay equal.")
          .key("stream", &PipelineDraft::stream, object<StreamDraft>(stream_object),
               "The log between capture and documents.")
          .otherwise("the embedded log, inside state.dir")
          .key("events", &PipelineDraft::events,
               optional(object<transform::EventsSpec>(events_object)),
               "Named domain events for other services.")
          .key("documents", &PipelineDraft::documents,
               named(Name::document, &transform::DocumentSpec::name,
                     object<transform::DocumentSpec>(document_object)),
               "Document types, by name.")
          .key("sinks", &PipelineDraft::sinks,
               named(Name::document, &SinkDraft::name, object<SinkDraft>(sink_object)),
               "Where documents go, by name.")
          .otherwise("SQLite inside state.dir (documents.db), for every document")
          .key("errors", &PipelineDraft::errors, object<ErrorsDraft>(errors_object),
               "What happens when something fails.")
          .fallback("{}")
          .key("serve", &PipelineDraft::serve, object<ServeDraft>(serve_object),
               "The page, the API, metrics and health.")
          .fallback("{}")
          .key("state", &PipelineDraft::state, object<StateDraft>(state_object),
               "What the pipeline remembers.")
          .key("log", &PipelineDraft::log, object<LogDraft>(log_object),
               "What the program says on standard error.")
          .done();
  return declared;
}

namespace {

using transform::CascadeSpec;

const Object& cascade_object() {
  static const Object declared =
      Declare<CascadeSpec>("a cascade",
                           "What a foreign key does to rows of this table when the row that they "
                           "point at is deleted.")
          .key("on", &CascadeSpec::on, columns(true), "The key's columns in this table.")
          .required()
          .example("on: order_id")
          .key("references", &CascadeSpec::references, name(Name::table),
               "The table pointed at: the root of a document in which this table is a child.")
          .required()
          .example("references: orders")
          .key("delete", &CascadeSpec::set_null,
               choice<bool>({{"cascade", false}, {"set_null", true}}),
               "As the server has it: ON DELETE CASCADE or ON DELETE SET NULL.")
          .required()
          .example("delete: cascade")
          .done();
  return declared;
}

Type<std::vector<CascadeSpec>> cascades() {
  const Type<CascadeSpec> one = object<CascadeSpec>(cascade_object);
  const Type<std::vector<CascadeSpec>> several = list_of(one, "a list of cascades", 1);
  Shape shape;
  shape.kind = Shape::Kind::any_of;
  shape.parts = {one.shape, several.shape};
  return {std::move(shape), [=](Decoder& d, const Node& node, std::vector<CascadeSpec>& out) {
            if (node.kind == Node::Kind::list) return several.decode(d, node, out);
            one.decode(d, node, out.emplace_back());
          }};
}

}  // namespace

const Object& table_object() {
  static const Object declared =
      Declare<TableSpec>("a table",
                         "One table of the source, where it differs from what the server says.")
          .key("exclude", &TableSpec::exclude, columns(false),
               "Columns that are never read: they reach no event, no document, no log.")
          .example("exclude: [internal_note]")
          .key("booleans", &TableSpec::booleans, columns(false),
               "TINYINT(1) columns shown as true and false.")
          .example("booleans: [active]")
          .key("decimals", &TableSpec::decimals_as_numbers,
               choice<bool>({{"string", false}, {"number", true}}),
               "DECIMAL as text with every digit, or as a number literal with the same digits.")
          .fallback("string")
          .later("mask", "Columns hashed, cut or dropped at decode.")
          .key("source", &TableSpec::source, name(Name::document),
               "Which of several sources the table lives in.")
          .otherwise("the only one")
          .example("source: pay")
          .key("cascade", &TableSpec::cascades, cascades(),
               "A foreign key whose cascades the server may keep out of its binlog (MySQL before "
               "9.6, MariaDB): documents follow them without it. Start prints these lines where "
               "they are missing. Several keys: a list.")
          .example("cascade: { on: order_id, references: orders, delete: cascade }")
          .done();
  return declared;
}

namespace {

const Object& retry_object() {
  static const Object declared =
      Declare<RetryDraft>("errors.retry",
                          "Back-off while something is unreachable or busy (429, 5xx): for ever.")
          .key("from", &RetryDraft::from, duration(Milliseconds(1), Milliseconds(60'000)),
               "The first wait.")
          .fallback("200ms")
          .key("up_to", &RetryDraft::up_to, duration(Milliseconds(1), Milliseconds(3'600'000)),
               "The longest wait.")
          .fallback("30s")
          .done();
  return declared;
}

const Object& dead_letter_object() {
  static const Object declared =
      Declare<DeadLetterDraft>("errors.dead_letter", "Records set aside with their reason.")
          .key("pause_above", &DeadLetterDraft::pause_above, rate(),
               "Pause when more than this are set aside.")
          .otherwise("never")
          .example("pause_above: 100/min")
          .done();
  return declared;
}

}  // namespace

const Object& errors_object() {
  static const Object declared =
      Declare<ErrorsDraft>("errors", "What happens when something fails.")
          .key("retry", &ErrorsDraft::retry, object<RetryDraft>(retry_object),
               "Waits between attempts.")
          .fallback("{}")
          .key("poison", &ErrorsDraft::halt_on_poison,
               choice<bool>({{"dead_letter", false}, {"halt", true}}),
               "A record that can never succeed is set aside, or stops the pipeline.")
          .fallback("dead_letter")
          .key("dead_letter", &ErrorsDraft::dead_letter,
               object<DeadLetterDraft>(dead_letter_object),
               "How many set aside records are too many.")
          .example("dead_letter: { pause_above: 100/min }")
          .done();
  return declared;
}

const Object& serve_object() {
  static const Object declared =
      Declare<ServeDraft>("serve", "The page, the API, metrics and health.")
          .key("listen", &ServeDraft::listen, address(0),
               "Address and port; port 0 takes any that is free.")
          .fallback("127.0.0.1:8642")
          .key("token", &ServeDraft::token, optional(secret()),
               "Bearer token for what changes something or shows rows.")
          .otherwise("a random one in state.dir, readable by its owner only")
          .example("token: { file: /run/secrets/api }")
          .done();
  return declared;
}

const Object& state_object() {
  static const Object declared =
      Declare<StateDraft>("state", "What the pipeline remembers.")
          .key("dir", &StateDraft::dir, text("a path"), "A folder of its own, locked while in use.")
          .otherwise("./.tailrace/<name>")
          .example("dir: /var/lib/tailrace/shop")
          .done();
  return declared;
}

const Object& log_object() {
  static const Object declared =
      Declare<LogDraft>("log", "What the program says on standard error.")
          .key("level", &LogDraft::level,
               choice<LogLevel>({{"trace", LogLevel::trace},
                                 {"debug", LogLevel::debug},
                                 {"info", LogLevel::info},
                                 {"warn", LogLevel::warn},
                                 {"error", LogLevel::error}}),
               "The least important level that is written.")
          .fallback("info")
          .key("format", &LogDraft::format,
               choice<LogFormat>({{"auto", LogFormat::automatic},
                                  {"text", LogFormat::text},
                                  {"json", LogFormat::json}}),
               "auto: text on a terminal, JSON otherwise.")
          .fallback("auto")
          .done();
  return declared;
}

}  // namespace tailrace::config
