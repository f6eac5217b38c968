// What a good file becomes: values, defaults, substitutions, overrides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.hpp"

namespace tailrace::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kDocument = "documents: { order: { root: orders, id: \"{id}\" } }\n";

PipelineSpec spec_of(const std::string& text) {
  LoadResult loaded = load_text(text);
  EXPECT_TRUE(loaded.spec.has_value()) << all_text(loaded);
  return loaded.spec.value_or(PipelineSpec{});
}

TEST(Decode, FillsInWhatIsLeftOut) {
  const PipelineSpec spec = spec_of(kHead + kDocument);
  EXPECT_EQ(spec.state_dir, "./.tailrace/shop");
  EXPECT_EQ(std::get<stream::EmbeddedOptions>(spec.stream).path, "./.tailrace/shop/log");
  ASSERT_EQ(spec.sinks.size(), 1u);
  EXPECT_EQ(std::get<sinks::SqliteOptions>(spec.sinks[0].options).path,
            "./.tailrace/shop/documents.db");
  EXPECT_EQ(std::get<sinks::SqliteOptions>(spec.sinks[0].options).document, "order");
  EXPECT_EQ(spec.serve.host, "127.0.0.1");
  EXPECT_EQ(spec.serve.port, 8642);
  EXPECT_FALSE(spec.serve.token.has_value());
  EXPECT_EQ(spec.errors.retry_from, Milliseconds(200));
  EXPECT_EQ(spec.errors.retry_up_to, Milliseconds(30000));
  EXPECT_FALSE(spec.errors.halt_on_poison);
  EXPECT_EQ(spec.sources.at(0).start, StartAt::snapshot);
  EXPECT_TRUE(spec.sources.at(0).newest_first);
  EXPECT_EQ(spec.log_level, LogLevel::info);
  const capture::MysqlOptions& mysql = spec.sources.at(0).shards.at(0).mysql;
  EXPECT_EQ(mysql.tls, capture::TlsMode::preferred);
  EXPECT_EQ(mysql.password.reveal(), "s3cret");
  EXPECT_EQ(mysql.database, "shop");
}

TEST(Decode, ReadsTheLogAndTheErrorPolicy) {
  const PipelineSpec spec =
      spec_of(kHead +
              "stream: { kafka: { brokers: \"a:1,b:2\", partitions: 3, client: { compression.type: "
              "zstd, linger.ms: 5, "
              "sasl.password: { env: MYSQL_PASSWORD } } } }\n"
              "errors: { poison: halt, dead_letter: { pause_above: 120/min } }\n"
              "serve: { listen: \"[::1]:0\" }\nlog: { level: debug, format: json }\nstate: { dir: "
              "/var/lib/x/ }\n");
  const auto& kafka = std::get<stream::KafkaOptions>(spec.stream);
  EXPECT_EQ(kafka.partitions, 3);
  EXPECT_EQ(kafka.replicas, 1);
  EXPECT_EQ(kafka.client_id, "shop");
  EXPECT_EQ(kafka.client.at("linger.ms"), "5");
  EXPECT_EQ(kafka.client.at("sasl.password"), "s3cret");
  EXPECT_TRUE(spec.errors.halt_on_poison);
  EXPECT_DOUBLE_EQ(spec.errors.pause_above_per_second, 2.0);
  EXPECT_EQ(spec.serve.host, "::1");
  EXPECT_EQ(spec.serve.port, 0);
  EXPECT_EQ(spec.state_dir, "/var/lib/x");
}

