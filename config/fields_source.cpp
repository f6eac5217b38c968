// source.*, stream.*
#include <algorithm>

#include "config/fields.hpp"
#include "config/text.hpp"
#include "config/units.hpp"

namespace tailrace::config {
namespace {

struct AddressText {
  std::string_view host;
  std::string_view port;  // empty: none written
};

std::optional<AddressText> split_address(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) return std::nullopt;
    const std::string_view rest = text.substr(end + 1);
    if (rest.empty()) return AddressText{text.substr(1, end - 1), {}};
    if (rest.front() != ':' || rest.size() == 1) return std::nullopt;
    return AddressText{text.substr(1, end - 1), rest.substr(1)};
  }
  const std::size_t colon = text.find(':');
  if (colon == 0 || text.find(':', colon == std::string_view::npos ? colon : colon + 1) !=
                        std::string_view::npos) {
    return std::nullopt;
  }
  if (colon == std::string_view::npos) return AddressText{text, {}};
  if (colon + 1 == text.size()) return std::nullopt;
  return AddressText{text.substr(0, colon), text.substr(colon + 1)};
}

void decode_address(Decoder& d, const Node& node, std::string_view text, std::uint16_t default_port,
                    Address& out) {
  const std::optional<AddressText> parts = split_address(text);
  const bool blank = text.find_first_of(" \t/") != std::string_view::npos;
  if (!parts || parts->host.empty() || blank || (parts->port.empty() && default_port == 0)) {
    return d.error(node, {"E0219", fmt::format("'{}' is not an address", text),
                          "write host:port, for example 127.0.0.1:8642"});
  }
  out.host = parts->host;
  out.port = default_port;
  if (parts->port.empty()) return;
  const Parsed<std::int64_t> port = parse_integer(parts->port);
  const std::int64_t least = default_port == 0 ? 0 : 1;
  if (!port.value || *port.value < least || *port.value > 65535) {
    return d.error_within(node, static_cast<std::size_t>(parts->port.data() - text.data()),
                          parts->port.size(),
                          {"E0204", fmt::format("port {} does not exist", parts->port),
                           fmt::format("write {} to 65535", least)});
  }
  out.port = static_cast<std::uint16_t>(*port.value);
}

Type<ShardDraft> shard() {
  Shape shape;
  shape.noun = "host:port/database";
  return {std::move(shape), [](Decoder& d, const Node& node, ShardDraft& out) {
            const std::string* written = scalar_text(d, node, "host:port/database");
            if (written == nullptr) return;
            const std::size_t slash = written->find('/');
            const std::string_view database = slash == std::string::npos
                                                  ? std::string_view()
                                                  : std::string_view(*written).substr(slash + 1);
            if (database.empty() || database.find('/') != std::string_view::npos) {
              return d.error(
                  node, {"E0219", fmt::format("'{}' is not an address of a database", *written),
                         "write host:port/database, for example 127.0.0.1:3306/shop"});
            }
            out.database = database;
            decode_address(d, node, std::string_view(*written).substr(0, slash), 3306, out.address);
          }};
}

Type<std::vector<ShardDraft>> shards() {
  Type<std::vector<ShardDraft>> type = named(Name::document, &ShardDraft::name, shard());
  return {type.shape, [type](Decoder& d, const Node& node, std::vector<ShardDraft>& out) {
            type.decode(d, node, out);
            if (node.kind == Node::Kind::null ||
                (node.kind == Node::Kind::map && node.children.empty())) {
              d.error(node, {"E0204", "'shards' is empty", "add s0: host:port/database"});
            }
          }};
}

bool is_gtid_set(std::string_view text) {
  const auto legal = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == ':' || c == ',' || c == '_' || c == ' ';
  };
  return text.find_first_of("-:") != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), legal);
}

bool is_binlog_position(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const Parsed<std::int64_t> position = parse_integer(text.substr(colon + 1));
  return position.value && *position.value >= 4;
}

