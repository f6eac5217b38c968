// sinks.*
#include <charconv>

#include "config/fields.hpp"
#include "core/json_writer.hpp"

namespace tailrace::config {
namespace {

// A number as JSON writes it, or true, false, null.
bool is_json_literal(std::string_view text) {
  if (text == "true" || text == "false" || text == "null") return true;
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 30 ||
      digits.find_first_not_of("0123456789.") != std::string_view::npos)
    return false;
  const std::size_t point = digits.find('.');
  const std::string_view whole = digits.substr(0, point);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return false;
  if (point == std::string_view::npos) return true;
  const std::string_view fraction = digits.substr(point + 1);
  return !fraction.empty() && fraction.find('.') == std::string_view::npos;
}

void append_as_json(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      return;
    case Node::Kind::scalar:
      if (node.plain && !node.substituted && is_json_literal(node.text)) {
        out += node.text;
      } else {
        append_json_string(out, node.text);
      }
      return;
    case Node::Kind::list:
    case Node::Kind::map:
      break;
  }
  const bool map = node.kind == Node::Kind::map;
  out += map ? '{' : '[';
  for (const auto& child : node.children) {
    if (child != node.children.front()) out += ',';
    if (map) {
      append_json_string(out, child->key);
      out += ':';
    }
    append_as_json(out, *child);
  }
  out += map ? '}' : ']';
}

Type<std::string> json_object(std::string noun) {
  Shape entry;
  entry.kind = Shape::Kind::anything;
  entry.noun = "as the server names it";
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.noun = noun;
  shape.parts = {std::move(entry)};
  return {std::move(shape), [noun](Decoder& d, const Node& node, std::string& out) {
            if (!expect(d, node, Node::Kind::map, noun)) return;
            out.clear();
            append_as_json(out, node);
          }};
}

Type<std::string> url() {
  Shape shape;
  shape.noun = "a URL";
  return {std::move(shape), [](Decoder& d, const Node& node, std::string& out) {
            const std::string* written = scalar_text(d, node, "a URL");
            if (written == nullptr) return;
            const bool scheme = written->starts_with("http://") || written->starts_with("https://");
            const std::string_view rest = std::string_view(*written).substr(
                std::min(written->size(), written->find("//") + 2));
            if (!scheme || rest.empty() || rest.find_first_of(" \t") != std::string_view::npos) {
              return d.error(node, {"E0219", fmt::format("'{}' is not a URL", *written),
                                    "write http://host:port or https://host:port"});
            }
            if (rest.find('@') != std::string_view::npos) {
              return d.error(node, {"E0219", "a URL must not carry a user and a password",
                                    "write user and password, or api_key"});
            }
            out = *written;
          }};
}

const Object& sqlite_object() {
  static const Object declared =
      Declare<SqliteDraft>("sink.sqlite", "A table per document type, with full-text search.")
          .key("path", &SqliteDraft::path, text("a path"),
               "The database file; relative to state.dir.")
          .fallback("documents.db")
          .done();
  return declared;
}

const Object& elasticsearch_object() {
  using sinks::ElasticsearchOptions;
  static const Object declared =
      Declare<ElasticsearchOptions>("sink.elasticsearch", "An index behind a read alias.")
          .key("urls", &ElasticsearchOptions::urls, list_of(url(), "a list of URLs", 1),
               "Nodes, tried in turn.")
          .required()
          .example("urls: [\"http://localhost:9200\"]")
          .key("api_key", &ElasticsearchOptions::api_key, secret(), "Authorization: ApiKey …")
          .otherwise("none")
          .example("api_key: { file: /run/secrets/es }")
          .key("user", &ElasticsearchOptions::user, text("a user's name"),
               "Basic authentication, in place of api_key.")
          .otherwise("none")
          .example("user: tailrace")
          .key("password", &ElasticsearchOptions::password, secret(), "The user's password.")
          .otherwise("none")
          .example("password: { env: ES_PASSWORD }")
          .key("ca", &ElasticsearchOptions::ca_file, text("a path"),
               "A PEM file with the authorities to trust.")
          .otherwise("the system's")
          .example("ca: /etc/es-ca.pem")
          .done();
  return declared;
}

const Object& stdout_object() {
  static const Object declared =
      Declare<sinks::StdoutOptions>("sink.stdout", "One JSON line per document, for looking at.")
          .key("pretty", &sinks::StdoutOptions::pretty, boolean(), "Indented, for people.")
          .fallback("false")
          .done();
  return declared;
}

const Object& mapping_object() {
  static const Object declared =
      Declare<MappingDraft>("sink.mapping",
                            "How Elasticsearch indexes fields; generated from column types.")
          .key("dynamic", &MappingDraft::dynamic,
               choice<std::string>({{"strict", "strict"},
                                    {"true", "true"},
                                    {"false", "false"},
                                    {"runtime", "runtime"}}),
               "What the server does with a field it does not know.")
          .fallback("strict")
          .key("overrides", &MappingDraft::overrides_json, json_object("a mapping of fields"),
               "Merged over the generated mapping, by field path.")
          .otherwise("none")
          .example("overrides: { items: { type: nested } }")
          .done();
  return declared;
}

const Object& batch_object() {
  constexpr std::int64_t kMiB = 1 << 20;
  static const Object declared =
      Declare<BatchDraft>("sink.batch", "How much goes to the store at once.")
          .key("docs", &BatchDraft::docs, optional(integer(1, 100'000)),
               "Documents in one request.")
          .fallback("1000")
          .key("bytes", &BatchDraft::bytes, optional(bytes(1024, 100 * kMiB)),
               "Bytes in one request.")
          .fallback("8MiB")
          .key("in_flight", &BatchDraft::in_flight, optional(integer(1, 64)),
               "Requests at once; Elasticsearch only.")
          .otherwise("4")
          .example("in_flight: 4")
          .done();
  return declared;
}

}  // namespace

const Object& sink_object() {
  static const Object declared =
      Declare<SinkDraft>(
          "a sink", "Where documents of one type go: exactly one of sqlite, elasticsearch, stdout.")
          .key("sqlite", &SinkDraft::sqlite, optional(object<SqliteDraft>(sqlite_object)),
               "A SQLite file.")
          .example("sqlite: { path: orders.db }")
          .key("elasticsearch", &SinkDraft::elasticsearch,
               optional(object<sinks::ElasticsearchOptions>(elasticsearch_object)),
               "Elasticsearch 8.")
          .example("elasticsearch: { urls: [\"http://localhost:9200\"] }")
          .key("stdout", &SinkDraft::stdout_, optional(object<sinks::StdoutOptions>(stdout_object)),
               "Standard output.")
          .example("stdout: { pretty: true }")
          .later("mongodb", "A MongoDB collection.")
          .later("collection", "The MongoDB collection's name.")
          .key("document", &SinkDraft::document, name(Name::document),
               "The document type that goes there.")
          .required()
          .example("document: order")
          .key("alias", &SinkDraft::alias, text("an alias"),
               "What readers search; indices alias-000001 … live behind it.")
          .otherwise("the document's name")
          .example("alias: orders")
          .key("mapping", &SinkDraft::mapping, optional(object<MappingDraft>(mapping_object)),
               "Elasticsearch only.")
          .example("mapping: { dynamic: strict }")
          .key("batch", &SinkDraft::batch, object<BatchDraft>(batch_object),
               "How much goes to the store at once.")
          .fallback("{}")
          .example("batch: { docs: 1000, bytes: 8MiB, in_flight: 4 }")
          .done();
  return declared;
}

}  // namespace tailrace::config