TEST(Decode, ReadsEveryFormOfOnFieldsAndSort) {
  const PipelineSpec spec =
      spec_of(kHead +
              "documents:\n  stay:\n    root: stays\n    id: \"{hotel}-{no}\"\n    fields: [code, "
              "{ number: no, from: start }]\n"
              "    lookups:\n"
              "      hotel: { table: hotels, on: hotel_code, when_changed: refresh }\n"
              "      guest: { table: guests, on: { mail: email }, when_changed: keep }\n"
              "      room: { table: rooms, on: [hotel_code, room_no], when_changed: { refresh: "
              "600/min } }\n"
              "    children:\n"
              "      nights: { table: nights, on: [hotel, no], sort: [-day, id], limit: 10 }\n"
              "      bill: { table: bills, on: no, one: true, lookups: { b: { table: t, on: x, "
              "when_changed: keep } } }\n");
  const transform::DocumentSpec& stay = spec.documents.at(0);
  EXPECT_THAT(*stay.fields, ElementsAre(transform::FieldSpec{"code", "code"},
                                        transform::FieldSpec{"number", "no"},
                                        transform::FieldSpec{"from", "start"}));
  ASSERT_EQ(stay.lookups.size(), 3u);
  EXPECT_THAT(stay.lookups[1].on, ElementsAre(transform::ColumnPair{"mail", "email"}));
  EXPECT_EQ(stay.lookups[1].when_changed, transform::WhenChanged::keep);
  EXPECT_THAT(stay.lookups[2].on, ElementsAre(transform::ColumnPair{"hotel_code", ""},
                                              transform::ColumnPair{"room_no", ""}));
  EXPECT_EQ(stay.lookups[2].refresh_per_second, 10u);
  EXPECT_THAT(stay.children[0].sort,
              ElementsAre(transform::SortSpec{"day", true}, transform::SortSpec{"id", false}));
  EXPECT_EQ(stay.children[0].limit, 10u);
  EXPECT_TRUE(stay.children[1].one);
  EXPECT_EQ(stay.children[1].lookups.at(0).name, "b");
}

TEST(Decode, ReadsChildrenOfChildren) {
  const PipelineSpec spec = spec_of(
      kHead +
      "documents:\n  order:\n    root: orders\n    id: \"{id}\"\n    children:\n"
      "      shipments:\n        table: shipments\n        on: order_id\n"
      "        children:\n"
      "          parcels:\n            table: parcels\n            on: shipment_id\n"
      "            sort: -weight\n            limit: 3\n"
      "            lookups: { depot: { table: depots, on: depot_id, when_changed: keep } }\n"
      "            children: { last: { table: scans, on: parcel_id, one: true } }\n"
      "          papers: { table: papers, on: shipment_id }\n");
  const transform::ChildSpec& shipments = spec.documents.at(0).children.at(0);
  ASSERT_EQ(shipments.children.size(), 2u);
  const transform::ChildSpec& parcels = shipments.children[0];
  EXPECT_EQ(parcels.name, "parcels");
  EXPECT_THAT(parcels.on, ElementsAre("shipment_id"));
  EXPECT_THAT(parcels.sort, ElementsAre(transform::SortSpec{"weight", true}));
  EXPECT_EQ(parcels.limit, 3u);
  EXPECT_EQ(parcels.lookups.at(0).table, "depots");
  EXPECT_TRUE(parcels.children.at(0).one);
  EXPECT_EQ(shipments.children[1].table, "papers");
}

TEST(Decode, ReadsEveryFormOfAState) {
  const PipelineSpec spec =
      spec_of(kHead +
              "events:\n  topic: shop.{country}\n  key: \"{id}\"\n  rules:\n"
              "    - table: orders\n      column: status\n      unexpected: { emit: Odd }\n      "
              "transitions:\n"
              "        - { from: none, to: A, emit: One }\n"
              "        - { from: [A, { value: any }], to: B, emit: Two }\n"
              "        - { from: any, to: { value: none }, emit: Three }\n"
              "    - { table: items, per: transaction, key: \"{order_id}\", emit: Items }\n"
              "    - { table: items, emit: Item, data: diff, topic: items }\n");
  using Kind = transform::StateMatch::Kind;
  const auto& rules = spec.events.value().rules;
  EXPECT_EQ(rules[0].transitions[0].from.kind, Kind::none);
  EXPECT_THAT(rules[0].transitions[1].from.values, ElementsAre("A", "any"));
  EXPECT_EQ(rules[0].transitions[2].from.kind, Kind::any);
  EXPECT_EQ(rules[0].transitions[2].to.kind, Kind::values);
  EXPECT_THAT(rules[0].transitions[2].to.values, ElementsAre("none"));
  EXPECT_EQ(rules[0].on_unexpected, transform::OnUnexpected::emit);
  EXPECT_EQ(rules[0].unexpected_emit, "Odd");
  EXPECT_TRUE(rules[1].per_transaction);
  EXPECT_EQ(rules[2].data, transform::EventRule::Data::diff);
  EXPECT_EQ(rules[2].topic, "items");
}