Type<StartDraft> start() {
  Shape shape;
  shape.noun = "snapshot, now, gtid:<set> or position:<file>:<pos>";
  shape.pattern = "^(snapshot|now|gtid:.+|position:.+:[0-9]+|.*[$][{].*)$";
  return {
      shape, [noun = shape.noun](Decoder& d, const Node& node, StartDraft& out) {
        const std::string* written = scalar_text(d, node, noun);
        if (written == nullptr) return;
        if (*written == "snapshot" || *written == "now") {
          out.at = *written == "now" ? StartAt::now : StartAt::snapshot;
        } else if (written->starts_with("gtid:") &&
                   is_gtid_set(std::string_view(*written).substr(5))) {
          out = {StartAt::gtid, written->substr(5)};
        } else if (written->starts_with("position:") &&
                   is_binlog_position(std::string_view(*written).substr(9))) {
          out = {StartAt::position, written->substr(9)};
        } else {
          const std::string near = nearest(*written, std::vector<std::string>{"snapshot", "now"});
          d.error(node, {"E0205", fmt::format("'start' cannot be '{}'", *written),
                         near.empty() ? fmt::format("write {}", noun)
                                      : fmt::format("did you mean '{}'?", near),
                         near});
        }
      }};
}

const Object& tls_object() {
  using capture::TlsMode;
  static const Object declared =
      Declare<TlsDraft>("source.mysql.tls", "Encryption between capture and the server.")
          .key("mode", &TlsDraft::mode,
               choice<TlsMode>({{"disabled", TlsMode::disabled},
                                {"preferred", TlsMode::preferred},
                                {"required", TlsMode::required},
                                {"verify_ca", TlsMode::verify_ca},
                                {"verify_identity", TlsMode::verify_identity}}),
               "How much is asked of the server's certificate.")
          .fallback("preferred")
          .key("ca", &TlsDraft::ca, text("a path"), "A PEM file with the authorities to trust.")
          .otherwise("the system's")
          .example("ca: /etc/ca.pem")
          .done();
  return declared;
}

const Object& schema_policy_object() {
  using Policy = SchemaPolicy;
  static const Object declared =
      Declare<Policy>("source.mysql.on_schema_change", "What is done when a mapped table changes.")
          .key("add_column", &Policy::add_column,
               choice<Policy::AddColumn>({{"follow", Policy::AddColumn::follow},
                                          {"ignore", Policy::AddColumn::ignore},
                                          {"pause", Policy::AddColumn::pause}}),
               "A new column: documents that show all columns show it too, from each row's next "
               "change on; or it is left out; or capture waits.")
          .fallback("follow")
          .key("drop_column", &Policy::drop_column,
               choice<Policy::DropColumn>({{"keep_field", Policy::DropColumn::keep_field},
                                           {"pause", Policy::DropColumn::pause}}),
               "A dropped column: its field stays, null in rows that change from then on; or "
               "capture waits.")
          .fallback("keep_field")
          .key("other", &Policy::other,
               choice<Policy::Other>(
                   {{"pause", Policy::Other::pause}, {"follow", Policy::Other::follow}}),
               "Types, keys, RENAME, partitions, DROP TABLE: capture waits in front of the "
               "statement; or it goes on, a dropped table's rows leave the documents, and what no "
               "row tells stays in them. TRUNCATE is always followed.")
          .fallback("pause")
          .done();
  return declared;
}

const Object& mysql_object() {
  static const Object declared =
      Declare<MysqlDraft>("source.mysql", "A MySQL or MariaDB server.")
          .key("user", &MysqlDraft::user, text("a user's name"),
               "Needs REPLICATION SLAVE, REPLICATION CLIENT and SELECT.")
          .required()
          .example("user: tailrace")
          .key("password", &MysqlDraft::password, secret(), "Its password.")
          .otherwise("none")
          .example("password: { env: MYSQL_PASSWORD }")
          .key("shards", &MysqlDraft::shards, shards(),
               "Databases by name, as host:port/database: all of them have the same tables. A "
               "name stays with its rows and cannot be changed later.")
          .required("add shards: { s0: \"host:3306/database\" }")
          .example("shards: { s0: \"127.0.0.1:3306/shop\" }")
          .key("start", &MysqlDraft::start, start(),
               "Where to begin the first time: snapshot, or, without documents, now, gtid:<set> or "
               "position:<file>:<pos>.")
          .fallback("snapshot")
          .key("snapshot_order", &MysqlDraft::newest_first,
               choice<bool>({{"newest_first", true}, {"oldest_first", false}}),
               "Which rows the first load reads first, by primary key.")
          .fallback("newest_first")
          .later("time_zone", "The zone of DATETIME columns.")
          .key("tls", &MysqlDraft::tls, object<TlsDraft>(tls_object),
               "Encryption between capture and the server.")
          .fallback("{}")
          .example("tls: { mode: verify_identity, ca: /etc/ca.pem }")
          .key("on_schema_change", &MysqlDraft::on_schema_change,
               object<SchemaPolicy>(schema_policy_object),
               "What is done when a mapped table changes.")
          .fallback("{}")
          .example(
              "on_schema_change: { add_column: follow, drop_column: keep_field, other: pause }")
          .done();
  return declared;
}

// Names of librdkafka that the log itself depends on.
constexpr std::string_view kReserved[] = {"bootstrap.servers",
                                          "metadata.broker.list",
                                          "group.id",
                                          "group.instance.id",
                                          "transactional.id",
                                          "enable.idempotence",
                                          "enable.auto.commit",
                                          "enable.auto.offset.store",
                                          "isolation.level",
                                          "partitioner",
                                          "partition.assignment.strategy",
                                          "auto.offset.reset",
                                          "client.id"};

void decode_client_entry(Decoder& d, const Node& node, std::map<std::string, std::string>& out) {
  if (std::find(std::begin(kReserved), std::end(kReserved), node.key) != std::end(kReserved)) {
    return d.error_at_key(
        node, {"E0220", fmt::format("'{}' is set by Tailrace itself", node.key), "remove it"});
  }
  const bool is_secret = node.key.find("password") != std::string::npos ||
                         node.key.find("secret") != std::string::npos;
  if (node.kind == Node::Kind::map || is_secret) {
    Secret value;
    secret().decode(d, node, value);
    out[node.key] = value.reveal();
  } else if (const std::string* written = scalar_text(d, node, "one value")) {
    out[node.key] = *written;
  }
}

Type<std::map<std::string, std::string>> client() {
  Shape value;
  value.kind = Shape::Kind::any_of;
  value.noun = "text, or a secret";
  Shape secret_shape;
  secret_shape.kind = Shape::Kind::secret;
  secret_shape.noun = "a secret";
  value.parts = {Shape{}, secret_shape};
  value.parts.front().noun = "text";
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.noun = "librdkafka's names";
  shape.parts = {value};
  return {std::move(shape),
          [](Decoder& d, const Node& node, std::map<std::string, std::string>& out) {
            if (node.kind == Node::Kind::null ||
                !expect(d, node, Node::Kind::map, "librdkafka's settings"))
              return;
            for (const auto& child : node.children) decode_client_entry(d, *child, out);
          }};
}

const Object& kafka_object() {
  using stream::KafkaOptions;
  static const Object declared =
      Declare<KafkaOptions>("stream.kafka", "Changes and events on Kafka.")
          .key("brokers", &KafkaOptions::brokers, text("host:port,host:port"),
               "Brokers to start from, with commas between.")
          .required()
          .example("brokers: localhost:9092")
          .key("partitions", &KafkaOptions::partitions, as<int>(integer(1, 10'000)),
               "Of a new topic; fixed afterwards.")
          .fallback("16")
          .key("replicas", &KafkaOptions::replicas, as<int>(integer(1, 100)), "Of a new topic.")
          .fallback("1")
          .key("client", &KafkaOptions::client, client(),
               "librdkafka's own settings, by its own names.")
          .example("client: { compression.type: zstd, linger.ms: 5 }")
          .done();
  return declared;
}

}  // namespace

Type<Address> address(std::uint16_t default_port) {
  Shape shape;
  shape.noun = "host:port";
  return {std::move(shape), [default_port](Decoder& d, const Node& node, Address& out) {
            const std::string* written = scalar_text(d, node, "host:port");
            if (written != nullptr) decode_address(d, node, *written, default_port, out);
          }};
}

const Object& source_object() {
  static const Object declared =
      Declare<SourceDraft>("source", "The database whose changes are captured.")
          .key("mysql", &SourceDraft::mysql, object<MysqlDraft>(mysql_object),
               "A MySQL or MariaDB server.")
          .required("add mysql: { user, password, shards }")
          .example("mysql: { user: tailrace }")
          .done();
  return declared;
}

const Object& stream_object() {
  static const Object declared =
      Declare<StreamDraft>("stream", "The log between capture and documents.")
          .key("kafka", &StreamDraft::kafka, optional(object<stream::KafkaOptions>(kafka_object)),
               "Kafka.")
          .otherwise("the embedded log")
          .done();
  return declared;
}

}  // namespace tailrace::config