TEST(Decode, ReadsAnElasticsearchSink) {
  const PipelineSpec spec =
      spec_of(kHead + kDocument +
              "sinks:\n  search:\n    elasticsearch: { urls: [http://a:9200], api_key: { env: "
              "MYSQL_PASSWORD }, ca: /ca.pem }\n"
              "    document: order\n    mapping: { dynamic: false, overrides: { items: { type: "
              "nested, ignore_above: 7, x: '7', y: [true, null, 010] } } }\n"
              "    batch: { docs: 50, bytes: 1MiB, in_flight: 2 }\n");
  const auto& es = std::get<sinks::ElasticsearchOptions>(spec.sinks.at(0).options);
  EXPECT_EQ(es.alias, "order");
  EXPECT_EQ(es.dynamic, "false");
  EXPECT_EQ(es.overrides_json,
            R"({"items":{"type":"nested","ignore_above":7,"x":"7","y":[true,null,"010"]}})");
  EXPECT_EQ(es.batch_documents, 50u);
  EXPECT_EQ(es.batch_bytes, 1u << 20);
  EXPECT_EQ(es.in_flight, 2);
}

struct Case {
  std::string written;
  std::string becomes;
};

TEST(Substitution, FillsValues) {
  for (const Case& one : {Case{"${A}", "x"},
                          {"p-${A}-${B:-c d}", "p-x-c d"},
                          {"${EMPTY:-d}", "d"},
                          {"${EMPTY}y", "y"},
                          {"$$5 $${A}", "$5 ${A}"},
                          {"${A:?why}", "x"},
                          {"{id}$x", "{id}$x"},
                          {"${MAP}", "{ a: b }"}}) {
    LoadRequest request =
        request_of(kHead + "state: { dir: \"" + one.written + "\" }\n",
                   {{"MYSQL_PASSWORD", "p"}, {"A", "x"}, {"EMPTY", ""}, {"MAP", "{ a: b }"}});
    const LoadResult loaded = load_pipeline(request);
    ASSERT_TRUE(loaded.spec.has_value()) << all_text(loaded);
    EXPECT_EQ(loaded.spec->state_dir, one.becomes);
  }
}

TEST(Substitution, LeavesKeysAlone) {
  const PipelineSpec spec = spec_of(kHead + "  ${A}:\n");
  EXPECT_EQ(spec.tables.at(1).name, "${A}");
}

TEST(Substitution, PointsAtWhatIsWrong) {
  const auto place = [](const std::string& value) {
    const LoadResult loaded = load_text(kHead + "state: { dir: \"" + value + "\" }\n");
    return loaded.problems.empty() ? "" : places(loaded).front();
  };
  EXPECT_EQ(place("a${NOPE}b"), "E0301 10:17");
  EXPECT_EQ(place("${NOPE:?ask the operator}"), "E0301 10:16");
  EXPECT_EQ(place("${A"), "E0302 10:16");
  EXPECT_EQ(place("${A-b}"), "E0302 10:16");
  EXPECT_EQ(place("${}"), "E0302 10:16");
}

TEST(Substitution, OnlyWarnsWhereTheEnvironmentIsNotRequired) {
  LoadRequest request = request_of(
      kHead + "state: { dir: \"${NOPE:?ask}\" }\nerrors: { retry: { from: \"${X}\" } }\n", {});
  request.require_environment = false;
  const LoadResult loaded = load_pipeline(request);
  EXPECT_TRUE(loaded.spec.has_value()) << all_text(loaded);
  EXPECT_THAT(places(loaded), ElementsAre("W0301 6:22", "W0301 10:16", "W0301 11:27"));
  EXPECT_THAT(all_text(loaded), HasSubstr("NOPE is not set: ask"));
}

TEST(Overrides, AreLaidOverTheFile) {
  LoadRequest request = request_of(kHead + "state: { dir: a }\n");
  request.overrides = {
      "state.dir=/tmp/x=y",       "serve.listen=127.0.0.1:0",        "tables.items.exclude=[a, b]",
      "stream.kafka.brokers=k:1", "stream.kafka.client.linger.ms=5", "log.level=warn",
      "log.level=debug"};
  const LoadResult loaded = load_pipeline(request);
  ASSERT_TRUE(loaded.spec.has_value()) << all_text(loaded);
  EXPECT_EQ(loaded.spec->state_dir, "/tmp/x=y");
  EXPECT_EQ(loaded.spec->serve.port, 0);
  EXPECT_THAT(loaded.spec->tables.at(1).exclude, ElementsAre("a", "b"));
  EXPECT_EQ(std::get<stream::KafkaOptions>(loaded.spec->stream).client.at("linger.ms"), "5");
  EXPECT_EQ(loaded.spec->log_level, LogLevel::debug);
}

TEST(Overrides, HavePlacesOfTheirOwn) {
  LoadRequest request = request_of(kHead);
  request.overrides = {"log.level=lound",       "sate.dir=x", "=x", "nothing", "name.x=1",
                       "tables.t={ exclude: [", "a..b=1"};
  const LoadResult loaded = load_pipeline(request);
  EXPECT_FALSE(loaded.spec.has_value());
  EXPECT_THAT(
      all_text(loaded),
      HasSubstr("--set:1:11: error[E0205]: 'level' cannot be 'lound'\n    1 | log.level=lound"));
  EXPECT_THAT(all_text(loaded), HasSubstr("--set:1:1: error[E0201]: unknown key 'sate'"));
  EXPECT_THAT(all_text(loaded), HasSubstr("E0304"));
}

TEST(LoadResult, FindsThePlaceOfAPath) {
  const LoadResult loaded = load_text(
      kHead + kDocument + "events: { topic: a, key: b, rules: [{ table: o, emit: A }] }\n");
  ASSERT_TRUE(loaded.spec.has_value());
  EXPECT_EQ(loaded.find_mark("documents.order.root")->column, 29);
  EXPECT_EQ(loaded.find_mark("events.rules[0].emit")->column, 55);
  EXPECT_EQ(loaded.find_mark("documents.order.children.items.on")->line, 10);
  const Problem problem = loaded.locate(
      Error{Disposition::halt, "plan.invalid", "documents.order.root: there is no table 'orders'"});
  EXPECT_EQ(render(problem, false),
            "orders.yaml:10:29: error[E0207]: there is no table 'orders'\n"
            "   10 | documents: { order: { root: orders, id: \"{id}\" } }\n"
            "                                    ^^^^^^\n");
}

TEST(Cascades, AreKnownToEveryDocument) {
  const auto spec =
      spec_of(kHead +
              "  items: { cascade: { on: o, references: orders, delete: set_null } }\n"
              "documents: { order: { root: orders, id: \"{id}\", children: { i: { table: items, "
              "on: o } } } "
              "}\n");
  ASSERT_EQ(spec.documents.size(), 1u);
  ASSERT_EQ(spec.documents[0].cascades.size(), 1u);
  const transform::CascadeSpec& cascade = spec.documents[0].cascades[0];
  EXPECT_EQ(cascade.table, "items");
  EXPECT_THAT(cascade.on, ElementsAre("o"));
  EXPECT_EQ(cascade.references, "orders");
  EXPECT_TRUE(cascade.set_null);
}

TEST(LoadResult, UnderlinesTheNameThatIsMeant) {
  const LoadResult loaded = load_text(kHead +
                                      "documents: { order: { root: orders, id: \"{id}\", children: "
                                      "{ i: { table: items, on: o } },\n"
                                      "  compute: { a: \"sum(i.qty * i.pirce)\" } } }\n");
  ASSERT_TRUE(loaded.spec.has_value()) << all_text(loaded);
  const Problem problem = loaded.locate(
      Error{Disposition::halt, "plan.invalid",
            "documents.order.compute.a: table shop.items has no column 'pirce'; did you mean "
            "'price'?"});
  EXPECT_EQ(render(problem, false),
            "orders.yaml:11:32: error[E0207]: table shop.items has no column 'pirce'\n"
            "   11 |   compute: { a: \"sum(i.qty * i.pirce)\" } } }\n"
            "                                       ^^^^^ did you mean 'price'?\n");
}

TEST(LoadResult, SumsUp) {
  EXPECT_EQ(summary(spec_of(kHead + kDocument)), "shop: 1 document, 0 event rules, 1 sink");
}

}  // namespace
}  // namespace tailrace::config
